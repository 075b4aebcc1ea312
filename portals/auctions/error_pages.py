"""What people see when something fails: what happened, that nothing was lost, and what to do now.

Three texts (``style.md`` 13): the page speaks to the person; its last lines give the help desk an incident number and
the gateway's code; the log gives the operator the reason. None of them holds personal data.
"""

import logging
import secrets
from dataclasses import dataclass
from typing import Final

from flask import Flask, render_template
from flask.typing import ResponseReturnValue
from flask_babel import LazyString, lazy_gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from portals.auctions.access import is_signed_in
from portals.auctions.domain import InvalidIdentity
from portals.auctions.forms import ForeignField
from portals.auctions.portal import this_portal, this_session
from portals.auctions.register import EntryInUse, NoSuchEntry
from portals.errors import PortalError, SignInDeclined, SignInRefused, UnsolicitedAnswer

log = logging.getLogger(__name__)

LONGEST_DESCRIPTION: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What a page says about a failure."""

    status: int
    title: LazyString
    advice: LazyString
    may_sign_in: bool = True


CANCELLED: Final = Trouble(
    status=400,
    title=lazy_gettext("Signing in was not finished"),
    advice=lazy_gettext(
        "You cancelled, or your bank did not confirm. You can try again, also with another bank or card."
    ),
)
TEMPORARY: Final = Trouble(
    status=503,
    title=lazy_gettext("Signing in is not possible at this moment"),
    advice=lazy_gettext(
        "The sign-in service or your bank does not answer. Wait a minute and try again, or choose another bank or card."
    ),
)
DECLINED: Final = Trouble(
    status=400,
    title=lazy_gettext("Signing in was not finished"),
    advice=lazy_gettext(
        "The sign-in service could not finish. Try again; if it happens twice, give the help desk the number below."
    ),
)
UNSOLICITED: Final = Trouble(
    status=400,
    title=lazy_gettext("This sign-in is no longer valid"),
    advice=lazy_gettext(
        "It was finished already, took too long, or began in another browser. Begin again here; it takes a minute."
    ),
)
NOT_BELIEVED: Final = Trouble(
    status=400,
    title=lazy_gettext("We could not verify the answer"),
    advice=lazy_gettext(
        "To protect you, nobody was signed in. Try again; if it happens twice, give the help desk the number below."
    ),
)
PAGE_EXPIRED: Final = Trouble(
    status=400,
    title=lazy_gettext("Your session has ended"),
    advice=lazy_gettext(
        "After 15 minutes without activity we sign you out. What was saved before is safe. Sign in and send the form again."
    ),
)
NOT_OUR_FORM: Final = Trouble(
    status=400,
    title=lazy_gettext("This form was not accepted"),
    advice=lazy_gettext(
        "It had a field that our page does not have. Your name and personal code come only from signing in."
    ),
)
IN_USE: Final = Trouble(
    status=409,
    title=lazy_gettext("The entry cannot be deleted yet"),
    advice=lazy_gettext("An auction, payment or refund of yours is still open. Delete the entry when it is closed."),
)
NOT_FOUND: Final = Trouble(
    status=404,
    title=lazy_gettext("There is no such page"),
    advice=lazy_gettext("The address may be mistyped. Go to the front page."),
    may_sign_in=False,
)
FAILED: Final = Trouble(
    status=500,
    title=lazy_gettext("Something failed on our side"),
    advice=lazy_gettext("Try again in a minute; if it happens twice, give the help desk the number below."),
    may_sign_in=False,
)
NOT_THIS_WAY: Final = Trouble(
    status=400,
    title=lazy_gettext("This request was not understood"),
    advice=lazy_gettext("Go to the front page and begin again from there."),
    may_sign_in=False,
)


def show_error_pages(app: Flask) -> None:
    """Let this application answer every failure with a page."""
    app.register_error_handler(Exception, _show)
    app.register_error_handler(NoSuchEntry, _leave)


DECLINED_WITH: Final = {
    "access_denied": CANCELLED,
    "login_required": CANCELLED,
    "interaction_required": CANCELLED,
    "temporarily_unavailable": TEMPORARY,
    "server_error": TEMPORARY,
}
"""Codes of RFC 6749 section 4.1.2.1 and OpenID Connect Core section 3.1.2.6 that a person can do something about."""

TROUBLE_WITH: Final[tuple[tuple[type[Exception], Trouble], ...]] = (
    (UnsolicitedAnswer, UNSOLICITED),
    (SignInRefused, NOT_BELIEVED),
    (InvalidIdentity, NOT_BELIEVED),
    (PortalError, TEMPORARY),
    (CSRFError, PAGE_EXPIRED),
    (NoSuchEntry, PAGE_EXPIRED),
    (ForeignField, NOT_OUR_FORM),
    (EntryInUse, IN_USE),
)
"""The first that fits; a narrower class stands before a wider one."""


def _trouble(error: Exception) -> Trouble:
    if isinstance(error, SignInDeclined):
        return DECLINED_WITH.get(error.code, DECLINED)
    return next((trouble for kind, trouble in TROUBLE_WITH if isinstance(error, kind)), None) or _http_trouble(error)


def _http_trouble(error: Exception) -> Trouble:
    status = error.code if isinstance(error, HTTPException) else 500
    if status == 404:
        return NOT_FOUND
    return NOT_THIS_WAY if status and 400 <= status < 500 else FAILED


def _show(error: Exception) -> ResponseReturnValue:
    if isinstance(error, HTTPException) and error.code and error.code < 400:
        return error.get_response()  # Flask's own redirects arrive here too
    trouble, incident = _trouble(error), _incident()
    if trouble is FAILED:
        log.error("page.failed: incident=%s error=%s", incident, type(error).__name__, exc_info=error)
    else:
        log.warning("page.refused: incident=%s error=%s reason=%s", incident, type(error).__name__, error)
    return _page(trouble, incident, error), _status(trouble, error)


def _status(trouble: Trouble, error: Exception) -> int:
    """The trouble's own status, unless HTTP has a more exact one for a request that was not understood."""
    exact = error.code if isinstance(error, HTTPException) and trouble is NOT_THIS_WAY else None
    return exact or trouble.status


def _page(trouble: Trouble, incident: str, error: Exception) -> str:
    declined = error if isinstance(error, SignInDeclined) else None
    return render_template(
        "problem.html",
        trouble=trouble,
        incident=incident,
        code=declined.code[:LONGEST_DESCRIPTION] if declined else "",
        description=declined.description[:LONGEST_DESCRIPTION] if declined else "",
        signed_in=is_signed_in(),
    )


def _leave(error: Exception) -> ResponseReturnValue:
    """The entry of this session was deleted from another browser: the session has nobody to belong to."""
    this_session().begin_anew(this_portal().clock())
    return _show(error)


def _incident() -> str:
    """A number to tell a help desk: 40 random bits, easy to read out."""
    number = f"{secrets.randbits(40):010X}"
    return f"{number[:5]}-{number[5:]}"
