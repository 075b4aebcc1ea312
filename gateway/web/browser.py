"""The cookies: which browser this is, what it chose last, which language it reads. Never who the person is."""

import re
from typing import Final

from flask import Request, Response

from gateway.broker.identifiers import browser_mark, new_secret
from gateway.broker.login import BrowserMark
from providers.contract import Language, Reference

BROWSER: Final = "__Host-vpm-browser"
LAST_CHOICE: Final = "__Host-vpm-last"
LANGUAGE: Final = "__Host-vpm-language"
REFERENCE: Final = "__Host-vpm-reference"
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


def carry_reference(response: Response, reference: Reference) -> None:
    """Let the browser carry the reference that the provider's answer will not hold (banklink.md 2 and 6.4).

    The answer is a POST from the provider's site, which brings ``SameSite=None`` cookies only.
    """
    response.set_cookie(REFERENCE, reference, max_age=15 * 60, secure=True, httponly=True, samesite="None")


def carried_reference(request: Request) -> Reference | None:
    """Give the reference that the browser carried; None when it brought none that looks like one."""
    cookie = request.cookies.get(REFERENCE, "")
    return Reference(cookie) if _REFERENCE.fullmatch(cookie) else None
