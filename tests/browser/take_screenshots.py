"""Take the pictures of ``docs/images``, or the gateway's every page in every language and size into a folder.

``python -m tests.browser.take_screenshots`` renews the pictures; with a folder as argument it takes all.
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
IN_DOCS: Final[tuple[Picture, ...]] = (
    ("choices", Language.LATVIAN, "desk"),
    ("choices", Language.ENGLISH, "desk"),
    ("choices", Language.LATVIAN, "phone"),
    ("departure", Language.LATVIAN, "desk"),
    ("refusal", Language.LATVIAN, "desk"),
    ("refusal", Language.ENGLISH, "phone"),
)


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
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS
    pictures = every_picture() if len(sys.argv) > 1 else IN_DOCS
    folder.mkdir(parents=True, exist_ok=True)
    with gallery_server() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(ARGUMENTS))
        for picture in pictures:
            take(browser, address, picture, folder / f"gateway-{'-'.join(picture)}.png")
        take_live_pictures(browser, folder)
        browser.close()


if __name__ == "__main__":
    main()
