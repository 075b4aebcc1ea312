"""The portals of the documentation, taken from its text: what a reader copies is what runs."""

import re
from pathlib import Path
from typing import Final

DOCUMENT: Final = Path(__file__).parents[3] / "docs" / "portals.md"


def example(name: str) -> str:
    """Give the fenced block that stands under ``<!-- example: name -->``."""
    found = re.search(
        rf"<!-- example: {re.escape(name)} -->\n```\w+\n(.*?)```\n", DOCUMENT.read_text("utf-8"), re.DOTALL
    )
    assert found is not None, f"docs/portals.md has no example {name!r}"
    return found[1]


def replaced(text: str, words: dict[str, str]) -> str:
    """Change what a reader would change; every word must be there."""
    for old, new in words.items():
        assert old in text, f"the example does not hold {old!r}"
        text = text.replace(old, new)
    return text
