"""National personal codes: the identifier a relying party knows a person by.

Latvian codes follow eid-providers.md section 1. No check digit decides anything: codes issued since July 2017 have
none, and a wrong one in an older code is a remark for the audit record.
"""

import re
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

LATVIA = "LV"

CHECK_DIGIT_MISMATCH = "check_digit_mismatch"
IMPOSSIBLE_STRUCTURE = "impossible_code_structure"
ISSUED_TOO_LATE = "old_code_form_after_june_2017"

_LATVIAN_TEXT = re.compile(r"[0-9]{6}-?[0-9]{5}")
_FOREIGN_TEXT = re.compile(r"[0-9]{11}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_CENTURIES = {"0": 1800, "1": 1900, "2": 2000}
_CHECK_WEIGHTS = (1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_LAST_DAY_OF_OLD_CODES = date(2017, 6, 30)
_NEW_FORM_PREFIXES = range(32, 40)


class CodeStructure(StrEnum):
    """What to do with a Latvian code that the register cannot have issued (setting ``code_structure``)."""

    REJECT = "reject"
    """Production: such a code is refused."""
    FLAG = "flag"
    """Test profiles: accepted with a flag, so that codes which can belong to nobody can be used."""


class InvalidPersonalCode(ValueError):
    """A text is no personal code; the message says why and never repeats the text."""


@dataclass(frozen=True, slots=True)
class PersonalCode:
    """A personal code that was parsed; made by ``parse_personal_code``."""

    key: str = field(repr=False)
    """Eleven ASCII digits: for comparison, digests and uniqueness. Never an integer."""
    country: str = LATVIA
    """The country whose register issued it, ISO 3166-1 alpha-2."""

    @property
    def display(self) -> str:
        """As people write it: ``150382-01230`` for Latvia, eleven digits elsewhere."""
        return f"{self.key[:6]}-{self.key[6:]}" if self.country == LATVIA else self.key

    @property
    def semantics(self) -> str:
        """The identifier of ETSI EN 319 412-1: ``PNOLV-150382-01230``."""
        return f"PNO{self.country}-{self.display}"

    @property
    def flags(self) -> frozenset[str]:
        """Remarks for the audit record (``check_digit_mismatch``, …); they decide nothing."""
        if self.country != LATVIA or _is_new_form(self.key):
            return frozenset()
        return frozenset(_old_form_flags(self.key))

    @property
    def birth_date(self) -> date | None:
        """The date an old Latvian code holds, else None; never a ground for a decision (eid-providers.md 1.5)."""
        if self.country != LATVIA or _is_new_form(self.key):
            return None
        return _old_form_date(self.key)


def parse_personal_code(
    text: str, *, country: str = LATVIA, structure: CodeStructure = CodeStructure.REJECT
) -> PersonalCode:
    """Read a bare code by the steps of eid-providers.md 1.3.

    Args:
        text: the provider's field after its own decoding; ASCII spaces at both ends are stripped, nothing else.
        country: whose code it is, ISO 3166-1 alpha-2; outside Latvia the form is eleven digits (banklink.md 10).
        structure: whether a Latvian code that cannot have been issued is refused.

    Raises:
        InvalidPersonalCode: the text is no code of that country; the message does not repeat it.
    """
    if not _COUNTRY.fullmatch(country):
        raise InvalidPersonalCode("the country of a personal code must be two capital letters")
    code = PersonalCode(_key_of(text.strip(" "), country), country)
    if structure is CodeStructure.REJECT:
        _refuse_impossible(code)
    return code


def _key_of(text: str, country: str) -> str:
    if country != LATVIA:
        if not _FOREIGN_TEXT.fullmatch(text):
            raise InvalidPersonalCode(f"a personal code of {country} must be eleven digits and nothing else")
        return text
    if not _LATVIAN_TEXT.fullmatch(text):
        raise InvalidPersonalCode("a Latvian personal code must be six digits, an optional hyphen and five digits")
    return text.replace("-", "")


def _refuse_impossible(code: PersonalCode) -> None:
    flags = code.flags
    if IMPOSSIBLE_STRUCTURE in flags:
        raise InvalidPersonalCode(
            "the digits are neither an old code with a date of the calendar nor a code since 2017"
        )
    if ISSUED_TOO_LATE in flags:
        raise InvalidPersonalCode("a code of the old form holds a date after 30 June 2017, when that form ended")


def _is_new_form(key: str) -> bool:
    return int(key[:2]) in _NEW_FORM_PREFIXES


def _old_form_flags(key: str) -> set[str]:
    flags = set()
    born = _old_form_date(key)
    if born is None:
        flags.add(IMPOSSIBLE_STRUCTURE)
    elif born > _LAST_DAY_OF_OLD_CODES:
        flags.add(ISSUED_TOO_LATE)
    if old_form_check_digit(key) != int(key[10]):
        flags.add(CHECK_DIGIT_MISMATCH)
    return flags


def _old_form_date(key: str) -> date | None:
    century = _CENTURIES.get(key[6])
    if century is None:
        return None
    try:
        return date(century + int(key[4:6]), int(key[2:4]), int(key[:2]))
    except ValueError:
        return None  # no such day: the caller flags or refuses it


def old_form_check_digit(key: str) -> int:
    """The check digit that the first ten digits of an old code ask for (eid-providers.md 1.4); advisory."""
    total = sum(weight * int(digit) for weight, digit in zip(_CHECK_WEIGHTS, key, strict=False))
    return (1101 - total) % 11 % 10
