"""Made-up logins and events for tests of storage and of the log."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

from gateway.audit.event import AuditEvent, Correlation, Direction, Leg, Peer, Verdict
from gateway.broker.login import (
    Answered,
    Arrived,
    Asked,
    AtProvider,
    BrowserMark,
    Delivered,
    Digest,
    Question,
    Redeemed,
)
from gateway.broker.pushed_request import PushedRequest
from gateway.broker.relying_party import RelyingPartyId
from providers.contract import AssuranceLevel, Factor, Language, ProviderId, Reference, VerifiedIdentity
from providers.personal_code import PersonalCode

NOW: Final = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
BANK: Final = ProviderId("mock-bank")
CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
GIVEN_NAME, FAMILY_NAME, PERSONAL_CODE = "Anna Ķirsīte", "Bērziņa-Ūdre", "32345678901"

THE_BANK: Final = Peer(id="mock-bank", cert_sha256="ab" * 32)
PASSED: Final = Verdict(ok=True, rule="banklink.md 8.3")


@dataclass(frozen=True, slots=True, kw_only=True)
class SomethingHappened(AuditEvent):
    """An event with members of every kind."""

    name: ClassVar[str] = "login.something-happened"
    leg: ClassVar[Leg] = Leg.PROVIDER
    direction: ClassVar[Direction | None] = Direction.IN
    personal: ClassVar[frozenset[str]] = frozenset({"personal_code"})

    peer: Peer = THE_BANK
    verdict: Verdict = PASSED
    method: str | None = None
    status: int | None = None
    loa: AssuranceLevel | None = None
    personal_code: str | None = None


def new_correlation() -> Correlation:
    return Correlation("".join(secrets.choice(CROCKFORD) for _ in range(26)))


def new_digest() -> Digest:
    return Digest(secrets.token_hex(32))


def new_pushed(at: datetime = NOW) -> PushedRequest:
    return PushedRequest(
        reference=new_digest(),
        relying_party=RelyingPartyId("auctions"),
        parameters=b"client_id=auctions&login_hint=x",
        expires_at=at + timedelta(seconds=60),
        kept_until=at + timedelta(minutes=16),
    )


def asked(at: datetime = NOW) -> Asked:
    return Asked(
        id=new_correlation(),
        question=Question(
            relying_party=RelyingPartyId("auctions"),
            language=Language.LATVIAN,
            minimum_assurance=AssuranceLevel.SUBSTANTIAL,
            reply=(("redirect_uri", "https://auctions.test/back"), ("state", 'ā"\\\u2028')),
        ),
        browser=BrowserMark(secrets.token_hex(32)),
        started_at=at,
        expires_at=at + timedelta(minutes=15),
    )


def identity(at: datetime = NOW) -> VerifiedIdentity:
    return VerifiedIdentity(
        provider=BANK,
        country="LV",
        personal_code=PersonalCode(PERSONAL_CODE),
        given_name=GIVEN_NAME,
        family_name=FAMILY_NAME,
        assurance=AssuranceLevel.SUBSTANTIAL,
        factors=frozenset({Factor.KNOWLEDGE, Factor.POSSESSION}),
        means="otp",
        interface="banklink",
        authenticated_at=at + timedelta(seconds=40),
        flags=frozenset({"check_digit_mismatch"}),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """All the states of one login that succeeds, in order."""

    asked: Asked
    at_provider: AtProvider
    arrived: Arrived
    answered: Answered
    delivered: Delivered
    redeemed: Redeemed

    @property
    def steps(self) -> tuple[Asked | AtProvider | Arrived | Answered | Delivered | Redeemed, ...]:
        return (self.asked, self.at_provider, self.arrived, self.answered, self.delivered, self.redeemed)


def journey(at: datetime = NOW) -> Journey:
    beginning = asked(at)
    at_provider = beginning.leaves_for(BANK, Reference(secrets.token_hex(16)), at + timedelta(seconds=5))
    arrived = at_provider.arrived()
    answered = Answered(asked=beginning, identity=identity(at))
    delivered = answered.delivered(new_digest(), at + timedelta(minutes=2))
    return Journey(
        asked=beginning,
        at_provider=at_provider,
        arrived=arrived,
        answered=answered,
        delivered=delivered,
        redeemed=delivered.redeemed(new_digest(), at + timedelta(minutes=5)),
    )
