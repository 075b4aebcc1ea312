"""The states of one login, as types.

Asked → AtProvider → Arrived → Answered → Delivered → Redeemed, or Refused from any of the first four. Where the result
leaves whole instead of as a code (SAML), Answered → Asserted.
A state holds exactly what is known in it; each method is one step and returns the next state.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NewType, TypeAlias

from gateway.audit.event import Correlation
from gateway.broker.relying_party import RelyingPartyId
from providers.contract import (
    AssuranceLevel,
    AuthenticationRequest,
    Expectation,
    Language,
    ProviderId,
    Reference,
    VerifiedIdentity,
)

BrowserMark = NewType("BrowserMark", str)
"""SHA-256, in hexadecimal, of the random value in the cookie of the browser that started the login."""

Digest = NewType("Digest", str)
"""SHA-256, in hexadecimal, of a code or access token; the value itself is never stored."""

INCIDENT_LENGTH: Final = 8


def incident_number(login: Correlation) -> str:
    """Give the short number a person can read out on the telephone: ``7KQ2-9XMB``, the head of the correlation id."""
    return f"{login[:4]}-{login[4:INCIDENT_LENGTH]}"


class Refusal(StrEnum):
    """Why the gateway itself ends a login; providers add their own reasons (eid-providers.md 4.3)."""

    ASSURANCE_TOO_LOW = "loa_insufficient"
    CANCELLED = "cancelled"
    EXPIRED = "timeout"
    WRONG_BROWSER = "wrong_browser"
    UNKNOWN_NONCE = "unknown_nonce"
    REPLAYED = "replayed"
    PROVIDER_SUSPENDED = "provider_suspended"
    SESSION_ENDED = "session_ended"
    LOGIN_REQUIRED = "login_required"
    ASKED_TOO_OFTEN = "asked_too_often"


class Prompt(StrEnum):
    """What a relying party demands to be shown to the person (OIDC Core 3.1.2.1)."""

    NONE = "none"
    LOGIN = "login"
    CONSENT = "consent"
    SELECT_ACCOUNT = "select_account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which claims of those registered are asked for, and where (OIDC Core 5.4, 5.5)."""

    id_token: frozenset[str] = frozenset()
    userinfo: frozenset[str] = frozenset()


