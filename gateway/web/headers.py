"""The headers that every answer of the gateway carries (T16, T17).

Chromium applies ``form-action`` also to the redirects that follow a form: a page whose form ends at the portal must
name the portal's origin, and one that leads to a bank must name the bank's.
"""

import re
from functools import lru_cache
from typing import Final

from flask import Response

from gateway.web.port_app import HeaderLines
from gateway.web_address import ORIGIN

_NONCE: Final = re.compile(r"[A-Za-z0-9+/_=-]{16,128}", re.ASCII)

_ALWAYS: Final = (
    ("Strict-Transport-Security", "max-age=63072000"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("X-Frame-Options", "DENY"),
)
"""``X-Frame-Options`` repeats ``frame-ancestors`` for browsers and scanners that know only the older word."""
_NOTHING_ELSE: Final = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
_FETCHES: Final = "; connect-src 'self'"
_DYNAMIC: Final = (("Cache-Control", "no-store"), ("Vary", "Cookie"))


def secure_headers(
    content_type: str,
    *,
    cache_control: str | None = None,
    form_action: tuple[str, ...] = (),
    script_nonce: str | None = None,
    fetches: bool = False,
    frames: tuple[str, ...] = (),
) -> HeaderLines:
    """Make the headers of an answer: its type, whether it may be stored, and what a browser may do with it.

    Without ``cache_control``, which must be a text of ours, it is not stored at all. ``fetches`` lets the page's script
    ask the gateway for news; ``frames`` are the origins that it may show in a frame. For the other arguments and what is raised see ``set_security_headers``.
    """
    caching = _DYNAMIC if cache_control is None else (("Cache-Control", cache_control),)
    policy = _policy(form_action) + _script(script_nonce) + (_FETCHES if fetches else "") + _frames(frames)
    return HeaderLines((("Content-Type", content_type), *caching, *_ALWAYS, ("Content-Security-Policy", policy)))


def set_security_headers(
    response: Response, *, form_action: tuple[str, ...] = (), script_nonce: str | None = None
) -> None:
    """Put the headers on an answer, which has none of them yet; they are added without looking for others.

    An answer that already says how it may be cached keeps what it says; every other one is not stored at all.

    Args:
        response: any answer, page or not.
        form_action: origins (``https://host:port``, lower case, no path) where a form of the page may lead beside
            the gateway itself, redirects included.
        script_nonce: at least 16 characters of base64, new for every answer; no script runs without it.

    Raises:
        ValueError: an origin or a nonce is malformed and could change the meaning of the policy.
    """
    headers = response.headers
    if "Cache-Control" not in headers:
        headers.extend(_DYNAMIC)
    headers.extend(_ALWAYS)
    headers.add("Content-Security-Policy", _policy(form_action) + _script(script_nonce))


@lru_cache(maxsize=4096)
def _policy(form_action: tuple[str, ...]) -> str:
    """Write everything but the script's part, which differs in every answer."""
    targets = " ".join(("'self'", *_origins(form_action)))
    return f"{_NOTHING_ELSE}; form-action {targets}"


def _frames(origins: tuple[str, ...]) -> str:
    return f"; frame-src {' '.join(_origins(origins))}" if origins else ""


def _origins(given: tuple[str, ...]) -> tuple[str, ...]:
    for origin in given:
        if not ORIGIN.fullmatch(origin):
            raise ValueError(f"{origin!r} is no https origin; give scheme, host and port only, in lower case")
    return given


def _script(nonce: str | None) -> str:
    if nonce is None:
        return ""
    if not _NONCE.fullmatch(nonce):
        raise ValueError("a script nonce is 16 to 128 characters of base64")
    return f"; script-src 'nonce-{nonce}'"
