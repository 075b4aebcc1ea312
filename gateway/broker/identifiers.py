"""Random identifiers, and what is kept of them."""

import hashlib
import secrets
from typing import Final

from gateway.audit.event import Correlation
from gateway.broker.login import BrowserMark, Digest
from providers.contract import Reference

CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that a person reading it out could mistake."""
_LENGTH: Final = 26


def new_correlation() -> Correlation:
    """Make the id of a login, or of an incident that belongs to none."""
    number = secrets.randbits(5 * _LENGTH)
    return Correlation("".join(CROCKFORD[(number >> shift) & 31] for shift in range(0, 5 * _LENGTH, 5)))


def parse_correlation(text: str) -> Correlation | None:
    """Read the id of a login out of an address; None when it is none, so that nothing else ever reaches a database."""
    return Correlation(text) if len(text) == _LENGTH and set(CROCKFORD).issuperset(text) else None


def new_reference() -> Reference:
    """Make a banklink nonce: 16 random bytes in hexadecimal (banklink.md section 5)."""
    return Reference(secrets.token_hex(16))


def new_secret() -> str:
    """Make an authorization code, access token or browser cookie: 256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> Digest:
    """Give what the gateway keeps of a code or token: its SHA-256 in hexadecimal (T08)."""
    return Digest(hashlib.sha256(secret.encode()).hexdigest())


def browser_mark(cookie: str) -> BrowserMark:
    """Give what a login remembers of its browser."""
    return BrowserMark(hashlib.sha256(b"browser\0" + cookie.encode()).hexdigest())
