"""A SAML 2.0 identity provider as the gateway sees it: ``depart``, ``receive``, ``identify`` (security.md 8.3).

The ID of our request is made of the login's reference, so that a signed InResponseTo names the login by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, TypeAlias
from urllib.parse import urlencode

from providers.confirmed_person import agree_on_person
from providers.contract import (
    Arrival,
    AssuranceLevel,
    AuthenticationRequest,
    Availability,
    BackChannelExchange,
    Expectation,
    FormDeparture,
    Language,
    ProviderId,
    ProviderKind,
    ProviderStatus,
    RedirectDeparture,
    Reference,
    VerifiedIdentity,
)
from providers.errors import ProviderError, ProviderMisconfigured
from providers.protocol import Clock
from providers.refusals import Reason
from providers.saml.artifact import Artifact, ArtifactRefused, ArtifactResolver, read_artifact
from providers.saml.bindings import post_fields, read_post, redirect_query
from providers.saml.errors import SamlRefused
from providers.saml.identification import Judge, Memory
from providers.saml.opened import OpenAgreement
from providers.saml.outcomes import declined, rejected
from providers.saml.own_metadata import own_metadata
from providers.saml.profile import SamlSettings
from providers.saml.question import Questions, reference_in, request_id
from providers.saml.reading import identifier_of
from providers.saml.response import Recipient, SignedFailure, SignedResponse, read_signed
from providers.saml.rules import MEMORYLESS, check_failure
from providers.settings import back_channel_warnings, shared_warnings
from providers.vpm_back_channel import VpmBackChannel

METADATA_ENDS_SOON: Final = timedelta(days=14)
_FORM: Final = "application/x-www-form-urlencoded"

Brought: TypeAlias = SignedResponse | SignedFailure | Artifact


@dataclass(frozen=True, slots=True)
class SamlAnswer:
    """A response that the provider signed and that is fresh, or a ticket for one; nobody is vouched for yet."""

    reference: Reference
    single_use: frozenset[str]
    _brought: Brought
    _provider: "SamlProvider"

    @property
    def asks_back_channel(self) -> bool:
        """Whether ``identify`` calls the provider."""
        if isinstance(self._brought, SignedFailure):
            return False
        return isinstance(self._brought, Artifact) or self._provider.confirms

    def identify(self, expected: Expectation) -> VerifiedIdentity:
        """Vouch for the person; every failure ends the login.

        Raises:
            ProviderError: ``reference`` names the login, ``exchanges`` holds the calls that were made.
        """
        try:
            return self._provider.identify(self._brought, expected)
        except ProviderError as error:
            error.reference = self.reference
            raise


class SamlProvider:
    """One identity provider; threads may share it."""

    def __init__(
        self,
        settings: SamlSettings,
        agreement: OpenAgreement,
        clock: Clock,
        *,
        back_channel: VpmBackChannel | None = None,
        resolver: ArtifactResolver | None = None,
    ) -> None:
        """Keep what ``open_saml`` read; nothing is parsed after this."""
        self.id: ProviderId = settings.id
        self.names: dict[Language, str] = settings.names.by_language()
        self.kind: ProviderKind = settings.kind
        self.assurance: AssuranceLevel = settings.assurance
        self.answer_methods = frozenset({"GET", "POST"}) if resolver else frozenset({"POST"})
        confirmation = settings.back_channel.confirmation if settings.back_channel else "not_needed"
        self.confirms = back_channel is not None and confirmation == "required"
        self.agreement = agreement
        self._settings = settings
        self._clock = clock
        self._back_channel = back_channel
        self._resolver = resolver
        self._questions = Questions(agreement)
        self._judge = Judge(provider=self.id, agreement=agreement, structure=settings.code_structure)
        self._recipient = _recipient(agreement)

    def depart(self, request: AuthenticationRequest) -> RedirectDeparture | FormDeparture:
        """The signed AuthnRequest, by the agreed binding.

        Raises:
            ProviderMisconfigured: the provider's metadata has expired.
        """
        self._check_metadata(request.asked_at)
        fresh = request.fresh or not self._settings.saml.existing_sessions_minutes
        message = self._questions.authentication(request, fresh=fresh)
        memory = Memory(consumer=request.return_url, fresh=fresh).as_bytes()
        sign_on = self.agreement.identity_provider.sign_on
        if self._settings.saml.request_binding == "redirect":
            query = redirect_query("SAMLRequest", message, request.reference, self.agreement.signing)
            return RedirectDeparture(location=f"{sign_on}?{query}", memory=memory)
        fields = post_fields("SAMLRequest", message, request.reference)
        sent = urlencode(fields).encode()
        return FormDeparture(action=sign_on, fields=fields, charset="UTF-8", message=sent, memory=memory)

    def receive(self, arrival: Arrival) -> SamlAnswer:
        """Everything up to the signature, and the rules that need no memory; an artifact is only looked at.

        Raises:
            AssertionRejected: without ``reference`` up to the signature, as anybody may have sent the message.
            ProviderMisconfigured: the provider's metadata has expired.
        """
        self._check_metadata(arrival.received_at)
        try:
            return self._artifact(arrival) if self._resolver else self._response(arrival)
        except SamlRefused as refused:
            raise rejected(refused) from refused

    def identify(self, brought: Brought, expected: Expectation) -> VerifiedIdentity:
        """The rules that need to know what we asked, the person, then the confirmation; see ``SamlAnswer.identify``."""
        try:
            read, exchanges = self._fetched(brought) if isinstance(brought, Artifact) else (brought, ())
        except ArtifactRefused as refused:
            raise _with(rejected(refused), refused.exchange) from refused
        try:
            identity = self._identified(read, expected)
        except SamlRefused as refused:
            raise _with(rejected(refused), *exchanges) from refused
        except ProviderError as error:
            raise _with(error, *exchanges) from None
        return replace(identity, exchanges=(*exchanges, *identity.exchanges))

    def status(self) -> ProviderStatus:
        """Ask the provider how it is; one without a VPM back channel counts as up."""
        return self._back_channel.status() if self._back_channel else ProviderStatus(state=Availability.UP)

    def own_metadata(self, return_url: str, now: datetime) -> bytes:
        """Who we are, as a document that the provider's operator can load."""
        return own_metadata(self.agreement, return_url, now)

    def warnings(self) -> Iterable[str]:
        """Sentences for the operator about settings that weaken this provider."""
        settings = self._settings
        back_channel = settings.back_channel
        pinning = back_channel_warnings(settings.id, back_channel) if back_channel else []
        return (*shared_warnings(settings), *pinning, *_weaknesses(settings), *self._ending_metadata())

    def _check_metadata(self, now: datetime) -> None:
        if now >= self.agreement.identity_provider.valid_until:
            raise ProviderMisconfigured(Reason.MISCONFIGURED, "the provider's pinned metadata has expired")

    def _ending_metadata(self) -> list[str]:
        ends = self.agreement.identity_provider.valid_until
        soon = self._clock() + METADATA_ENDS_SOON > ends
        return [f"{self.id}: the provider's metadata ends on {ends:%Y-%m-%d}; pin the next one"] if soon else []

    def _response(self, arrival: Arrival) -> SamlAnswer:
        if arrival.method != "POST" or arrival.content_type.partition(";")[0].strip().lower() != _FORM:
            raise SamlRefused("readable_message", "a response comes as one form by POST")
        carried = read_post(arrival.body)
        if carried.kind != "SAMLResponse":
            raise SamlRefused("readable_message", "this address takes a SAMLResponse only")
        read = read_signed(carried.xml, self._recipient, arrival.received_at)
        reference = reference_in(read.answers)
        if reference is None:
            raise SamlRefused("names_a_request", "InResponseTo is no ID of a request of ours")
        if carried.relay_state != reference:
            raise SamlRefused("relay_state_unchanged", "RelayState must come back as it was sent")
        try:
            return SamlAnswer(reference, _judged_alone(read), read, self)
        except SamlRefused as refused:
            error = rejected(refused)
            error.reference = reference
            raise error from refused

    def _artifact(self, arrival: Arrival) -> SamlAnswer:
        artifact = read_artifact(arrival.message, self._recipient.issuer)
        reference = reference_in(request_id(Reference(artifact.relay_state)))
        if reference is None:
            raise SamlRefused("names_a_request", "RelayState is none of ours")
        return SamlAnswer(reference, frozenset({artifact.fact}), artifact, self)

    def _fetched(self, artifact: Artifact) -> tuple[SignedResponse | SignedFailure, tuple[BackChannelExchange, ...]]:
        assert self._resolver is not None  # noqa: S101 - an artifact is received only where there is one
        now = self._clock()
        raw, exchange = self._resolver.resolve(artifact, now)
        try:
            read = read_signed(raw, self._recipient, now)
            _judged_alone(read)
        except SamlRefused as refused:
            raise ArtifactRefused(refused, exchange) from refused
        return read, (exchange,)

    def _identified(self, read: SignedResponse | SignedFailure, expected: Expectation) -> VerifiedIdentity:
        if isinstance(read, SignedFailure):
            self._judge.check_refusal(read, expected)
            raise declined(read.status)
        identity = self._judge.identify(read, expected)
        return self._confirmed(identity, expected) if self.confirms else identity

    def _confirmed(self, identity: VerifiedIdentity, expected: Expectation) -> VerifiedIdentity:
        """The confirmation is the record of identity (design.md section 4)."""
        assert self._back_channel is not None  # noqa: S101 - ``confirms`` says so
        asked = request_id(expected.reference)
        confirmation, exchange = self._back_channel.confirmation(asked, expected.asked_at)
        names = (identity.given_name, identity.family_name)
        try:
            agree_on_person(identity.personal_code, names, confirmation, self._settings.code_structure)
        except ProviderError as error:
            raise _with(error, exchange) from None
        return replace(
            identity,
            given_name=confirmation.given_name,
            family_name=confirmation.family_name,
            factors=confirmation.factors,
            authenticated_at=confirmation.authenticated_at,
            exchanges=(exchange,),
        )


