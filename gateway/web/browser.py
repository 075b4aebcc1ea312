"""The cookies: which browser this is, what it chose last, which language it reads. Never who the person is.

Where relying parties share a group there is one more for each group: the secret of a session kept on the server.
"""

import re
from typing import Final

from flask import Request, Response

from gateway.broker.identifiers import browser_mark, new_secret, parse_correlation
from gateway.broker.login import BrowserMark
from gateway.broker.session import ROUND_LASTS, SessionId, session_key
from gateway.broker.sign_on import Proofs
from gateway.group_sessions import NewSecret
from providers.contract import Language, Reference

BROWSER: Final = "__Host-vpm-browser"
LAST_CHOICE: Final = "__Host-vpm-last"
LANGUAGE: Final = "__Host-vpm-language"
SIGN_OUT: Final = "__Host-vpm-sign-out"
"""Which ended session the browser is visiting relying parties for; no secret, and worth nothing without ``BROWSER``."""
REFERENCE: Final = "__Host-vpm-reference"
REFERENCE_BELOW: Final = "__Secure-vpm-reference"
"""The same, for an answer that comes to a host name below our own."""
SESSION: Final = "__Host-vpm-session-"
"""Followed by the group: each group has a cookie of its own."""
_REFERENCE: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_HALF_A_YEAR: Final = 180 * 24 * 3600


def mark_of(request: Request) -> BrowserMark | None:
    """Give the mark of the browser that sent a request; None when it brought no cookie."""
    cookie = request.cookies.get(BROWSER, "")
    return browser_mark(cookie) if cookie else None


def mark_or_new(request: Request) -> tuple[BrowserMark, str | None]:
    """Give the browser's mark, and the cookie value to set when it has none yet."""
    mark = mark_of(request)
    if mark is not None:
        return mark, None
    cookie = new_secret()
    return browser_mark(cookie), cookie


def set_browser(response: Response, cookie: str | None) -> None:
    """Give a browser its mark for as long as it stays open."""
    if cookie is not None:
        response.set_cookie(BROWSER, cookie, secure=True, httponly=True, samesite="Lax")


def proofs_of(request: Request) -> Proofs:
    """Give the keys of the sessions that a browser proves, by group; empty in most browsers."""
    return {
        name.removeprefix(SESSION): session_key(value)
        for name, value in request.cookies.items()
        if name.startswith(SESSION) and value
    }


def set_session(response: Response, secret: NewSecret | None) -> None:
    """Give a browser the secret of its session, for as long as it stays open."""
    if secret is not None:
        response.set_cookie(f"{SESSION}{secret.group}", secret.value, secure=True, httponly=True, samesite="Lax")


def forget_session(response: Response, group: str) -> None:
    """Drop the secret of a session that ended."""
    forget(response, f"{SESSION}{group}")


def remember_round(response: Response, session: SessionId) -> None:
    """Let the browser know on its way back which sign-out it was sent out for."""
    seconds = int(ROUND_LASTS.total_seconds())
    response.set_cookie(SIGN_OUT, session, max_age=seconds, secure=True, httponly=True, samesite="Lax")


def round_of(request: Request) -> SessionId | None:
    """Give the ended session that a browser was sent out for; None when it brought nothing that looks like one."""
    return parse_correlation(request.cookies.get(SIGN_OUT, ""))


def remember(response: Response, name: str, value: str) -> None:
    """Keep a choice for half a year."""
    response.set_cookie(name, value, max_age=_HALF_A_YEAR, secure=True, httponly=True, samesite="Lax")


def forget(response: Response, name: str) -> None:
    """Drop a kept choice."""
    response.delete_cookie(name, secure=True, httponly=True, samesite="Lax")


def language_of(request: Request, asked: Language | None = None) -> Language:
    """Give the language a person chose on our pages, else the one the portal asked for, else the browser's own."""
    chosen = request.args.get("lang") or request.cookies.get(LANGUAGE, "")
    if chosen in set(Language):
        return Language(chosen)
    return asked or Language(request.accept_languages.best_match(list(Language), default=Language.LATVIAN))


def carry_reference(response: Response, reference: Reference, *, below: str | None = None) -> None:
    """Let the browser carry the reference that the provider's answer will not hold (banklink.md 2 and 6.4).

    The answer is a POST from the provider's site, which brings ``SameSite=None`` cookies only.

    Args:
        response: that sends the browser away.
        reference: of the login.
        below: our own host name, where the answer comes to a name below it: only then do such names see the cookie.
    """
    name = REFERENCE if below is None else REFERENCE_BELOW
    response.set_cookie(name, reference, max_age=15 * 60, secure=True, httponly=True, samesite="None", domain=below)


def carried_reference(request: Request) -> Reference | None:
    """Give the reference that the browser carried; None when it brought none that looks like one."""
    cookie = request.cookies.get(REFERENCE) or request.cookies.get(REFERENCE_BELOW, "")
    return Reference(cookie) if _REFERENCE.fullmatch(cookie) else None
