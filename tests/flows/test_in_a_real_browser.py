"""A person signs in with a real browser, without a mouse; and everything people do beside: reload, go back, give up.

The browser accepts the development PKI's certificates unseen (``tests.support.browser``): Chromium on Linux takes
further roots only from an NSS database, and the tool that makes one is no part of this environment. That the chains
verify against the demo's root is shown by every other test here: their browser trusts that root and nothing else.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from gateway.demo.places import Places
from mock_bank.personas import Persona
from tests.flows.person import Person, approves_on, hold_the_pages_that_send_themselves, with_fault
from tests.flows.walking import BY_NAME, INCIDENT
from tests.flows.watching import Watcher
from tests.flows.words import ENGLISH, LATVIAN, WORDS, Words

pytestmark = pytest.mark.xdist_group("flows")

BOTH = pytest.mark.parametrize("words", WORDS, ids=lambda words: words.language.value)
GIRTS: Persona = BY_NAME["Ģirts Ķēniņš-Žīgurs"]


@pytest.fixture
def watcher(context: BrowserContext) -> Iterator[Watcher]:
    """Hears what the browser complains of; the test fails when there is anything at its end."""
    listening = Watcher(context)
    yield listening
    assert listening.complaints == []


@pytest.fixture
def person(watcher: Watcher, page: Page, places: Places) -> Person:
    return Person(page, places)


@BOTH
def test_vpm_drv_07_a_person_signs_in_by_keyboard_alone(
    watcher: Watcher, page: Page, places: Places, words: Words
) -> None:
    person = Person(page, places, words, GIRTS)
    person.signs_in()
    assert person.shown_identity == person.own_identity
    expect(page.locator("html")).to_have_attribute("lang", words.language)


@BOTH
def test_a_person_approves_in_the_banks_app_by_keyboard_alone(
    watcher: Watcher, page: Page, places: Places, words: Words
) -> None:
    person = Person(page, places, words, BY_NAME["Nora Pirmā"])
    person.asks_to_sign_in()
    person.chooses_the_bank()
    person.gives_the_password(by_app=True)
    person.sees(page.locator("#control-code"))
    phone = page.context.new_page()
    approves_on(phone, person)
    person.agrees()
    person.opens_my_entry()
    assert person.shown_identity == person.own_identity


@BOTH
def test_a_person_signs_in_without_any_script(browser: Browser, places: Places, words: Words) -> None:
    context = browser.new_context(java_script_enabled=False, locale="lv-LV", ignore_https_errors=True)
    watcher = Watcher(context)
    page = context.new_page()
    person = Person(page, places, words, presses=True)
    for step in (person.asks_to_sign_in, person.chooses_the_bank, person.gives_the_password):
        step()
    person.gives_the_code()
    person.agrees()
    expect(page.locator("#personal-code")).to_have_text(person.persona.personal_code)
    assert person.is_signed_in
    assert watcher.complaints == []
    context.close()


def test_vpm_drv_11_the_banks_answer_brings_no_cookie_and_is_understood_all_the_same(
    person: Person, context: BrowserContext
) -> None:
    """The bank is another site: ``SameSite=Lax`` keeps our cookies away from its POST (banklink.md section 2)."""
    carried: dict[str, dict[str, str]] = {}
    context.on(
        "request",
        lambda request: (
            carried.update({request.url: request.all_headers()})
            if request.url.startswith(person.places.issuer)
            else None
        ),
    )
    person.signs_in()
    [answered] = [url for url in carried if "/return/" in url]
    assert "cookie" not in carried[answered]
    [resumed] = [url for url in carried if url.endswith("/continue")]
    assert "__Host-vpm-browser=" in carried[resumed]["cookie"]


def test_the_older_pair_4011_3012_signs_in_because_the_browser_carries_the_reference(
    person: Person, context: BrowserContext
) -> None:
    """The answer has no nonce; the reference comes in the one cookie that crosses sites (banklink.md 2 and 6.4)."""
    older = "Paraugbanka (vecākais protokols)"
    person.words = replace(LATVIAN, bank=older)
    person.signs_in()
    assert person.shown_identity == person.own_identity
    assert cookies_of(context, person.places.issuer)["__Host-vpm-reference"]["sameSite"] == "None"


def test_t14_every_cookie_is_bound_to_its_host_to_tls_and_to_its_site(person: Person, context: BrowserContext) -> None:
    bank: dict[str, dict[str, object]] = {}
    person.looks = lambda: bank.update(cookies_of(context, person.places.bank))
    person.words = ENGLISH
    person.signs_in()
    ours = cookies_of(context, person.places.issuer)
    assert set(ours) == {
        "__Host-vpm-browser",
        "__Host-vpm-last",
        "__Host-auctions",
        "__Host-auctions-language",
    }
    assert set(bank) == {"mock_bank_login"}
    for cookie in (*ours.values(), *bank.values()):
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Lax"), cookie
    assert {cookie["path"] for cookie in ours.values()} == {"/"}


def cookies_of(context: BrowserContext, address: str) -> dict[str, dict[str, object]]:
    """The cookies of one host; ports make no difference to a browser."""
    host = address.split("/")[2].split(":", maxsplit=1)[0]
    return {cookie["name"]: dict(cookie) for cookie in context.cookies() if cookie["domain"] == host}


def test_every_page_may_be_loaded_again(person: Person, page: Page) -> None:
    person.looks = page.reload
    person.signs_in()
    assert person.shown_identity == person.own_identity


def test_the_departure_may_be_loaded_again_and_then_sent(person: Person, page: Page) -> None:
    hold_the_pages_that_send_themselves(page)
    person.presses = True
    person.asks_to_sign_in()
    person.looks = page.reload
    person.chooses_the_bank()
    person.looks = lambda: None
    person.gives_the_password()
    person.gives_the_code()
    person.agrees()
    person.opens_my_entry()
    assert person.shown_identity == person.own_identity


def test_whoever_loads_the_banks_last_page_again_instead_of_sending_it_is_led_back(person: Person, page: Page) -> None:
    """A bank answers once; what it offers then leads to the gateway, which says that nothing was changed."""
    hold_the_pages_that_send_themselves(page)
    person.presses = True
    person.asks_to_sign_in()
    person.chooses_the_bank()
    person.gives_the_password()
    person.gives_the_code()
    person.keys.press(person.button(person.words.agree))
    expect(page.locator("#answer")).to_be_visible()
    page.reload()
    person.keys.press(page.get_by_role("main").get_by_role("link"))
    page.wait_for_url(f"{person.places.issuer}/return/**")
    expect(page.get_by_role("heading", level=1)).to_have_text("Pieteikšanās netika pabeigta")
    assert not person.is_signed_in


def test_the_back_button_after_signing_in_always_leads_to_a_page_with_a_way_on(person: Person, page: Page) -> None:
    person.signs_in()
    seen: list[str] = []
    while page.go_back() is not None:
        page.wait_for_load_state()
        seen.append(page.url)
        assert page.locator("main a[href], main button").count() > 0, page.url
        assert page.locator("h1").count() == 1, page.url
        assert len(seen) < 15, seen
    assert any(url.startswith(person.places.issuer) for url in seen), seen
    assert seen[-1] == f"{person.places.auctions}/"
    assert person.is_signed_in


def test_whoever_goes_back_to_the_choices_after_signing_in_is_told_that_it_is_done(person: Person, page: Page) -> None:
    person.asks_to_sign_in()
    choices = page.url
    person.chooses_the_bank()
    person.gives_the_password()
    person.gives_the_code()
    person.agrees()
    person.opens_my_entry()
    page.goto(choices)
    expect(page.get_by_role("heading", level=1)).to_have_text("Pieteikšanās jau ir pabeigta")
    person.keys.press(page.get_by_role("main").get_by_role("link"))
    page.wait_for_url(f"{person.places.auctions}/")


def test_two_tabs_sign_in_side_by_side(watcher: Watcher, context: BrowserContext, places: Places) -> None:
    first, second = (Person(context.new_page(), places) for _ in range(2))
    for step in ("asks_to_sign_in", "chooses_the_bank", "gives_the_password", "gives_the_code", "agrees"):
        for tab in (first, second):
            getattr(tab, step)()
    for tab in (first, second):
        tab.opens_my_entry()
        assert tab.shown_identity == tab.own_identity


def test_the_last_choice_is_remembered_until_the_person_lets_it_be_forgotten(person: Person, page: Page) -> None:
    person.signs_in()
    person.page.context.clear_cookies(name="__Host-auctions")
    person.asks_to_sign_in()
    mark = page.get_by_text("pēdējoreiz izmantots")
    expect(mark).to_be_visible()
    person.keys.press(person.button(person.words.forget), key="Space")
    expect(mark).to_have_count(0)
    person.chooses_the_bank()
    person.sees(page.get_by_label(person.words.user_number, exact=True))


def test_changing_the_language_keeps_the_login(person: Person, page: Page) -> None:
    person.asks_to_sign_in()
    begun = page.url
    person.keys.press(person.link("English"))
    page.wait_for_url(lambda url: url == f"{begun}?lang=en")
    person.words = ENGLISH
    person.chooses_the_bank()
    person.words = ENGLISH
    person.gives_the_password()
    person.keys.press(person.page.get_by_role("contentinfo").get_by_role("link"))
    person.words = LATVIAN
    person.gives_the_code()
    person.agrees()
    person.opens_my_entry()
    assert person.shown_identity == person.own_identity


@BOTH
def test_cancelling_at_the_gateway_leads_back_to_the_portal(
    watcher: Watcher, page: Page, places: Places, words: Words
) -> None:
    person = Person(page, places, words)
    person.asks_to_sign_in()
    person.keys.press(person.button(words.cancel_and_return))
    page.wait_for_url(f"{places.auctions}/callback?**")
    assert "error=access_denied" in page.url
    expect(page.get_by_role("main").get_by_role("link")).to_have_count(2)
    assert not person.is_signed_in


@BOTH
def test_cancelling_at_the_bank_leads_back_to_the_gateway(
    watcher: Watcher, page: Page, places: Places, words: Words
) -> None:
    person = Person(page, places, words)
    person.asks_to_sign_in()
    person.chooses_the_bank()
    person.keys.press(person.button(words.cancel))
    person.keys.press(page.get_by_role("main").get_by_role("link"))
    page.wait_for_url(f"{places.issuer}/return/**")
    assert not person.is_signed_in


@BOTH
def test_gau_01_a_refused_login_shows_a_number_another_way_and_the_way_back(
    watcher: Watcher, page: Page, places: Places, words: Words
) -> None:
    person = Person(page, places, words)
    with_fault(page, "vbc.one-factor")
    person.asks_to_sign_in()
    person.chooses_the_bank()
    person.gives_the_password()
    person.gives_the_code()
    person.agrees()
    person.sees(page.locator(".number"))
    assert INCIDENT.fullmatch(page.locator(".number").inner_text().strip())
    expect(page.get_by_role("main").get_by_role("button")).to_have_count(2)
    person.keys.press(person.button(words.another_way))
    page.unroute_all()
    person.chooses_the_bank()
    person.gives_the_password()
    person.gives_the_code()
    person.agrees()
    person.opens_my_entry()


def test_signing_out_ends_the_session_and_says_so(person: Person, page: Page) -> None:
    person.signs_in()
    person.keys.press(person.button(person.words.sign_out))
    page.wait_for_url(re.compile(r"/signed-out\?"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Jūsu sesija ir beigta")
    page.go_back()
    assert not person.is_signed_in
    expect(page.locator("#personal-code")).to_have_count(0)


def test_the_watcher_does_hear_what_is_wrong(places: Places, context: BrowserContext, page: Page) -> None:
    """The checks above can fail: an inline script is blocked and heard of twice."""
    watcher = Watcher(context)
    page.goto(f"{places.auctions}/")
    page.evaluate("document.head.append(Object.assign(document.createElement('script'), {text: '1'}))")
    page.goto(f"{places.bank}/no-such-page")
    page.evaluate("document.body.append(Object.assign(document.createElement('img'), {src: '/no-such-picture'}))")
    page.wait_for_load_state("networkidle")
    heard = " ".join(watcher.complaints)
    assert "policy: script-src" in heard
    assert "no-such-picture" in heard
    assert "no-such-page" not in heard
