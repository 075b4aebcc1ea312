"""The checks an ID token passes before a portal believes it, in the order they are made.

OpenID Connect Core section 3.1.3.7 as ``security.md`` T11 tightens it. The library verifies the signature with the
one algorithm ES256; everything else is decided here, because its defaults are laxer (``security.md`` section 9).
"""

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from portals.errors import IdTokenRejected

Claims = Mapping[str, Any]
FindKey = Callable[[str], ECKey]

LARGEST_TOKEN: Final = 16 * 1024
LEEWAY: Final = timedelta(seconds=10)
FRESH_FOR: Final = timedelta(minutes=5)
ASSURANCE_ACCEPTED: Final = frozenset(
    {"http://eidas.europa.eu/LoA/substantial", "http://eidas.europa.eu/LoA/high"},
)
PERSONAL_CODE: Final = re.compile(r"[0-9]{6}-[0-9]{5}")
COMPACT_PART: Final = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What the ID token must say."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedIdentity:
    """A person our gateway vouched for, after every check passed; there is no unverified variant.

    ``personal_code`` has the form ``NNNNNN-NNNNN``; names are exactly as the gateway sent them. ``subject`` is the
    pairwise identifier under which ``issuer`` knows the person here. ``id_token`` is kept as the hint for signing out.
    """

    issuer: str
    subject: str
    given_name: str
    family_name: str
    personal_code: str
    authentication_context: str
    authenticated_at: datetime
    provider: str
    id_token: str
    session: str = ""
    """``sid``: which session at the gateway this belongs to; empty where the gateway keeps none for this portal."""


def verify_id_token(token: str, *, find_key: FindKey, expected: Expectation) -> VerifiedIdentity:
    """The identity in an ID token that passed every check.

    Args:
        token: the compact serialisation, at most 16 KiB.
        find_key: the gateway's verification key with an identifier; raises IdTokenRejected when there is none.
        expected: what the token must say.

    Raises:
        IdTokenRejected: the first check that failed.
    """
    claims = signed_claims(token, find_key)
    for check in CHECKS:
        check(claims, expected)
    return VerifiedIdentity(
        issuer=claims["iss"],
        subject=claims["sub"],
        given_name=claims["given_name"],
        family_name=claims["family_name"],
        personal_code=claims["personal_code"],
        authentication_context=claims["acr"],
        authenticated_at=datetime.fromtimestamp(claims["auth_time"], UTC),
        provider=claims["provider"],
        id_token=token,
        session=claims["sid"] if isinstance(claims.get("sid"), str) else "",
    )


def signed_claims(token: str, find_key: FindKey) -> Claims:
    """The claims under a valid ES256 signature: nothing unsigned is ever looked at but the key's identifier."""
    header = token_header(token)
    if header.get("alg") != "ES256":
        raise IdTokenRejected("not signed with ES256")
    if not isinstance(header.get("kid"), str):
        raise IdTokenRejected("does not say which key signed it")
    if set(header) - {"alg", "kid", "typ"}:
        raise IdTokenRejected("has a header parameter that ID tokens of the gateway do not have")
    try:
        verified = jws.deserialize_compact(token, find_key(header["kid"]), algorithms=["ES256"])
    except (JoseError, ValueError) as error:
        raise IdTokenRejected("the signature is not valid") from error
    return _json_object(verified.payload)


def token_header(token: str) -> Claims:
    """The header of a compact signature, not verified yet.

    Raises:
        IdTokenRejected: it is none, is too long, or has another spelling.
    """
    parts = token.split(".")
    if len(token) > LARGEST_TOKEN or len(parts) != 3 or not all(map(_is_canonical, parts)):
        raise IdTokenRejected("not a compact signature of reasonable size")
    return _json_object(base64.urlsafe_b64decode(_padded(parts[0])))


def _is_canonical(part: str) -> bool:
    """Whether these bytes have only this spelling in base64url (the library accepts two more)."""
    if not COMPACT_PART.fullmatch(part) or len(part) % 4 == 1:
        return False
    return base64.urlsafe_b64encode(base64.urlsafe_b64decode(_padded(part))).rstrip(b"=").decode() == part


