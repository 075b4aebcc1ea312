"""What a login leaves in the audit log, one type for each thing that happens.

One successful login writes at least: requested, sent to provider, answer received, confirmation requested and
received, identity verified, code issued, code redeemed (VPM-DRV-09 asks for four).
"""

from dataclasses import dataclass
from typing import ClassVar

from gateway.audit.event import AuditEvent, Direction, Leg, Peer, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRequested(AuditEvent):
    """A relying party asked who somebody is."""

    name: ClassVar[str] = "login.requested"
    leg: ClassVar[Leg] = Leg.RELYING_PARTY
    direction: ClassVar[Direction | None] = Direction.IN
    peer: Peer
    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRefused(AuditEvent):
    """A relying party's request broke a rule; nobody was sent to a provider."""

    name: ClassVar[str] = "login.request-refused"
    leg: ClassVar[Leg] = Leg.RELYING_PARTY
    direction: ClassVar[Direction | None] = Direction.IN
    peer: Peer
    endpoint: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAsked(AuditEvent):
    """The intent to send the person to a provider, committed before the browser leaves (security.md 5.2)."""

    name: ClassVar[str] = "login.sent-to-provider"
    leg: ClassVar[Leg] = Leg.PROVIDER
    direction: ClassVar[Direction | None] = Direction.OUT
    peer: Peer
    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerReceived(AuditEvent):
    """An authentic answer came from the provider and spent its reference."""

    name: ClassVar[str] = "login.answer-received"
    leg: ClassVar[Leg] = Leg.PROVIDER
    direction: ClassVar[Direction | None] = Direction.IN
    peer: Peer
    endpoint: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRefused(AuditEvent):
    """A message at a provider's return address was refused; it may come from anybody."""

    name: ClassVar[str] = "login.answer-refused"
    leg: ClassVar[Leg] = Leg.PROVIDER
    direction: ClassVar[Direction | None] = Direction.IN
    peer: Peer
    endpoint: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationIntended(AuditEvent):
    """The intent to ask the provider's back channel, committed before the call (T50)."""

    name: ClassVar[str] = "login.confirmation-intended"
    leg: ClassVar[Leg] = Leg.PROVIDER
    direction: ClassVar[Direction | None] = Direction.OUT
    peer: Peer


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationReceived(AuditEvent):
    """One call to the provider's back channel, as sent and as answered."""

    name: ClassVar[str] = "login.confirmation-received"
    leg: ClassVar[Leg] = Leg.PROVIDER
    direction: ClassVar[Direction | None] = Direction.IN
    peer: Peer
    method: str
    endpoint: str
    status: int | None
    tls: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityVerified(AuditEvent):
    """A provider vouched for a person, and every check passed."""

    name: ClassVar[str] = "login.identity-verified"
    leg: ClassVar[Leg] = Leg.PROVIDER
    direction: ClassVar[Direction | None] = Direction.IN
    personal: ClassVar[frozenset[str]] = frozenset({"person"})
    peer: Peer
    person: str
    """Country and key form of the personal code."""
    loa: str
    authentication: dict[str, str]
    """``interface``, ``means``, ``factors`` (VPM-DRV-08) and ``flags``."""
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRefused(AuditEvent):
    """A login ended without an identity."""

    name: ClassVar[str] = "login.refused"
    leg: ClassVar[Leg] = Leg.PROVIDER
    peer: Peer
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeIssued(AuditEvent):
    """The result was handed to the relying party, as a code carried by the browser."""

    name: ClassVar[str] = "login.code-issued"
    leg: ClassVar[Leg] = Leg.RELYING_PARTY
    direction: ClassVar[Direction | None] = Direction.OUT
    peer: Peer
    endpoint: str
    artefact: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalDelivered(AuditEvent):
    """The relying party was told, through the browser, that nobody signed in."""

    name: ClassVar[str] = "login.refusal-delivered"
    leg: ClassVar[Leg] = Leg.RELYING_PARTY
    direction: ClassVar[Direction | None] = Direction.OUT
    peer: Peer
    endpoint: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRedeemed(AuditEvent):
    """The relying party exchanged its code; an ID token signed with ``artefact.signer_kid`` may leave."""

    name: ClassVar[str] = "token.issued"
    leg: ClassVar[Leg] = Leg.RELYING_PARTY
    direction: ClassVar[Direction | None] = Direction.OUT
    peer: Peer
    endpoint: str
    artefact: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRefused(AuditEvent):
    """A request at the token endpoint was refused."""

    name: ClassVar[str] = "token.refused"
    leg: ClassVar[Leg] = Leg.RELYING_PARTY
    direction: ClassVar[Direction | None] = Direction.IN
    peer: Peer
    endpoint: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensRevoked(AuditEvent):
    """A code came a second time, so what was given for it the first time is void (T01)."""

    name: ClassVar[str] = "token.revoked"
    leg: ClassVar[Leg] = Leg.RELYING_PARTY
    direction: ClassVar[Direction | None] = Direction.IN
    peer: Peer
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsRead(AuditEvent):
    """A relying party read the claims again with its access token, or tried to."""

    name: ClassVar[str] = "token.claims-read"
    leg: ClassVar[Leg] = Leg.RELYING_PARTY
    direction: ClassVar[Direction | None] = Direction.OUT
    peer: Peer
    endpoint: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOutRequested(AuditEvent):
    """A relying party sent the person to sign out."""

    name: ClassVar[str] = "login.sign-out-requested"
    leg: ClassVar[Leg] = Leg.RELYING_PARTY
    direction: ClassVar[Direction | None] = Direction.IN
    peer: Peer
    endpoint: str
    verdict: Verdict
