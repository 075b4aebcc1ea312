"""The strict check of an ID token (T10, T11, eid-providers.md 12.2, OIDC Core 3.1.3.7).

joserfc verifies the signature, with the one algorithm that was agreed and a key that the provider published. Whatever
the token's header says of keys is refused unread; every claim is then compared with what we expect, none is defaulted.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256, sha384
from typing import Any, Final, NoReturn

from providers.errors import AssertionRejected
from providers.oidc.profile import IdTokenAlgorithm
from providers.refusals import Reason
from providers.wire.jose import (
    JwsFault,
    JwsRefused,
    SigningKey,
    read_object,
    registry_for,
    split_compact,
    verify_signature,
)

LARGEST: Final = 16 * 1024
"""Bytes (T10)."""
EXPIRY_LEEWAY: Final = timedelta(seconds=10)
OLDEST: Final = timedelta(minutes=5)
"""Since ``iat``, which our own request preceded by moments."""
AHEAD: Final = timedelta(seconds=60)
"""How far the provider's clock may be before ours (eid-providers.md 5 rule 8)."""

_HEADER: Final = frozenset({"alg", "kid", "typ", "x5t", "x5t#S256"})
"""Members of a header that are allowed; the thumbprints are passed over, anything that could bring a key is not."""
_TYPES: Final = frozenset({None, "JWT", "jwt"})
_HALF_HASH: Final[Mapping[str, Callable[[bytes], Any]]] = {
    "ES256": sha256,
    "PS256": sha256,
    "RS256": sha256,
    "ES384": sha384,
}
"""The hash behind ``at_hash`` (OIDC Core 3.1.3.6); none is registered for Ed25519."""

KeyFinder = Callable[[str | None], SigningKey | None]
"""Gives the key that a ``kid`` names, or the only one for None; None unless exactly one fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an ID token must say."""

    issuer: str
    client_id: str
    algorithm: IdTokenAlgorithm
    nonce: str
    access_token: str
    """That came beside it, for ``at_hash``."""
    asked_at: datetime
    """UTC, aware."""
    fresh: bool
    """Whether the person was to prove themselves anew."""
    now: datetime
    """UTC, aware."""


@dataclass(frozen=True, slots=True)
class IdToken:
    """An ID token after every check."""

    claims: Mapping[str, Any]

    @property
    def subject(self) -> str:
        """Whom the provider means by it."""
        return str(self.claims["sub"])

    @property
    def authenticated_at(self) -> datetime:
        """When the person proved who they are: ``auth_time``, else when the token was made; UTC."""
        return _moment(self.claims, "auth_time") if "auth_time" in self.claims else _moment(self.claims, "iat")


def verify_id_token(compact: str, find_key: KeyFinder, expected: Expected) -> IdToken:
    """Read an ID token that passes every check.

    Raises:
        AssertionRejected: ``malformed``, ``bad_signature``, ``not_trusted``, ``expired`` or ``stale``.
        ProviderError: what ``find_key`` raises.
    """
    try:
        claims = _verified_claims(compact.encode("ascii", "replace"), find_key, expected.algorithm)
    except JwsRefused as refusal:
        bad = refusal.fault is JwsFault.BAD_SIGNATURE
        raise AssertionRejected(Reason.BAD_SIGNATURE if bad else Reason.MALFORMED, f"ID token: {refusal}") from refusal
    for check in CHECKS:
        check(claims, expected)
    return IdToken(claims)


def _verified_claims(compact: bytes, find_key: KeyFinder, algorithm: IdTokenAlgorithm) -> dict[str, Any]:
    header_segment, payload_segment, _ = split_compact(compact, LARGEST)
    kid = _accepted_kid(read_object(header_segment, "header"), algorithm)
    key = find_key(kid)
    if key is None:
        raise JwsRefused(JwsFault.BAD_SIGNATURE, "not exactly one published key fits the header")
    # (1) The signature first: nothing of the payload is looked at before.
    verify_signature(compact, key, registry_for(algorithm, LARGEST), "published")
    return read_object(payload_segment, "payload")


def _accepted_kid(header: Mapping[str, Any], algorithm: IdTokenAlgorithm) -> str | None:
    kid = header.get("kid")
    if header.get("alg") != algorithm:
        raise JwsRefused(JwsFault.BAD_SIGNATURE, f"alg must be {algorithm}, as was agreed")
    if not header.keys() <= _HEADER:
        raise JwsRefused(JwsFault.MALFORMED, "the header holds a member that is not allowed")
    if header.get("typ") not in _TYPES or not isinstance(kid, str | None):
        raise JwsRefused(JwsFault.MALFORMED, "the header's typ or kid is not of the agreed kind")
    return kid


