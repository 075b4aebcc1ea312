"""What a login leaves in the audit log, one type for each thing that happens.

One successful login writes at least: requested, sent to provider, answer received, confirmation requested and
received, identity verified, code issued, code redeemed (VPM-DRV-09 asks for four).
"""

from dataclasses import dataclass
from typing import ClassVar

from gateway.audit.event import AuditEvent, Direction, Leg, Peer, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class FromRelyingParty(AuditEvent):
    """Something a relying party sent, directly or by the browser."""

    leg: ClassVar[Leg] = Leg.RELYING_PARTY
    direction: ClassVar[Direction | None] = Direction.IN
    peer: Peer


@dataclass(frozen=True, slots=True, kw_only=True)
class ToRelyingParty(AuditEvent):
    """Something a relying party is given, directly or by the browser."""

    leg: ClassVar[Leg] = Leg.RELYING_PARTY
    direction: ClassVar[Direction | None] = Direction.OUT
    peer: Peer


@dataclass(frozen=True, slots=True, kw_only=True)
class FromProvider(AuditEvent):
    """Something a provider sent, directly or by the browser."""

    leg: ClassVar[Leg] = Leg.PROVIDER
    direction: ClassVar[Direction | None] = Direction.IN
    peer: Peer


@dataclass(frozen=True, slots=True, kw_only=True)
class ToProvider(AuditEvent):
    """Something a provider is sent, directly or by the browser."""

    leg: ClassVar[Leg] = Leg.PROVIDER
    direction: ClassVar[Direction | None] = Direction.OUT
    peer: Peer


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRequested(FromRelyingParty):
    """A relying party asked who somebody is."""

    name: ClassVar[str] = "login.requested"
    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRefused(FromRelyingParty):
    """A relying party's request broke a rule; nobody was sent to a provider."""

    name: ClassVar[str] = "login.request-refused"
    endpoint: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPushed(FromRelyingParty):
    """A relying party's server left a question with us; ``artefact`` commits to the name it was given."""

    name: ClassVar[str] = "login.request-pushed"
    endpoint: str
    artefact: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PushRefused(FromRelyingParty):
    """A question that a relying party's server wanted to leave with us was refused."""

    name: ClassVar[str] = "login.push-refused"
    endpoint: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAsked(ToProvider):
    """The intent to send the person to a provider, committed before the browser leaves (security.md 5.2)."""

    name: ClassVar[str] = "login.sent-to-provider"
    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerReceived(FromProvider):
    """An authentic answer came from the provider and spent its reference."""

    name: ClassVar[str] = "login.answer-received"
    endpoint: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRefused(FromProvider):
    """A message at a provider's return address was refused; it may come from anybody."""

    name: ClassVar[str] = "login.answer-refused"
    endpoint: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class BackChannelIntended(ToProvider):
    """The intent to ask the provider's back channel, committed before the call (T50)."""

    name: ClassVar[str] = "login.back-channel-intended"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackChannelAnswered(FromProvider):
    """One call to the provider's back channel, as sent and as answered."""

    name: ClassVar[str] = "login.back-channel-answered"
    method: str
    endpoint: str
    status: int | None
    tls: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityVerified(FromProvider):
    """A provider vouched for a person, and every check passed."""

    name: ClassVar[str] = "login.identity-verified"
    personal: ClassVar[frozenset[str]] = frozenset({"person"})
    person: str
    """Country and key form of the personal code."""
    loa: str
    authentication: dict[str, str]
    """``interface``, ``means``, ``factors`` (VPM-DRV-08) and ``flags``."""
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRefused(AuditEvent):
    """A login ended without an identity; nothing was sent or received by it."""

    name: ClassVar[str] = "login.refused"
    leg: ClassVar[Leg] = Leg.PROVIDER
    peer: Peer
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeIssued(ToRelyingParty):
    """The result was handed to the relying party, as a code carried by the browser."""

    name: ClassVar[str] = "login.code-issued"
    endpoint: str
    artefact: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionIssued(ToRelyingParty):
    """The result was handed to the relying party whole; an assertion signed with ``artefact.signer_kid`` may leave."""

    name: ClassVar[str] = "login.assertion-issued"
    signatures: ClassVar[int] = 2  # the assertion, and the response around it
    endpoint: str
    artefact: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalDelivered(ToRelyingParty):
    """The relying party was told, through the browser, that nobody signed in."""

    name: ClassVar[str] = "login.refusal-delivered"
    endpoint: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRedeemed(ToRelyingParty):
    """The relying party exchanged its code; an ID token signed with ``artefact.signer_kid`` may leave."""

    name: ClassVar[str] = "token.issued"
    signatures: ClassVar[int] = 1
    endpoint: str
    artefact: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRefused(FromRelyingParty):
    """A request at the token endpoint was refused."""

    name: ClassVar[str] = "token.refused"
    endpoint: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensRevoked(FromRelyingParty):
    """What was given for a code is void: the code came a second time (T01), or the relying party asked so."""

    name: ClassVar[str] = "token.revoked"
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenInspected(ToRelyingParty):
    """A relying party asked whether an access token counts."""

    name: ClassVar[str] = "token.inspected"
    endpoint: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsRead(ToRelyingParty):
    """A relying party read the claims again with its access token, or tried to."""

    name: ClassVar[str] = "token.claims-read"
    endpoint: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOutRequested(FromRelyingParty):
    """A relying party sent the person to sign out."""

    name: ClassVar[str] = "login.sign-out-requested"
    endpoint: str
    verdict: Verdict
