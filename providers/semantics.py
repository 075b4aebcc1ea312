"""Semantics identifiers of natural persons, as certificates and providers state them (ETSI EN 319 412-1)."""

import re
from typing import Final

from providers.personal_code import CodeStructure, InvalidPersonalCode, PersonalCode, parse_personal_code

_FORM: Final = re.compile(r"([A-Z]{2}[A-Z:])([A-Z]{2})-(.+)", re.ASCII)


def parse_semantics(text: str, *, structure: CodeStructure = CodeStructure.REJECT) -> PersonalCode:
    """Read ``PNOLV-150382-01230`` by the rules of eid-providers.md 2.1; the country in it is the code's.

    Raises:
        InvalidPersonalCode: another form, another type than PNO, or no code of that country; the text is not repeated.
    """
    found = _FORM.fullmatch(text)
    if found is None or not text.isascii():
        raise InvalidPersonalCode("an identifier must be three letters of type, two of country, a hyphen and the code")
    kind, country, code = found.groups()
    if kind != "PNO":
        raise InvalidPersonalCode("the identifier's type must be PNO: a national civic registration number")
    return parse_personal_code(code, country=country, structure=structure)
