"""The signed confirmation of one authentication: what it must say before it counts (design.md section 4).

Pure: takes the payload of a JWS that verified, and our own record of the question.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from providers.contract import Factor
from providers.errors import AssertionRejected
from providers.names import NameRefused, normalise_name
from providers.refusals import SENTENCES, Reason

CLOCK_TOLERANCE = timedelta(seconds=60)
"""Between two servers (eid-providers.md section 5 rule 8)."""
LONGEST_LIFE = timedelta(seconds=300)

_LONGEST_ID = 128
_LATEST = 253402300799  # 9999-12-31T23:59:59Z, the last moment a datetime can hold
_JOINERS = frozenset(",;")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Our own record of what was asked, against which a confirmation is judged."""

    sender: str
    """The provider's id in the agreement."""
    recipient: str
    """Our id at the provider."""
    authentication_id: str
    interface: str
    """The protocol through which the person came, ``banklink``."""
    asked_at: datetime
    """UTC, aware."""
    now: datetime
    """UTC, aware."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """A person as the provider confirms them; every rule of this module holds."""

    given_name: str
    """Normalised by eid-providers.md section 3."""
    family_name: str
    """As ``given_name``."""
    personal_code: str
    """As the provider wrote it; parsed by whoever knows the country."""
    factors: frozenset[Factor]
    authenticated_at: datetime
    """UTC, aware."""
    statement_id: str
    """``jti``."""


def confirm(claims: Mapping[str, Any], question: Question) -> Confirmation:
    """Judge a verified payload.

    Raises:
        AssertionRejected: ``reason`` names the first rule that it breaks.
    """
    for rule in CONFIRMATION_RULES:
        rule(claims, question)
    return Confirmation(
        given_name=_name(claims, "given_name"),
        family_name=_name(claims, "family_name"),
        personal_code=claims["personal_code"],
        factors=frozenset(Factor(kind) for kind in claims["factors"]),
        authenticated_at=_moment(claims, "authenticated_at"),
        statement_id=claims["jti"],
    )


def from_the_provider(claims: Mapping[str, Any], question: Question) -> None:
    """``iss`` is the provider's id."""
    if _text(claims, "iss") != question.sender:
        _refuse(Reason.CONFIRMATION_WRONG_SENDER)


def meant_for_us(claims: Mapping[str, Any], question: Question) -> None:
    """``aud`` is our id at the provider: one string, no list."""
    if _text(claims, "aud") != question.recipient:
        _refuse(Reason.CONFIRMATION_WRONG_RECIPIENT)


def still_valid(claims: Mapping[str, Any], question: Question) -> None:
    """``iat`` is about now, ``exp`` ahead, and at most 300 seconds lie between them."""
    issued, expires = _moment(claims, "iat"), _moment(claims, "exp")
    if abs(issued - question.now) > CLOCK_TOLERANCE or expires <= question.now - CLOCK_TOLERANCE:
        _refuse(Reason.CONFIRMATION_EXPIRED)
    if not timedelta(0) < expires - issued <= LONGEST_LIFE:
        _refuse(Reason.CONFIRMATION_EXPIRED)


def identified(claims: Mapping[str, Any], _question: Question) -> None:
    """``jti`` names this statement, so that evidence can be told apart."""
    if not 0 < len(_text(claims, "jti")) <= _LONGEST_ID:
        _refuse(Reason.CONFIRMATION_MALFORMED)


def about_this_login(claims: Mapping[str, Any], question: Question) -> None:
    """``authentication_id`` is the nonce that was asked about."""
    if _text(claims, "authentication_id") != question.authentication_id:
        _refuse(Reason.CONFIRMATION_OTHER_LOGIN)


def through_this_interface(claims: Mapping[str, Any], question: Question) -> None:
    """``interface`` is the protocol through which the person came."""
    if _text(claims, "interface") != question.interface:
        _refuse(Reason.CONFIRMATION_WRONG_INTERFACE)


def authenticated_meanwhile(claims: Mapping[str, Any], question: Question) -> None:
    """``authenticated_at`` lies between the question and the present, a minute of clock difference allowed."""
    moment = _moment(claims, "authenticated_at")
    if not question.asked_at - CLOCK_TOLERANCE <= moment <= question.now + CLOCK_TOLERANCE:
        _refuse(Reason.CONFIRMATION_STALE)


def by_two_factors(claims: Mapping[str, Any], _question: Question) -> None:
    """``factors`` names two different kinds at least (VPM-INT-08)."""
    kinds = claims.get("factors")
    if not isinstance(kinds, list) or not all(isinstance(kind, str) for kind in kinds):
        _refuse(Reason.CONFIRMATION_MALFORMED)
    if not set(kinds) <= set(Factor):
        _refuse(Reason.CONFIRMATION_MALFORMED)
    if len(set(kinds)) < 2:
        _refuse(Reason.ONE_FACTOR)


def with_separate_fields(claims: Mapping[str, Any], _question: Question) -> None:
    """Given name, family name and personal code are three fields, none empty, no name joined from two (VPM-SVC-02)."""
    for member in ("given_name", "family_name"):
        _name(claims, member)
    code = claims.get("personal_code")
    if not isinstance(code, str) or not code.strip():
        _refuse(Reason.IDENTITY_INCOMPLETE)


CONFIRMATION_RULES: tuple[Callable[[Mapping[str, Any], Question], None], ...] = (
    from_the_provider,
    meant_for_us,
    still_valid,
    identified,
    about_this_login,
    through_this_interface,
    authenticated_meanwhile,
    by_two_factors,
    with_separate_fields,  # last: nothing about a person is read while anything else is wrong
)
"""Every rule, in the order in which it is tried."""


def _name(claims: Mapping[str, Any], member: str) -> str:
    value = claims.get(member)
    if not isinstance(value, str):
        _refuse(Reason.IDENTITY_INCOMPLETE)
    try:
        name = normalise_name(value)
    except NameRefused:
        _refuse(Reason.IDENTITY_INCOMPLETE)
    if _JOINERS.intersection(name):
        _refuse(Reason.IDENTITY_INCOMPLETE)
    return name


def _text(claims: Mapping[str, Any], member: str) -> str:
    value = claims.get(member)
    if not isinstance(value, str):
        _refuse(Reason.CONFIRMATION_MALFORMED)
    return value


def _moment(claims: Mapping[str, Any], member: str) -> datetime:
    value = claims.get(member)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LATEST:
        _refuse(Reason.CONFIRMATION_MALFORMED)
    return datetime.fromtimestamp(value, UTC)


def _refuse(reason: Reason) -> NoReturn:
    raise AssertionRejected(reason, SENTENCES[reason])
