"""The promise every provider keeps.

A login asks a provider in two steps: the browser departs with a message, and comes back with another. ``receive``
proves who sent the answer and that it is fresh, and needs no memory; the caller then finds the login that the answer
belongs to and spends it; ``identify`` proves that the answer is about that login and vouches for a person.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import NewType, Protocol

from providers.personal_code import PersonalCode

ProviderId = NewType("ProviderId", str)
"""The settings name of a provider, ``[a-z][a-z0-9-]*``."""

Reference = NewType("Reference", str)
"""What ties an answer to its question (banklink nonce): 32 lower-case hexadecimal digits from 16 random bytes."""


class AssuranceLevel(IntEnum):
    """An eIDAS level of assurance; a request for one accepts that level and above."""

    LOW = 1
    SUBSTANTIAL = 2
    HIGH = 3

    @property
    def uri(self) -> str:
        """The level's identifier, as sent in ``acr`` and AuthnContextClassRef (eid-providers.md 2.3)."""
        return f"http://eidas.europa.eu/LoA/{self.name.lower()}"

    @classmethod
    def parse(cls, text: str) -> "AssuranceLevel":
        """Read a level from its URI or its settings token, exactly; raises ``ValueError`` for anything else."""
        for level in cls:
            if text in {level.uri, level.name.lower()}:
                return level
        raise ValueError(f"{text!r} is no eIDAS level; use low, substantial or high")


class Factor(StrEnum):
    """A kind of authentication factor; two different kinds make two factors (VPM-INT-08)."""

    KNOWLEDGE = "knowledge"
    POSSESSION = "possession"
    INHERENCE = "inherence"


class Language(StrEnum):
    """A language the person can read."""

    LATVIAN = "lv"
    ENGLISH = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationRequest:
    """Our question to a provider: who is this person?"""

    reference: Reference
    return_url: str
    """Where the answer must arrive: https, no query, at most 60 characters (banklink.md rule 18)."""
    language: Language
    asked_at: datetime
    """UTC, aware."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A message the browser carries to the provider as a form POST."""

    action: str
    """Absolute https URL of the provider's endpoint."""
    fields: tuple[tuple[str, str], ...]
    charset: str
    """The form's ``accept-charset``."""
    message: bytes
    """The fields exactly as a browser will send them; kept as evidence."""
    needs_browser_reference: bool = False
    """True when the answer will hold no reference, so that the browser must carry one in a cookie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A provider's answer exactly as it reached us through the browser, nothing in it believed yet."""

    method: str
    content_type: str
    body: bytes
    received_at: datetime
    """UTC, aware."""
    browser_reference: Reference | None = None
    """From the cookie set when ``Departure.needs_browser_reference``; else None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackChannelExchange:
    """One call to a provider's server over mutual TLS, as sent and as answered; evidence."""

    method: str
    endpoint: str
    """Absolute URL."""
    sent: bytes
    received: bytes
    """Empty when no answer came."""
    status: int | None
    """HTTP status, or None when no answer came."""
    peer_certificate_sha256: str | None
    """Lower-case hexadecimal, of the server's leaf certificate."""
    tls_version: str | None
    """As OpenSSL names it: ``TLSv1.3``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What the answer must be about: our own record of the question."""

    reference: Reference
    asked_at: datetime
    """UTC, aware: when the person was sent away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedIdentity:
    """A person a provider vouched for, after every check passed; there is no unverified variant."""

    provider: ProviderId
    country: str
    """ISO 3166-1 alpha-2 of the personal code."""
    personal_code: PersonalCode
    given_name: str
    family_name: str
    assurance: AssuranceLevel
    factors: frozenset[Factor]
    """At least two, of different kinds."""
    means: str
    """What the person used, as banklink.md section 5 names it: ``otp``, ``pin-calculator``, ``smart-id``, …"""
    interface: str
    """Through which protocol: ``banklink``, …"""
    authenticated_at: datetime
    """UTC, aware."""
    flags: frozenset[str] = frozenset()
    """Remarks for the audit record; never shown to a relying party."""
    exchanges: tuple[BackChannelExchange, ...] = field(default=(), repr=False)


class Answer(Protocol):
    """A provider's message whose sender is proven and which is fresh; nobody is vouched for yet."""

    @property
    def reference(self) -> Reference:
        """The login this answers; authentic."""

    @property
    def single_use(self) -> frozenset[str]:
        """Further facts that may be seen once only (digest of a signature); the caller spends them."""

    @property
    def asks_back_channel(self) -> bool:
        """Whether ``identify`` will call the provider, so that the caller records the intent first."""

    def identify(self, expected: Expectation) -> VerifiedIdentity:
        """Vouch for the person, calling the provider's back channel where its settings ask for it.

        Raises:
            ProviderError: with the reason and the back-channel exchanges made so far.
        """


class Availability(StrEnum):
    """What a provider says of itself (``GET /vpm/v1/status``), or that it does not answer."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderStatus:
    """A provider's own statement of its availability."""

    state: Availability
    since: datetime | None = None
    """UTC, aware."""
    planned: tuple[str, ...] = ()
    """Announced interruptions, as the provider words them."""


class RedirectProvider(Protocol):
    """A provider the browser visits and returns from."""

    id: ProviderId
    names: "dict[Language, str]"
    assurance: AssuranceLevel
    """The strongest level that it ever vouches for; a question for more is not brought to it."""

    def depart(self, request: AuthenticationRequest) -> Departure:
        """Make the signed message that the browser carries away.

        Raises:
            ProviderMisconfigured: our settings or key do not allow one.
        """

    def receive(self, arrival: Arrival) -> Answer:
        """Prove who sent the answer and that it is fresh.

        Raises:
            AssertionRejected: ``reason`` says which check failed; ``reference`` is set when the message is
                authentic and the login that it names must therefore end.
        """

    def status(self) -> ProviderStatus:
        """Ask the provider how it is, over mutual TLS.

        Raises:
            ProviderUnavailable: it does not answer, or not as agreed.
        """

    def warnings(self) -> Iterable[str]:
        """Sentences for the operator about settings that weaken this provider; empty when there are none."""
