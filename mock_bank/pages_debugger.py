"""The signature debugger: for each request received, and for any message pasted."""

from http import HTTPStatus

from flask import Blueprint, Response, abort, request

from mock_bank.debugger import explain
from mock_bank.explaining import keys_of, verdict
from mock_bank.keys import UnusableKey, rsa_public_key
from mock_bank.pasted import NoMessage, read_pasted
from mock_bank.web import the_bank, tool

pages = Blueprint("debugger", __name__, url_prefix="/debugger")
PASTED_KEY = "the pasted key"


@pages.get("")
def start() -> Response:
    """A place to paste, and the requests that arrived."""
    return tool("debugger.html", received=the_bank().inbox.newest_first())


@pages.post("")
def pasted() -> Response:
    """Explain a pasted message, against the known keys or a pasted one."""
    return _explained(request.form.get("message", ""), request.form.get("public_key", "").strip())


@pages.get("/<int:number>")
def received(number: int) -> Response:
    """Explain a request that arrived."""
    found = the_bank().inbox.find(number)
    if found is None:
        abort(HTTPStatus.NOT_FOUND, "this request is no longer kept; the last 200 are")
    return _explained(found.body.decode("ascii", errors="replace"), "")


def _explained(message: str, pem: str) -> Response:
    bank = the_bank()
    keys = keys_of(bank.settings.id, bank.keys)
    try:
        if pem:
            keys = {PASTED_KEY: rsa_public_key(pem.encode(), PASTED_KEY), **keys}
        explanation = explain(read_pasted(message), keys, PASTED_KEY if pem else None)
    except (NoMessage, UnusableKey, ValueError) as error:
        return tool(
            "debugger.html",
            HTTPStatus.BAD_REQUEST,
            received=bank.inbox.newest_first(),
            message=message,
            problem=str(error),
        )
    return tool("explanation.html", it=explanation, verdict=verdict(explanation))
