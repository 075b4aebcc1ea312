"""The link that the app opens, the code that proves who made it, and the verification code (eid-providers.md 10.4, 10.5)."""

import hashlib
import hmac
from base64 import b64decode, b64encode, urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from providers.contract import Language

LINK_VERSION: Final = "1.0"
SESSION_TYPE: Final = "auth"
PROTOCOL: Final = "ACSP_V2"
LANGUAGES: Final = {Language.LATVIAN: "lav", Language.ENGLISH: "eng"}


class Flow(StrEnum):
    """How the question reaches the app; a login offers exactly one (10.8 step 3)."""

    QR = "QR"
    WEB2APP = "Web2App"
    NOTIFICATION = "Notification"

    @property
    def on_this_device(self) -> bool:
        """Whether the app opens a page of ours when it has finished (10.7)."""
        return self is Flow.WEB2APP


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTerms:
    """What a login's device links are made from; all of it is bound by the code."""

    scheme_name: str
    rp_challenge: str
    """Base64 text, as sent."""
    relying_party_name: str
    """Byte for byte as sent, whatever the API thinks of its letter case."""
    broker_name: str = ""
    interactions: str
    """Base64 text, as sent."""
    callback_url: str = ""
    """Empty unless the app is on the same device."""


def link_without_code(base: str, flow: Flow, token: str, language: str, elapsed: int | None = None) -> str:
    """The device link up to its code, its parameters in the one order that is allowed.

    Args:
        base: ``deviceLinkBase`` of the start answer.
        flow: ``QR`` or ``Web2App``.
        token: ``sessionToken`` of the start answer.
        language: ``lav``, ``eng`` or ``rus``.
        elapsed: whole seconds since the start answer, for QR alone.
    """
    since = f"&elapsedSeconds={elapsed}" if elapsed is not None else ""
    return (
        f"{base}?deviceLinkType={flow}{since}&sessionToken={token}&sessionType={SESSION_TYPE}"
        f"&version={LINK_VERSION}&lang={language}"
    )


def auth_code(secret: str, terms: LinkTerms, link: str) -> str:
    """The link's code: HMAC-SHA256 under the session's secret, base64url without padding.

    Args:
        secret: ``sessionSecret``, base64; it never leaves the server.
        terms: as sent in the start request.
        link: without its code.
    """
    text = "|".join(
        (
            terms.scheme_name,
            PROTOCOL,
            terms.rp_challenge,
            base64_text(terms.relying_party_name),
            base64_text(terms.broker_name),
            terms.interactions,
            terms.callback_url,
            link,
        )
    )
    return base64url(hmac.digest(b64decode(secret, validate=True), text.encode(), "sha256"))


def device_link(secret: str, terms: LinkTerms, link: str) -> str:
    """The whole link."""
    return f"{link}&authCode={auth_code(secret, terms, link)}"


def verification_code(challenge: bytes) -> str:
    """Four digits that the person compares with the phone.

    Args:
        challenge: the decoded ``rpChallenge``, or the hash of version 2; SHA-256 is taken of it whatever the signature
            uses.
    """
    return f"{int.from_bytes(hashlib.sha256(challenge).digest()[-2:], 'big') % 10_000:04d}"


def base64_text(text: str) -> str:
    """Base64 of a text's UTF-8; empty for an empty text."""
    return b64encode(text.encode()).decode("ascii")


def base64url(octets: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(octets).decode("ascii").rstrip("=")
