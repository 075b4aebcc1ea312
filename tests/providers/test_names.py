"""eid-providers.md section 3: names as they are handed on."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.names import LONGEST_NAME, NameRefused, normalise_name, same_name, same_words

LETTERS = st.characters(categories=["Lu", "Ll", "Lo", "Mn", "Pd", "Po"], exclude_characters="<>")


@pytest.mark.parametrize(
    "name",
    [
        "Bērziņa-Kalniņa",
        "van der Berg",
        "O'Neill",
        "D’Arcy",
        "OʼNeill",
        "Łukasz",
        "Őry",
        "Şahin",
        "Weiß",
        "ĢĶĻŅ",
        "A–B",
    ],
)
def test_letters_apostrophes_and_hyphens_pass_unchanged(name: str) -> None:
    assert normalise_name(name) == name


@given(st.text(LETTERS, min_size=1, max_size=60))
def test_normalising_twice_is_normalising_once(text: str) -> None:
    name = normalise_name(text)
    assert normalise_name(name) == name == unicodedata.normalize("NFC", name)


def test_decomposed_letters_are_composed_and_blanks_made_one() -> None:
    assert normalise_name("  Be\u0304rzin\u0327a \u00a0 Anna ") == "Bērziņa Anna"


@pytest.mark.parametrize(
    "text",
    ["A\x00B", "A\nB", "A\tB", "A\x7fB", "A\x85B", "A\u200bB", "A\u200eB", "A\u202eB", "A\u2066B", "\ufeffA", "A\u00adB",
     "A\u2028B", "A\ue000B", "A<B", "A>B", "A\ufffdB"],
)  # fmt: skip
def test_controls_invisible_characters_and_markup_are_refused(text: str) -> None:
    with pytest.raises(NameRefused) as refused:
        normalise_name(text)
    assert text not in str(refused.value)


@pytest.mark.parametrize("text", ["", "   ", "\u00a0"])
def test_an_empty_name_is_refused(text: str) -> None:
    with pytest.raises(NameRefused):
        normalise_name(text)


def test_the_limit_counts_letters_and_not_bytes() -> None:
    assert len(normalise_name("Ā" * LONGEST_NAME)) == 200
    with pytest.raises(NameRefused):
        normalise_name("Ā" * (LONGEST_NAME + 1))


def test_the_same_words_in_another_order_or_case_are_the_same() -> None:
    assert same_words("BĒRZIŅA,ANNA MARIJA", "Anna Marija Bērziņa")
    assert not same_words("Anna Anna Bērziņa", "Anna Bērziņa")
    assert not same_words("Anna Berzina", "Anna Bērziņa")


def test_names_that_differ_in_case_alone_are_the_same_name() -> None:
    assert same_name("ĶĒRA", "Ķēra")
    assert not same_name("Ķēra", "Kēra")