def _padded(part: str) -> str:
    return part + "=" * (-len(part) % 4)


def _json_object(encoded: bytes) -> Claims:
    try:
        document = orjson.loads(encoded)
    except orjson.JSONDecodeError as error:
        raise IdTokenRejected("not JSON") from error
    if not isinstance(document, dict):
        raise IdTokenRejected("not a JSON object")
    return document


def moment_of(claims: Claims, name: str) -> datetime:
    """A claim that is a time (NumericDate, whole seconds).

    Raises:
        IdTokenRejected: it is none.
    """
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**33:
        raise IdTokenRejected(f"{name} is not a time")
    return datetime.fromtimestamp(value, UTC)


def _filled_text(claims: Claims, name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value.strip():
        raise IdTokenRejected(f"{name} is missing or empty")
    return value


def issuer_is_our_gateway(claims: Claims, expected: Expectation) -> None:
    """``iss`` equals the configured issuer identifier."""
    if claims.get("iss") != expected.issuer:
        raise IdTokenRejected("iss is not our gateway")


def audience_is_this_portal_alone(claims: Claims, expected: Expectation) -> None:
    """``aud`` is our client identifier and nothing else, as a string or a list of one."""
    if claims.get("aud") not in (expected.client_id, [expected.client_id]):
        raise IdTokenRejected("aud is not this portal alone")


def authorized_party_is_this_portal(claims: Claims, expected: Expectation) -> None:
    """``azp``, where present, is our client identifier."""
    if "azp" in claims and claims["azp"] != expected.client_id:
        raise IdTokenRejected("azp is not this portal")


def nonce_answers_our_question(claims: Claims, expected: Expectation) -> None:
    """``nonce`` is the one of this browser's sign-in; a token without one answers nobody."""
    if claims.get("nonce") != expected.nonce:
        raise IdTokenRejected("nonce is not the one of this sign-in")


def not_expired(claims: Claims, expected: Expectation) -> None:
    """``exp`` has not passed, with 10 seconds for clocks that differ."""
    if moment_of(claims, "exp") + LEEWAY <= expected.now:
        raise IdTokenRejected("exp has passed")


def issued_just_now(claims: Claims, expected: Expectation) -> None:
    """``iat`` is at most 5 minutes ago and not in the future."""
    issued_at = moment_of(claims, "iat")
    if not expected.now - FRESH_FOR <= issued_at <= expected.now + LEEWAY:
        raise IdTokenRejected("iat is not just now")


def person_authenticated_before_now(claims: Claims, expected: Expectation) -> None:
    """``auth_time`` is there and not in the future."""
    if moment_of(claims, "auth_time") > expected.now + LEEWAY:
        raise IdTokenRejected("auth_time is in the future")


def assurance_is_enough(claims: Claims, _expected: Expectation) -> None:
    """``acr`` is eIDAS substantial or high: the register asks for two factors."""
    if claims.get("acr") not in ASSURANCE_ACCEPTED:
        raise IdTokenRejected("acr is weaker than substantial")


def access_token_belongs_to_it(claims: Claims, expected: Expectation) -> None:
    """``at_hash``, where present, is the left half of the access token's SHA-256 (Core section 3.1.3.6)."""
    if "at_hash" not in claims:
        return
    digest = hashlib.sha256(expected.access_token.encode()).digest()
    if claims["at_hash"] != base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode():
        raise IdTokenRejected("at_hash is not that of the access token")


def identity_is_whole(claims: Claims, _expected: Expectation) -> None:
    """``sub``, ``provider`` and the three fields are there, each its own claim; the code has its one form."""
    for name in ("sub", "provider", "given_name", "family_name", "personal_code"):
        _filled_text(claims, name)
    if not PERSONAL_CODE.fullmatch(claims["personal_code"]):
        raise IdTokenRejected("personal_code is not of the form NNNNNN-NNNNN")


CHECKS: Final = (
    issuer_is_our_gateway,
    audience_is_this_portal_alone,
    authorized_party_is_this_portal,
    nonce_answers_our_question,
    not_expired,
    issued_just_now,
    person_authenticated_before_now,
    assurance_is_enough,
    access_token_belongs_to_it,
    identity_is_whole,
)
