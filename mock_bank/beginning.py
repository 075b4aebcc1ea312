"""Where a login begins: at the page for the password, or at its end where nobody is asked anything."""

from http import HTTPStatus
from typing import Final

from flask import Response, request, url_for

from mock_bank.login_states import Login
from mock_bank.web import active_faults, see_other, set_login_cookie, the_bank, tool

KNOWN_PERSON: Final = "mock_bank_person"
"""Cookie of the fault ``mfa.fresh-authtime``: a person the bank believes to know already."""


def first_page(login: Login) -> Response:
    """What the person sees once a partner's request was accepted, in whatever protocol."""
    if number := _person_at_once(login):
        return _answered_at_once(login, number)
    return set_login_cookie(see_other(url_for("login.password", login_id=login.id)), login)


def _person_at_once(login: Login) -> str | None:
    """The customer who is signed in without being asked: a benchmark's, or by a fault."""
    bank, faults = the_bank(), active_faults(login)
    if bank.settings.fast_login and (named := request.headers.get("X-Mock-Persona")):
        return named
    if "mfa.fresh-authtime" in faults and (known := request.cookies.get(KNOWN_PERSON)):
        return known
    if "bnk.replay-request" in faults:
        return bank.answered_before(login.reference)
    return None


def _answered_at_once(login: Login, number: str) -> Response:
    bank, person = the_bank(), the_bank().personas.get(number)
    if person is None:
        return tool(
            "message.html", HTTPStatus.BAD_REQUEST, title="No such customer", text=f"{number} is no user number"
        )
    if problem := bank.desk.skip_to_consent(login, person, active_faults(login)):
        bank.record(login, "refused")
        return tool("message.html", HTTPStatus.FORBIDDEN, title="Login refused", text=problem.value)
    bank.desk.consent(login, agree=True)
    return login.enquiry.ending.agreed(login)
