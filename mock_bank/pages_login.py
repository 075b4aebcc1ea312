"""The pages on which a person signs in: password, second factor, consent. Without scripts, by keyboard, lv and en."""

import hmac
from http import HTTPStatus
from typing import Final

from flask import Blueprint, Response, abort, request, url_for

from mock_bank.login_states import Login, Method, Problem, Stage
from mock_bank.web import COOKIE, PAGE_POLICY, WAITING, active_faults, page, see_other, set_login_cookie, the_bank

pages = Blueprint("login", __name__, url_prefix="/login/<login_id>")
WAY: Final = {
    Stage.PASSWORD: "login.password",
    Stage.CODE: "login.code",
    Stage.APP: "login.app",
    Stage.CONSENT: "login.consent",
    Stage.ANSWERED: "login.over",
    Stage.CANCELLED: "login.over",
    Stage.REFUSED: "login.over",
}


def _login(login_id: str) -> Login:
    """The login of the address, if it lives and this browser started it; otherwise 404 or 403."""
    login = the_bank().desk.find(login_id)
    if login is None:
        abort(HTTPStatus.NOT_FOUND, "this login does not exist or is older than 15 minutes")
    if request.args.get("lang") in {"lv", "en"}:
        login.language = request.args["lang"]
    faults = active_faults(login)
    brought = request.cookies.get(COOKIE, "")
    if "mfa.no-csrf" not in faults and not hmac.compare_digest(brought.encode(), login.cookie.encode()):
        abort(HTTPStatus.FORBIDDEN, "this login was started in another browser")
    return login


def _onward(login: Login) -> Response:
    return see_other(url_for(WAY[login.stage], login_id=login.id))


@pages.get("")
def password(login_id: str) -> Response:
    """Ask for user number, password and the means of the second factor."""
    login = _login(login_id)
    return _onward(login) if login.stage is not Stage.PASSWORD else _password_page(login)


def _password_page(login: Login, problem: Problem | None = None, number: str = "") -> Response:
    status = HTTPStatus.OK if problem is None else HTTPStatus.FORBIDDEN
    elsewhere = "mfa.third-party-post" in active_faults(login)
    return page(
        "password.html",
        login,
        status,
        problem=problem,
        number=number,
        action="https://elsewhere.invalid/login" if elsewhere else url_for("login.password", login_id=login.id),
    )


@pages.post("")
def check_password(login_id: str) -> Response:
    """The first factor: knowledge."""
    login, form = _login(login_id), request.form
    if login.stage is not Stage.PASSWORD:
        return _onward(login)
    method = Method.APP if form.get("method") == Method.APP else Method.CALCULATOR
    number, typed = form.get("user_number", ""), form.get("password", "")
    problem = the_bank().desk.first_factor(login, number, typed, method, active_faults(login))
    return _stepped(login, problem) or _password_page(login, problem, number)


def _stepped(login: Login, problem: Problem | None) -> Response | None:
    """Onward when the step was accepted or ended the login; None when the person may try again."""
    if login.stage is Stage.REFUSED:
        _record_failure(login)
    elif problem is not None:
        return None
    return set_login_cookie(_onward(login), login)


def _record_failure(login: Login) -> None:
    if "aud.no-failures" not in active_faults(login):
        the_bank().record(login, "refused")


@pages.get("/code")
def code(login_id: str) -> Response:
    """Ask for the code that the calculator shows."""
    login = _login(login_id)
    return _onward(login) if login.stage is not Stage.CODE else _code_page(login)


def _code_page(login: Login, problem: Problem | None = None) -> Response:
    status = HTTPStatus.OK if problem is None else HTTPStatus.FORBIDDEN
    return page("code.html", login, status, problem=problem, shown=the_bank().desk.calculator_shows(login))


@pages.post("/code")
def check_code(login_id: str) -> Response:
    """The second factor: possession of the calculator."""
    login = _login(login_id)
    if login.stage is not Stage.CODE:
        return _onward(login)
    problem = the_bank().desk.second_factor(login, request.form.get("code", ""), active_faults(login))
    if problem is Problem.LOCKED:
        _record_failure(login)
    return _stepped(login, problem) or _code_page(login, problem)


@pages.get("/app")
def app(login_id: str) -> Response:
    """Wait for the person's approval in the app; the page asks again every two seconds."""
    login = _login(login_id)
    if login.stage is not Stage.APP:
        return _onward(login)
    waiting = page("app.html", login)
    policy = waiting.headers.get("Content-Security-Policy", PAGE_POLICY)
    waiting.headers["Content-Security-Policy"] = policy + WAITING
    return waiting


@pages.get("/consent")
def consent(login_id: str) -> Response:
    """Show what will be handed over, and to whom."""
    login = _login(login_id)
    _skip_if_the_fault_says_so(login)
    return _onward(login) if login.stage is not Stage.CONSENT else page("consent.html", login)


@pages.post("/consent")
def decide(login_id: str) -> Response:
    """The person agrees, and the answer is made once; or cancels."""
    login, bank = _login(login_id), the_bank()
    _skip_if_the_fault_says_so(login)
    if request.form.get("decision") != "agree":
        return _cancelled(login)
    if not bank.desk.consent(login, agree=True):
        return _onward(login)
    return login.enquiry.ending.agreed(login)


def _skip_if_the_fault_says_so(login: Login) -> None:
    faults = active_faults(login)
    if "mfa.step-skip" in faults and login.person and login.stage in {Stage.CODE, Stage.APP}:
        the_bank().desk.skip_to_consent(login, login.person, faults)


@pages.post("/cancel")
def cancel(login_id: str) -> Response:
    """The person gives up before the end."""
    return _cancelled(_login(login_id))


def _cancelled(login: Login) -> Response:
    if login.stage in {Stage.ANSWERED, Stage.CANCELLED, Stage.REFUSED}:
        return _onward(login)
    the_bank().desk.cancel(login)
    the_bank().record(login, "cancelled")
    return login.enquiry.ending.given_up(login) or _onward(login)


@pages.get("/over")
def over(login_id: str) -> Response:
    """How the login ended, and the way back to the partner where nothing is sent there."""
    login = _login(login_id)
    if login.stage not in {Stage.ANSWERED, Stage.CANCELLED, Stage.REFUSED}:
        return _onward(login)
    back = login.enquiry.ending.way_back(login)
    status = HTTPStatus.FORBIDDEN if login.stage is Stage.REFUSED else HTTPStatus.OK
    return page("over.html", login, status, back=back)


@pages.get("/back")
def back(login_id: str) -> Response:
    """Tell the partner that nobody was identified, where its protocol has a word for it."""
    login = _login(login_id)
    over = login.stage in {Stage.CANCELLED, Stage.REFUSED}
    return (login.enquiry.ending.given_up(login) if over else None) or _onward(login)
