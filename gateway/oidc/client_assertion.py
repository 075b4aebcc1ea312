"""A relying party proves itself with a signed assertion (RFC 7523, T07): stricter than the library's own check."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from authlib.oauth2.rfc6749 import InvalidClientError
from authlib.oauth2.rfc7523.client import ASSERTION_TYPE
from joserfc import jws
from joserfc.errors import JoseError

from gateway.broker.relying_party import AssertionKey, RelyingPartyId
from gateway.oidc.strict_json import claims_of, is_identifier, seconds_of, strict_header, unverified_claims

MAX_LIFETIME: Final = timedelta(seconds=300)
MAX_AHEAD: Final = timedelta(seconds=60)
"""An ``iat`` or ``nbf`` further ahead than this is refused; 10 s ahead is an ordinary clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedAssertion:
    """An assertion that passed every check but one: its ``jti`` must still be spent, in the caller's transaction."""

    jti: str
    key: AssertionKey
    spent_until: datetime


def verify_assertion(
    assertion: str, party: RelyingPartyId, keys: Sequence[AssertionKey], audience: str, now: datetime
) -> VerifiedAssertion:
    """Check a client assertion.

    Args:
        assertion: the compact JWS as sent.
        party: the relying party that the request claims to come from.
        keys: those registered for it, one algorithm each.
        audience: the only one accepted, as one string (security.md 8.1): the issuer, but for old libraries.
        now: UTC, aware.

    Raises:
        InvalidClientError: with a sentence for the portal's developer.
    """
    key, claims = _verified_claims(assertion, keys)
    for refused, sentence in _rules(claims, party, audience, now.timestamp()):
        if refused():
            raise InvalidClientError(description=sentence)
    expires = datetime.fromtimestamp(float(str(claims["exp"])), tz=now.tzinfo)
    return VerifiedAssertion(jti=str(claims["jti"]), key=key, spent_until=expires + MAX_AHEAD)


def _verified_claims(assertion: str, keys: Sequence[AssertionKey]) -> tuple[AssertionKey, dict[str, object]]:
    """Verify the signature with the registered key that the header names; nothing else in the header is followed."""
    try:
        key = _registered_key(strict_header(assertion), keys)
        verified = jws.deserialize_compact(assertion, key.key, algorithms=[key.algorithm])
        return key, claims_of(verified.payload)
    except (JoseError, ValueError, UnicodeEncodeError) as error:
        raise InvalidClientError(
            description="the assertion cannot be read, or its signature does not verify"
        ) from error


def _registered_key(header: dict[str, str], keys: Sequence[AssertionKey]) -> AssertionKey:
    candidates = [key for key in keys if header.get("kid") in {None, key.kid}]
    if len(candidates) != 1:
        raise InvalidClientError(description="kid must name one of the registered keys")
    if header.get("alg") != candidates[0].algorithm:
        raise InvalidClientError(description=f"alg must be {candidates[0].algorithm}, as registered for this key")
    return candidates[0]


def _rules(
    claims: dict[str, object], party: RelyingPartyId, audience: str, now: float
) -> tuple[tuple[Callable[[], bool], str], ...]:
    number = partial(seconds_of, claims)
    ahead = MAX_AHEAD.total_seconds()
    return (
        (lambda: claims.get("iss") != party, "iss must be the client_id"),
        (lambda: claims.get("sub") != party, "sub must be the client_id"),
        (lambda: claims.get("aud") != audience, f"aud must be {audience}, as one string"),
        (lambda: not number("exp") > now - 10, "exp is missing or past"),
        (
            lambda: not number("exp") <= now + MAX_LIFETIME.total_seconds() + 10,
            "exp must be at most 300 seconds ahead",
        ),
        (lambda: "iat" in claims and not number("iat") <= now + ahead, "iat lies in the future"),
        (lambda: "nbf" in claims and not number("nbf") <= now + ahead, "nbf lies in the future"),
        (lambda: not is_identifier(claims.get("jti")), "jti must be a string of 16 to 256 printable characters"),
    )


def is_assertion(form: dict[str, str]) -> bool:
    """Whether a token request carries a client assertion."""
    return form.get("client_assertion_type") == ASSERTION_TYPE and bool(form.get("client_assertion"))


def claimed_client(assertion: str) -> str | None:
    """Give who an assertion says it is from, where the form does not (RFC 7521 4.2); only to find whose keys to try."""
    try:
        subject = unverified_claims(assertion).get("sub")
    except ValueError:
        return None
    return subject if isinstance(subject, str) else None