def _judged_alone(read: SignedResponse | SignedFailure) -> frozenset[str]:
    """Apply the rules that need no memory; give what may be seen once only (T23)."""
    if isinstance(read, SignedFailure):
        check_failure(read)
        return frozenset()
    for rule in MEMORYLESS:
        rule(read)
    identifier = f"{read.recipient.issuer} {identifier_of(read.assertion, 'assertion_id')}"
    return frozenset({f"saml-assertion-sha256:{sha256(identifier.encode()).hexdigest()}"})


def _recipient(agreement: OpenAgreement) -> Recipient:
    return Recipient(
        issuer=agreement.identity_provider.entity_id,
        keys=agreement.identity_provider.keys,
        audience=agreement.profile.entity_id,
        decryption_keys=tuple(key.xml_key for key in agreement.decryption),
        encrypted=agreement.profile.encrypted_assertions,
        assertion_signed=agreement.profile.signed_assertions,
    )


def _with(error: ProviderError, *exchanges: BackChannelExchange) -> ProviderError:
    error.exchanges = (*exchanges, *error.exchanges)
    return error


def _weaknesses(settings: SamlSettings) -> Iterable[str]:
    profile = settings.saml
    if not profile.encrypted_assertions:
        yield f"{settings.id}: assertions may pass through the browser in clear (encrypted_assertions = false)"
    if profile.artifact is not None and not profile.artifact.server.pins:
        yield f"{settings.id}: the key of the artifact server is not pinned (saml.artifact.server.pins is empty)"
    if profile.identity_provider.metadata and not profile.identity_provider.metadata_certificate:
        yield f"{settings.id}: nobody's signature on the metadata is checked (metadata_certificate is not set)"
