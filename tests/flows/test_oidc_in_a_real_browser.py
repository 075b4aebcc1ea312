"""A person signs in at a provider by OpenID Connect with a real browser, by keyboard alone; and gives up there."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from gateway.demo.places import Places
from tests.flows.person import Person
from tests.flows.walking import BY_NAME, INCIDENT
from tests.flows.watching import Watcher
from tests.flows.words import LATVIAN, WORDS, Words

pytestmark = pytest.mark.xdist_group("flows")

BANK = "Paraugbanka (OpenID Connect)"


@pytest.fixture
def watcher(context: BrowserContext) -> Iterator[Watcher]:
    """Hears what the browser complains of; the test fails when there is anything at its end."""
    listening = Watcher(context)
    yield listening
    assert listening.complaints == []


@pytest.mark.parametrize("words", WORDS, ids=lambda words: words.language.value)
def test_a_person_signs_in_from_the_auction_portal(watcher: Watcher, page: Page, places: Places, words: Words) -> None:
    person = Person(page, places, replace(words, bank=BANK), BY_NAME["Ģirts Ķēniņš-Žīgurs"])
    person.signs_in()
    assert person.shown_identity == person.own_identity
    expect(page.locator("html")).to_have_attribute("lang", words.language)


def test_whoever_gives_up_at_the_provider_reads_so_and_can_choose_another_way(page: Page, places: Places) -> None:
    person = Person(page, places, replace(LATVIAN, bank=BANK))
    person.asks_to_sign_in()
    person.chooses_the_bank()
    person.keys.press(person.button(person.words.cancel))
    person.sees(page.locator(".number"))
    assert INCIDENT.search(page.locator(".number").inner_text())
    assert page.url.startswith(places.issuer)
    person.keys.press(person.button(person.words.another_way))
    expect(page.get_by_role("button").filter(has_text=BANK)).to_be_visible()
