"""The message catalogue is whole, fresh and well-formed."""

import re
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

import gateway.web
from gateway.web.templating import catalogue
from providers.contract import Language

WEB = Path(gateway.web.__file__).parent
TRANSLATIONS = WEB / "translations"
LATVIAN = TRANSLATIONS / "lv" / "LC_MESSAGES"


def written() -> Catalog:
    with (LATVIAN / "messages.po").open("rb") as file:
        return read_po(file, locale="lv", abort_invalid=True)


def used() -> set[str]:
    with (TRANSLATIONS / "babel.ini").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = {message for _, _, message, _, _ in extract_from_dir(WEB, methods, options)}
    assert all(isinstance(message, str) for message in found)
    return {str(message) for message in found}


def test_every_sentence_of_the_pages_has_latvian_words_and_no_word_is_left_over() -> None:
    translated = {str(message.id): message for message in written() if message.id}
    assert set(translated) == used()
    assert len(translated) > 20
    for sentence, message in translated.items():
        assert message.string, sentence
        assert not message.fuzzy, sentence
        assert message.string != sentence, sentence


def test_latvian_words_keep_every_placeholder_and_tag() -> None:
    for message in written():
        if message.id:
            parts = re.compile(r"%\(\w+\)s|<[^>]+>")
            assert sorted(parts.findall(str(message.id))) == sorted(parts.findall(str(message.string)))


def test_each_language_speaks_its_own_words() -> None:
    assert catalogue(Language.LATVIAN).gettext("Available") == "Pieejams"
    assert catalogue(Language.ENGLISH).gettext("Available") == "Available"
