"""A person, read out of verified claims by the names of the agreement (eid-providers.md sections 2, 3 and 12.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NoReturn

from providers.contract import AssuranceLevel, Factor
from providers.errors import AssertionRejected
from providers.names import NameRefused, normalise_name
from providers.oidc.profile import ClaimNames, OidcProfile
from providers.personal_code import CodeStructure, InvalidPersonalCode, PersonalCode, parse_personal_code
from providers.refusals import SENTENCES, Reason
from providers.semantics import parse_semantics

BIRTH_DATE_DROPPED: Final = "birth_date_not_iso"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedPerson:
    """Whom the claims are about."""

    code: PersonalCode
    given_name: str
    family_name: str
    flags: frozenset[str]
    """Remarks for the audit record."""


def stated_person(sources: tuple[Mapping[str, Any], ...], names: ClaimNames, structure: CodeStructure) -> StatedPerson:
    """Read a person from claims that may come from more than one verified source (ID token, user info).

    Raises:
        AssertionRejected: ``identity_incomplete``; ``identity_mismatch`` where two sources differ (section 3 rule 8).
    """
    people = [_person_in(source, names, structure) for source in sources if names.personal_code in source]
    if not people:
        _refuse(Reason.IDENTITY_INCOMPLETE)
    if any(person != people[0] for person in people):
        _refuse(Reason.IDENTITY_MISMATCH)
    return people[0]


def _person_in(claims: Mapping[str, Any], names: ClaimNames, structure: CodeStructure) -> StatedPerson:
    if names.type is not None and claims.get(names.type.claim) != names.type.value:
        _refuse(Reason.IDENTITY_INCOMPLETE)
    try:
        code = _code_in(claims, names, structure)
        given, family = (normalise_name(_text(claims, name)) for name in (names.given_name, names.family_name))
    except (InvalidPersonalCode, NameRefused) as error:
        raise AssertionRejected(Reason.IDENTITY_INCOMPLETE, str(error)) from error
    return StatedPerson(
        code=code, given_name=given, family_name=family, flags=code.flags | _birth_date_flags(claims.get("birthdate"))
    )


def _code_in(claims: Mapping[str, Any], names: ClaimNames, structure: CodeStructure) -> PersonalCode:
    text = _text(claims, names.personal_code)
    if names.form == "semantics":
        return parse_semantics(text, structure=structure)
    country = _text(claims, names.country) if names.country is not None else names.default_country
    return parse_personal_code(text, country=country or "", structure=structure)


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str):
        _refuse(Reason.IDENTITY_INCOMPLETE)
    return value


def _birth_date_flags(value: Any) -> frozenset[str]:
    """A date that is not ISO is dropped with a flag (12.2 [D]); none is handed on."""
    try:
        date.fromisoformat(value if isinstance(value, str | None) and value is not None else "")
    except ValueError:
        return frozenset() if value is None else frozenset({BIRTH_DATE_DROPPED})
    return frozenset()


def assurance_of(claims: Mapping[str, Any], profile: OidcProfile, minimum: AssuranceLevel) -> AssuranceLevel:
    """The level that ``acr`` stands for in the agreement.

    Raises:
        AssertionRejected: ``loa_insufficient``: it is missing, unknown, or below what was asked (2.3: an unknown level
            satisfies no request).
    """
    acr = claims.get("acr")
    level = profile.levels.get(acr) if isinstance(acr, str) else None
    if level is None or level < minimum:
        _refuse(Reason.LOA_INSUFFICIENT)
    return level


def factors_of(claims: Mapping[str, Any], profile: OidcProfile) -> frozenset[Factor]:
    """The kinds of factor that ``acr`` and ``amr`` stand for in the agreement (4.1, VPM-INT-08).

    Raises:
        AssertionRejected: ``malformed`` for an ``amr`` that is no list of words, ``one_factor`` for fewer than two kinds.
    """
    methods, acr = claims.get("amr", []), claims.get("acr")
    if not isinstance(methods, list) or not all(isinstance(one, str) for one in methods):
        _refuse(Reason.MALFORMED)
    found = {factor for method in methods for factor in profile.factors_of_amr.get(method, ())}
    if isinstance(acr, str):
        found |= set(profile.factors_of_acr.get(acr, ()))
    if len(found) < 2:
        _refuse(Reason.ONE_FACTOR)
    return frozenset(found)


def _refuse(reason: Reason) -> NoReturn:
    raise AssertionRejected(reason, SENTENCES[reason])
