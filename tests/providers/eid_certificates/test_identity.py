"""Whom a certificate names: eid-providers.md 2.1 and 3, T37, EID-20 to EID-25."""

import contextlib
import unicodedata
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from providers.eid_certificates.identity import parse_identifier, person_in
from providers.errors import AssertionRejected
from providers.personal_code import CodeStructure, InvalidPersonalCode
from tests.support.eid_authority import EidAuthority, name_of, subject_of

AUTHORITY = EidAuthority()
CODE, GIVEN, FAMILY = "PNOLV-150382-01230", "LĪGA ANNA", "PARAUDZIŅA"
SERIAL, NAME, SURNAME = NameOID.SERIAL_NUMBER, NameOID.GIVEN_NAME, NameOID.SURNAME


def read(subject: x509.Name, **changes: Any) -> tuple[str, str, str]:
    person = person_in(AUTHORITY.card(subject=subject).certificate, **changes)
    return person.personal_code.key, person.given_name, person.family_name


def refused(subject: x509.Name, **changes: Any) -> str:
    with pytest.raises(AssertionRejected) as caught:
        read(subject, **changes)
    return f"{caught.value.reason}: {caught.value.detail}"


def test_code_and_names_come_from_their_own_attributes() -> None:
    """EID-20, EID-21: the common name says something else and is never read."""
    subject = name_of(
        (NameOID.COUNTRY_NAME, "LV"),
        (NameOID.COMMON_NAME, "PARAUDZIŅA,LĪGA,32999999999"),
        (SURNAME, "Paraudziņa-Ķēra"),
        (NAME, "Elīna Līga"),
        (SERIAL, CODE),
    )
    assert read(subject) == ("15038201230", "Elīna Līga", "Paraudziņa-Ķēra")


@pytest.mark.parametrize("text", [CODE, "PNOLV-15038201230", "PNOLV-321234-56789", "PNOLV-39999999999"])
def test_the_inner_hyphen_may_be_there_or_not(text: str) -> None:
    assert parse_identifier(text).country == "LV"


@pytest.mark.parametrize(
    "text",
    ["PNOEE-38001085718", "PNOLT-30303039914", "IDCLV-PA1234567", "PASLV-LV1234567", "TINLV-15038201230",
     "NTRLV-40003011203", "LV:LV-15038201230", "pnolv-150382-01230", "PNOlv-150382-01230", "PNOLV150382-01230",
     "PNOLV--150382-01230", "PNOLV-150382-0123", "PNOLV-150382-012300", "PNOLV-150382 01230", "PNOLV- 150382-01230",
     "PNOLV-150382-01230 ", " PNOLV-150382-01230", "PNOLV-150382-01230\n", "PNOLV-150382-01230\x00", "150382-01230",
     "PNOLV-", "", "PNOLV-15038201-230", "PNOLV-１５０３８２-01230", "РNOLV-150382-01230", "PNOLV‑150382‑01230"],
)  # fmt: skip
def test_other_identifiers_are_no_latvian_code(text: str) -> None:
    """EID-22; foreign, lower case, homoglyphs, full-width digits, non-breaking hyphens, blanks and line ends."""
    with pytest.raises(InvalidPersonalCode) as caught:
        parse_identifier(text)
    assert text.strip() not in str(caught.value) or not text.strip()


def test_the_country_of_the_identifier_decides_where_others_are_taken_too() -> None:
    code = parse_identifier("PNOLT-30303039914", countries=frozenset({"LV", "LT"}))
    assert (code.country, code.key) == ("LT", "30303039914")


def test_a_code_that_nobody_can_have_is_taken_only_by_test_profiles() -> None:
    subject = subject_of(code="PNOLV-991382-01230")
    assert "identity_incomplete" in refused(subject)
    assert read(subject, structure=CodeStructure.FLAG)[0] == "99138201230"


@pytest.mark.parametrize("missing", [SERIAL, NAME, SURNAME])
def test_a_missing_attribute_is_no_identity(missing: x509.ObjectIdentifier) -> None:
    parts = [(SERIAL, CODE), (NAME, GIVEN), (SURNAME, FAMILY)]
    assert "exactly once" in refused(name_of(*(part for part in parts if part[0] != missing)))


