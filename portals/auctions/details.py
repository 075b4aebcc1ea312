"""What a person writes into their entry: AUC-REG-07 to AUC-REG-10, each rule with its name.

``parse_details`` takes the raw words of a form and returns ``Details``, or raises every problem at once.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final


class DocumentType(StrEnum):
    """Kinds of identity document (AUC-REG-08)."""

    PASSPORT = "passport"
    IDENTITY_CARD = "identity_card"
    FOREIGN_DOCUMENT = "foreign_document"


class Problem(StrEnum):
    """Why a field was refused; the words for people are chosen where the page is made."""

    ADDRESS_MISSING = "address-missing"
    DOCUMENT_TYPE_MISSING = "document-type-missing"
    DOCUMENT_NUMBER_MISSING = "document-number-missing"
    DOCUMENT_NUMBER_UNREADABLE = "document-number-unreadable"
    ACCOUNT_MISSING = "account-missing"
    ACCOUNT_UNREADABLE = "account-unreadable"
    ACCOUNT_MISTYPED = "account-mistyped"
    EMAIL_UNREADABLE = "email-unreadable"
    TELEPHONE_UNREADABLE = "telephone-unreadable"
    TOO_LONG = "too-long"
    CONTROL_CHARACTER = "control-character"


class DetailsRefused(Exception):
    """One or more fields cannot be accepted.

    Args:
        problems: the first problem of each refused field, by the field's name.
    """

    def __init__(self, problems: Mapping[str, Problem]) -> None:
        super().__init__(", ".join(f"{field}: {problem}" for field, problem in problems.items()))
        self.problems = dict(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """The written part of an entry, every rule kept.

    At least one of the two addresses is filled; ``actual_address`` only where it differs from the declared one.
    ``account`` is an IBAN without spaces. ``email`` and ``telephone`` may be empty.
    """

    declared_address: str
    actual_address: str
    document_type: DocumentType
    document_number: str
    account: str
    email: str
    telephone: str

    @property
    def contact_address(self) -> str:
        """The declared residence; the actual one if there is no declared one or it differs (AUC-REG-07)."""
        return self.actual_address or self.declared_address

    def as_fields(self) -> dict[str, str]:
        """Each field as text, by name."""
        return {name: str(value) for name, value in asdict(self).items()}


FIELDS: Final = tuple(Details.__dataclass_fields__)
LONGEST: Final = {"declared_address": 300, "actual_address": 300, "email": 254}
LONGEST_OTHERWISE: Final = 40

CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
DOCUMENT_NUMBER: Final = re.compile(r"[0-9A-Z][0-9A-Z -]{3,28}[0-9A-Z]")
IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}")
LATVIAN_IBAN: Final = re.compile(r"LV[0-9]{2}[A-Z]{4}[0-9A-Z]{13}")
EMAIL: Final = re.compile(r"[^@\s<>,;]{1,64}@[^@\s<>,;.]+(\.[^@\s<>,;.]+)+")
TELEPHONE: Final = re.compile(r"\+?[0-9][0-9 ()-]{5,20}[0-9]")


def parse_details(written: Mapping[str, str]) -> Details:
    """The details in the fields of a form; spaces around a value are not part of it.

    Args:
        written: what the person wrote, by field name; an absent field counts as empty.

    Raises:
        DetailsRefused: with the first problem of every field that breaks a rule.
    """
    fields = _tidied(written)
    problems = _problems(fields)
    if problems:
        raise DetailsRefused(problems)
    return Details(**{**fields, "document_type": DocumentType(fields["document_type"])})  # type: ignore[arg-type]  # all text but this


def _tidied(written: Mapping[str, str]) -> dict[str, str]:
    fields = {name: written.get(name, "").strip() for name in FIELDS}
    fields["document_number"] = fields["document_number"].upper()
    fields["account"] = fields["account"].replace(" ", "").upper()
    if fields["actual_address"] == fields["declared_address"]:
        fields["actual_address"] = ""
    return fields


def _problems(fields: Mapping[str, str]) -> dict[str, Problem]:
    found = {name: _general_problem(name, value) for name, value in fields.items()}
    for name, check in CHECKS.items():
        found[name] = found[name] or check(fields)
    return {name: problem for name, problem in found.items() if problem}


def _general_problem(name: str, value: str) -> Problem | None:
    if CONTROL.search(value):
        return Problem.CONTROL_CHARACTER
    return Problem.TOO_LONG if len(value) > LONGEST.get(name, LONGEST_OTHERWISE) else None


def _address(fields: Mapping[str, str]) -> Problem | None:
    """AUC-REG-07: no declared residence and no actual one is refused."""
    return None if fields["declared_address"] or fields["actual_address"] else Problem.ADDRESS_MISSING


def _document_type(fields: Mapping[str, str]) -> Problem | None:
    """AUC-REG-08: a number without a type is refused."""
    return None if fields["document_type"] in set(DocumentType) else Problem.DOCUMENT_TYPE_MISSING


def _document_number(fields: Mapping[str, str]) -> Problem | None:
    """AUC-REG-08: a type without a number is refused."""
    if not fields["document_number"]:
        return Problem.DOCUMENT_NUMBER_MISSING
    return None if DOCUMENT_NUMBER.fullmatch(fields["document_number"]) else Problem.DOCUMENT_NUMBER_UNREADABLE


def _account(fields: Mapping[str, str]) -> Problem | None:
    """AUC-REG-09, AUC-INT-33: an IBAN whose check digits fit; the deposit is paid back to it."""
    account = fields["account"]
    if not account:
        return Problem.ACCOUNT_MISSING
    shape = LATVIAN_IBAN if account.startswith("LV") else IBAN
    if not shape.fullmatch(account):
        return Problem.ACCOUNT_UNREADABLE
    return None if _check_digits_fit(account) else Problem.ACCOUNT_MISTYPED


def _check_digits_fit(iban: str) -> bool:
    """ISO 13616 with ISO 7064 MOD 97-10: letters count 10 to 35, the first four characters go last, remainder 1."""
    turned = iban[4:] + iban[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


def _email(fields: Mapping[str, str]) -> Problem | None:
    """AUC-REG-10: optional; one that no mail could reach is refused."""
    email = fields["email"]
    return None if not email or EMAIL.fullmatch(email) else Problem.EMAIL_UNREADABLE


def _telephone(fields: Mapping[str, str]) -> Problem | None:
    """AUC-REG-10: optional; digits, spaces, brackets and hyphens after an optional plus."""
    telephone = fields["telephone"]
    return None if not telephone or TELEPHONE.fullmatch(telephone) else Problem.TELEPHONE_UNREADABLE


CHECKS: Final = {
    "declared_address": _address,
    "document_type": _document_type,
    "document_number": _document_number,
    "account": _account,
    "email": _email,
    "telephone": _telephone,
}
