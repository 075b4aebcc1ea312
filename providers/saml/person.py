"""Who an assertion is about (eid-providers.md 3, 9.4): three attributes by their full names, never the NameID."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from providers.contract import AssuranceLevel
from providers.names import NameRefused, normalise_name
from providers.personal_code import CodeStructure, InvalidPersonalCode, PersonalCode, parse_personal_code
from providers.saml.errors import SamlRefused
from providers.saml.names import saml
from providers.saml.profile import AttributeNames, SamlProfile
from providers.saml.reading import only_child, text_of

ORIGINAL_ISSUER: Final = "{http://schemas.xmlsoap.org/ws/2009/09/identity/claims}OriginalIssuer"
OTHER_NAME_ID: Final = "name_id_differs"
EARLIER_CODES: Final = "earlier_codes_stated"

_NATURAL_PERSON: Final = re.compile(r"PK:([0-9]{6}-?[0-9]{5})", re.ASCII)
_LEVELS: Final[Mapping[str, AssuranceLevel]] = {
    "4": AssuranceLevel.HIGH,
    "3": AssuranceLevel.SUBSTANTIAL,
    "2": AssuranceLevel.LOW,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedPerson:
    """A person as the provider states them."""

    code: PersonalCode
    given_name: str
    family_name: str
    flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Value:
    """One value of an attribute, and who is said to have stated it first."""

    text: str
    original_issuer: str


def stated_person(assertion: Any, profile: SamlProfile, structure: CodeStructure) -> StatedPerson:
    """Read names and code out of a verified assertion.

    Raises:
        SamlRefused: a field is missing, stands twice, or is no name or code; the text is not repeated.
    """
    names, values = profile.attributes, _values(assertion, profile.attributes)
    given, family = _one(values, names.given_name), _one(values, names.family_name)
    code, earlier = _current_code(values.get(names.personal_code, []))
    try:
        person = StatedPerson(
            code=parse_personal_code(code, country=profile.default_country, structure=structure),
            given_name=normalise_name(given),
            family_name=normalise_name(family),
            flags=frozenset({EARLIER_CODES} if earlier else ()),
        )
    except (InvalidPersonalCode, NameRefused) as error:
        raise SamlRefused("identity", str(error)) from error
    return _with_flags(person, assertion, profile)


def stated_level(assertion: Any, names: AttributeNames) -> AssuranceLevel | None:
    """The level that an attribute states beside the authentication context; None where none is stated.

    Raises:
        SamlRefused: it is stated twice, or is none that satisfies a request.
    """
    stated = _values(assertion, names).get(names.level or "", [])
    if not stated:
        return None
    if len(stated) > 1 or stated[0].text not in _LEVELS:
        raise SamlRefused("level", "the level attribute must be 2, 3 or 4, once")
    return _LEVELS[stated[0].text]


def _values(assertion: Any, names: AttributeNames) -> Mapping[str, list[_Value]]:
    """Every value of the attributes that are read; others are passed over, and so are names that only resemble."""
    read: dict[str, list[_Value]] = {}
    wanted = {names.given_name, names.family_name, names.personal_code, names.level} - {None}
    for attribute in assertion.iterfind(f"{saml('AttributeStatement')}/{saml('Attribute')}"):
        name = str(attribute.get("Name") or "")
        if name in wanted:
            issuer = str(attribute.get(ORIGINAL_ISSUER) or "")
            found = [_Value(_text(value), issuer) for value in attribute.findall(saml("AttributeValue"))]
            read.setdefault(name, []).extend(found)
    return read


def _text(value: Any) -> str:
    if len(value):
        raise SamlRefused("plain_text", "an attribute's value holds something else than text")
    return str(value.text or "")


def _one(values: Mapping[str, list[_Value]], name: str) -> str:
    found = values.get(name, [])
    if len(found) > 1:
        raise SamlRefused("attribute_once", "a name is stated more than once")
    if not found:
        raise SamlRefused("identity", "given name or family name is missing")
    return found[0].text


def _current_code(stated: list[_Value]) -> tuple[str, bool]:
    """The code that counts, and whether earlier ones stand beside it: of several, the one with an OriginalIssuer."""
    if not stated:
        raise SamlRefused("identity", "the personal code is missing")
    if len(stated) == 1:
        return stated[0].text, False
    current = [value.text for value in stated if value.original_issuer]
    if len(current) != 1:
        raise SamlRefused("one_current_code", "of several personal codes exactly one must name its OriginalIssuer")
    return current[0], True


def _with_flags(person: StatedPerson, assertion: Any, profile: SamlProfile) -> StatedPerson:
    flags = person.flags | person.code.flags
    if profile.name_id == "vpm" and _code_in_name_id(assertion) != person.code.key:
        flags |= {OTHER_NAME_ID}
    return StatedPerson(code=person.code, given_name=person.given_name, family_name=person.family_name, flags=flags)


def _code_in_name_id(assertion: Any) -> str:
    """The digits of ``PK:`` and a code: any other kind is nobody who signs in for themselves."""
    subject = only_child(assertion, saml("Subject"), "one_subject")
    found = _NATURAL_PERSON.fullmatch(text_of(only_child(subject, saml("NameID"), "one_name_id")))
    if found is None:
        raise SamlRefused("natural_person", "the NameID is not that of a natural person")
    return found[1].replace("-", "")