@pytest.mark.parametrize("twice", [(SERIAL, "PNOLV-321234-56789"), (SERIAL, CODE), (NAME, "OTHER"), (SURNAME, "OTHER")])
def test_a_repeated_attribute_is_no_identity(twice: tuple[x509.ObjectIdentifier, str]) -> None:
    """EID-23, also where both say the same."""
    parts = [(SERIAL, CODE), (NAME, GIVEN), (SURNAME, FAMILY)]
    assert "exactly once" in refused(name_of(*parts, twice))
    assert "exactly once" in refused(name_of(twice, *parts))


def test_an_rdn_of_several_values_is_no_identity() -> None:
    joined = x509.RelativeDistinguishedName([x509.NameAttribute(SERIAL, CODE), x509.NameAttribute(NAME, GIVEN)])
    single = x509.RelativeDistinguishedName([x509.NameAttribute(SURNAME, FAMILY)])
    assert "several values" in refused(x509.Name([joined, single]))


@pytest.mark.parametrize("kind", [_ASN1Type.UTF8String, _ASN1Type.BMPString])
def test_names_of_both_string_types_decode_with_every_diacritic(kind: _ASN1Type) -> None:
    """EID-24."""
    names = "ĀČĒĢĪĶĻŅŠŪŽ"
    subject = x509.Name(
        [
            x509.NameAttribute(SERIAL, CODE),
            x509.NameAttribute(NAME, names, _type=kind),
            x509.NameAttribute(SURNAME, names.lower(), _type=kind),
        ]
    )
    assert read(subject)[1:] == (names, names.lower())


@pytest.mark.parametrize("mark", ["\x00", "\n", "\r", "\u202e", "\u200b"])
def test_control_characters_in_names_are_refused(mark: str) -> None:
    """EID-25: nothing is cut off at a NUL."""
    assert "identity_incomplete" in refused(subject_of(given=f"ANNA{mark}EVIL"))
    assert "identity_incomplete" in refused(subject_of(family=f"{mark}BĒRZIŅA"))


KINDS = [SERIAL, NAME, SURNAME, NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME, NameOID.TITLE, NameOID.PSEUDONYM]
TEXTS = st.one_of(
    st.sampled_from([CODE, "PNOLV-321234-56789", "PNOEE-38001085718", "LĪGA", "serialNumber=PNOLV-321234-56789"]),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30),
    st.text("PNOLV-0123456789РО", min_size=1, max_size=20),
)
RDNS = st.lists(st.tuples(st.sampled_from(KINDS), TEXTS), min_size=1, max_size=2, unique_by=lambda part: part[0])


def whoever_is_in(subject: x509.Name) -> tuple[str, str, str] | None:
    with contextlib.suppress(AssertionRejected):
        return read(subject)
    return None


@given(st.lists(RDNS, min_size=1, max_size=8))
def test_whoever_is_found_is_whom_the_three_attributes_name_each_once_and_alone(
    rdns: list[list[tuple[x509.ObjectIdentifier, str]]],
) -> None:
    """T37: whatever else stands in a subject, in whatever order, nobody is taken for somebody else."""
    subject = x509.Name(
        [
            x509.RelativeDistinguishedName(
                [x509.NameAttribute(kind, text, _type=_ASN1Type.UTF8String, _validate=False) for kind, text in rdn]
            )
            for rdn in rdns
        ]
    )
    found = whoever_is_in(subject)
    if found is None:
        return
    code, given, family = found
    said = {kind: [text for rdn in rdns for one, text in rdn if one == kind] for kind in KINDS}
    assert all(len(rdn) == 1 for rdn in rdns)
    assert said[SERIAL] in ([f"PNOLV-{code[:6]}-{code[6:]}"], [f"PNOLV-{code}"])
    assert [" ".join(unicodedata.normalize("NFC", text).split()) for text in said[NAME]] == [given]
    assert [" ".join(unicodedata.normalize("NFC", text).split()) for text in said[SURNAME]] == [family]


@given(st.permutations([(SERIAL, CODE), (NAME, GIVEN), (SURNAME, FAMILY), (NameOID.COMMON_NAME, "X"),
                        (NameOID.COUNTRY_NAME, "LV"), (NameOID.TITLE, "Dr")]))  # fmt: skip
def test_the_order_of_the_subject_says_nothing(parts: list[tuple[x509.ObjectIdentifier, str]]) -> None:
    assert read(name_of(*parts)) == ("15038201230", GIVEN, FAMILY)
