"""Who acts in a case (ENG-IDN-01).

Names and code stay in three separate fields, as the login gave them. Whoever calls the engine has authenticated the
actor; the engine decides what that actor may do.
"""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A human being, as authenticated."""

    given_name: str
    surname: str
    personal_code: str
    """As the login gave it; of staff without one, what the staff login calls them by, the same each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """A legal person that somebody acts for."""

    name: str
    registration_number: str


Party: TypeAlias = Person | Organisation


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonActing:
    """A person, in one role, for themself or for somebody else."""

    role: str
    person: Person
    represents: Party | None = None
    """Whom the person acts for; None in their own name."""

    @property
    def hand(self) -> str:
        """What tells this person from every other one who may act in the same case."""
        return self.person.personal_code

    @property
    def party(self) -> str:
        """Whose act it is: what tells the person, or the one represented, from every other."""
        return _key(self.represents or self.person)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceActing:
    """A program: the system itself, or a robot that acts as somebody's role."""

    role: str
    service: str
    """Its service identity."""
    represents: Party | None = None

    @property
    def hand(self) -> str:
        """What tells this service from every person and every other service."""
        return f"service:{self.service}"

    @property
    def party(self) -> str:
        """Whose act it is."""
        return _key(self.represents) if self.represents else self.hand


Actor: TypeAlias = PersonActing | ServiceActing


def _key(party: Party) -> str:
    return party.personal_code if isinstance(party, Person) else f"organisation:{party.registration_number}"
