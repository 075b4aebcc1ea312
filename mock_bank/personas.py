"""The made-up customers of the bank (conformance catalogue 7.5).

No personal code here can belong to anybody: those with a date lie after June 2017, when codes with dates ended; those
without one (first digits 32 to 39) are used against this mock only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What sort of customer someone is; decides how far a login gets."""

    ORDINARY = "ordinary"
    NO_PERSONAL_CODE = "no-personal-code"
    COMPANY = "company"
    BLOCKED = "blocked"
    ONE_FACTOR = "one-factor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """A made-up customer."""

    user_number: str
    """Six digits; what the person types first."""
    password: str
    pin: str
    """Four digits, for the simulated phone."""
    given_name: str
    family_name: str
    personal_code: str
    """Eleven digits with the hyphen after the sixth, or empty for a customer without one."""
    purpose: str
    kind: Kind = Kind.ORDINARY
    company: str = ""
    """Registration number of the company that a company user acts for."""

    @property
    def name(self) -> str:
        """Both names for a page, in speaking order."""
        return f"{self.given_name} {self.family_name}".strip()


def _persona(number: int, given: str, family: str, code: str, purpose: str, kind: Kind = Kind.ORDINARY) -> Persona:
    company = "40009999999" if kind is Kind.COMPANY else ""
    return Persona(
        user_number=str(number),
        password=f"parole-{number}",
        pin=str(number)[-4:],
        given_name=given,
        family_name=family,
        personal_code=code,
        purpose=purpose,
        kind=kind,
        company=company,
    )


def _letters(seed: str, length: int = 80) -> str:
    return (seed.lower() * length)[:length].capitalize()


PERSONAS: Final[tuple[Persona, ...]] = (
    _persona(100001, "Anna", "Bērziņa", "150930-24177", "plain case, code with a birth date"),
    _persona(100002, "Ģirts", "Ķēniņš-Žīgurs", "240231-20862", "hyphenated surname, most diacritics"),
    _persona(100003, "Elīna Līga", "Šņēviča-Ūsiņa", "071232-25202", "two given names"),
    _persona(100004, "Jānis", "Āboliņš", "010130-21148", "born on the 1st: leading zero in the code"),
    _persona(100005, "Nora", "Pirmā", "321847-59206", "person N1: code without a date, 32…"),
    _persona(100006, "Niks", "Otrais", "350000-00017", "person N2: code without a date, 35…"),
    _persona(100007, "Nellija", "Trešā", "399999-99998", "person N3: code without a date, 39…"),
    _persona(100008, "Anna", "van der Berg", "180333-27604", "blanks in the surname"),
    _persona(100009, "Seán", "O'Neill-D’Arcy", "291134-20351", "apostrophes of both kinds"),
    _persona(100010, "Łukasz", "Größe Őry", "050635-23187", "letters outside Latvian"),
    _persona(100011, _letters("Garāvārdeņa"), _letters("Šķērsgriezīte"), "301036-28712", "80 letters in each name"),
    _persona(100012, "", "Mono", "120437-24462", "one name only"),
    _persona(100013, "Bez", "Koda", "", "customer without a personal code", Kind.NO_PERSONAL_CODE),
    _persona(100014, "Uldis", "Uzņēmējs", "110730-26011", "company user", Kind.COMPANY),
    _persona(100015, "Biruta", "Bloķēta", "140831-27020", "blocked customer", Kind.BLOCKED),
    _persona(100016, "Viens", "Faktors", "170932-28030", "customer with one factor only", Kind.ONE_FACTOR),
    _persona(100017, "Aija", "Pāra-Ābele", "030233-29049", "person A, for mix-ups"),
    _persona(100018, "Baiba", "Pāra-Bērza", "060334-20050", "person B, for mix-ups"),
)  # fmt: skip

PERSON_A: Final = "100017"
PERSON_B: Final = "100018"


def by_user_number(personas: Iterable[Persona] = PERSONAS) -> Mapping[str, Persona]:
    """Index personas by what they type first."""
    return {persona.user_number: persona for persona in personas}
