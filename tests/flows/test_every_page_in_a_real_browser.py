"""axe looks at every page that a person or a developer can come to, in each language that the page has.

Rules of WCAG level A and AA up to 2.2 (``tests.support.browser``); the citizen's pages of the gateway with other
content, on phones and on a desk, are looked at in ``tests/browser``.
"""

from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, Request, expect

from gateway.demo.places import PROVIDER, Places
from tests.flows.keyboard import Keyboard
from tests.flows.person import Person, approves_on, hold_the_pages_that_send_themselves, with_fault
from tests.flows.walking import BY_NAME, Walk
from tests.flows.words import WORDS, Words
from tests.support.browser import PHONE, axe_findings

pytestmark = pytest.mark.xdist_group("flows")

BOTH = pytest.mark.parametrize("words", WORDS, ids=lambda words: words.language.value)


class Inspector:
    """Lets axe look at a page, and remembers which pages it has seen."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.seen: list[str] = []

    def look(self) -> None:
        heading = self._page.get_by_role("heading", level=1)
        expect(heading).to_have_count(1)
        self.seen.append(heading.inner_text())
        assert axe_findings(self._page) == [], self._page.url
        assert self._page.title(), self._page.url

    def look_at(self, address: str, status: int = 200) -> None:
        answer = self._page.goto(address)
        assert answer is not None
        assert answer.status == status, address
        self.look()


@pytest.fixture
def inspector(page: Page) -> Inspector:
    return Inspector(page)


@BOTH
def test_every_page_of_a_login(page: Page, places: Places, inspector: Inspector, words: Words) -> None:
    """Front, choices, departure, password, code, consent, answer, form of the entry, entry."""
    hold_the_pages_that_send_themselves(page)
    person = Person(page, places, words, presses=True, looks=inspector.look)
    person.signs_in()
    assert len(inspector.seen) == 9, inspector.seen
    assert len(set(inspector.seen)) == 9, inspector.seen


@BOTH
def test_every_page_of_a_login_fits_a_phone(page: Page, places: Places, words: Words) -> None:
    """WCAG 1.4.10: nothing scrolls sideways."""
    page.set_viewport_size(PHONE)
    hold_the_pages_that_send_themselves(page)

    def fits() -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], page.url

    Person(page, places, words, presses=True, looks=fits).signs_in()


@BOTH
def test_the_pages_of_an_approval_in_the_app(page: Page, places: Places, inspector: Inspector, words: Words) -> None:
    person = Person(page, places, words, BY_NAME["Niks Otrais"])
    person.asks_to_sign_in()
    person.chooses_the_bank()
    person.gives_the_password(by_app=True)
    person.sees(page.locator("#control-code"))
    inspector.look()
    phone = page.context.new_page()
    phone.goto(f"{places.bank}/app/{person.persona.user_number}")
    Inspector(phone).look()
    approves_on(phone, person)
    Inspector(phone).look()


@BOTH
def test_the_ends_at_the_bank(page: Page, places: Places, inspector: Inspector, words: Words) -> None:
    person = Person(page, places, words)
    person.asks_to_sign_in()
    person.chooses_the_bank()
    person.gives_the_password()
    person.keys.type(page.get_by_label(words.code), "000000")
    person.keys.press(person.button(words.proceed))
    person.sees(page.get_by_role("alert"))
    inspector.look()
    person.keys.press(person.button(words.cancel))
    person.sees(page.get_by_role("main").get_by_role("link"))
    inspector.look()


@BOTH
def test_a_customer_who_is_blocked(page: Page, places: Places, inspector: Inspector, words: Words) -> None:
    person = Person(page, places, words, BY_NAME["Biruta Bloķēta"])
    person.asks_to_sign_in()
    person.chooses_the_bank()
    person.gives_the_password()
    person.sees(page.get_by_role("alert"))
    inspector.look()


@BOTH
def test_the_portals_pages_of_the_own_entry(page: Page, places: Places, inspector: Inspector, words: Words) -> None:
    """The form with mistakes, the entry when complete, its change and its end, signing out."""
    person = Person(page, places, words, BY_NAME["Elīna Līga Šņēviča-Ūsiņa"])
    person.signs_in()
    inspector.look_at(f"{places.auctions}/my-entry/details")
    person.keys.press(page.get_by_role("main").get_by_role("button"))
    person.sees(page.get_by_role("alert"))
    inspector.look()
    person.completes_the_entry()
    inspector.look()
    inspector.look_at(f"{places.auctions}/my-entry/details")
    inspector.look_at(f"{places.auctions}/my-entry/delete")
    person.keys.press(page.get_by_role("main").get_by_role("button"))
    page.wait_for_url(f"{places.auctions}/signed-out?**")
    inspector.look()


@BOTH
def test_signing_out(page: Page, places: Places, inspector: Inspector, words: Words) -> None:
    person = Person(page, places, words)
    person.signs_in()
    person.keys.press(person.button(words.sign_out))
    page.wait_for_url(f"{places.auctions}/signed-out?**")
    inspector.look()


@BOTH
def test_refusals_and_notices_of_the_gateway(page: Page, places: Places, inspector: Inspector, words: Words) -> None:
    with_fault(page, "vbc.one-factor")
    person = Person(page, places, words)
    person.asks_to_sign_in()
    person.chooses_the_bank()
    person.gives_the_password()
    person.gives_the_code()
    person.agrees()
    person.sees(page.locator(".number"))
    inspector.look()
    asked = urlencode({"client_id": "nobody", "ui_locales": words.language})
    inspector.look_at(f"{places.issuer}/oidc/authorize?{asked}", 400)
    inspector.look_at(f"{places.issuer}/no-such-page?lang={words.language}", 404)
    inspector.look_at(f"{places.issuer}/return/{PROVIDER}?lang={words.language}", 405)


@BOTH
def test_what_the_gateway_says_when_the_login_is_done(
    page: Page, places: Places, inspector: Inspector, words: Words
) -> None:
    person = Person(page, places, words)
    person.asks_to_sign_in()
    choices = page.url
    person.chooses_the_bank()
    person.gives_the_password()
    person.gives_the_code()
    person.agrees()
    person.opens_my_entry()
    inspector.look_at(choices)
    assert len(page.get_by_role("main").get_by_role("link").all()) == 1


@BOTH
def test_what_the_portal_says_when_something_fails(
    page: Page, places: Places, inspector: Inspector, words: Words
) -> None:
    inspector.look_at(f"{places.auctions}/?signed=out&lang={words.language}")
    inspector.look_at(f"{places.auctions}/callback?code=x&state=y", 400)
    inspector.look_at(f"{places.auctions}/no-such-page", 404)
    person = Person(page, places, words)
    person.asks_to_sign_in()
    person.keys.press(person.button(words.cancel_and_return))
    page.wait_for_url(f"{places.auctions}/callback?**")
    inspector.look()


def test_the_banks_pages_for_developers(page: Page, places: Places, inspector: Inspector) -> None:
    """They are English only."""
    for address in ("", "faults", "personas", "debugger", "app/100001"):
        inspector.look_at(f"{places.bank}/{address}")
    inspector.look_at(f"{places.bank}/banklink", 405)
    for address in ("no-such-page", "login/of-yesterday", "app/999999", "debugger/999999"):
        inspector.look_at(f"{places.bank}/{address}", 404)


@pytest.fixture(params=["honest", "changed"])
def request_form(request: pytest.FixtureRequest, places: Places) -> dict[str, str]:
    """The gateway's request as the bank receives it, honest or with one field changed on the way."""
    walk = Walk(places)
    walk.to_choices()
    walk.browser.submit("/choose", provider=PROVIDER)
    fields = walk.browser.form("/banklink").fields
    return fields | ({"VK_RETURN": f"{places.issuer}/return/other"} if request.param == "changed" else {})


def test_what_the_debugger_says_of_a_message(
    page: Page, places: Places, inspector: Inspector, request_form: dict[str, str]
) -> None:
    page.goto(f"{places.bank}/debugger")
    page.get_by_label("A message").fill(urlencode(request_form))
    Keyboard(page).press(page.get_by_role("main").get_by_role("button"))
    expect(page.locator("#verdict")).to_be_visible()
    inspector.look()


def with_another_nonce(request: Request) -> str:
    """The form of a request, changed after it was signed."""
    return str(request.post_data).replace("VK_NONCE=", "VK_NONCE=0")


def test_a_request_that_the_bank_refuses(page: Page, places: Places, inspector: Inspector) -> None:
    page.route("**/banklink", lambda route: route.continue_(post_data=with_another_nonce(route.request)))
    person = Person(page, places)
    person.asks_to_sign_in()
    person.chooses_the_bank()
    person.sees(page.locator("#checks"))
    inspector.look()
