"""Fixtures of the browser tests."""

from collections.abc import Iterator

import pytest

from tests.browser.gallery import gallery_server
from tests.support.browser import browser, context, page

__all__ = ["browser", "context", "gallery", "page"]


@pytest.fixture(scope="session")
def gallery() -> Iterator[str]:
    """The address of a server that shows every page."""
    with gallery_server() as address:
        yield address
