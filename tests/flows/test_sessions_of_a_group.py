"""A session of a group in a real browser and on real sockets: one visit to the bank, and one sign-out everywhere."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from gateway.demo.places import Places
from gateway.demo.prepare import prepare
from gateway.demo.processes import Parts
from tests.flows.conftest import places_at
from tests.flows.keyboard import Keyboard
from tests.flows.person import Person
from tests.support.browser import axe_findings, controls, tab_order
from tests.support.gateway_parts import eventually

pytestmark = pytest.mark.xdist_group("flows")


@pytest.fixture(scope="module")
def grouped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """The whole system, with the auction portal in a group, to be told of the end of sessions."""
    places = places_at(tmp_path_factory.mktemp("grouped"))
    prepare(places)
    path = places.settings("gateway")
    told = f'profile = "baseline"\nbackchannel_logout_uri = "{places.auctions}/backchannel-logout"'
    changed = path.read_text().replace('sector = "izsoles.demo"', 'sector = "izsoles.demo"\ngroup = "registri"')
    changed = changed.replace('profile = "baseline"', told, 1)
    path.write_text(f'{changed}\n[sessions]\ntrust = "{places.pki}/relying-parties/ca.pem"\n')
    with Parts(places):
        yield places


def forgets_the_portal(page: Page) -> None:
    """Drop the portal's own session; the gateway's stays."""
    page.context.clear_cookies(name=re.compile("__Host-auctions"))


def asks_again(page: Page, places: Places) -> None:
    page.goto(f"{places.auctions}/sign-in")


def test_one_visit_to_the_bank_and_one_sign_out_everywhere_by_keyboard(page: Page, grouped: Places) -> None:
    person = Person(page, grouped)
    person.asks_to_sign_in()
    expect(page.get_by_role("link", name="To jebkurā laikā var apskatīt un beigt")).to_be_visible()
    person.chooses_the_bank()
    person.gives_the_password()
    person.gives_the_code()
    person.agrees()
    person.opens_my_entry()

    forgets_the_portal(page)
    page.goto(f"{grouped.auctions}/my-entry")
    expect(page).to_have_url(re.compile("signed=out"))
    asks_again(page, grouped)
    page.wait_for_url(f"{grouped.auctions}/my-entry**")  # without the bank

    page.goto(f"{grouped.issuer}/session")
    expect(page.get_by_role("heading", level=1)).to_have_text("Kur pieteikšanās ir spēkā")
    assert "Bērziņa" not in page.content()
    assert axe_findings(page) == []
    assert tab_order(page) == controls(page)
    Keyboard(page).press(page.get_by_role("button", name="Beigt sesiju visur"))

    page.wait_for_url(re.compile(r"/session/[0-9A-Z]{26}$"))
    assert axe_findings(page) == []
    _sees_the_answer(page, "Elektronisko izsoļu vietne")
    assert axe_findings(page) == []

    page.goto(f"{grouped.auctions}/my-entry")
    expect(page).to_have_url(re.compile("signed=out"))  # the portal was told, server to server
    asks_again(page, grouped)
    page.wait_for_url(f"{grouped.issuer}/login/*")  # and the gateway asks the bank again


def _sees_the_answer(page: Page, portal: str) -> None:
    """The page never waits for a portal; whoever wants to know looks again."""
    answer = page.locator("dt", has_text=portal).locator("xpath=following-sibling::dd[1]")

    def answered() -> bool:
        page.reload()
        return answer.inner_text().strip() == "Sesija beigta"

    assert eventually(answered, within=60)
