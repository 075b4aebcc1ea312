"""Pictures of the running system: a person signs in to the auction portal, is refused once, and a developer debugs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page

from gateway.demo.places import Places
from gateway.demo.prepare import prepare
from gateway.demo.processes import Parts
from providers.contract import Language
from tests.flows.conftest import places_at
from tests.flows.person import Person, with_fault
from tests.flows.smart_id_person import SmartIdPerson
from tests.flows.walking import Walk
from tests.flows.words import WORDS, Words
from tests.support.browser import PHONE

OIDC_BANK: Final = "Paraugbanka (OpenID Connect)"
WINDOW: Final = {"width": 960, "height": 540}
"""Narrower than a desk's, so that two pictures stand side by side and can still be read."""


@contextmanager
def running_system() -> Iterator[Places]:
    """Start gateway, mock bank and auction portal on free ports, with nothing in their databases."""
    with TemporaryDirectory() as folder:
        places = places_at(Path(folder))
        prepare(places)
        with Parts(places):
            yield places


def take_live_pictures(browser: Browser, folder: Path) -> None:
    """Take every picture that shows the parts together; English ones end with ``-en``."""
    with running_system() as places:
        for words in WORDS:
            with fresh_tab(browser, WINDOW) as page:
                _of_a_login(Person(page, places, words), folder)
            with fresh_tab(browser, WINDOW) as page:
                _of_a_refusal(Person(page, places, words), folder)
            with fresh_tab(browser, WINDOW) as page:
                _of_smart_id(SmartIdPerson(page, places, words), folder)
            with fresh_tab(browser, WINDOW) as page:
                _of_smart_id_by_code(SmartIdPerson(page, places, words), folder)
            with fresh_tab(browser, WINDOW) as page:
                _of_openid_connect(Person(page, places, replace(words, bank=OIDC_BANK)), folder)
        with fresh_tab(browser, WINDOW) as page:
            _of_the_debugger(page, places, folder)


@contextmanager
def fresh_tab(browser: Browser, size: dict[str, int]) -> Iterator[Page]:
    """Open a tab without cookies; see ``tests.support.browser`` about certificates."""
    context = browser.new_context(viewport=size, locale="lv-LV", ignore_https_errors=True)
    yield context.new_page()
    context.close()


def _of_a_login(person: Person, folder: Path) -> None:
    page, words = person.page, person.words
    page.goto(f"{person.places.auctions}/?lang={words.language}")
    _take(page, folder, "auctions-front", words)
    person.asks_to_sign_in()
    _take(page, folder, "gateway-choices", words)
    person.chooses_the_bank()
    person.gives_the_password()
    person.sees(page.get_by_label(words.code))
    _take(page, folder, "bank-code", words)
    person.gives_the_code()
    person.sees(person.button(words.agree))
    _take(page, folder, "bank-consent", words)
    person.agrees()
    person.opens_my_entry()
    person.completes_the_entry()
    page.goto(f"{person.places.auctions}/my-entry")
    _take(page, folder, "auctions-entry", words)


def _of_a_refusal(person: Person, folder: Path) -> None:
    with_fault(person.page, "vbc.late")
    person.asks_to_sign_in()
    person.chooses_the_bank()
    person.gives_the_password()
    person.gives_the_code()
    person.agrees()
    person.page.locator(".number").wait_for()
    _take(person.page, folder, "gateway-refusal", person.words)


def _of_smart_id(person: SmartIdPerson, folder: Path) -> None:
    """Show the question of where the app is, the QR code, and the telephone that scans it."""
    person.asks_to_sign_in()
    person.chooses(person.smart_id.by_link)
    person.sees(person.button(person.smart_id.other_device))
    _take(person.page, folder, "smart-id-device", person.words)
    person.says_another_device()
    _take(person.page, folder, "smart-id-qr", person.words)
    telephone = person.page.context.new_page()
    telephone.set_viewport_size(PHONE)
    telephone.goto(person.scans())
    telephone.locator("#text").wait_for()
    _take(telephone, folder, "smart-id-telephone", person.words)


def _of_smart_id_by_code(person: SmartIdPerson, folder: Path) -> None:
    """Show the digits that the person compares."""
    person.asks_to_sign_in()
    person.chooses(person.smart_id.by_code)
    person.types_the_code(person.persona.personal_code)
    person.sees(person.page.locator(".verification-code"))
    _take(person.page, folder, "smart-id-digits", person.words)


def _of_openid_connect(person: Person, folder: Path) -> None:
    """Show what the person is asked by a provider that was reached by OpenID Connect."""
    person.asks_to_sign_in()
    person.chooses_the_bank()
    person.gives_the_password()
    person.gives_the_code()
    person.sees(person.button(person.words.agree))
    _take(person.page, folder, "oidc-consent", person.words)


def _of_the_debugger(page: Page, places: Places, folder: Path) -> None:
    """Show what it says of an answer whose lengths were counted in bytes."""
    fields = Walk(places, faults=["bnk.length-unit"]).to_answer()
    page.goto(f"{places.bank}/debugger")
    page.get_by_label("A message").fill(urlencode(fields))
    page.get_by_role("main").get_by_role("button").click()
    page.locator("#verdict").wait_for()
    height = page.locator("#steps").evaluate("table => table.getBoundingClientRect().bottom + scrollY")
    shown = {"x": 0, "y": 0, "width": WINDOW["width"], "height": height + 2}
    page.screenshot(path=folder / "bank-debugger.png", full_page=True, clip=shown)


def _take(page: Page, folder: Path, name: str, words: Words) -> None:
    """Keep what is seen, without the outline of where the keyboard happens to be."""
    ending = "" if words.language is Language.LATVIAN else f"-{words.language}"
    page.evaluate("document.activeElement.blur()")
    page.screenshot(path=folder / f"{name}{ending}.png", full_page=True)
