"""A person with a card of the mock bank, at a browser without scripts: the extension's part is played by hand."""

import json
import re
from html import unescape
from pathlib import Path

import requests

from gateway.demo.places import Places
from mock_bank.personas import Persona
from tests.flows.walking import ANNA, Walk

CHALLENGE = re.compile(r'data-challenge="([^"]+)"')
CARD = "eid-card"


class CardWalk(Walk):
    """One person at one browser, with one card."""

    def __init__(self, places: Places, persona: Persona = ANNA, card: str = "", start: str | None = None) -> None:
        """``card``: what follows the customer's number in the card's name, such as ``-revoked``."""
        super().__init__(places, persona, provider=CARD, start=start)
        self.card = f"{persona.user_number}{card}"

    def to_card(self) -> str:
        """Choose the card; give the challenge that the page shows."""
        self.to_choices()
        self.browser.submit("/choose", provider=self.provider)
        return self.challenge

    @property
    def challenge(self) -> str:
        found = CHALLENGE.search(self.page.text)
        assert found is not None, self.page.text
        return unescape(found[1])

    def signed(self, nonce: str, *, origin: str | None = None, pin: str | None = None) -> str:
        """The token that the bank's card reader hands out for this nonce."""
        answer = requests.post(
            f"{self.places.bank}/card/sign",
            data={
                "card": self.card,
                "pin": self.persona.pin if pin is None else pin,
                "origin": origin or self.places.issuer,
                "nonce": nonce,
            },
            verify=str(self.places.root_certificate),
            timeout=30,
        )
        said = re.search(r'data-said="([^"]+)"', answer.text)
        assert said is not None, answer.text
        return json.dumps(json.loads(unescape(said[1])))

    def to_end(self) -> requests.Response:
        """The whole way."""
        return self.says_token(self.signed(self.to_card()))

    def says_token(self, token: str) -> requests.Response:
        """Bring a token, and nothing else, as disabled fields are not sent."""
        form = self.browser.form("/here")
        target = f"{self.places.issuer}{form.action}"
        return self.brought(target, {"token": token})

    def says_error(self, code: str) -> requests.Response:
        """Bring what the extension says instead."""
        form = self.browser.form("/here")
        return self.brought(f"{self.places.issuer}{form.action}", {"error": code})

    def brought(self, target: str, form: dict[str, str]) -> requests.Response:
        """Post to an address and follow where it leads."""
        page = self.browser.session.post(target, data=form, headers={"Referer": self.page.url}, timeout=30)
        self.browser.visited.extend(step.url for step in (*page.history, page))
        self.browser.page = page
        return self.page


def card_file(places: Places, name: str) -> Path:
    """Certificate and key of a card, PEM, as the mock bank keeps them."""
    return places.root / "bank" / "cards" / f"{name}.pem"
