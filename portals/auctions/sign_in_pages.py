"""Signing in and out, in the browser."""

import logging
import re
import secrets
from typing import Final

from flask import Blueprint, Response, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm

from portals.auctions.access import ENTRY, ID_TOKEN, SUBJECT, is_signed_in, open_to_everyone
from portals.auctions.domain import Entry, EntryState, Identity, parse_personal_code
from portals.auctions.forms import refuse_foreign_fields
from portals.auctions.languages import current_language
from portals.auctions.portal import Portal, this_portal, this_session
from portals.auctions.session_storage import PendingSignIn
from portals.errors import GatewayMisconfigured, GatewayUnavailable, UnsolicitedAnswer
from portals.id_token import VerifiedIdentity
from portals.relying_party import Answer, parse_answer

log = logging.getLogger(__name__)
sign_in = Blueprint("sign_in", __name__)

PROVIDER: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
LOGOUT_STATE: Final = "__Host-auctions-signing-out"
WAITING: Final = "waiting"


@sign_in.get("/sign-in")
@open_to_everyone
def begin() -> ResponseReturnValue:
    """Send the browser to the gateway; ``provider`` may name the bank to select there beforehand."""
    portal, wish = this_portal(), request.args.get("provider", "")
    question, address = portal.relying_party.begin(
        language=current_language(), provider=wish if PROVIDER.fullmatch(wish) else ""
    )
    if not session:
        session[WAITING] = True  # an empty session would not be kept, and the sign-in is bound to it
    pending = PendingSignIn(sign_in=question, language=current_language())
    portal.sign_ins.keep(pending, session_digest=this_session().digest, at=portal.clock())
    return redirect(address, code=303)


@sign_in.get("/callback")
@open_to_everyone
def callback() -> ResponseReturnValue:
    """Take the gateway's answer and lead the person to their entry."""
    portal, answer = this_portal(), parse_answer(request.args.to_dict(flat=False))
    pending = _pending(portal, answer)
    g.language = pending.language
    verified = portal.relying_party.complete(answer, pending.sign_in)
    entry = portal.register.admit(_identity(verified))
    _open_session(portal, entry, verified)
    page = "pages.details" if entry.state is EntryState.INCOMPLETE else "pages.my_entry"
    return redirect(url_for(page), code=303)


@sign_in.post("/sign-out")
@open_to_everyone
def sign_out() -> ResponseReturnValue:
    """End the session here first, then at the gateway; if that cannot be reached, the page says so."""
    refuse_foreign_fields(FlaskForm(), request.form)
    portal, id_token = this_portal(), session.get(ID_TOKEN, "")
    this_session().begin_anew(portal.clock())
    if not id_token:
        return redirect(url_for("sign_in.signed_out"), code=303)
    state = secrets.token_urlsafe(16)
    try:
        address = portal.relying_party.sign_out_url(id_token=id_token, state=state, language=current_language())
    except (GatewayUnavailable, GatewayMisconfigured) as error:
        log.warning("sign-out.gateway-not-told: %s", error)
        return redirect(url_for("sign_in.signed_out"), code=303)
    response = redirect(address, code=303)
    _remember_state(response, state)
    return response


@sign_in.get("/signed-out")
@open_to_everyone
def signed_out() -> ResponseReturnValue:
    """Say what has ended and what has not; confirmed by the gateway only if it brought our state back."""
    expected, brought = request.cookies.get(LOGOUT_STATE, ""), request.args.get("state", "")
    told = bool(expected) and secrets.compare_digest(expected.encode(), brought.encode())
    page = render_template(
        "signed_out.html", told=told, deleted=request.args.get("deleted") == "yes", still_signed_in=is_signed_in()
    )
    response = Response(page)
    if expected:
        response.delete_cookie(LOGOUT_STATE, secure=True, httponly=True, samesite="Lax", path="/")
    return response


def _pending(portal: Portal, answer: Answer) -> PendingSignIn:
    found = portal.sign_ins.take(answer.state, session_digest=this_session().digest, at=portal.clock())
    if found is None:
        raise UnsolicitedAnswer("no sign-in of this browser waits for this answer")
    return found


def _identity(verified: VerifiedIdentity) -> Identity:
    """What the register keeps of a login."""
    return Identity(
        given_name=verified.given_name,
        family_name=verified.family_name,
        personal_code=parse_personal_code(verified.personal_code),
        issuer=verified.issuer,
        subject=verified.subject,
    )


def _open_session(portal: Portal, entry: Entry, verified: VerifiedIdentity) -> None:
    """A new session for the person, under a new key; other tabs that are still signing in may finish in it."""
    browser = this_session()
    before = browser.digest
    browser.begin_anew(portal.clock())
    browser.update({ENTRY: entry.id, SUBJECT: verified.subject, ID_TOKEN: verified.id_token})
    portal.sign_ins.move(earlier=before, later=browser.digest)
    portal.signed_in.note(
        gateway_session=verified.session, subject=verified.subject, session_digest=browser.digest, at=portal.clock()
    )
    log.info("sign-in.completed: provider=%s", verified.provider)


def _remember_state(response: object, state: str) -> None:
    if isinstance(response, Response):
        response.set_cookie(LOGOUT_STATE, state, max_age=600, secure=True, httponly=True, samesite="Lax", path="/")
