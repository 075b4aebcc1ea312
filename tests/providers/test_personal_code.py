"""eid-providers.md section 1: what a personal code is, and what is none."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.personal_code import (
    CHECK_DIGIT_MISMATCH,
    IMPOSSIBLE_STRUCTURE,
    ISSUED_TOO_LATE,
    CodeStructure,
    InvalidPersonalCode,
    old_form_check_digit,
    parse_personal_code,
)

DIGITS = "0123456789"
new_form_codes = st.builds(
    "3{}{}".format, st.sampled_from("23456789"), st.text(alphabet=DIGITS, min_size=9, max_size=9)
)
old_form_codes = st.builds(
    lambda born, century, rest: f"{born:%d%m%y}{century}{rest}",
    st.dates(date(1900, 1, 1), date(1999, 12, 31)),
    st.just("1"),
    st.text(alphabet=DIGITS, min_size=4, max_size=4),
)


@given(new_form_codes)
def test_every_code_since_2017_is_accepted_whatever_its_digits(text: str) -> None:
    code = parse_personal_code(text)
    assert (code.key, code.flags, code.birth_date) == (text, frozenset(), None)


@given(st.one_of(new_form_codes, old_form_codes), st.booleans())
def test_the_hyphen_may_be_there_or_not_and_the_key_is_the_same(text: str, hyphen: bool) -> None:
    written = f"{text[:6]}-{text[6:]}" if hyphen else text
    code = parse_personal_code(written)
    assert code.key == text
    assert code.display == f"{text[:6]}-{text[6:]}"
    assert code.semantics == f"PNOLV-{text[:6]}-{text[6:]}"
    assert parse_personal_code(code.display) == code


@given(old_form_codes)
def test_a_check_digit_never_decides_and_is_only_flagged(text: str) -> None:
    code = parse_personal_code(text)
    assert (CHECK_DIGIT_MISMATCH in code.flags) == (old_form_check_digit(text) != int(text[10]))


@given(st.text(max_size=14))
def test_a_text_is_a_code_or_is_refused_without_being_repeated(text: str) -> None:
    try:
        code = parse_personal_code(text)
    except InvalidPersonalCode as refusal:
        repeated = len(text) > 5 and text in str(refusal)
    else:
        repeated = text.strip(" ").replace("-", "") != code.key
    assert not repeated


@pytest.mark.parametrize(
    ("key", "digit"), [("15038201230", 0), ("15038200060", 0), ("24028403319", 9)], ids=["R0", "R10", "R9"]
)
def test_the_worked_check_digits_of_section_1_4_come_out(key: str, digit: int) -> None:
    assert old_form_check_digit(key) == digit
    assert parse_personal_code(key).flags == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        "150382-0123",
        "150382-012300",
        "15038-201230",
        "150382--01230",
        "150382 01230",
        "150382–01230",
        "150382-01230\n",
        "\t150382-01230",
        "\u00a0150382-01230",
        "１５０３８２０１２３０",
        "١٥٠٣٨٢٠١٢٣٠",
        "PNOLV-150382-01230",
        "LV15038201230",
        "",
    ],
)
def test_anything_but_six_digits_optional_hyphen_five_digits_is_refused(text: str) -> None:
    with pytest.raises(InvalidPersonalCode) as refusal:
        parse_personal_code(text)
    assert text == "" or text not in str(refusal.value)


def test_ascii_spaces_at_both_ends_are_stripped() -> None:
    assert parse_personal_code("  150382-01230 ").key == "15038201230"


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("000180-11111", IMPOSSIBLE_STRUCTURE),
        ("999999-10000", IMPOSSIBLE_STRUCTURE),
        ("40003012345", IMPOSSIBLE_STRUCTURE),
        ("300280-11111", IMPOSSIBLE_STRUCTURE),
        ("290200-11111", IMPOSSIBLE_STRUCTURE),
        ("011380-11111", IMPOSSIBLE_STRUCTURE),
        ("010180-31111", IMPOSSIBLE_STRUCTURE),
        ("010717-21111", ISSUED_TOO_LATE),
    ],
    ids=["00", "99", "company", "30 February", "29 February 1900", "month 13", "century 3", "1 July 2017"],
)
def test_a_code_that_was_never_issued_is_refused_in_production_and_flagged_in_test_profiles(
    text: str, flag: str
) -> None:
    with pytest.raises(InvalidPersonalCode):
        parse_personal_code(text)
    assert flag in parse_personal_code(text, structure=CodeStructure.FLAG).flags


@pytest.mark.parametrize(
    ("text", "born"),
    [
        ("290200-21111", date(2000, 2, 29)),
        ("300617-21111", date(2017, 6, 30)),
        ("150382-01230", date(1882, 3, 15)),
    ],
)
def test_the_date_of_an_old_code_is_read_with_its_century(text: str, born: date) -> None:
    assert parse_personal_code(text).birth_date == born


def test_the_code_of_another_country_is_eleven_digits_shown_as_they_are() -> None:
    code = parse_personal_code("38001085718", country="EE")
    assert (code.display, code.semantics, code.flags) == ("38001085718", "PNOEE-38001085718", frozenset())
    with pytest.raises(InvalidPersonalCode):
        parse_personal_code("380010-85718", country="EE")


@pytest.mark.parametrize("country", ["lv", "L", "LVA", "", "L1", "ĪV"])
def test_a_country_is_two_capital_letters(country: str) -> None:
    with pytest.raises(InvalidPersonalCode):
        parse_personal_code("38001085718", country=country)


def test_the_same_digits_of_two_countries_are_two_people() -> None:
    assert parse_personal_code("38001085718", country="EE") != parse_personal_code("38001085718", country="LT")


def test_neither_repr_nor_str_prints_the_code() -> None:
    code = parse_personal_code("150382-01230")
    assert "150382" not in repr(code) + str(code)
