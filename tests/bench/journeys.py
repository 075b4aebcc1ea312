"""One complete login, by whom it is measured: a new browser connection, the back channel kept alive."""

import json
import time
from collections.abc import Callable
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

from joserfc.jwk import ECKey

from gateway.demo.places import Places
from tests.bench.bank import QuickBank
from tests.bench.lines import Reach
from tests.support.driver import STEPS, Lines, SignIn
from tests.support.relying_party import RelyingParty


class Journey(Protocol):
    """Signs one person in after another."""

    def sign_in(self) -> float:
        """One login, from the first byte to the verified ID token; gives its seconds."""

    def close(self) -> None:
        """Hang up."""


class AtQuickBank(SignIn):
    """The bank's page without the bank: the answer is signed here."""

    bank: QuickBank

    def _visit_bank(self) -> None:
        _, body = self.form
        request = dict(parse_qsl(body.decode(), keep_blank_values=True))
        self.form = (urlsplit(request["VK_RETURN"]).path, self.bank.answer(request))


class GatewayJourney:
    """A login at our gateway."""

    def __init__(self, party: RelyingParty, reach: Reach, bank: QuickBank) -> None:
        self._party, self._reach, self._bank = party, reach, bank
        self._portal = reach.portal(party)

    def sign_in(self) -> float:
        browser = self._reach.browser(self._party)
        try:
            started = time.perf_counter()
            login = AtQuickBank(party=self._party, lines=Lines(gateway=browser, bank=browser, mutual=self._portal))
            login.bank = self._bank
            for step in STEPS:
                login.take(step)
            return time.perf_counter() - started
        finally:
            browser.close()

    def close(self) -> None:
        self._portal.close()


def gateway_journeys(places: Places, reach: Reach) -> Callable[[], Journey]:
    """Prepare keys and contexts once; every worker of the crowd makes its own journey of them."""
    party, bank = RelyingParty(places), QuickBank.of(places.root)
    first = GatewayJourney(party, reach, bank)
    _published_keys(party, reach)
    first.sign_in()
    first.close()
    return lambda: GatewayJourney(party, reach, bank)


def _published_keys(party: RelyingParty, reach: Reach) -> None:
    """Read the gateway's keys before the crowd forks, so that each login verifies and none fetches."""
    line = reach.browser(party)
    try:
        published = json.loads(line.get("/oidc/jwks").body)["keys"]
        party._keys = {key["kid"]: ECKey.import_key(key) for key in published}
    finally:
        line.close()
