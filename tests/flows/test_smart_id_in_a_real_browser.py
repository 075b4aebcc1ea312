"""A person signs in by Smart-ID in a real browser: the telephone is a second page, which reads the QR code off the first."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from gateway.demo.places import Places
from tests.flows.smart_id_person import SmartIdPerson, without_time
from tests.flows.walking import BY_NAME
from tests.flows.watching import Watcher
from tests.flows.words import WORDS, Words
from tests.support.browser import PHONE, axe_findings
from tests.support.qr_reader import read_qr

pytestmark = pytest.mark.xdist_group("flows")

BOTH = pytest.mark.parametrize("words", WORDS, ids=lambda words: words.language.value)


@pytest.fixture
def watcher(context: BrowserContext) -> Iterator[Watcher]:
    """Hears what the browser complains of; the test fails when there is anything at its end."""
    listening = Watcher(context)
    yield listening
    assert listening.complaints == []


def looks_well(page: Page) -> None:
    assert axe_findings(page) == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], page.url  # type: ignore[index]


@BOTH
def test_the_telephone_scans_the_code_and_the_page_goes_on_by_itself(
    watcher: Watcher, page: Page, places: Places, words: Words
) -> None:
    person = SmartIdPerson(page, places, words, BY_NAME["Aija Pāra-Ābele"], looks=lambda: looks_well(page))
    person.asks_to_sign_in()
    person.chooses(person.smart_id.by_link)
    person.says_another_device()
    first = person.scans()
    expect(page.locator(".qr svg")).to_be_visible()
    page.wait_for_function("old => document.querySelector('.qr path').getAttribute('d') !== old", arg=person.drawn())
    second = person.scans()
    assert without_time(first) == without_time(second)
    assert first != second
    telephone = page.context.new_page()
    person.approves_at(telephone, person.scans())
    person.opens_my_entry()
    assert person.shown_identity == person.own_identity


@BOTH
def test_the_app_on_the_same_telephone_brings_the_person_back(
    watcher: Watcher, page: Page, places: Places, words: Words
) -> None:
    page.set_viewport_size(PHONE)
    person = SmartIdPerson(page, places, words, BY_NAME["Baiba Pāra-Bērza"], looks=lambda: looks_well(page))
    person.asks_to_sign_in()
    person.chooses(person.smart_id.by_link)
    person.says_this_device()
    person.opens_the_app()
    person.approves_at(page)
    page.locator("#back").click()
    person.opens_my_entry()
    assert person.shown_identity == person.own_identity


@BOTH
def test_a_person_types_the_personal_code_and_compares_the_digits(
    watcher: Watcher, page: Page, places: Places, words: Words
) -> None:
    person = SmartIdPerson(page, places, words, BY_NAME["Anna van der Berg"], looks=lambda: looks_well(page))
    person.asks_to_sign_in()
    person.chooses(person.smart_id.by_code)
    person.types_the_code("12")
    person.types_the_code(person.persona.personal_code)
    telephone = page.context.new_page()
    person.picks_the_code_at(telephone)
    person.opens_my_entry()
    assert person.shown_identity == person.own_identity


def test_without_scripts_loading_the_page_again_shows_a_fresh_code_and_leads_on(
    browser: Browser, places: Places
) -> None:
    context = browser.new_context(java_script_enabled=False, locale="lv-LV", ignore_https_errors=True)
    page = context.new_page()
    person = SmartIdPerson(page, places, persona=BY_NAME["Seán O'Neill-D’Arcy"], presses=True)
    person.asks_to_sign_in()
    person.chooses(person.smart_id.by_link)
    person.says_another_device()
    first = person.drawn()
    person.loads_again_until(lambda: person.drawn() != first)
    telephone = context.new_page()
    person.approves_at(telephone, read_qr(page.content()))
    person.loads_again_until(lambda: "/my-entry" in page.url)
    expect(page.locator("#personal-code")).to_have_text(person.persona.personal_code)
    context.close()


@BOTH
def test_a_person_who_gives_up_is_back_at_the_portal(
    watcher: Watcher, page: Page, places: Places, words: Words
) -> None:
    person = SmartIdPerson(page, places, words)
    person.asks_to_sign_in()
    person.chooses(person.smart_id.by_link)
    person.says_another_device()
    person.keys.press(person.button(words.cancel_and_return))
    page.wait_for_url(f"{places.auctions}/**")
    assert not person.is_signed_in
