"""Who an answer is about (banklink.md section 10), and whether the confirmation agrees.

The confirmation's fields are the identity; the one name field of the browser's message is only compared. Without a
confirmation a delimited field is accepted where the profile says so, and any other is refused: never a guess.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from typing import NoReturn

from providers.banklink.messages import LONGEST_NAME_FIELD, MEANS
from providers.banklink.parse import AnswerFields
from providers.banklink.profile import BanklinkProfile
from providers.errors import AssertionRejected
from providers.names import NameRefused, normalise_name, same_name, same_words
from providers.personal_code import CodeStructure, InvalidPersonalCode, PersonalCode, parse_personal_code
from providers.refusals import SENTENCES, Reason
from providers.vpm_confirmation import Confirmation

NAME_CUT = "front_channel_name_cut"

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_CODE_KEYS = ("ISIK", "PERSON")
_NAME_KEYS = ("NIMI", "NAME")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedPerson:
    """A person as the message through the browser states them."""

    code: PersonalCode
    name: str
    """One field, normalised; not yet split."""
    means: str
    cut: bool
    """Whether the name fills its field, so that its end may have been cut off."""

    @property
    def flags(self) -> frozenset[str]:
        """Remarks for the audit record."""
        return self.code.flags | {NAME_CUT} if self.cut else self.code.flags


def stated_person(fields: AnswerFields, profile: BanklinkProfile, structure: CodeStructure) -> StatedPerson:
    """Read code, country and name.

    Raises:
        AssertionRejected: ``identity_incomplete``, or ``malformed`` for a ``VK_INFO`` that repeats a key.
    """
    code, name = _code_and_name(fields)
    country = fields["VK_COUNTRY"] or profile.default_country
    try:
        return StatedPerson(
            code=parse_personal_code(code, country=country, structure=structure),
            name=normalise_name(decode_entities(name)),
            means=MEANS.get(fields["VK_TOKEN"], "unknown"),
            cut=len(fields["VK_USER_NAME"]) == LONGEST_NAME_FIELD,
        )
    except (InvalidPersonalCode, NameRefused) as error:
        raise AssertionRejected(Reason.IDENTITY_INCOMPLETE, str(error)) from error


def decode_entities(text: str) -> str:
    """One pass over character references, which browsers put where a charset lacks a letter (section 2)."""
    return _ENTITY.sub(lambda found: unescape(found.group()), text) if "&" in text else text


def parse_info(text: str) -> Mapping[str, str]:
    """The pairs of a ``VK_INFO`` value, keys in upper case (section 7).

    Raises:
        AssertionRejected: ``malformed``: a key occurs twice.
    """
    pairs: dict[str, str] = {}
    for part in text.split(";"):
        key, _, value = part.partition(":")
        key = key.strip(" ").upper()
        if not key:
            continue
        if key in pairs:
            _refuse(Reason.MALFORMED)
        pairs[key] = value.strip(" ")
    return pairs


def _code_and_name(fields: AnswerFields) -> tuple[str, str]:
    if "VK_INFO" not in fields.values:
        return fields["VK_USER_ID"], fields["VK_USER_NAME"]
    info = parse_info(fields["VK_INFO"])
    return _first(info, _CODE_KEYS), _first(info, _NAME_KEYS)


def _first(info: Mapping[str, str], keys: tuple[str, ...]) -> str:
    return next((info[key] for key in keys if key in info), "")


def confirmed_code(stated: StatedPerson, confirmation: Confirmation, structure: CodeStructure) -> PersonalCode:
    """The confirmed personal code, which must be the stated one.

    Raises:
        AssertionRejected: ``identity_incomplete`` for a text that is no code, ``identity_mismatch`` for another person.
    """
    try:
        code = parse_personal_code(confirmation.personal_code, country=stated.code.country, structure=structure)
    except InvalidPersonalCode as error:
        raise AssertionRejected(Reason.IDENTITY_INCOMPLETE, str(error)) from error
    if code != stated.code:
        _refuse(Reason.IDENTITY_MISMATCH)
    return code


def agree_on_names(stated: StatedPerson, confirmation: Confirmation, profile: BanklinkProfile) -> None:
    """The stated name holds the confirmed names: each in its place where a comma tells them apart, else word by word.

    Raises:
        AssertionRejected: ``identity_mismatch``.
    """
    if not _agree(stated, confirmation.given_name, confirmation.family_name, profile):
        _refuse(Reason.IDENTITY_MISMATCH)


def _agree(stated: StatedPerson, given: str, family: str, profile: BanklinkProfile) -> bool:
    delimited = profile.name_order == "last,first" and "," in stated.name
    if stated.cut:
        whole = (f"{family},{given}",) if delimited else (f"{given} {family}", f"{family} {given}", f"{family},{given}")
        return any(name.casefold().startswith(stated.name.casefold()) for name in whole)
    if delimited:
        stated_family, stated_given = split_at_comma(stated.name)
        return same_name(stated_family, family) and same_name(stated_given, given)
    return same_words(stated.name, f"{given} {family}")


def split_at_comma(name: str) -> tuple[str, str]:
    """Family name and given names of a delimited field: before the first comma, and all after it."""
    family, _, given = name.partition(",")
    return family.strip(), given.strip()


def delimited_names(stated: StatedPerson, profile: BanklinkProfile) -> tuple[str, str]:
    """Family name and given names without a confirmation: only where the profile accepts a delimited field.

    Raises:
        AssertionRejected: ``identity_incomplete``: one field that nobody may split, or one half is empty.
    """
    if profile.name_fields != "delimited" or "," not in stated.name:
        _refuse(Reason.IDENTITY_INCOMPLETE)
    family, given = split_at_comma(stated.name)
    if not family or not given:
        _refuse(Reason.IDENTITY_INCOMPLETE)
    return family, given


def _refuse(reason: Reason) -> NoReturn:
    raise AssertionRejected(reason, SENTENCES[reason])
