"""A bank that speaks Banklink, as the gateway sees it: ``depart``, ``receive``, ``identify`` (banklink.md)."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import NoReturn
from urllib.parse import urlsplit

from providers.banklink.checks import FRESHNESS_CHECKS, IDENTITY_CHECKS, Reading
from providers.banklink.contradictions import weaknesses
from providers.banklink.identity import (
    StatedPerson,
    agree_on_names,
    confirmed_code,
    separate_names,
    stated_person,
)
from providers.banklink.mac_codec import REQUEST_CHARSET, MacCodec
from providers.banklink.messages import Says
from providers.banklink.outcomes import check_outcome, refuse_unsigned_cancel
from providers.banklink.parse import form_body, read_form
from providers.banklink.profile import BanklinkSettings, OpenProfile
from providers.banklink.references import BASE64URL
from providers.banklink.xml_codec import XmlCodec
from providers.contract import (
    Arrival,
    AssuranceLevel,
    AuthenticationRequest,
    BackChannelExchange,
    Expectation,
    FormDeparture,
    Language,
    ProviderId,
    ProviderKind,
    ProviderStatus,
    Reference,
    VerifiedIdentity,
)
from providers.errors import AssertionRejected, ProviderError, ProviderMisconfigured
from providers.refusals import SENTENCES, Reason
from providers.settings import back_channel_warnings, shared_warnings
from providers.vpm_back_channel import VpmBackChannel
from providers.vpm_journal import Journal

INTERFACE = "banklink"
LONGEST_RETURN = 60
"""Characters (rule 18)."""


@dataclass(frozen=True, slots=True)
class BanklinkAnswer:
    """An answer that the bank signed and that is fresh; nobody is vouched for yet."""

    reference: Reference
    single_use: frozenset[str]
    _reading: Reading
    _provider: "BanklinkProvider"

    @property
    def asks_back_channel(self) -> bool:
        """Whether ``identify`` calls the bank: not where the bank says that nobody signed in."""
        return self._provider.confirms and self._reading.succeeded

    def identify(self, expected: Expectation) -> VerifiedIdentity:
        """Vouch for the person; every failure ends the login (section 8, steps 9 to 11, and the confirmation).

        Raises:
            ProviderError: ``reference`` names the login, ``exchanges`` holds the call where one was made.
        """
        try:
            return self._provider.identify(self._reading, self.reference, expected)
        except ProviderError as error:
            error.reference = self.reference
            raise


class BanklinkProvider:
    """One bank; threads may share it."""

    def __init__(self, settings: BanklinkSettings, profile: OpenProfile, back_channel: VpmBackChannel) -> None:
        """Keep what ``open_banklink`` read; nothing is parsed after this."""
        self.id: ProviderId = settings.id
        self.names: dict[Language, str] = settings.names.by_language()
        self.kind: ProviderKind = settings.kind
        self.assurance: AssuranceLevel = settings.assurance
        self.answer_methods = frozenset({"POST"})
        self.confirms = settings.back_channel.confirmation == "required"
        self._settings = settings
        self._profile = profile
        self._back_channel = back_channel
        xml = profile.dialect.xml
        self._codec = MacCodec(profile) if xml is None else XmlCodec(profile, xml)

    def depart(self, request: AuthenticationRequest) -> FormDeparture:
        """The signed request as a form (sections 6.1 and 6.3).

        Raises:
            ProviderMisconfigured: the return address breaks rule 7 or 18, or the exception for SHA-1 has ended.
        """
        _check_return_url(request.return_url)
        if self._profile.sha1_ended(request.asked_at):
            raise ProviderMisconfigured(Reason.SHA1_EXCEPTION_ENDED, SENTENCES[Reason.SHA1_EXCEPTION_ENDED])
        fields = self._codec.write(self._stated(request))
        return FormDeparture(
            action=self._profile.settings.request_url,
            fields=fields,
            charset=REQUEST_CHARSET,
            message=form_body(fields, REQUEST_CHARSET),
            needs_browser_reference=not self._profile.correlated,
        )

    def receive(self, arrival: Arrival) -> BanklinkAnswer:
        """Steps 2 to 8 of section 8.

        Raises:
            AssertionRejected: without ``reference`` up to step 7, as anybody may have sent the message.
            AuthenticationDeclined: the bank says without a signature that the person gave up (11.2); ``reference`` is
                the browser's.
            ProviderMisconfigured: the exception for SHA-1 has ended.
        """
        form = read_form(arrival)
        refuse_unsigned_cancel(form, self._profile, arrival.browser_reference)
        reading = self._codec.read(form, arrival.received_at)
        reference = self._reference(reading, arrival)
        try:
            for check in FRESHNESS_CHECKS:
                check(reading)
        except AssertionRejected as error:
            error.reference = reference
            raise
        return BanklinkAnswer(reference, self._single_use(reading), reading, self)

    def identify(self, reading: Reading, reference: Reference, expected: Expectation) -> VerifiedIdentity:
        """Steps 9 (as far as it needs no memory) to 11, then the confirmation; see ``BanklinkAnswer.identify``."""
        if reference != expected.reference:
            _refuse(Reason.UNKNOWN_NONCE)
        if reading.received_at - expected.asked_at > self._profile.lifetime:
            _refuse(Reason.EXPIRED)
        check_outcome(reading)
        for check in IDENTITY_CHECKS:
            check(reading)
        stated = stated_person(reading.fields, self._profile, self._settings.code_structure)
        if self.confirms:
            return self._confirmed(stated, self._asked_as(reading, reference), expected)
        return self._by_contract(stated, reading)

    def status(self) -> ProviderStatus:
        """Ask the bank how it is; see ``VpmBackChannel.status``."""
        return self._back_channel.status()

    def journal(self, start: datetime, end: datetime) -> tuple[Journal, BackChannelExchange]:
        """The bank's record of a stretch of time; see ``VpmBackChannel.journal``."""
        return self._back_channel.journal(start, end)

    def warnings(self) -> Iterable[str]:
        """Sentences for the operator about settings that weaken this provider."""
        settings = self._settings
        pinning = back_channel_warnings(settings.id, settings.back_channel)
        return (*shared_warnings(settings), *pinning, *weaknesses(settings))

    def _stated(self, request: AuthenticationRequest) -> dict[Says, str]:
        """What a request may say; the dialect chooses, orders and names it."""
        profile, settings = self._profile, self._profile.settings
        return {
            Says.SERVICE: settings.request_service,
            Says.VERSION: settings.version,
            Says.SENDER: settings.partner_id,
            Says.RECIPIENT: settings.bank_id,
            Says.REPLY: settings.answer_service,
            Says.CORRELATION: profile.dialect.reference.write(request.reference),
            Says.RETURN: request.return_url,
            Says.MOMENT: profile.dialect.moment.write(request.asked_at, profile.zone),
            Says.SESSION: "" if profile.correlated else BASE64URL.write(request.reference),
            Says.LANGUAGE: profile.dialect.languages[request.language],
        }

    def _reference(self, reading: Reading, arrival: Arrival) -> Reference:
        """Which login the answer names: by its nonce, or by the browser that brought it (sections 6.4 and 11.2)."""
        if reading.profile.correlated:
            return reading.profile.dialect.reference.read(reading.fields.said(Says.CORRELATION))
        browser = arrival.browser_reference
        if browser is None:
            _refuse(Reason.UNKNOWN_NONCE)  # nobody was sent away from here: an answer that nobody asked for
        if reading.profile.settings.echoes_rid:
            echoed = BASE64URL.read(reading.fields.said(Says.SESSION))
            if not hmac.compare_digest(echoed, browser):
                _refuse(Reason.WRONG_BROWSER)
        return browser

    def _single_use(self, reading: Reading) -> frozenset[str]:
        if reading.profile.correlated:
            return frozenset()
        return frozenset({f"banklink-mac-sha256:{_signature_digest(reading)}"})

    def _asked_as(self, reading: Reading, reference: Reference) -> str:
        """What both sides call this exchange; where no message names it, the digest of the answer's signature (11.2)."""
        profile = self._profile
        if profile.correlated:
            return profile.dialect.reference.write(reference)
        if profile.request.says(Says.SESSION):
            return BASE64URL.write(reference)
        return _signature_digest(reading)

    def _confirmed(self, stated: StatedPerson, asked: str, expected: Expectation) -> VerifiedIdentity:
        confirmation, exchange = self._back_channel.confirmation(asked, expected.asked_at)
        try:
            code = confirmed_code(stated, confirmation, self._settings.code_structure)
            agree_on_names(stated, confirmation)
        except AssertionRejected as error:
            error.exchanges = (exchange,)
            raise
        return VerifiedIdentity(
            provider=self.id,
            country=code.country,
            personal_code=code,
            given_name=confirmation.given_name,
            family_name=confirmation.family_name,
            assurance=self._settings.assurance,
            factors=confirmation.factors,
            means=stated.means,
            interface=INTERFACE,
            authenticated_at=confirmation.authenticated_at,
            flags=stated.flags,
            organisation=stated.organisation,
            exchanges=(exchange,),
        )

    def _by_contract(self, stated: StatedPerson, reading: Reading) -> VerifiedIdentity:
        family, given = separate_names(stated)
        return VerifiedIdentity(
            provider=self.id,
            country=stated.code.country,
            personal_code=stated.code,
            given_name=given,
            family_name=family,
            assurance=self._settings.assurance,
            factors=frozenset(self._profile.settings.factors_by_contract),
            means=stated.means,
            interface=INTERFACE,
            authenticated_at=_made_at(reading),
            flags=stated.flags if self._profile.answer.says(Says.FAMILY_NAME) else stated.flags | {"names_delimited"},
        )


def _made_at(reading: Reading) -> datetime:
    return reading.made_at.astimezone(UTC) if reading.has_time else reading.received_at


def _signature_digest(reading: Reading) -> str:
    return sha256(reading.fields.signature).hexdigest()


def _check_return_url(url: str) -> None:
    parts = urlsplit(url)
    fits = len(url) <= LONGEST_RETURN and url.isascii()
    if parts.scheme != "https" or not parts.hostname or "?" in url or "#" in url or not fits:
        raise ProviderMisconfigured(Reason.BAD_RETURN_ADDRESS, SENTENCES[Reason.BAD_RETURN_ADDRESS])


def _refuse(reason: Reason) -> NoReturn:
    raise AssertionRejected(reason, SENTENCES[reason])
