"""The app on people's telephones: a page that opens device links, and one that shows what was pushed to a person."""

from http import HTTPStatus
from typing import Final

from flask import Blueprint, Response, abort, request

from mock_bank.personas import Persona
from mock_bank.smart_id import wire
from mock_bank.smart_id.api import service
from mock_bank.smart_id.service import NotAllowed
from mock_bank.smart_id.sessions import Session
from mock_bank.web import see_other, the_bank, tool

pages: Final = Blueprint("smart_id_phone", __name__, url_prefix="/smart-id")


@pages.get("/app")
def scanned() -> Response:
    """A device link, scanned or tapped; the telephone asks whose it is, what to answer, and the PIN."""
    try:
        session = service().opened(request.args.to_dict())
    except NotAllowed as error:
        return _said(str(error), HTTPStatus.FORBIDDEN)
    return _asks(session)


@pages.post("/app")
def answered() -> Response:
    """The answer to a device link."""
    session = _running(request.form.get("token", ""))
    person = the_bank().personas.get(request.form.get("person", ""))
    if person is None:
        return _asks(session, "choose whose telephone this is")
    return _decided(session, person)


def _running(token: str) -> Session:
    session = service().of_token(token)
    if session is None or session.result is not None:
        abort(HTTPStatus.NOT_FOUND, "this request is over, or there never was one")
    return session


def _asks(session: Session, problem: str = "") -> Response:
    status = HTTPStatus.FORBIDDEN if problem else HTTPStatus.OK
    people = [each for each in the_bank().personas.values() if each.personal_code]
    return tool("smart_id_app.html", status, session=session, people=people, problem=problem)


@pages.get("/phone/<user_number>")
def pushed(user_number: str) -> Response:
    """What waits on a person's telephone."""
    return _phone(_person(user_number))


@pages.post("/phone/<user_number>")
def answered_push(user_number: str) -> Response:
    """The answer to one of them."""
    person = _person(user_number)
    wanted = request.form.get("session", "")
    session = next((each for each in service().waiting_for(user_number) if each.id == wanted), None)
    if session is None:
        abort(HTTPStatus.NOT_FOUND, "this request does not wait for this person")
    return _decided(session, person)


def _person(user_number: str) -> Persona:
    found = the_bank().personas.get(user_number)
    if found is None:
        abort(HTTPStatus.NOT_FOUND, "no customer has this number")
    return found


def _phone(person: Persona, problem: str = "") -> Response:
    status = HTTPStatus.FORBIDDEN if problem else HTTPStatus.OK
    waiting = service().waiting_for(person.user_number)
    codes = {each.id: wire.control_code(each.asked.challenge) for each in waiting}
    return tool("smart_id_phone.html", status, person=person, waiting=waiting, codes=codes, problem=problem)


def _decided(session: Session, person: Persona) -> Response:
    form = request.form
    if form.get("decision") != "approve":
        service().refuse(session, person)
        return _said("You refused the request. Nothing was signed.")
    try:
        service().approve(session, person, form.get("pin", ""), form.get("choice", ""))
    except NotAllowed as error:
        return _asks(session, str(error)) if session.token else _phone(person, str(error))
    return see_other(f"/smart-id/app/back?token={session.token}") if session.token else _said("You approved it.")


@pages.get("/app/back")
def back() -> Response:
    """The app has finished; on the same device it opens the browser where the person came from."""
    session = service().of_token(request.args.get("token", ""))
    if session is None or session.result is None:
        abort(HTTPStatus.NOT_FOUND, "this request is not over, or there never was one")
    return _said("You approved it.", back=_way_back(session))


def _way_back(session: Session) -> str:
    if session.flow != "Web2App" or not session.asked.callback:
        return ""
    digest = wire.secret_digest(session.secret)
    return f"{session.asked.callback}&sessionSecretDigest={digest}&userChallengeVerifier={session.verifier}"


def _said(text: str, status: int = HTTPStatus.OK, back: str = "") -> Response:
    return tool("smart_id_said.html", status, text=text, back=back)
