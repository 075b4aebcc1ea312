"""Cards by TLS client certificate, as the gateway sees them: ``depart``, ``receive``, ``identify``."""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from providers.card_tls.settings import CardTlsSettings
from providers.contract import (
    CARD,
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
from providers.eid_certificates.card import CARD_FACTORS
from providers.eid_certificates.judge import CertificateJudge
from providers.errors import AssertionRejected, AuthenticationDeclined, ProviderError
from providers.refusals import SENTENCES, Reason
from providers.settings import shared_warnings

INTERFACE: Final = "card-tls"
LIFE: Final = timedelta(minutes=15)
"""How long after the question a handshake may answer it (5 rule 1)."""
_QUERY: Final = re.compile(rb"login=([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class CardTlsAnswer:
    """A handshake in the browser that was sent away; of the certificate nothing is believed yet but that its key signed."""

    reference: Reference
    _certificate: bytes
    _received_at: datetime
    _provider: "CardTlsProvider"
    single_use: frozenset[str] = frozenset()
    asks_back_channel: bool = True
    """The certificate's issuer is asked whether it is revoked."""

    def identify(self, expected: Expectation) -> VerifiedIdentity:
        """Vouch for the card's holder; every failure ends the login.

        Raises:
            ProviderError: ``reference`` names the login, ``exchanges`` holds what the issuer was asked.
        """
        try:
            return self._provider.identify(self._certificate, self._received_at, self.reference, expected)
        except ProviderError as error:
            error.reference = self.reference
            raise


class CardTlsProvider:
    """One kind of card; threads may share it."""

    kind = ProviderKind.CARD
    answer_methods: frozenset[str] = frozenset({CARD})

    def __init__(self, settings: CardTlsSettings, judge: CertificateJudge) -> None:
        """Keep what ``open_card_tls`` read; nothing is parsed after this."""
        self.id: ProviderId = settings.id
        self.names: dict[Language, str] = settings.names.by_language()
        self.assurance: AssuranceLevel = settings.assurance
        self._settings = settings
        self._judge = judge

    def depart(self, request: AuthenticationRequest) -> RedirectDeparture:
        """Send the browser to the card port, with a cookie that only this browser has."""
        location = f"{self._settings.card_tls.url}/return/{self.id}?login={request.reference}"
        return RedirectDeparture(location=location, needs_browser_reference=True)

    def receive(self, arrival: Arrival) -> CardTlsAnswer:
        """See that this very connection answers a login of this very browser.

        A certificate is no answer to a challenge: somebody who sends the address of a login of their own to the holder
        of a card must gain nothing (12.1: a link that finishes elsewhere is refused).

        Raises:
            AssertionRejected: ``malformed`` or ``wrong_browser``; no login ends by it.
            AuthenticationDeclined: ``cancelled``: the person showed no card; the login ends.
        """
        named = _QUERY.fullmatch(arrival.query)
        if arrival.method != CARD or named is None:
            raise AssertionRejected(Reason.MALFORMED, "the query must name the login, on the card port")
        reference = Reference(named[1].decode())
        if not hmac.compare_digest(reference, arrival.browser_reference or ""):
            raise AssertionRejected(Reason.WRONG_BROWSER, SENTENCES[Reason.WRONG_BROWSER])
        if arrival.client_certificate is None:
            raise AuthenticationDeclined(Reason.CANCELLED, "the browser showed no certificate", reference=reference)
        return CardTlsAnswer(reference, arrival.client_certificate, arrival.received_at, self)

    def identify(
        self, certificate: bytes, received_at: datetime, reference: Reference, expected: Expectation
    ) -> VerifiedIdentity:
        """The certificate in full: 7.4 steps 3 to 6, 8 and 10; see ``CardTlsAnswer.identify``."""
        if reference != expected.reference:
            raise AssertionRejected(Reason.UNKNOWN_NONCE, SENTENCES[Reason.UNKNOWN_NONCE])
        if received_at - expected.asked_at > LIFE:
            raise AssertionRejected(Reason.EXPIRED, SENTENCES[Reason.EXPIRED])
        return self._judge.vouch(self._judge.trust(certificate)).identity(
            self.id,
            assurance=self.assurance,
            factors=CARD_FACTORS,
            means=self._settings.card_tls.means,
            interface=INTERFACE,
            authenticated_at=received_at,
        )

    def status(self) -> ProviderStatus:
        """Up: a card needs no server of its own."""
        return ProviderStatus(state=Availability.UP)

    def warnings(self) -> Iterable[str]:
        """Sentences for the operator about settings that weaken this provider."""
        return shared_warnings(self._settings)
