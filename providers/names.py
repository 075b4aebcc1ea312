"""Given names and family names as they are handed on (eid-providers.md section 3).

A name is composed (NFC), stripped and its inner blanks made one; apart from that every letter, apostrophe and hyphen
stays as the provider sent it. Nothing is split, re-cased or guessed.
"""

import unicodedata
from collections import Counter

LONGEST_NAME = 200
"""Characters, after normalising."""

_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_REFUSED_CHARACTERS = frozenset("<>\ufffd")


class NameRefused(ValueError):
    """A text is no name that may be handed on; the message says why and never repeats the text."""


def normalise_name(text: str) -> str:
    """The name in the form that is handed on: NFC, 1 to 200 characters, single inner blanks.

    Raises:
        NameRefused: empty, too long, or holding a control, invisible or markup character, or one that says that a
            letter was lost (U+FFFD).
    """
    _refuse_invisible(text)
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name:
        raise NameRefused("a name is empty")
    if len(name) > LONGEST_NAME:
        raise NameRefused(f"a name is longer than {LONGEST_NAME} characters")
    return name


def same_words(one: str, other: str) -> bool:
    """Whether two normalised texts hold the same words, in any order and letter case; commas stand for blanks."""
    return _words(one) == _words(other)


def same_name(one: str, other: str) -> bool:
    """Whether two normalised names differ in letter case at most: several banks deliver capitals."""
    return one.casefold() == other.casefold()


def _words(text: str) -> Counter[str]:
    return Counter(text.casefold().replace(",", " ").split())


def _refuse_invisible(text: str) -> None:
    if text.isascii() and text.isprintable() and not _REFUSED_CHARACTERS.intersection(text):
        return
    for character in text:
        if character in _REFUSED_CHARACTERS or unicodedata.category(character) in _REFUSED_CATEGORIES:
            raise NameRefused(f"a name holds the character U+{ord(character):04X}, which no name holds")
