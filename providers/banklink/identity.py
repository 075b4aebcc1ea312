"""Who an answer is about (banklink.md section 10), and whether the confirmation agrees.

The confirmation's fields are the identity; the names of the browser's message are only compared. Without a
confirmation separate fields count as they are, a delimited field where the profile says so, and any other is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from typing import NoReturn

from providers.banklink.dialect import Pairs
from providers.banklink.messages import MEANS, Says
from providers.banklink.parse import AnswerFields
from providers.banklink.profile import OpenProfile
from providers.banklink.stated_names import OneName, StatedNames, TwoNames
from providers.errors import AssertionRejected
from providers.names import NameRefused, normalise_name
from providers.personal_code import CodeStructure, InvalidPersonalCode, PersonalCode, parse_personal_code
from providers.refusals import SENTENCES, Reason
from providers.vpm_confirmation import Confirmation

NAME_CUT = "front_channel_name_cut"
FOR_A_COMPANY = "for_a_company"

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedPerson:
    """A person as the message through the browser states them."""

    code: PersonalCode
    names: StatedNames
    means: str
    organisation: str = ""
    """The company that a business user acts for (11.2); empty for a private person."""

    @property
    def flags(self) -> frozenset[str]:
        """Remarks for the audit record."""
        remarks = {NAME_CUT: self.names.cut, FOR_A_COMPANY: bool(self.organisation)}
        return self.code.flags | {remark for remark, applies in remarks.items() if applies}


def stated_person(fields: AnswerFields, profile: OpenProfile, structure: CodeStructure) -> StatedPerson:
    """Read code, country and names.

    Raises:
        AssertionRejected: ``identity_incomplete``, or ``malformed`` for pairs that repeat a key.
    """
    stated = _Stated.of(fields, profile)
    country = fields.said(Says.COUNTRY) or profile.settings.default_country
    try:
        return StatedPerson(
            code=parse_personal_code(stated.code, country=country, structure=structure),
            names=_names(stated, fields, profile),
            means=MEANS.get(fields.said(Says.MEANS), "unknown"),
            organisation=stated.organisation,
        )
    except (InvalidPersonalCode, NameRefused) as error:
        raise AssertionRejected(Reason.IDENTITY_INCOMPLETE, str(error)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stated:
    """Texts, found where the dialect puts them."""

    code: str
    name: str
    organisation: str = ""

    @classmethod
    def of(cls, fields: AnswerFields, profile: OpenProfile) -> "_Stated":
        pairs = profile.dialect.info
        if pairs is None or not profile.answer.says(Says.INFO):
            return cls(code=fields.said(Says.CODE), name=fields.said(Says.NAME))
        return cls.in_pairs(fields, parse_info(fields.said(Says.INFO), pairs.between), pairs)

    @classmethod
    def in_pairs(cls, fields: AnswerFields, info: Mapping[str, str], pairs: Pairs) -> "_Stated":
        if pairs.user_of_company is not None and pairs.user_of_company in info:
            user, company = info[pairs.user_of_company], _first(info, pairs.name)
            return cls(code=fields.said(Says.CODE), name=user, organisation=company)
        code, beside = _first(info, pairs.code), fields.said(Says.CODE)
        if beside and beside != code:
            _refuse(Reason.IDENTITY_INCOMPLETE)  # the code stands twice, and differs (11.2)
        return cls(code=code, name=_first(info, pairs.name))


def _names(stated: _Stated, fields: AnswerFields, profile: OpenProfile) -> StatedNames:
    if profile.answer.says(Says.FAMILY_NAME):
        return TwoNames(
            given=_name(fields.said(Says.GIVEN_NAME)),
            family=_name(fields.said(Says.FAMILY_NAME)),
            cut=_fills(Says.GIVEN_NAME, fields, profile) or _fills(Says.FAMILY_NAME, fields, profile),
        )
    return OneName(
        text=_name(stated.name),
        cut=_fills(Says.NAME, fields, profile) or _fills(Says.INFO, fields, profile),
        family_first=profile.settings.name_order == "last,first",
        splittable=profile.settings.name_fields == "delimited",
    )


def _name(text: str) -> str:
    return normalise_name(decode_entities(text))


def _fills(what: Says, fields: AnswerFields, profile: OpenProfile) -> bool:
    """Whether a value is as long as its field allows."""
    name = profile.answer.names.get(what)
    return name is not None and len(fields[name]) == profile.lengths[name]


def decode_entities(text: str) -> str:
    """One pass over character references, which browsers put where a charset lacks a letter (section 2)."""
    return _ENTITY.sub(lambda found: unescape(found.group()), text) if "&" in text else text


def parse_info(text: str, between: str = ":") -> Mapping[str, str]:
    """The pairs of a ``VK_INFO`` or ``IB_USER_INFO`` value, keys in upper case (section 7).

    Raises:
        AssertionRejected: ``malformed``: a key occurs twice.
    """
    pairs: dict[str, str] = {}
    for part in text.split(";"):
        key, _, value = part.partition(between)
        key = key.strip(" ").upper()
        if not key:
            continue
        if key in pairs:
            _refuse(Reason.MALFORMED)
        pairs[key] = value.strip(" ")
    return pairs


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


def agree_on_names(stated: StatedPerson, confirmation: Confirmation) -> None:
    """The stated names are the confirmed ones.

    Raises:
        AssertionRejected: ``identity_mismatch``.
    """
    if not stated.names.agrees(confirmation.given_name, confirmation.family_name):
        _refuse(Reason.IDENTITY_MISMATCH)


def separate_names(stated: StatedPerson) -> tuple[str, str]:
    """Family name and given names without a confirmation.

    Raises:
        AssertionRejected: ``identity_incomplete``: one field that nobody may split, or one half is empty.
    """
    names = stated.names.apart()
    if names is None:
        _refuse(Reason.IDENTITY_INCOMPLETE)
    return names


def _refuse(reason: Reason) -> NoReturn:
    raise AssertionRejected(reason, SENTENCES[reason])
