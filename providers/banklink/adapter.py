"""A bank that speaks Banklink, as the gateway sees it: ``depart``, ``receive``, ``identify`` (banklink.md)."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import NoReturn
from urllib.parse import urlsplit

from providers.banklink.checks import AUTHENTICITY_CHECKS, FRESHNESS_CHECKS, IDENTITY_CHECKS, Reading
from providers.banklink.contradictions import weaknesses
from providers.banklink.identity import (
    StatedPerson,
    agree_on_names,
    confirmed_code,
    delimited_names,
    stated_person,
)
from providers.banklink.mac import mac_string, sign_mac
from providers.banklink.messages import LANGUAGE, LANGUAGE_CODES, MAC
from providers.banklink.parse import RawForm, charset_of, decode_answer, form_body, parse_moment, read_form
from providers.banklink.profile import BanklinkSettings, OpenProfile, python_charset
from providers.banklink.references import own_reference, reference_of, rid_of
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
REQUEST_CHARSET = "UTF-8"
"""Always, whatever the bank answers in (rule 17)."""
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
        """Whether ``identify`` calls the bank."""
        return self._provider.confirms

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

    def depart(self, request: AuthenticationRequest) -> FormDeparture:
        """The signed request as a form (sections 6.1 and 6.3).

        Raises:
            ProviderMisconfigured: the return address breaks rule 7 or 18, or the exception for SHA-1 has ended.
        """
        _check_return_url(request.return_url)
        if self._profile.sha1_ended(request.asked_at):
            raise ProviderMisconfigured(Reason.SHA1_EXCEPTION_ENDED, SENTENCES[Reason.SHA1_EXCEPTION_ENDED])
        fields = self._signed_fields(request)
        return FormDeparture(
            action=self._profile.settings.request_url,
            fields=fields,
            charset=REQUEST_CHARSET,
            message=form_body(fields, REQUEST_CHARSET),
            needs_browser_reference=not self._profile.answer.has_nonce,
        )

    def receive(self, arrival: Arrival) -> BanklinkAnswer:
        """Steps 2 to 8 of section 8.

        Raises:
            AssertionRejected: without ``reference`` up to step 7, as anybody may have sent the message.
            ProviderMisconfigured: the exception for SHA-1 has ended.
        """
        reading = self._authentic(read_form(arrival), arrival.received_at)
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
        for check in IDENTITY_CHECKS:
            check(reading)
        stated = stated_person(reading.fields, self._profile.settings, self._settings.code_structure)
        if self.confirms:
            return self._confirmed(stated, reference, expected)
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

    def _signed_fields(self, request: AuthenticationRequest) -> tuple[tuple[str, str], ...]:
        profile = self._profile.settings
        stated = {
            "VK_SERVICE": profile.request_service,
            "VK_VERSION": profile.version,
            "VK_SND_ID": profile.partner_id,
            "VK_REC_ID": profile.bank_id,
            "VK_REPLY": profile.answer_service,
            "VK_NONCE": request.reference,
            "VK_RETURN": request.return_url,
            "VK_DATETIME": request.asked_at.astimezone(self._profile.zone).strftime("%Y-%m-%dT%H:%M:%S%z"),
            "VK_RID": "" if self._profile.request.has_nonce else rid_of(request.reference),
        }
        signed = tuple((name, stated[name]) for name in self._profile.request.mac_order)
        text = mac_string((value for _, value in signed), unit=profile.length_unit, charset=REQUEST_CHARSET)
        signature = sign_mac(text, self._profile.partner_key, hash_name=profile.hash, charset=REQUEST_CHARSET)
        return (*signed, (MAC, signature), *self._unsigned_fields(request.language))

    def _unsigned_fields(self, language: Language) -> tuple[tuple[str, str], ...]:
        spoken = (LANGUAGE, LANGUAGE_CODES[language])
        field = self._profile.settings.charset_field
        return (spoken,) if field is None else ((field, REQUEST_CHARSET), spoken)

    def _authentic(self, form: RawForm, received_at: datetime) -> Reading:
        """Steps 2 to 7; where the profile names a fallback charset, that one counts if the signature verifies in it."""
        try:
            return self._read(form, charset_of(form, self._profile), received_at)
        except AssertionRejected as refusal:
            fallback = self._profile.settings.fallback_charset
            if fallback is None or refusal.reason not in {Reason.MALFORMED, Reason.BAD_SIGNATURE}:
                raise
            try:
                return self._read(form, python_charset(fallback), received_at)
            except AssertionRejected:
                raise refusal from None

    def _read(self, form: RawForm, charset: str, received_at: datetime) -> Reading:
        fields = decode_answer(form, self._profile, charset)
        reading = Reading(fields=fields, profile=self._profile, received_at=received_at)
        for check in AUTHENTICITY_CHECKS:
            check(reading)
        return reading

    def _reference(self, reading: Reading, arrival: Arrival) -> Reference:
        """Which login the answer names: by its nonce, or by the browser that brought it (section 6.4)."""
        if reading.profile.answer.has_nonce:
            return own_reference(reading.fields["VK_NONCE"])
        browser = arrival.browser_reference
        if browser is None:
            _refuse(Reason.UNKNOWN_NONCE)  # nobody was sent away from here: an answer that nobody asked for
        if reading.profile.settings.echoes_rid:
            echoed = reference_of(reading.fields["VK_RID"])
            if not hmac.compare_digest(echoed, browser):
                _refuse(Reason.WRONG_BROWSER)
        return browser

    def _single_use(self, reading: Reading) -> frozenset[str]:
        if reading.profile.answer.has_nonce:
            return frozenset()
        return frozenset({f"banklink-mac-sha256:{sha256(reading.fields.signature).hexdigest()}"})

    def _confirmed(self, stated: StatedPerson, reference: Reference, expected: Expectation) -> VerifiedIdentity:
        asked = reference if self._profile.answer.has_nonce else rid_of(reference)
        confirmation, exchange = self._back_channel.confirmation(asked, expected.asked_at)
        try:
            code = confirmed_code(stated, confirmation, self._settings.code_structure)
            agree_on_names(stated, confirmation, self._profile.settings)
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
            exchanges=(exchange,),
        )

    def _by_contract(self, stated: StatedPerson, reading: Reading) -> VerifiedIdentity:
        family, given = delimited_names(stated, self._profile.settings)
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
            flags=stated.flags | {"names_delimited"},
        )


def _made_at(reading: Reading) -> datetime:
    if "VK_DATETIME" not in reading.profile.answer.mac_order:
        return reading.received_at
    return parse_moment(reading.fields["VK_DATETIME"]).astimezone(UTC)


def _check_return_url(url: str) -> None:
    parts = urlsplit(url)
    fits = len(url) <= LONGEST_RETURN and url.isascii()
    if parts.scheme != "https" or not parts.hostname or "?" in url or "#" in url or not fits:
        raise ProviderMisconfigured(Reason.BAD_RETURN_ADDRESS, SENTENCES[Reason.BAD_RETURN_ADDRESS])


def _refuse(reason: Reason) -> NoReturn:
    raise AssertionRejected(reason, SENTENCES[reason])
