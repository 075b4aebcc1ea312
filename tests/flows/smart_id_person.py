"""A person in a real browser who signs in by Smart-ID, with a telephone in another tab."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Locator, Page, expect

from gateway.demo.places import Places
from providers.contract import Language
from tests.flows.keyboard import Keyboard
from tests.flows.person import Person
from tests.flows.words import LATVIAN, Words
from tests.support.qr_reader import read_qr

PATIENCE: Final = 60.0
"""Seconds, on a busy machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmartIdWords:
    """What the controls are called."""

    by_link: str
    by_code: str
    other_device: str
    this_device: str
    open_app: str
    personal_code: str
    load_again: str


WORDS_OF: Final[Mapping[Language, SmartIdWords]] = {
    Language.LATVIAN: SmartIdWords(
        by_link="Smart-ID (izmēģinājuma)",
        by_code="Smart-ID ar personas kodu (izmēģinājuma)",
        other_device="Citā ierīcē: parādīt QR kodu",
        this_device="Šajā ierīcē: atvērt lietotni",
        open_app="Atvērt lietotni šajā ierīcē",
        personal_code="Personas kods",
        load_again="Ielādēt vēlreiz",
    ),
    Language.ENGLISH: SmartIdWords(
        by_link="Smart-ID (mock)",
        by_code="Smart-ID by personal code (mock)",
        other_device="On another device: show a QR code",
        this_device="On this device: open the app",
        open_app="Open the app on this device",
        personal_code="Personal code",
        load_again="Load it again",
    ),
}


class SmartIdPerson(Person):
    """One person at one tab, and at the tab that is the telephone."""

    def __init__(self, page: Page, places: Places, words: Words = LATVIAN, *more: Any, **named: Any) -> None:
        super().__init__(page, places, words, *more, **named)
        self.smart_id = WORDS_OF[words.language]

    def chooses(self, name: str) -> None:
        """Press a way to sign in."""
        button = self.page.get_by_role("button").filter(has_text=name)
        self.sees(button)
        self.keys.press(button)

    def says_another_device(self) -> None:
        self.sees(self.button(self.smart_id.other_device))
        self.keys.press(self.button(self.smart_id.other_device))
        self.sees(self.code)

    def says_this_device(self) -> None:
        self.sees(self.button(self.smart_id.this_device))
        self.keys.press(self.button(self.smart_id.this_device))
        self.sees(self.link(self.smart_id.open_app))

    def opens_the_app(self) -> None:
        self.keys.press(self.link(self.smart_id.open_app))

    @property
    def code(self) -> Locator:
        return self.page.locator(".qr svg")

    def drawn(self) -> str | None:
        """What of the QR code changes."""
        return self.page.locator(".qr path").get_attribute("d")

    def scans(self) -> str:
        """Read the code off the screen."""
        return read_qr(self.page.locator(".qr").inner_html())

    def approves_at(self, telephone: Page, link: str | None = None) -> None:
        """On the telephone: say whose it is, type the PIN, approve."""
        if link is not None:
            telephone.goto(link)
        keys = Keyboard(telephone)
        expect(telephone.locator("#text")).to_contain_text("izso" if self.words is LATVIAN else "auction")
        telephone.locator("#person").select_option(self.persona.user_number)
        keys.type(telephone.locator("#pin"), self.persona.pin)
        keys.press(telephone.get_by_role("button", name="Approve"))
        expect(telephone.locator(".done")).to_contain_text("approved")

    def types_the_code(self, code: str) -> None:
        field = self.page.get_by_label(self.smart_id.personal_code, exact=True)
        self.sees(field)
        self.keys.type(field, code)
        self.keys.press(self.button(self.words.proceed))

    def picks_the_code_at(self, telephone: Page) -> None:
        """On the telephone: pick the code that the page shows, type the PIN, approve."""
        self.sees(self.page.locator(".verification-code"))
        shown = self.page.locator(".verification-code").inner_text()
        choice = telephone.get_by_label(shown, exact=True)
        deadline = time.monotonic() + PATIENCE
        telephone.goto(f"{self.places.bank}/smart-id/phone/{self.persona.user_number}")
        while choice.count() == 0:
            assert time.monotonic() < deadline, "nothing was pushed"
            telephone.wait_for_timeout(200)
            telephone.reload()
        choice.check()
        Keyboard(telephone).type(telephone.get_by_label("PIN"), self.persona.pin)
        Keyboard(telephone).press(telephone.get_by_role("button", name="Approve"))
        expect(telephone.locator(".done")).to_contain_text("approved")

    def loads_again_until(self, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not happened():
            assert time.monotonic() < deadline, self.page.url
            self.page.wait_for_timeout(200)
            self.link(self.smart_id.load_again).click()
            self.page.wait_for_load_state()


def without_time(link: str) -> str:
    """A device link without what changes each second."""
    return re.sub(r"elapsedSeconds=\d+|authCode=.*", "", link)
