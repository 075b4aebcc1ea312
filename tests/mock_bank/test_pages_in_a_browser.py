"""The bank's pages in a real browser: keyboard only, both languages, with and without scripts, no axe finding."""

from collections.abc import Iterator
from html import escape

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from mock_bank.serving import Running
from tests.mock_bank.partner import TestPartner
from tests.support.browser import axe_findings, browser, context, page

__all__ = ["browser", "context", "page"]


@pytest.fixture
def base(served: Running) -> str:
    return f"https://127.0.0.1:{served.public_port}"


@pytest.fixture
def without_scripts(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(ignore_https_errors=True, java_script_enabled=False)
    yield context.new_page()
    context.close()


def receive_answers(page: Page | BrowserContext) -> list[str]:
    """Stand in for the partner's return address; the list fills with what is posted there."""
    posted: list[str] = []

    def receive(route: Route) -> None:
        posted.append(route.request.post_data or "")
        route.fulfill(status=200, body="<!doctype html><title>received</title>", content_type="text/html")

    page.route("https://gw.example/**", receive)
    return posted


def arrive(page: Page, base: str, partner: TestPartner, **changes: str) -> None:
    """Come from the partner's page with a signed request."""
    fields = partner.signed(partner.request(**changes))
    inputs = "".join(f'<input type="hidden" name="{n}" value="{escape(v)}">' for n, v in fields.items())
    page.set_content(f'<form method="post" action="{base}/banklink">{inputs}<button>go</button></form>')
    page.click("button")


def clean(page: Page) -> None:
    assert axe_findings(page) == []


@pytest.mark.parametrize("language", ["lv", "en"])
def test_a_person_signs_in_by_keyboard_alone(language: str, page: Page, base: str, partner: TestPartner) -> None:
    posted = receive_answers(page)
    arrive(page, base, partner, LANG="ENG")
    page.wait_for_url("**/login/*")
    page.goto(f"{page.url}?lang={language}")
    assert page.locator("html").get_attribute("lang") == language
    clean(page)
    page.keyboard.type("100001")
    page.keyboard.press("Tab")
    page.keyboard.type("parole-100001")
    page.keyboard.press("Enter")
    page.wait_for_url("**/code")
    clean(page)
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]")
    clean(page)
    page.keyboard.type(page.inner_text("#calculator-code"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/consent")
    clean(page)
    page.keyboard.press("Enter")
    page.wait_for_url("https://gw.example/**")
    assert len(posted) == 1
    assert posted[0].startswith("VK_SERVICE=3013&")


def test_the_app_page_goes_on_by_itself_once_the_phone_approved(
    page: Page, base: str, partner: TestPartner, context: BrowserContext
) -> None:
    arrive(page, base, partner)
    page.fill("#user_number", "100002")
    page.fill("#password", "parole-100002")
    page.check("input[value=app]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/app")
    clean(page)
    phone = context.new_page()
    phone.goto(f"{base}/app/100002")
    clean(phone)
    assert page.inner_text("#control-code") in phone.inner_text("main")
    phone.fill("input[name=pin]", "0002")
    phone.click("button[value=approve]")
    clean(phone)
    page.wait_for_url("**/consent", timeout=8000)
    page.click("button[value=cancel]")
    page.wait_for_url("**/over")
    clean(page)


def test_everything_works_without_scripts(without_scripts: Page, base: str, partner: TestPartner) -> None:
    posted = receive_answers(without_scripts)
    arrive(without_scripts, base, partner)
    without_scripts.fill("#user_number", "100001")
    without_scripts.fill("#password", "parole-100001")
    without_scripts.keyboard.press("Enter")
    without_scripts.fill("#code", without_scripts.inner_text("#calculator-code"))
    without_scripts.keyboard.press("Enter")
    without_scripts.click("button[value=agree]")
    without_scripts.get_by_role("button", name="Turpināt").press("Enter")
    without_scripts.wait_for_url("https://gw.example/**")
    assert len(posted) == 1


def test_pages_for_developers_have_no_axe_finding(page: Page, base: str, partner: TestPartner) -> None:
    for path in ("/", "/faults", "/personas", "/debugger", "/banklink"):
        page.goto(base + path)
        clean(page)
    arrive(page, base, partner, REC_ID="X")
    page.wait_for_selector("#checks")
    clean(page)
    page.get_by_role("link", name="in the debugger").click()
    page.wait_for_selector("#verdict")
    clean(page)
