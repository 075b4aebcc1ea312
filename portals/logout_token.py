"""The checks a logout token passes before a portal ends a session (OIDC Back-Channel Logout 1.0, 2.6; T15).

The gateway's server brings it, no browser does. Its ``jti`` counts once; whoever stores sessions sees to that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from portals.errors import IdTokenRejected, LogoutTokenRejected
from portals.id_token import LEEWAY, Claims, FindKey, moment_of, signed_claims, token_header

TYPE: Final = "logout+jwt"
EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
LONGEST_LIFE: Final = timedelta(seconds=120)
LONGEST_NAME: Final = 256
"""Characters of ``jti``, ``sid`` and ``sub``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedLogout:
    """The gateway says that a session is over: the one named ``session`` or, without one, all of the subject."""

    identifier: str
    """``jti``."""
    expires_at: datetime
    session: str
    """``sid``, or an empty string."""
    subject: str
    """``sub``, or an empty string; one of the two is filled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutExpectation:
    """What the logout token must say."""

    issuer: str
    client_id: str
    now: datetime


def verify_logout_token(token: str, *, find_key: FindKey, expected: LogoutExpectation) -> VerifiedLogout:
    """What a logout token says, after every check.

    Raises:
        LogoutTokenRejected: the first check that failed.
        GatewayUnavailable, GatewayMisconfigured: the gateway's keys cannot be had.
    """
    try:
        claims = _claims(token, find_key)
        for check in CHECKS:
            check(claims, expected)
        return VerifiedLogout(
            identifier=claims["jti"],
            expires_at=moment_of(claims, "exp"),
            session=claims.get("sid", ""),
            subject=claims.get("sub", ""),
        )
    except IdTokenRejected as error:
        raise LogoutTokenRejected(error.reason) from error


def _claims(token: str, find_key: FindKey) -> Claims:
    """The signature first: nothing unsigned is ever looked at but the key's identifier and the type."""
    claims = signed_claims(token, find_key)
    if token_header(token).get("typ") != TYPE:
        raise LogoutTokenRejected("typ is not logout+jwt; an ID token ends no session")
    return claims


def issuer_is_our_gateway(claims: Claims, expected: LogoutExpectation) -> None:
    """``iss`` is the gateway's, byte for byte."""
    _demand(claims.get("iss") == expected.issuer, "iss is not our gateway")


def audience_is_this_portal_alone(claims: Claims, expected: LogoutExpectation) -> None:
    """``aud`` names this portal and nobody else."""
    _demand(claims.get("aud") in (expected.client_id, [expected.client_id]), "aud is not this portal alone")


def issued_just_now(claims: Claims, expected: LogoutExpectation) -> None:
    """``iat`` is neither in the future nor older than a logout token can be."""
    issued = moment_of(claims, "iat")
    _demand(issued <= expected.now + LEEWAY, "iat is in the future")
    _demand(issued >= expected.now - LONGEST_LIFE - LEEWAY, "iat is too long ago")


def alive_and_not_for_long(claims: Claims, expected: LogoutExpectation) -> None:
    """``exp`` is still to come, and at most two minutes after ``iat``."""
    expires = moment_of(claims, "exp")
    _demand(expires > expected.now - LEEWAY, "exp is past")
    _demand(expires <= moment_of(claims, "iat") + LONGEST_LIFE, "lives longer than two minutes")


def can_be_told_from_others(claims: Claims, _expected: LogoutExpectation) -> None:
    """``jti`` is there, so that the token can count once."""
    _demand(_is_name(claims.get("jti")), "jti is missing")


def tells_of_a_logout(claims: Claims, _expected: LogoutExpectation) -> None:
    """``events`` has the member for back-channel logout, which is an object."""
    events = claims.get("events")
    _demand(isinstance(events, dict) and isinstance(events.get(EVENT), dict), "events names no back-channel logout")


def is_no_id_token(claims: Claims, _expected: LogoutExpectation) -> None:
    """``nonce`` is forbidden: with one, a logout token could be taken for an ID token and the other way round."""
    _demand("nonce" not in claims, "nonce must not be there")


def says_whose_session(claims: Claims, _expected: LogoutExpectation) -> None:
    """``sid`` or ``sub`` is there, and neither is anything but text."""
    named = [claims[name] for name in ("sid", "sub") if name in claims]
    _demand(bool(named) and all(map(_is_name, named)), "neither sid nor sub")


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise LogoutTokenRejected(otherwise)


CHECKS: Final[tuple[Callable[[Claims, LogoutExpectation], None], ...]] = (
    issuer_is_our_gateway,
    audience_is_this_portal_alone,
    issued_just_now,
    alive_and_not_for_long,
    can_be_told_from_others,
    tells_of_a_logout,
    is_no_id_token,
    says_whose_session,
)
