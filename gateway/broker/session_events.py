"""What sessions and sign-out everywhere leave in the audit log; ``artefact`` names the session."""

from dataclasses import dataclass
from typing import ClassVar

from gateway.audit.event import AuditEvent, Direction, Leg, Peer, Verdict
from gateway.broker.events import FromRelyingParty, ToRelyingParty


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpened(AuditEvent):
    """A person stays signed in for the relying parties of one group; the login is the one named by ``corr``."""

    name: ClassVar[str] = "session.opened"
    leg: ClassVar[Leg] = Leg.SYSTEM
    peer: Peer
    artefact: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityReleased(ToRelyingParty):
    """A login was answered from a session, and no provider was asked."""

    name: ClassVar[str] = "session.identity-released"
    personal: ClassVar[frozenset[str]] = frozenset({"person"})
    person: str
    """Country and key form of the personal code."""
    loa: str
    artefact: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(AuditEvent):
    """A session is over, for the reason in ``verdict.rule``; those who took part are going to be told."""

    name: ClassVar[str] = "session.ended"
    leg: ClassVar[Leg] = Leg.SYSTEM
    direction: ClassVar[Direction | None] = None
    peer: Peer
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOutSent(ToRelyingParty):
    """A logout token is about to leave for a relying party's registered address."""

    name: ClassVar[str] = "session.sign-out-sent"
    endpoint: str
    artefact: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOutAnswered(FromRelyingParty):
    """What a relying party answered to a logout token; ``status`` is missing where no answer came."""

    name: ClassVar[str] = "session.sign-out-answered"
    endpoint: str
    status: int | None
    tls: str | None
    verdict: Verdict
