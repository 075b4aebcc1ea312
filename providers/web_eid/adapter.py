"""eID cards by Web eID, as the gateway sees them: ``depart``, ``attend``, ``receive``, ``identify``."""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from providers.contract import (
    ATTENDED,
    Arrival,
    AssuranceLevel,
    Attendance,
    AuthenticationRequest,
    Availability,
    CardPage,
    CardTrouble,
    Concluded,
    Expectation,
    Language,
    PageDeparture,
    ProviderId,
    ProviderKind,
    ProviderStatus,
    Reference,
    Shown,
    VerifiedIdentity,
)
from providers.eid_certificates.card import CARD_FACTORS
from providers.eid_certificates.judge import CertificateJudge
from providers.errors import AssertionRejected, AuthenticationDeclined, ProviderError
from providers.refusals import SENTENCES, Reason
from providers.settings import shared_warnings
from providers.web_eid.challenge import FRESH, LIFE, Challenge
from providers.web_eid.extension_errors import ENDS, trouble_of
from providers.web_eid.settings import WebEidSettings
from providers.web_eid.token import parse_token, verify_signature

INTERFACE: Final = "web-eid"
_ANSWER: Final = re.compile(rb"([0-9a-f]{32})\n(.*)", re.DOTALL)
_CODE: Final = re.compile(r"[A-Z_]{1,60}", re.ASCII)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WebEidAnswer:
    """A token that came through the browser that was shown the challenge; nothing in it is believed yet."""

    reference: Reference
    _token: bytes
    _received_at: datetime
    _provider: "WebEidProvider"
    single_use: frozenset[str] = frozenset()
    """Nothing more: the challenge is spent with the login."""
    asks_back_channel: bool = True
    """The certificate's issuer is asked whether it is revoked."""

    def identify(self, expected: Expectation) -> VerifiedIdentity:
        """Vouch for the card's holder; every failure ends the login, whose challenge is spent already (7.4).

        Raises:
            ProviderError: ``reference`` names the login, ``exchanges`` holds what the issuer was asked.
        """
        try:
            return self._provider.identify(self._token, self._received_at, self.reference, expected)
        except ProviderError as error:
            error.reference = self.reference
            raise


class WebEidProvider:
    """One kind of eID card; threads may share it."""

    kind = ProviderKind.CARD
    answer_methods: frozenset[str] = frozenset()
    """The page itself brings the token, with the cookie of the browser that was shown the challenge (7.2)."""

    def __init__(self, settings: WebEidSettings, judge: CertificateJudge) -> None:
        """Keep what ``open_web_eid`` read; nothing is parsed after this."""
        self.id: ProviderId = settings.id
        self.names: dict[Language, str] = settings.names.by_language()
        self.assurance: AssuranceLevel = settings.assurance
        self._settings = settings
        self._judge = judge

    def depart(self, request: AuthenticationRequest) -> PageDeparture:
        """Make the first challenge; the person stays with us."""
        challenge = Challenge.new(request.return_url, request.asked_at)
        message = f"web-eid challenge for {challenge.origin}, login {request.reference}"
        return PageDeparture(endpoint=challenge.origin, message=message.encode(), memory=challenge.memory)

    def attend(
        self, request: AuthenticationRequest, memory: bytes, said: Mapping[str, str], now: datetime
    ) -> Attendance:
        """Show the page, take the token, or say what is in the way; each try gets a challenge of its own (7.5).

        Raises:
            AuthenticationDeclined: the person gave up, or did nothing for too long.
        """
        if "token" in said:
            return Concluded(answer=f"{request.reference}\n{said['token']}".encode())
        code = said.get("error", "")
        if code in ENDS:
            raise AuthenticationDeclined(ENDS[code], SENTENCES[ENDS[code]], reference=request.reference)
        if code:
            return self._shown(Challenge.new(request.return_url, now), _trouble(code))
        challenge = Challenge.remembered(memory)
        stale = challenge.age(now) > FRESH
        return self._shown(Challenge.new(request.return_url, now) if stale else challenge)

    def receive(self, arrival: Arrival) -> WebEidAnswer:
        """Find which login the page answered.

        Raises:
            AssertionRejected: ``malformed``: it did not come from the page.
        """
        found = _ANSWER.fullmatch(arrival.body)
        if arrival.method != ATTENDED or found is None:
            raise AssertionRejected(Reason.MALFORMED, "the answer must be the login's reference and a token")
        return WebEidAnswer(Reference(found[1].decode()), found[2], arrival.received_at, self)

    def identify(
        self, answer: bytes, received_at: datetime, reference: Reference, expected: Expectation
    ) -> VerifiedIdentity:
        """The numbered steps of 7.4; see ``WebEidAnswer.identify``."""
        # (2) First: the login and its challenge were spent by the caller; they must be the answer's, and fresh.
        if reference != expected.reference:
            raise AssertionRejected(Reason.UNKNOWN_NONCE, SENTENCES[Reason.UNKNOWN_NONCE])
        challenge = Challenge.remembered(expected.memory)
        if challenge.age(received_at) > LIFE:
            raise AssertionRejected(Reason.EXPIRED, "the challenge is older than five minutes")
        # (1) The form of the token.
        token = parse_token(answer)
        # (3) to (6) The certificate: its form, purpose, policies, and the authority behind it.
        trusted = self._judge.trust(token.certificate)
        # (7), (9) The signature, before anybody is asked about revocation: it costs nobody a call.
        verify_signature(
            token,
            trusted.certificate.public_key(),
            origin=challenge.origin,
            nonce=challenge.nonce,
            curves=frozenset(self._settings.web_eid.es384_curves),
        )
        # (8), (10) Revocation, and then the person.
        return self._judge.vouch(trusted).identity(
            self.id,
            assurance=self.assurance,
            factors=CARD_FACTORS,
            means=self._settings.web_eid.means,
            interface=INTERFACE,
            authenticated_at=received_at,
        )

    def status(self) -> ProviderStatus:
        """Up: a card needs no server of its own, and its issuer's responder is asked about a certificate only."""
        return ProviderStatus(state=Availability.UP)

    def warnings(self) -> Iterable[str]:
        """Sentences for the operator about settings that weaken this provider."""
        yield from shared_warnings(self._settings)
        software = self._settings.web_eid.software_card
        if software is not None:
            yield f"{self.id}: a card made of software is offered on the page (web_eid.software_card = {software})"

    def _shown(self, challenge: Challenge, trouble: CardTrouble | None = None) -> Shown:
        page = CardPage(challenge=challenge.nonce, trouble=trouble, software_card=self._settings.web_eid.software_card)
        return Shown(page=page, memory=challenge.memory)


def _trouble(code: str) -> CardTrouble:
    log.warning("the card page reports %s", code if _CODE.fullmatch(code) else "an unreadable code")
    return trouble_of(code)
