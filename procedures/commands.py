"""What can be asked of the engine: each with the actor who asks, None where nobody has signed in (ENG-IDN-01)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from procedures.actors import Actor
from procedures.fields import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """Begin a case."""

    actor: Actor | None
    case: str
    """The new case's id, chosen by whoever stores it."""
    parent: str | None = None
    fields: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FillIn:
    """Give fields values; None empties one."""

    actor: Actor | None
    values: Mapping[str, "Value | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HandIn:
    """Hand in a document, or its next version."""

    actor: Actor | None
    document: str
    digest: str
    """SHA-256 of its bytes, lower-case hexadecimal."""
    row: int | None = None
    """Of the document's table, from 1 on; None for a document that is asked once."""
    signed_by: tuple[str, ...] = ()
    """Roles whose signatures the caller has verified."""
    answers: int | None = None
    """Number of the request it answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Take an action, or agree to one that needs several."""

    actor: Actor | None
    action: str
    inputs: Mapping[str, Value] = field(default_factory=dict)
    grounds: tuple[str, ...] = ()
    text: str = ""
    versions: Mapping[str, int] = field(default_factory=dict)
    """By document: the version that the actor has before them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBack:
    """No longer agree to an action that needs several."""

    actor: Actor | None
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend:
    """Move a clock's end to a later day."""

    actor: Actor | None
    clock: str
    last_day: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Request more information."""

    actor: Actor | None
    request: str
    missing: tuple[str, ...]
    term: int
    """In the unit of the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Say that what was requested has been handed in."""

    actor: Actor | None
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fulfil:
    """Hand in what a task asks for."""

    actor: Actor | None
    obligation: str
    number: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """Report money that came in; a service does."""

    actor: Actor | None
    fee: str
    amount: Decimal
    reference: str
    """Of the payment; the same one is counted once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLookup:
    """Store what a register answered, or that it did not; a service does."""

    actor: Actor | None
    lookup: str
    values: Mapping[str, "Value | None"] | None
    """None: no answer."""
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDelivery:
    """Report one attempt to send a message; a service does."""

    actor: Actor | None
    number: int
    digest: str
    receipt: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class See:
    """Look at a version of a document; kept in the history."""

    actor: Actor | None
    document: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Erase:
    """Delete what was kept long enough."""

    actor: Actor | None
    retention: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Let time pass; a service does."""

    actor: Actor | None


Command: TypeAlias = (
    FillIn
    | HandIn
    | Act
    | TakeBack
    | Extend
    | Ask
    | Answer
    | Fulfil
    | Credit
    | FileLookup
    | ReportDelivery
    | See
    | Erase
    | Tick
)
"""What moves a case that is open; ``Open`` stands beside it."""
