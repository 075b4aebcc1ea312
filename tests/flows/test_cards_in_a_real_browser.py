"""A person signs in with a card in a real browser: the gateway's page and script, and the mock bank's card reader."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, expect

from gateway.demo.places import Places
from mock_bank.personas import Persona
from tests.flows.card_walk import card_file
from tests.flows.person import Person
from tests.flows.walking import BY_NAME, INCIDENT
from tests.flows.watching import Watcher
from tests.flows.words import ENGLISH, WORDS, Words
from tests.support.browser import axe_findings

pytestmark = pytest.mark.xdist_group("flows")

ELINA: Persona = BY_NAME["Elīna Līga Šņēviča-Ūsiņa"]
CARD = {"lv": "eID karte", "en": "eID card"}
IN_THE_BROWSER = {"lv": "eID karte pārlūkprogrammā", "en": "eID card in the browser"}
SIGN = {"lv": "Pieteikties ar karti", "en": "Sign in with the card"}


@pytest.fixture
def watcher(context: BrowserContext) -> Iterator[Watcher]:
    """Hears what the browser complains of; the test fails when there is anything at its end."""
    listening = Watcher(context)
    yield listening
    assert listening.complaints == []


def reaches_the_card_page(person: Person) -> None:
    person.asks_to_sign_in()
    person.keys.press(
        person.page.get_by_role("button", name=re.compile(f"^{CARD[person.words.language]}( |$)(?!pār|in the)"))
    )
    person.sees(person.button(SIGN[person.words.language]))


def puts_a_card_in(person: Person, suffix: str = "") -> FrameLocator:
    """Press the page's button; the reader opens."""
    person.keys.press(person.button(SIGN[person.words.language]))
    reader = person.page.frame_locator("#card-reader")
    expect(reader.locator("#asker")).to_have_text(person.places.issuer)
    reader.get_by_label("Card in the reader").select_option(f"{person.persona.user_number}{suffix}")
    return reader


def types_the_pin(person: Person, reader: FrameLocator, pin: str | None = None) -> None:
    reader.get_by_label("PIN 1").fill(person.persona.pin if pin is None else pin)
    reader.get_by_role("button", name="Sign").click()


@pytest.mark.parametrize("words", WORDS, ids=lambda words: words.language.value)
def test_a_person_signs_in_with_a_card_and_its_pin(watcher: Watcher, page: Page, places: Places, words: Words) -> None:
    person = Person(page, places, words, ELINA)
    reaches_the_card_page(person)
    types_the_pin(person, puts_a_card_in(person))
    person.opens_my_entry()
    assert person.shown_identity == person.own_identity


def test_a_wrong_pin_can_be_typed_again_and_giving_up_is_no_sign_in(page: Page, places: Places) -> None:
    person = Person(page, places, ENGLISH, ELINA)
    reaches_the_card_page(person)
    reader = puts_a_card_in(person)
    types_the_pin(person, reader, "9999")
    expect(reader.locator("#problem")).to_contain_text("2 left")
    reader.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("main")).to_contain_text(INCIDENT)


def test_a_blocked_pin_is_explained_and_the_login_goes_on_with_the_next_try(page: Page, places: Places) -> None:
    person = Person(page, places, ENGLISH, ELINA)
    reaches_the_card_page(person)
    reader = puts_a_card_in(person)
    for _ in range(2):
        types_the_pin(person, reader, "9999")
        expect(reader.locator("#problem")).to_be_visible()
    types_the_pin(person, reader, "9999")
    expect(page.get_by_role("alert")).to_contain_text("The card did not sign")
    types_the_pin(person, puts_a_card_in(person))
    person.opens_my_entry()
    assert person.shown_identity == person.own_identity


def test_a_revoked_card_leads_to_a_page_with_a_number_and_another_way(page: Page, places: Places) -> None:
    person = Person(page, places, ENGLISH)
    reaches_the_card_page(person)
    types_the_pin(person, puts_a_card_in(person, "-revoked"))
    expect(page.get_by_role("main")).to_contain_text(INCIDENT)
    expect(person.button(person.words.another_way)).to_be_visible()
    assert not person.is_signed_in


def test_without_the_extension_the_person_is_told_what_is_missing(page: Page, places: Places) -> None:
    """The software card's script is kept away: nobody answers the page's messages."""
    page.route("**/card_reader.js", lambda route: route.abort())
    person = Person(page, places, ENGLISH)
    reaches_the_card_page(person)
    person.keys.press(person.button(SIGN["en"]))
    expect(page.get_by_role("alert")).to_contain_text("did not find the Web eID software", timeout=30_000)
    assert page.get_by_role("link", name="Get the software").is_visible()


def test_the_card_page_is_accessible(page: Page, places: Places) -> None:
    person = Person(page, places)
    reaches_the_card_page(person)
    assert axe_findings(page) == []


def test_an_answer_from_another_window_is_no_answer(page: Page, places: Places) -> None:
    """What a frame or a foreign origin posts to the page is not what the extension says."""
    person = Person(page, places, ENGLISH, ELINA)
    page.route("**/card_reader.js", lambda route: route.abort())
    reaches_the_card_page(person)
    page.evaluate("document.body.append(document.createElement('iframe'))")
    person.keys.press(person.button(SIGN["en"]))
    page.frames[1].evaluate(
        "parent.postMessage({action: 'web-eid:authenticate-failure', error: {code: 'ERR_WEBEID_USER_CANCELLED'}}, '*')"
    )
    expect(page.get_by_role("alert")).to_contain_text("did not find the Web eID software", timeout=30_000)


def browser_with_card(browser: Browser, places: Places, card: str) -> BrowserContext:
    """A profile whose card is offered to the card port, as a browser does with a card in the reader."""
    kept = str(card_file(places, card))
    return browser.new_context(
        locale="lv-LV",
        ignore_https_errors=True,
        client_certificates=[{"origin": places.cards, "certPath": kept, "keyPath": kept}],
    )


@pytest.mark.parametrize("words", WORDS, ids=lambda words: words.language.value)
def test_a_person_signs_in_with_the_card_that_the_browser_shows_in_the_handshake(
    browser: Browser, places: Places, words: Words
) -> None:
    with browser_with_card(browser, places, ELINA.user_number) as context:
        person = Person(context.new_page(), places, words, ELINA)
        person.asks_to_sign_in()
        person.keys.press(person.page.get_by_role("button").filter(has_text=IN_THE_BROWSER[words.language]))
        person.opens_my_entry()
        assert person.shown_identity == person.own_identity


def test_an_expired_card_in_the_handshake_leads_to_a_page_of_ours(browser: Browser, places: Places) -> None:
    with browser_with_card(browser, places, "100001-expired") as context:
        person = Person(context.new_page(), places, ENGLISH)
        person.asks_to_sign_in()
        person.keys.press(person.page.get_by_role("button").filter(has_text=IN_THE_BROWSER["en"]))
        expect(person.page.get_by_role("main")).to_contain_text(INCIDENT)
        assert person.page.url.startswith(places.issuer)
