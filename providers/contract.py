"""The promise every provider keeps.

A login asks a provider in two steps: the browser departs with a message, and comes back with another. ``receive``
proves what can be proven of the answer without memory; the caller then finds the login that the answer belongs to and
spends it; ``identify`` proves that the answer is about that login and vouches for a person. Where the person stays on
a page of ours instead (a card, an app on the telephone), ``attend`` stands between the two.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final, NewType, Protocol, TypeAlias, runtime_checkable

from providers.personal_code import PersonalCode

ProviderId = NewType("ProviderId", str)
"""The settings name of a provider, ``[a-z][a-z0-9-]*``."""

Reference = NewType("Reference", str)
"""What ties an answer to its question (banklink nonce, OAuth ``state``): 32 lower-case hexadecimal digits from 16 random
bytes."""

ATTENDED: Final = "ATTENDED"
"""The method of an arrival that ``attend`` brought, and no browser."""
CARD: Final = "CARD"
"""The method of an arrival at the port that asks browsers for a card; a GET of the same path."""

LONGEST_MEMORY: Final = 4096
"""Bytes that a provider may ask the caller to keep for one login."""


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


class ProviderKind(StrEnum):
    """What a person reaches for to sign in; groups the ways to sign in."""

    BANK = "bank"
    CARD = "card"
    APP = "app"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationRequest:
    """Our question to a provider: who is this person?"""

    reference: Reference
    return_url: str
    """Where the answer must arrive: https, no query, at most 60 characters (banklink.md rule 18)."""
    language: Language
    asked_at: datetime
    """UTC, aware."""
    portal: str = ""
    """What the relying party is called in that language, for providers that tell the person who asks."""
    minimum_assurance: AssuranceLevel = AssuranceLevel.LOW
    fresh: bool = False
    """Whether the relying party demands that the person prove themselves anew (``prompt=login``, ``ForceAuthn``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormDeparture:
    """A message the browser carries to the provider as a form POST."""

    action: str
    """Absolute https URL of the provider's endpoint."""
    fields: tuple[tuple[str, str], ...]
    charset: str
    """The form's ``accept-charset``."""
    message: bytes
    """The fields exactly as a browser will send them; kept as evidence."""
    memory: bytes = field(default=b"", repr=False)
    """What ``identify`` will need again, at most ``LONGEST_MEMORY`` bytes; the caller keeps it sealed."""
    needs_browser_reference: bool = False
    """True when the answer will hold no reference, so that the browser must carry one in a cookie."""

    @property
    def endpoint(self) -> str:
        """Whom the message goes to: absolute URL without a query."""
        return self.action


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectDeparture:
    """A message the browser carries to the provider as a query."""

    location: str
    """Absolute https URL with its query."""
    memory: bytes = field(default=b"", repr=False)
    """As in ``FormDeparture``."""
    needs_browser_reference: bool = False
    """As in ``FormDeparture``."""

    @property
    def endpoint(self) -> str:
        """Whom the message goes to: absolute URL without a query."""
        return self.location.partition("?")[0]

    @property
    def message(self) -> bytes:
        """The query exactly as a browser will send it; kept as evidence."""
        return self.location.partition("?")[2].encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class PageDeparture:
    """The person stays with us; the provider is an ``AttendedProvider``, which says what our page must show."""

    endpoint: str
    """Who will be asked: absolute URL."""
    message: bytes
    """What will be asked; kept as evidence."""
    memory: bytes = field(default=b"", repr=False)
    """As in ``FormDeparture``; ``attend`` may exchange it for another."""


Departure: TypeAlias = FormDeparture | RedirectDeparture | PageDeparture


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A provider's answer exactly as it reached us, nothing in it believed yet."""

    method: str
    """HTTP method; or ``ATTENDED`` or ``CARD``."""
    content_type: str
    body: bytes
    query: bytes = b""
    """The query string, exactly."""
    received_at: datetime
    """UTC, aware."""
    browser_reference: Reference | None = None
    """From the cookie set when ``needs_browser_reference``; else None."""
    client_certificate: bytes | None = None
    """DER of the certificate that the browser proved in the TLS handshake of this very connection; else None."""

    @property
    def message(self) -> bytes:
        """What was brought, as evidence: the query of a GET, the certificate of a card, else the body."""
        if self.method == CARD:
            return self.client_certificate or b""
        return self.query if self.method == "GET" else self.body


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
    memory: bytes = field(default=b"", repr=False)
    """What the provider asked to be kept, as it stood when the answer came."""
    minimum_assurance: AssuranceLevel = AssuranceLevel.LOW


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
    """A provider's message that passed every check which needs no memory; nobody is vouched for yet."""

    @property
    def reference(self) -> Reference:
        """The login this answers: proven by a signature, or else known to nobody but provider and browser."""

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
    answers: bool = True
    """False where nobody answered, so that this is not the provider's own word."""


class Provider(Protocol):
    """Somebody who can say who a person is."""

    id: ProviderId
    names: "dict[Language, str]"
    kind: ProviderKind
    assurance: AssuranceLevel
    """The strongest level that it ever vouches for; a question for more is not brought to it."""
    answer_methods: frozenset[str]
    """How its answers reach our return address: HTTP methods, or ``CARD``; nothing else is brought to ``receive``."""

    def depart(self, request: AuthenticationRequest) -> Departure:
        """Make the message that the browser carries away, or say that the person stays; calls nobody.

        Raises:
            ProviderError: our settings or key do not allow one, or what the provider publishes is not known yet; the
                login ends with the reason.
        """

    def receive(self, arrival: Arrival) -> Answer:
        """Prove of an answer what can be proven without memory; calls nobody.

        Raises:
            ProviderError: ``reason`` says which check failed or what the provider says; ``reference`` is set when the
                login that the message names must therefore end.
        """

    def status(self) -> ProviderStatus:
        """Ask the provider how it is.

        Raises:
            ProviderUnavailable: it does not answer, or not as agreed.
        """

    def warnings(self) -> Iterable[str]:
        """Sentences for the operator about settings that weaken this provider; empty when there are none."""


class CardTrouble(StrEnum):
    """Why the card did not sign, as far as the page can tell; chooses a text that helps."""

    SOFTWARE_MISSING = "software_missing"
    """The browser's extension or the application behind it is absent or too old."""
    CARD_UNREADABLE = "card_unreadable"
    """Card, reader or PIN."""
    PAGE_FAILED = "page_failed"
    """A fault of the page, or one that nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPage:
    """The person is asked to put in a card and let it sign a challenge.

    The form's ``token`` is what the card signed, its ``error`` what the browser's extension says instead.
    """

    challenge: str
    """Base64, as the page's script hands it to the card (eid-providers.md 7.2)."""
    trouble: CardTrouble | None = None
    """What was in the way at the last try."""
    software_card: str | None = None
    """Test environment only: https address of a script that answers in the extension's place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppPage:
    """The person is asked to take up the telephone."""

    verification_code: str | None = None
    """Digits to compare with those on the telephone."""
    device_link: str | None = field(default=None, repr=False)
    """What the QR code of this second holds."""
    same_device_link: str | None = field(default=None, repr=False)
    """Opens the app on this very device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodePage:
    """The person is asked for the personal code, without which the provider cannot find them."""

    wrong: bool = False
    """Whether what was typed before is no personal code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePage:
    """The person is asked where the app is: on this device or on another. The form's ``device`` is ``this`` or ``other``."""


Page: TypeAlias = CardPage | AppPage | CodePage | DevicePage
"""What a page of ours shows while the person proves who they are; one template for each type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The person is not done yet."""

    page: Page
    memory: bytes = field(repr=False)
    """Takes the place of what was kept before; the same bytes where nothing changed."""
    exchanges: tuple[BackChannelExchange, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Concluded:
    """The provider has answered."""

    answer: bytes = field(repr=False)
    """Goes to ``receive`` as the body of an arrival by ``ATTENDED``."""
    exchanges: tuple[BackChannelExchange, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """The provider is about to be called for the person; nothing has been said to it yet.

    The caller makes the intent durable first: of two visits at a time one alone may act, so that nobody is asked twice.
    """

    memory: bytes = field(repr=False)
    """Takes the place of what was kept before, whether ``act`` succeeds or not."""
    act: "Callable[[], Attendance]" = field(repr=False)
    """Calls the provider; raises what ``AttendedProvider.attend`` raises."""
    person: PersonalCode | None = None
    """Whose telephone will ring: the caller allows few such requests in a time (T40). None where nobody is named."""


Attendance: TypeAlias = Shown | Concluded | Asking


@runtime_checkable
class AttendedProvider(Provider, Protocol):
    """A provider that the person reaches through a page of ours."""

    def attend(
        self, request: AuthenticationRequest, memory: bytes, said: Mapping[str, str], now: datetime
    ) -> Attendance:
        """The person's browser shows our page, or asks it for news; may call the provider.

        Args:
            request: as ``depart`` was given it.
            memory: what is kept of this login. Of two visits at a time only one may change it.
            said: the fields of the page's form, when the person sent it; nothing in them is believed yet.
            now: UTC, aware.

        Raises:
            ProviderError: the login must end, for ``reason``.
        """


@runtime_checkable
class DescribedProvider(Provider, Protocol):
    """A provider whose operator loads a document that says who we are."""

    def own_metadata(self, return_url: str, now: datetime) -> bytes:
        """The document (SAML metadata).

        Args:
            return_url: where its answers must arrive.
            now: UTC, aware.
        """
