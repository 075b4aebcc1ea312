"""Take the pictures of ``docs/images``: ``python -m tests.browser.take_screenshots [folder]``."""

import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from providers.contract import Language
from tests.browser.gallery import PAGES, gallery_server
from tests.support.browser import ARGUMENTS, DESK, PHONE, chromium_path


def take(browser: Browser, address: str, folder: Path) -> None:
    """Show every page in both languages at both sizes, and keep what is seen."""
    for size, viewport in (("desk", DESK), ("phone", PHONE)):
        context = browser.new_context(viewport=viewport, device_scale_factor=1 if size == "desk" else 2)
        page = context.new_page()
        for language in Language:
            for name in PAGES:
                page.goto(f"{address}/{language}/{name}")
                page.screenshot(path=folder / f"{name}-{language}-{size}.png", full_page=True)
        context.close()


def main() -> None:
    """Take all pictures into the folder given, or into ``docs/images/pages``."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images/pages")
    folder.mkdir(parents=True, exist_ok=True)
    with gallery_server() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(ARGUMENTS))
        take(browser, address, folder)
        browser.close()


if __name__ == "__main__":
    main()
