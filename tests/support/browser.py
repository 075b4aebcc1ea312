"""A real browser for tests: Chromium without a window, and axe for accessibility.

A test module (or the conftest beside it) imports the fixtures it wants: ``browser`` (one Chromium for the whole run),
``page`` (a fresh profile each test). Chromium and no other: without it these tests fail, they are never skipped.
"""

from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, sync_playwright

ARGUMENTS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
"""Every axe rule for level A or AA, up to WCAG 2.2."""

PHONE: Final = {"width": 360, "height": 740}
DESK: Final = {"width": 1120, "height": 800}
FOCUSABLE: Final = "a[href], button, input:not([type=hidden]), select, textarea, summary"
_RUNNING: Final = pytest.StashKey[Browser]()
"""The run's Chromium: Playwright starts only once in a thread."""


def chromium_path() -> Path:
    """Find Debian's Chromium; fails the test with a sentence when there is none."""
    found = which("chromium")
    if found is None:
        pytest.fail("these tests drive a real browser: install Chromium (apt-get install chromium)")
    return Path(found)


@pytest.fixture(scope="session")
def browser(pytestconfig: pytest.Config) -> Browser:
    """One Chromium for the whole run, wherever this is imported; each context of it is a fresh profile."""
    if _RUNNING not in pytestconfig.stash:
        playwright = sync_playwright().start()
        pytestconfig.add_cleanup(playwright.stop)
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=list(ARGUMENTS))
        pytestconfig.add_cleanup(chromium.close)
        pytestconfig.stash[_RUNNING] = chromium
    return pytestconfig.stash[_RUNNING]


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A profile without cookies, the size of a desk's window; accepts the development PKI's certificates."""
    fresh = browser.new_context(viewport=DESK, locale="lv-LV", ignore_https_errors=True)
    yield fresh
    fresh.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """An empty tab in a fresh profile."""
    return context.new_page()


def axe_findings(page: Page, *, rules: tuple[str, ...] = RULES) -> list[str]:
    """List what axe finds wrong on the page as it is shown, one line each: rule, where, why."""
    found = Axe().run(page, options={"runOnly": list(rules), "resultTypes": ["violations"]})
    return [
        f"{violation['id']} at {node['target']}: {node['failureSummary']}"
        for violation in found.response["violations"]
        for node in violation["nodes"]
    ]


def focused(page: Page) -> Locator:
    """Give the element that has the keyboard."""
    return page.locator(":focus")


def tab_order(page: Page) -> list[str]:
    """Walk through the page with the Tab key from its beginning; give what was reached, as HTML start tags.

    Fails when an element that is reached shows no outline.
    """
    reached: list[str] = []
    for _ in range(page.locator(FOCUSABLE).count()):
        page.keyboard.press("Tab")
        tag = page.evaluate(_FOCUSED_TAG)
        assert page.evaluate(_OUTLINE) not in {"none", ""}, f"{tag} shows no focus"
        reached.append(tag)
    return reached


def controls(page: Page) -> list[str]:
    """Give every control of the page in its order, as HTML start tags."""
    tags: list[str] = page.evaluate(f"[...document.querySelectorAll({FOCUSABLE!r})].map({_START_TAG})")
    return tags


_START_TAG: Final = "element => element.cloneNode(false).outerHTML.split('</')[0]"
_FOCUSED_TAG: Final = f"({_START_TAG})(document.activeElement)"
_OUTLINE: Final = "getComputedStyle(document.activeElement).outlineStyle"
