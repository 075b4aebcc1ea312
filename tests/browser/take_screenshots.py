"""Take the pictures of ``docs/images`` from the running system, or the gateway's every page into a folder.

``python -m tests.browser.take_screenshots`` renews the pictures; with a folder as argument it takes the gateway's
pages in every language and size.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeAlias

from playwright.sync_api import Browser, sync_playwright

from providers.contract import Language
from tests.browser.gallery import PAGES, gallery_server
from tests.browser.live_pictures import take_live_pictures
from tests.support.browser import ARGUMENTS, DESK, PHONE, chromium_path

Picture: TypeAlias = tuple[str, Language, str]
"""Page, language, size."""

SIZES: Final = {"desk": DESK, "phone": PHONE}
DOCS: Final = Path(__file__).parents[2] / "docs" / "images"


def every_picture() -> Iterator[Picture]:
    """Give every page in every language and size."""
    return ((name, language, size) for name in PAGES for language in Language for size in SIZES)


def take(browser: Browser, address: str, picture: Picture, path: Path) -> None:
    """Show one page and keep what is seen."""
    name, language, size = picture
    context = browser.new_context(viewport=SIZES[size])
    page = context.new_page()
    page.goto(f"{address}/{language}/{name}")
    page.screenshot(path=path, full_page=True)
    context.close()


def main() -> None:
    """Take the pictures asked for."""
    asked = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(ARGUMENTS))
        if asked is None:
            take_live_pictures(browser, DOCS)
        else:
            take_gallery(browser, asked)
        browser.close()


def take_gallery(browser: Browser, folder: Path) -> None:
    """Take every page of the gateway in every language and size, for whoever works on them."""
    folder.mkdir(parents=True, exist_ok=True)
    with gallery_server() as address:
        for picture in every_picture():
            take(browser, address, picture, folder / f"gateway-{'-'.join(picture)}.png")


if __name__ == "__main__":
    main()
