"""The API for relying parties, versions 3 and 2, on the public port (10.2, 10.3, 10.6, 10.11)."""

from base64 import b64encode
from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, Response, abort, json, request

from mock_bank.smart_id import wire
from mock_bank.smart_id.service import NoAccount, SmartId
from mock_bank.smart_id.sessions import Session
from mock_bank.smart_id.wire import Asked, BadRequest
from mock_bank.web import the_bank

pages: Final = Blueprint("smart_id_api", __name__, url_prefix="/smart-id")
REFUSALS: Final = {
    "sid.refuse-relying-party": HTTPStatus.FORBIDDEN,
    "sid.unknown-relying-party": HTTPStatus.UNAUTHORIZED,
    "sid.bad-request": HTTPStatus.BAD_REQUEST,
    "sid.too-many-requests": HTTPStatus.TOO_MANY_REQUESTS,
    "sid.client-too-old": 480,
    "sid.maintenance": 580,
    "sid.no-suitable-account": 471,
    "sid.open-the-app": 472,
}
"""HTTP statuses with which every start is answered, by fault."""
LONGEST_POLL: Final = 120_000


def service() -> SmartId:
    """The service of the running bank; 404 where the settings have none."""
    found = the_bank().smart_id
    if found is None:
        abort(HTTPStatus.NOT_FOUND, "this bank has no Smart-ID service; see smart_id in its settings")
    return found


@pages.post("/v3/authentication/device-link/anonymous")
def start_anonymous() -> Response:
    """A session for whoever opens the link."""
    return _started(lambda body: wire.read_v3(body, notification=False), None)


@pages.post("/v3/authentication/notification/etsi/<identifier>")
def start_notification(identifier: str) -> Response:
    """A session on a named person's telephone."""
    return _started(lambda body: wire.read_v3(body, notification=True), identifier)


@pages.post("/v2/authentication/etsi/<identifier>")
def start_v2(identifier: str) -> Response:
    """The same, as the older version has it."""
    return _started(wire.read_v2, identifier)


def _started(read: Any, identifier: str | None) -> Response:
    smart_id = service()
    if (refusal := _refused_by_fault(smart_id)) is not None:
        return refusal
    try:
        asked: Asked = read(request.get_data())
        if identifier is not None:
            wire.check_identifier(identifier)
        if (asked.uuid, asked.relying_party) not in smart_id.entry.parties:
            return problem(HTTPStatus.UNAUTHORIZED, "no relying party has this UUID and name")
        session = smart_id.begin(asked, identifier, f"https://{request.host}/smart-id/app")
    except BadRequest as error:
        return problem(HTTPStatus.BAD_REQUEST, str(error))
    except NoAccount as error:
        return problem(error.status, "no usable account")
    return answer(_start_answer(session))


def _refused_by_fault(smart_id: SmartId) -> Response | None:
    faults = smart_id.faults()
    if "err.stack-trace" in faults:
        trace = (
            "Traceback (most recent call last):\n  File \"/srv/smart-id/start.py\", line 7, in start\nKeyError: 'rp'"
        )
        return Response(trace, HTTPStatus.INTERNAL_SERVER_ERROR, mimetype="text/plain")
    if "sid.garbage" in faults:
        return Response(bytes(range(256)), mimetype="application/json")
    for fault, status in REFUSALS.items():
        if fault in faults:
            return problem(status, "refused as a fault asks")
    return None


def _start_answer(session: Session) -> dict[str, str]:
    if session.person is not None:
        return {"sessionID": session.id}
    secret = b64encode(session.secret).decode()
    linked = {"sessionToken": session.token, "sessionSecret": secret, "deviceLinkBase": session.base}
    return {"sessionID": session.id, **linked}


@pages.get("/v3/session/<session_id>", endpoint="session_v3")
@pages.get("/v2/session/<session_id>", endpoint="session_v2")
def session(session_id: str) -> Response:
    """How a session stands; waits as long as it is asked to."""
    patience = request.args.get("timeoutMs", "1000")
    if not patience.isdigit() or not 1000 <= int(patience) <= LONGEST_POLL:
        return problem(HTTPStatus.BAD_REQUEST, "timeoutMs must be 1000 to 120000")
    found = None if "sid.session-gone" in service().faults() else service().state(session_id, int(patience) / 1000)
    if found is None:
        return problem(HTTPStatus.NOT_FOUND, "there is no such session")
    return answer(dict(found))


def answer(body: dict[str, Any]) -> Response:
    """JSON as the service writes it."""
    return Response(json.dumps(body), mimetype="application/json")


def problem(status: int, title: str) -> Response:
    """An error body by RFC 9457."""
    body = json.dumps({"type": "about:blank", "title": title, "status": int(status)})
    return Response(body, int(status), mimetype="application/problem+json")