class Door(StrEnum):
    """The language in which a relying party asked; the answer leaves in the same."""

    OIDC = "oidc"
    SAML = "saml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a relying party asks, in the broker's words."""

    relying_party: RelyingPartyId
    language: Language
    minimum_assurance: AssuranceLevel
    reply: tuple[tuple[str, str], ...]
    """What the relying party's own language needs for the answer (``redirect_uri``, ``state``, …); the broker
    carries it and does not read it."""
    preselected: ProviderId | None = None
    door: Door = Door.OIDC
    prompt: frozenset[Prompt] = frozenset()
    max_age: timedelta | None = None
    wanted: Wanted = Wanted()
    session: Correlation | None = None
    """The session that answers in place of a provider; None when a provider is asked."""
    pushed: Digest | None = None
    """The pushed request it stands in, which brings one identity and no second (T04)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A relying party has asked; the person has not chosen a provider yet."""

    id: Correlation
    question: Question
    browser: BrowserMark
    started_at: datetime
    expires_at: datetime
    """``started_at`` plus 15 minutes (VPM-INT-16); the exact instant still counts as in time."""

    def leaves_for(self, provider: ProviderId, reference: Reference, now: datetime) -> "AtProvider":
        """The person goes to a provider."""
        return AtProvider(asked=self, provider=provider, reference=reference, left_at=now)

    def refused(self, why: str) -> "Refused":
        """End without an identity."""
        return Refused(asked=self, why=why)

    def in_time(self, now: datetime) -> bool:
        """Whether the login is still alive."""
        return now <= self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class AtProvider:
    """The browser carries our question to a provider."""

    asked: Asked
    provider: ProviderId
    reference: Reference
    left_at: datetime
    memory: bytes = field(default=b"", repr=False)
    """What the provider asked to be kept for it."""
    changes: int = 0
    """How often that was exchanged: of two visits to a page, one may do it."""

    def request(self, return_url: str, language: Language, portal: str) -> AuthenticationRequest:
        """Our question to the provider, in the language that the person reads now."""
        question = self.asked.question
        return AuthenticationRequest(
            reference=self.reference,
            return_url=return_url,
            language=language,
            asked_at=self.left_at,
            portal=portal,
            minimum_assurance=question.minimum_assurance,
            fresh=Prompt.LOGIN in question.prompt or question.max_age is not None,
        )

    def remembers(self, memory: bytes) -> "AtProvider":
        """Keep something else for the provider."""
        return replace(self, memory=memory, changes=self.changes + 1)

    def arrived(self) -> "Arrived":
        """An authentic answer came; from here on the reference is spent."""
        return Arrived(
            asked=self.asked,
            provider=self.provider,
            reference=self.reference,
            left_at=self.left_at,
            memory=self.memory,
        )

    def refused(self, why: str) -> "Refused":
        """End without an identity."""
        return Refused(asked=self.asked, why=why, provider=self.provider)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """The provider's authentic answer came and spent the reference; what it says is being confirmed."""

    asked: Asked
    provider: ProviderId
    reference: Reference
    left_at: datetime
    memory: bytes = field(default=b"", repr=False)
    """As in ``AtProvider``; no store gives it back, for nobody takes up an answer that somebody else took."""

    @property
    def expectation(self) -> Expectation:
        """What the provider's answer must be about."""
        return Expectation(
            reference=self.reference,
            asked_at=self.left_at,
            memory=self.memory,
            minimum_assurance=self.asked.question.minimum_assurance,
        )

    def answered_by(self, identity: VerifiedIdentity) -> "Answered | Refused":
        """Accept an identity, unless it is weaker than was asked for."""
        if identity.assurance < self.asked.question.minimum_assurance:
            return self.refused(Refusal.ASSURANCE_TOO_LOW)
        return Answered(asked=self.asked, identity=identity)

    def refused(self, why: str) -> "Refused":
        """End without an identity."""
        return Refused(asked=self.asked, why=why, provider=self.provider)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Somebody is vouched for; the browser has not shown yet that it is the one that asked."""

    asked: Asked
    identity: VerifiedIdentity

    def delivered(self, code: Digest, code_expires_at: datetime) -> "Delivered":
        """Hand a code to the relying party."""
        return Delivered(asked=self.asked, identity=self.identity, code=code, code_expires_at=code_expires_at)

    def asserted(self) -> "Asserted":
        """Hand the whole result to the relying party; the identity is forgotten at once."""
        return Asserted(asked=self.asked)

    def refused(self, why: str) -> "Refused":
        """End without an identity."""
        return Refused(asked=self.asked, why=why, provider=self.identity.provider)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The login ended without an identity."""

    asked: Asked
    why: str
    """A code of ``Refusal``, or of the provider (banklink.md section 8, eid-providers.md 4.3)."""
    provider: ProviderId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The relying party holds a code that it has not redeemed yet."""

    asked: Asked
    identity: VerifiedIdentity
    code: Digest
    code_expires_at: datetime

    def redeemed(self, token: Digest, token_expires_at: datetime, holder: str | None = None) -> "Redeemed":
        """The code is exchanged for tokens."""
        return Redeemed(
            asked=self.asked,
            identity=self.identity,
            code=self.code,
            token=token,
            token_expires_at=token_expires_at,
            holder=holder,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asserted:
    """The relying party was given the result whole; nobody's identity is kept."""

    asked: Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeemed:
    """The relying party has its tokens; the code is spent."""

    asked: Asked
    identity: VerifiedIdentity
    code: Digest
    token: Digest | None
    """None once the tokens are revoked, because the code came a second time (T01)."""
    token_expires_at: datetime
    holder: str | None = None
    """Which certificate or key must come with the token, in the words of ``gateway.oidc.holder``; None for a bearer
    token."""

    def revoked(self) -> "Redeemed":
        """Take the tokens back."""
        return Redeemed(
            asked=self.asked,
            identity=self.identity,
            code=self.code,
            token=None,
            token_expires_at=self.token_expires_at,
            holder=self.holder,
        )


Login: TypeAlias = Asked | AtProvider | Arrived | Answered | Refused | Delivered | Redeemed | Asserted


def asked_of(login: Login) -> Asked:
    """Give the beginning of a login in whatever state."""
    return login if isinstance(login, Asked) else login.asked
