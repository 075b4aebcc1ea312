"""The parts of a procedure that stand still: roles, stages, parameters, documents, register lookups, retention.

Parts name one another by value, so that the type checker and the interpreter find a slip of the pen; only events are
named by text, because a part may wait for something that is defined after it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, Protocol, TypeAlias, TypeVar

from procedures.clocks import Term

if TYPE_CHECKING:
    from procedures.facts import Facts
    from procedures.fields import Field, Table

T = TypeVar("T")

Guard: TypeAlias = Callable[["Facts"], bool]
"""A rule over what is known of a case: a named function without effects, whose docstring says what it demands.

It may read a field that is blank or a lookup that has no answer: the engine then takes the guard for false, and says
which of them was missing."""

Computed: TypeAlias = Callable[["Facts"], T]
"""A value worked out from what is known of a case; a function as a guard is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What people read."""

    lv: str
    en: str


class Login(StrEnum):
    """How somebody proves to be who they are."""

    VPM = "vpm"
    STAFF = "staff"
    CREDENTIALS = "credentials"
    SERVICE = "service"


class RoleKind(StrEnum):
    """What stands behind a role."""

    PERSON = "person"
    ORGANISATION = "organisation"
    AUTHORITY = "authority"
    SERVICE = "service"


class Held(StrEnum):
    """Who of all who have a role outside may act in it in one case."""

    ANYBODY = "anybody"
    FIRST = "first"
    """The party who first acted in it, usually by opening the case."""
    GRANTED = "granted"
    """Parties to whom an effect has granted it in the case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """In what quality somebody acts."""

    id: str
    kind: RoleKind
    login: Login
    held: Held = Held.ANYBODY


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where a case stands; nothing leads out of a final one."""

    id: str
    names: Words | None = None
    final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated(Generic[T]):
    """A value with its time, both days included."""

    value: T
    valid_from: date
    valid_to: date | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter(Generic[T]):
    """An amount or a limit that changes by law while cases are open (ENG-MOD-03)."""

    id: str
    values: tuple[Dated[T], ...]

    def on(self, day: date) -> T:
        """Give the value in force on ``day``.

        Raises:
            UnknownWord: none is.
        """
        for dated in self.values:
            if dated.valid_from <= day and (dated.valid_to is None or day <= dated.valid_to):
                return dated.value
        raise UnknownWord(f"{self.id} on {day}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """A question to a register; guards read only its stored answer (ENG-LKP-01)."""

    id: str
    register: str
    """Which adaptor answers."""
    returns: tuple[str, ...]
    """What an answer says: the names of its values."""
    max_age: timedelta
    """How old an answer may be when it is read."""
    when: Guard | None = None
    """Whether the question arises at all; None: always."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Something handed in; each correction is a new version (ENG-DOC-01, ENG-DOC-02)."""

    id: str
    by: tuple[Role, ...]
    required: bool | Guard = True
    valid: Guard | None = None
    """What its newest version must fulfil beside being there."""
    within: tuple[Stage, ...] = ()
    """In which stages it may be handed in; none named: in every stage that is not final."""
    signed_by: tuple[Role, ...] = ()
    """Whose signatures a version must carry."""
    per: "Table | None" = None
    """A table, for each row of which the document is asked once; None: once."""
    form: str = ""

    def key(self, row: int | None = None) -> str:
        """Give what its versions are kept under; ``row`` counts from 1."""
        return self.id if row is None else f"{self.id}/{row}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long something is kept (ENG-RET-01)."""

    id: str
    fields: "tuple[Field[object], ...]"
    documents: tuple[Document, ...]
    term: "Term | Computed[Term]"
    anchors: tuple[str, ...]
    """The events it is counted from: the last occurrence of any of them."""
    by: tuple[Role, ...]
    """Who may delete it afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Robot:
    """A program that may act in a role of people, under the same rules as they."""

    id: str
    acts_as: Role
    uses: tuple[str, ...]
    """Ids of actions."""


class Named(Protocol):
    """A part with an id."""

    @property
    def id(self) -> str:
        """What it is called, once in its procedure."""


N = TypeVar("N", bound=Named)


def find(parts: Iterable[N], id_: str) -> N:
    """Find a part by its id.

    Raises:
        UnknownWord: there is none of that id.
    """
    for part in parts:
        if part.id == id_:
            return part
    raise UnknownWord(id_)


class UnknownWord(LookupError):
    """Something is named that the procedure does not have."""
