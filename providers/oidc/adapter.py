"""A provider that speaks OpenID Connect, as the gateway sees it: ``depart``, ``receive``, ``identify``."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from providers.contract import (
    Arrival,
    AssuranceLevel,
    AuthenticationRequest,
    Availability,
    Expectation,
    Language,
    ProviderId,
    ProviderKind,
    ProviderStatus,
    RedirectDeparture,
    Reference,
    VerifiedIdentity,
)
from providers.errors import ProviderError
from providers.oidc.authorization import Memory, authorization_url
from providers.oidc.client import ClientProof
from providers.oidc.confirmation import fetch_agreement
from providers.oidc.discovery import Metadata, check_answered, fetch_metadata
from providers.oidc.exchange import Conversation
from providers.oidc.id_token import Expected, IdToken, verify_id_token
from providers.oidc.identity import StatedPerson, assurance_of, factors_of, stated_person
from providers.oidc.kept import Kept
from providers.oidc.key_set import KeySet, PublishedKeys, read_key_set
from providers.oidc.profile import OidcSettings, weaknesses
from providers.protocol import Clock
from providers.refusals import Reason
from providers.servers import Servers
from providers.settings import back_channel_warnings, shared_warnings
from providers.vpm_back_channel import VpmBackChannel
from providers.wire.oauth import (
    AuthorizationResponse,
    TokenAnswer,
    declined,
    read_authorization_response,
    read_object_of,
    refuse,
)

INTERFACE: Final = "oidc"
LIFETIME: Final = timedelta(minutes=15)
"""From the question to the answer (VPM-INT-16)."""


@dataclass(frozen=True, slots=True)
class OidcAnswer:
    """An answer of the right form, in the name of the right issuer; nobody is vouched for yet."""

    _response: AuthorizationResponse = field(repr=False)
    _received_at: datetime
    _provider: "OidcProvider"
    single_use: frozenset[str] = frozenset()
    """Empty: ``state`` ends with its login, and the provider takes a code once."""

    @property
    def reference(self) -> Reference:
        """``state``, which only the provider and the browser have seen."""
        return self._response.state

    @property
    def asks_back_channel(self) -> bool:
        """Whether there is a code to redeem."""
        return self._response.code is not None

    def identify(self, expected: Expectation) -> VerifiedIdentity:
        """Redeem the code and vouch for the person; every failure ends the login.

        Raises:
            ProviderError: ``reference`` names the login, ``exchanges`` holds the calls that were made.
        """
        try:
            return self._provider.identify(self._response, self._received_at, expected)
        except ProviderError as error:
            error.reference = self.reference
            raise


class OidcProvider:
    """One provider; threads may share it."""

    answer_methods: frozenset[str] = frozenset({"GET"})

    def __init__(
        self,
        settings: OidcSettings,
        client: ClientProof,
        servers: Servers,
        back_channel: VpmBackChannel | None,
        clock: Clock,
    ) -> None:
        """Keep what ``open_oidc`` read; the provider's documents are read when they are first needed."""
        self.id: ProviderId = settings.id
        self.names: dict[Language, str] = settings.names.by_language()
        self.kind: ProviderKind = settings.kind
        self.assurance: AssuranceLevel = settings.assurance
        self._settings = settings
        self._profile = settings.oidc
        self._client = client
        self._servers = servers
        self._back_channel = back_channel
        self._clock = clock
        self._metadata: Kept[Metadata] = Kept(partial(fetch_metadata, settings.oidc, servers), time.monotonic)
        self._keys = PublishedKeys(self._fetch_keys, time.monotonic)

    def read_documents(self) -> None:
        """Have the metadata read by another thread, where that is due."""
        self._metadata.renew_in_background()

    def depart(self, request: AuthenticationRequest) -> RedirectDeparture:
        """The authorization request; calls nobody.

        Raises:
            ProviderUnavailable: the provider's metadata could not be read yet; it is asked for in the background.
        """
        if self._metadata.old:
            self._metadata.renew_in_background()
        metadata, memory = self._known_metadata(), Memory.for_question(request)
        location = authorization_url(metadata.authorization_endpoint, self._profile, request, memory)
        return RedirectDeparture(location=location, memory=memory.to_bytes())

    def receive(self, arrival: Arrival) -> OidcAnswer:
        """Read the answer, and see that it is in the name of this provider (RFC 9207, T03).

        Raises:
            AssertionRejected: without ``reference``, as anybody may have sent the browser here.
            ProviderUnavailable: as ``depart``.
        """
        response, metadata = read_authorization_response(arrival), self._known_metadata()
        required = metadata.announces_issuer or self._profile.response_issuer == "required"
        if response.issuer != self._profile.issuer and (required or response.issuer is not None):
            refuse(Reason.NOT_TRUSTED)
        return OidcAnswer(response, arrival.received_at, self)

    def identify(
        self, response: AuthorizationResponse, received_at: datetime, expected: Expectation
    ) -> VerifiedIdentity:
        """See ``OidcAnswer.identify``."""
        # (1) It answers this login, while that lives.
        if response.state != expected.reference:
            refuse(Reason.UNKNOWN_NONCE)
        if received_at - expected.asked_at > LIFETIME:
            refuse(Reason.EXPIRED)
        # (2) It is no word of refusal.
        if response.code is None:
            raise declined(response.error or "")
        # (3) What the provider's servers say; every call is evidence, also of a failure.
        conversation = Conversation(self._servers, self._known_metadata())
        found: VerifiedIdentity = conversation.with_evidence(
            partial(self._vouched, conversation, response.code, expected)
        )
        return found

    def status(self) -> ProviderStatus:
        """Ask the provider how it is: by its VPM back channel where it has one, else by its metadata.

        Raises:
            ProviderUnavailable: it does not answer, or its metadata cannot be used.
        """
        if self._metadata.old:
            self._metadata.renew()
        metadata = self._known_metadata()
        if self._back_channel is not None:
            return self._back_channel.status()
        check_answered(self._servers.call("GET", metadata.jwks_uri))
        return ProviderStatus(state=Availability.UP)

    def warnings(self) -> Iterable[str]:
        """Sentences for the operator about settings that weaken this provider."""
        channel = self._settings.back_channel
        told = back_channel_warnings(self.id, channel) if channel is not None else []
        return (*shared_warnings(self._settings), *told, *weaknesses(self._settings))

    def _known_metadata(self) -> Metadata:
        if (known := self._metadata.value) is not None:
            return known
        raise self._metadata.unavailable()

    def _fetch_keys(self) -> KeySet:
        reply = self._servers.call("GET", self._known_metadata().jwks_uri)
        check_answered(reply)
        return read_key_set(read_object_of(reply), self._profile.id_token_algorithm)

    def _vouched(self, conversation: Conversation, code: str, expected: Expectation) -> VerifiedIdentity:
        memory = Memory.parse(expected.memory)
        answer = conversation.redeem(code, memory, self._client, self._clock())
        # (1) The ID token, whole; before this line nothing says who somebody is.
        token = self._id_token(answer, memory, expected)
        # (2) How they were authenticated: nobody is asked for who did not reach what was asked.
        assurance = assurance_of(token.claims, self._profile, expected.minimum_assurance)
        factors = factors_of(token.claims, self._profile)
        # (3) Who they are, by every source that says so.
        person = self._person(token, answer, conversation)
        # (4) The confirmation, where it was agreed.
        self._confirm(person, memory, expected, conversation)
        return VerifiedIdentity(
            provider=self.id,
            country=person.code.country,
            personal_code=person.code,
            given_name=person.given_name,
            family_name=person.family_name,
            assurance=assurance,
            factors=factors,
            means=self._profile.means,
            interface=INTERFACE,
            authenticated_at=token.authenticated_at,
            flags=person.flags,
            exchanges=tuple(conversation.exchanges),
        )

    def _id_token(self, answer: TokenAnswer, memory: Memory, expected: Expectation) -> IdToken:
        if answer.id_token is None:
            refuse(Reason.MALFORMED)
        return verify_id_token(
            answer.id_token,
            self._keys.find,
            Expected(
                issuer=self._profile.issuer,
                client_id=self._profile.client_id,
                algorithm=self._profile.id_token_algorithm,
                nonce=memory.nonce,
                access_token=answer.access_token,
                asked_at=expected.asked_at,
                fresh=memory.fresh,
                now=self._clock(),
            ),
        )

    def _person(self, token: IdToken, answer: TokenAnswer, conversation: Conversation) -> StatedPerson:
        sources = [token.claims]
        if self._profile.userinfo:
            told = conversation.user_info(answer.access_token)
            if told.get("sub") != token.subject:  # OIDC Core 5.3.2: it may be about anybody
                refuse(Reason.NOT_TRUSTED)
            sources.append(told)
        return stated_person(tuple(sources), self._profile.claims, self._settings.code_structure)

    def _confirm(self, person: StatedPerson, memory: Memory, expected: Expectation, conversation: Conversation) -> None:
        channel = self._settings.back_channel
        if self._back_channel is None or channel is None or channel.confirmation != "required":
            return
        ask = partial(fetch_agreement, self._back_channel, memory.nonce, expected.asked_at, person)
        conversation.exchanges.append(conversation.collecting(partial(ask, self._settings.code_structure)))
