"""The citizen's pages in a real browser: readable by everyone, usable by keyboard alone, safe without scripts."""

import pytest
from playwright.sync_api import Browser, Page, expect

from providers.contract import Language
from tests.browser.gallery import PAGES
from tests.support.browser import DESK, PHONE, axe_findings, controls, focused, tab_order

BOTH = pytest.mark.parametrize("language", list(Language))
EVERY = pytest.mark.parametrize("name", list(PAGES))


@BOTH
@EVERY
def test_axe_finds_no_violation_of_level_a_or_aa(page: Page, gallery: str, language: Language, name: str) -> None:
    for size in (DESK, PHONE):
        page.set_viewport_size(size)
        page.goto(f"{gallery}/{language}/{name}")
        assert axe_findings(page) == []


def test_axe_does_find_what_is_wrong(page: Page) -> None:
    """The check above can fail: a picture without words, grey on white, no language."""
    page.set_content('<title>x</title><p style="color:#bbb">pale</p><img src="a.png"><button></button>')
    found = " ".join(axe_findings(page))
    assert all(rule in found for rule in ("image-alt", "color-contrast", "html-has-lang", "button-name"))


@BOTH
@EVERY
def test_the_tab_key_reaches_every_control_in_order_and_shows_where_it_is(
    page: Page, gallery: str, language: Language, name: str
) -> None:
    page.goto(f"{gallery}/{language}/{name}")
    assert tab_order(page) == controls(page)
    page.keyboard.press("Tab")
    assert focused(page).count() == 0, "the walk ends after the last control: nothing holds the keyboard"


@BOTH
@EVERY
def test_no_page_scrolls_sideways_on_a_small_phone(
    browser: Browser, gallery: str, language: Language, name: str
) -> None:
    """WCAG 1.4.10: at 320 pixels the text flows in one column."""
    context = browser.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    page.goto(f"{gallery}/{language}/{name}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    context.close()


@BOTH
@EVERY
def test_every_control_is_large_enough_to_be_touched(page: Page, gallery: str, language: Language, name: str) -> None:
    """WCAG 2.5.8 asks for 24 pixels; buttons here have 44 in height but for the small one that forgets."""
    page.set_viewport_size(PHONE)
    page.goto(f"{gallery}/{language}/{name}")
    for button in page.locator("main button, main a.btn").all():
        box = button.bounding_box()
        assert box is not None
        least = 24 if "btn-link" in (button.get_attribute("class") or "") else 44
        assert box["height"] >= least


def test_a_person_chooses_a_provider_with_the_keyboard_alone(page: Page, gallery: str) -> None:
    page.goto(f"{gallery}/lv/choices")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(focused(page)).to_contain_text("Meža banka")
    page.keyboard.press("Enter")
    page.wait_for_url("**/posted")
    assert page.locator("body").inner_text().split() == ["POST", "provider=meza-banka"]


def test_the_space_key_forgets_the_last_choice_and_names_no_provider(page: Page, gallery: str) -> None:
    page.goto(f"{gallery}/en/choices")
    page.get_by_role("button", name="Forget it on this device").focus()
    page.keyboard.press("Space")
    page.wait_for_url("**/posted")
    assert page.locator("body").inner_text().split() == ["POST"]


def test_the_language_is_changed_by_a_link_that_speaks_the_other_language(page: Page, gallery: str) -> None:
    page.goto(f"{gallery}/lv/choices")
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.get_by_role("link", name="Latviešu").click()
    expect(page.locator("html")).to_have_attribute("lang", "lv")


def test_the_departure_sends_itself_and_the_back_button_leads_to_the_choices(page: Page, gallery: str) -> None:
    """Complaint 22: the page that sends itself leaves no trace in the history to be caught in."""
    page.goto(f"{gallery}/lv/choices")
    page.goto(f"{gallery}/lv/departure?script")
    page.wait_for_url("**/posted")
    assert page.locator("body").inner_text().splitlines() == ["POST", "VK_SERVICE=4012", 'VK_NOTE=Ā"<b>&']
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kā vēlaties pieteikties?")


def test_a_departure_reached_by_the_back_button_does_not_send_itself_again(page: Page, gallery: str) -> None:
    """Complaint 22: whoever pressed the button and comes back stays, and finds another way."""
    page.goto(f"{gallery}/lv/departure?script=second-visit")
    page.get_by_role("button", name="Turpināt uz Meža banka").click()
    page.wait_for_url("**/posted")
    page.go_back()
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("button", name="Turpināt uz Meža banka")).to_be_visible()
    page.get_by_role("link", name="Izvēlēties citu pieteikšanās veidu").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kā vēlaties pieteikties?")


def test_without_scripts_the_departure_waits_for_its_button(browser: Browser, gallery: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{gallery}/en/departure?script")
    page.get_by_role("button", name="Continue to Meža banka").press("Enter")
    page.wait_for_url("**/posted")
    context.close()


def test_a_script_whose_nonce_is_not_in_the_policy_does_not_run(page: Page, gallery: str) -> None:
    """T16."""
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(f"{gallery}/lv/departure")
    page.wait_for_timeout(300)
    expect(page.get_by_role("button", name="Turpināt uz Meža banka")).to_be_visible()
    assert any("Content Security Policy" in text for text in refused)


@EVERY
def test_the_browser_complains_of_nothing_on_any_page(page: Page, gallery: str, name: str) -> None:
    """No blocked style, no missing file, no script error."""
    if name.startswith("departure"):
        name = f"{name}?script"
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    page.on("response", lambda answer: complaints.append(answer.url) if answer.status >= 400 else None)
    page.goto(f"{gallery}/en/{name}")
    page.wait_for_load_state("networkidle")
    assert complaints == []


def test_one_click_selects_the_whole_incident_number(page: Page, gallery: str) -> None:
    page.goto(f"{gallery}/lv/refusal")
    page.locator(".number").click()
    assert page.evaluate("getSelection().toString().trim()") == "7KQ2-9XMB"