def made_by_the_provider(claims: Mapping[str, Any], expected: Expected) -> None:
    """``iss`` is the configured issuer, letter for letter."""
    if claims.get("iss") != expected.issuer:
        _refuse(Reason.NOT_TRUSTED, "iss is not the configured issuer")


def meant_for_us_alone(claims: Mapping[str, Any], expected: Expected) -> None:
    """``aud`` is this client and nobody else; ``azp`` repairs nothing, and must be us where it stands (T11)."""
    if claims.get("aud") not in (expected.client_id, [expected.client_id]):
        _refuse(Reason.NOT_TRUSTED, "aud is not this client alone")
    if "azp" in claims and claims["azp"] != expected.client_id:
        _refuse(Reason.NOT_TRUSTED, "azp is not this client")


def about_somebody(claims: Mapping[str, Any], _expected: Expected) -> None:
    """``sub`` names somebody: ASCII of 1 to 255 characters (OIDC Core 2)."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject.isascii() or not 1 <= len(subject) <= 255:
        _refuse(Reason.MALFORMED, "sub is missing or malformed")


def still_valid(claims: Mapping[str, Any], expected: Expected) -> None:
    """``exp`` is there and ahead, and ``nbf`` is not."""
    if _moment(claims, "exp") + EXPIRY_LEEWAY <= expected.now:
        _refuse(Reason.EXPIRED, "exp is past")
    if "nbf" in claims and _moment(claims, "nbf") > expected.now + AHEAD:
        _refuse(Reason.STALE, "nbf is ahead")


def made_just_now(claims: Mapping[str, Any], expected: Expected) -> None:
    """``iat`` is there, at most five minutes old and not ahead of the clocks' tolerance (T11)."""
    made = _moment(claims, "iat")
    if made > expected.now + AHEAD:
        _refuse(Reason.STALE, "iat is ahead")
    if made + OLDEST < expected.now:
        _refuse(Reason.STALE, "iat is too old")


def answers_our_question(claims: Mapping[str, Any], expected: Expected) -> None:
    """``nonce`` is the one of this login; a question without one is never asked."""
    nonce = claims.get("nonce")
    if (
        not isinstance(nonce, str)
        or not expected.nonce
        or not hmac.compare_digest(_bytes(nonce), _bytes(expected.nonce))
    ):
        _refuse(Reason.NOT_TRUSTED, "nonce is not the one of this login")


def belongs_to_the_access_token(claims: Mapping[str, Any], expected: Expected) -> None:
    """``at_hash``, where it stands, is that of the token beside it; an algorithm without a known hash fails."""
    if "at_hash" not in claims:
        return
    hashed = _HALF_HASH.get(expected.algorithm)
    if hashed is None:
        _refuse(Reason.BAD_SIGNATURE, f"at_hash cannot be verified: no hash belongs to {expected.algorithm}")
    digest = hashed(expected.access_token.encode()).digest()
    half = urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=")
    stated = claims["at_hash"]
    if not isinstance(stated, str) or not hmac.compare_digest(_bytes(stated), half):
        _refuse(Reason.BAD_SIGNATURE, "at_hash is not that of the access token")


def authenticated_when_asked(claims: Mapping[str, Any], expected: Expected) -> None:
    """``auth_time`` is not ahead; where a fresh login was asked for, it is there and not before the question."""
    if "auth_time" not in claims and not expected.fresh:
        return
    at = _moment(claims, "auth_time")
    if at > expected.now + AHEAD:
        _refuse(Reason.STALE, "auth_time is ahead")
    if expected.fresh and at < expected.asked_at - AHEAD:
        _refuse(Reason.STALE, "auth_time is before the question, which asked for a fresh login")


CHECKS: Final[tuple[Callable[[Mapping[str, Any], Expected], None], ...]] = (
    made_by_the_provider,
    meant_for_us_alone,
    about_somebody,
    still_valid,
    made_just_now,
    answers_our_question,
    belongs_to_the_access_token,
    authenticated_when_asked,
)
"""In this order; the first failure ends the check."""


def _moment(claims: Mapping[str, Any], name: str) -> datetime:
    """A NumericDate; a fraction of a second is dropped."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse(Reason.MALFORMED, f"{name} is missing or no number")
    try:
        return datetime.fromtimestamp(int(value), UTC)
    except (OverflowError, ValueError, OSError):
        _refuse(Reason.MALFORMED, f"{name} is no moment")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _refuse(reason: Reason, detail: str) -> NoReturn:
    raise AssertionRejected(reason, f"ID token: {detail}")
