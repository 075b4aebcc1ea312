"""The card reader on the screen: a frame on somebody else's page, in which a card made of software signs.

It plays the Web eID extension and its application: whoever asks is who the browser says it is, and nothing leaves
before the PIN was typed. For tests alone.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from flask import Blueprint, Response, abort, request

from mock_bank.eid.cards import Card
from mock_bank.eid.desk import CardDesk
from mock_bank.web import PAGE_POLICY, the_bank, tool

pages = Blueprint("card", __name__, url_prefix="/card")
FRAME_POLICY: Final = f"{PAGE_POLICY}; script-src 'self'; frame-ancestors https:"
CANCELLED: Final = {"code": "ERR_WEBEID_USER_CANCELLED", "message": "the person cancelled"}
MOST_ATTEMPTS: Final = 3
BLOCKED: Final = {"code": "ERR_WEBEID_NATIVE_FATAL", "message": "the PIN is blocked"}


def _desk() -> CardDesk:
    desk = the_bank().card_desk
    if desk is None:
        abort(HTTPStatus.NOT_FOUND, "this bank has no cards: there is no [eid] in its settings")
    return desk


@pages.get("")
def reader() -> Response:
    """The frame: which card is in the reader, and its PIN."""
    return _framed("card.html", attempts=0)


@pages.post("/sign")
def sign() -> Response:
    """Let the chosen card sign, if the PIN is right; three wrong ones block it for this try."""
    if request.form.get("decision") == "cancel":
        return _done({"error": CANCELLED})
    card, attempts = _chosen(), _attempts()
    if request.form.get("pin", "") == card.pin:
        return _done(card.token(request.form.get("origin", ""), request.form.get("nonce", "")))
    if attempts + 1 >= MOST_ATTEMPTS:
        return _done({"error": BLOCKED})
    return _framed("card.html", HTTPStatus.FORBIDDEN, attempts=attempts + 1, chosen=card.name)


def _chosen() -> Card:
    return _desk().cards.get(request.form.get("card", "")) or abort(HTTPStatus.BAD_REQUEST, "there is no such card")


def _attempts() -> int:
    typed = request.form.get("attempts", "0")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) == 1 else 0


def _framed(template: str, status: int = HTTPStatus.OK, **values: object) -> Response:
    form = {name: request.form.get(name, "") for name in ("origin", "nonce")}
    shown = tool(template, status, cards=list(_desk().cards.values()), **form, **{"chosen": "", **values})
    shown.headers["Content-Security-Policy"] = FRAME_POLICY
    return shown


def _done(said: Mapping[str, object]) -> Response:
    shown = tool("card_done.html", said=json.dumps(said), origin=request.form.get("origin", ""))
    shown.headers["Content-Security-Policy"] = FRAME_POLICY
    return shown
