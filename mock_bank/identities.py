"""What the bank says about a person: three fields, and the faults of catalogue table 8.8 that bend them."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from mock_bank.faults import ActiveFaults
from mock_bank.personas import Kind, Persona

LATVIAN: Final = frozenset("āčēģīķļņšūžĀČĒĢĪĶĻŅŠŪŽ")


@dataclass(frozen=True, slots=True)
class Identity:
    """Given name, family name and personal code, as handed over."""

    given_name: str
    family_name: str
    personal_code: str

    def names(self, change: Callable[[str], str]) -> "Identity":
        """Both names changed alike."""
        return replace(self, given_name=change(self.given_name), family_name=change(self.family_name))


def identity_of(person: Persona, faults: ActiveFaults, *, odd: bool) -> Identity:
    """What is said about a customer; ``odd`` is true for every second login, which some faults need."""
    identity = Identity(person.given_name, person.family_name, _code_of(person, faults))
    for name, bend in BENT.items():
        if name in faults:
            identity = bend(identity)
    for name, bend in BENT_EVERY_SECOND_TIME.items():
        if odd and name in faults:
            identity = bend(identity)
    return identity


def _code_of(person: Persona, faults: ActiveFaults) -> str:
    if person.kind is Kind.COMPANY and "att.company-code" in faults:
        return person.company
    if not person.personal_code and "att.fabricated-code" in faults:
        return "010199-20000"
    return person.personal_code


def without_diacritics(text: str) -> str:
    """Letters reduced to their base letters: ``Bērziņa`` becomes ``Berzina``."""
    return "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))


def _has_date(code: str) -> bool:
    return code[:2].isdigit() and int(code[:2]) < 32


def _wrong_last_digit(code: str) -> str:
    return f"{code[:-1]}{(int(code[-1]) + 5) % 10}" if code else code


def _capitals_of_ascii(text: str) -> str:
    return "".join(char.upper() if char.isascii() else char for char in text)


def _questions(text: str) -> str:
    return "".join(char if char.isascii() or char in LATVIAN else "?" for char in text)


def _code(change: Callable[[str], str]) -> Callable[[Identity], Identity]:
    return lambda person: replace(person, personal_code=change(person.personal_code))


def _family(change: Callable[[str], str]) -> Callable[[Identity], Identity]:
    return lambda person: replace(person, family_name=change(person.family_name))


def _given(change: Callable[[str], str]) -> Callable[[Identity], Identity]:
    return lambda person: replace(person, given_name=change(person.given_name))


def _names(change: Callable[[str], str]) -> Callable[[Identity], Identity]:
    return lambda person: person.names(change)


BENT: Final[Mapping[str, Callable[[Identity], Identity]]] = {
    "att.empty-surname": _family(lambda _: ""),
    "att.swapped-names": lambda who: replace(who, given_name=who.family_name, family_name=who.given_name),
    "att.wrong-code": _code(_wrong_last_digit),
    "att.check-digit": lambda who: _code(_wrong_last_digit)(who) if _has_date(who.personal_code) else who,
    "att.code-format": _code(lambda code: code[:5] + "-" + code[5:].replace("-", "")),
    "att.bad-birth-code": _code(lambda code: code[:2] + "32" + code[4:] if _has_date(code) else code),
    "att.int-code": _code(lambda code: str(int(code.replace("-", "") or "0"))),
    "att.strip-diacritics": _names(without_diacritics),
    "att.nfd": _names(lambda name: unicodedata.normalize("NFD", name)),
    "att.first-surname-part": _family(lambda name: name.split("-")[0]),
    "att.split-on-space": _family(lambda name: name.split(" ")[-1]),
    "att.first-given-only": _given(lambda name: name.split(" ")[0]),
    "att.wrong-case": _names(_capitals_of_ascii),
    "att.replace-unknown": _names(_questions),
    "att.html-escaped": _names(lambda name: name.replace("'", "&#39;").replace("’", "&rsquo;")),
    "att.truncate": _names(lambda name: name[:40]),
    "att.mononym-copied": lambda who: who if who.given_name else replace(who, given_name=who.family_name),
    "att.padded": _names(lambda name: f" {name.replace(' ', '  ')} "),
    "att.invisible": _names(lambda name: name[:1] + "\u200b" + name[1:]),
    "att.combined-name": lambda who: replace(who, given_name="", family_name=f"{who.given_name} {who.family_name}"),
}
BENT_EVERY_SECOND_TIME: Final[Mapping[str, Callable[[Identity], Identity]]] = {
    "att.hyphen-flap": _code(lambda code: code.replace("-", "")),
    "att.unstable": _family(str.upper),
}
