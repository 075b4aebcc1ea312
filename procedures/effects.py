"""What an action does beside moving the case on. The list is closed (ENG-MOD-02)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from procedures.fields import Field, Row, Table
from procedures.parts import Computed, Role
from procedures.terms import Clock, Fee, Obligation


@dataclass(frozen=True, slots=True)
class Set:
    """A field gets a value."""

    field: Field[object]
    value: Computed[object]


@dataclass(frozen=True, slots=True)
class Append:
    """A table gets a row."""

    table: Table
    row: Computed[Row]


@dataclass(frozen=True, slots=True)
class StartClock:
    """A clock begins; one that runs already goes on."""

    clock: Clock


@dataclass(frozen=True, slots=True)
class StopClock:
    """A clock ends without expiring."""

    clock: Clock


@dataclass(frozen=True, slots=True)
class RestartClock:
    """A clock begins anew with its whole length, whatever it was."""

    clock: Clock


@dataclass(frozen=True, slots=True)
class IssueFee:
    """A fee falls due; it is asked for once in a case."""

    fee: Fee


@dataclass(frozen=True, slots=True)
class Refund:
    """What was paid of a fee is given back, as the fee says."""

    fee: Fee


@dataclass(frozen=True, slots=True)
class Notify:
    """A letter to everybody in a role."""

    to: Role
    template: str
    channel: str = "mail"


@dataclass(frozen=True, slots=True)
class Publish:
    """A publication in a gazette or on a site."""

    where: str
    template: str


@dataclass(frozen=True, slots=True)
class MakeDocument:
    """A document is produced from the case."""

    template: str


@dataclass(frozen=True, slots=True)
class RegisterAdd:
    """The case is entered in a register."""

    register: str
    outside: bool = False
    """Whether somebody else keeps the register, and has to be told."""


@dataclass(frozen=True, slots=True)
class RegisterRemove:
    """The case is struck from a register."""

    register: str
    outside: bool = False


@dataclass(frozen=True, slots=True)
class GrantRole:
    """Whoever has acted in one role in this case gets another."""

    role: Role
    to: Role


@dataclass(frozen=True, slots=True)
class RevokeRole:
    """Nobody has the role in this case any more."""

    role: Role


@dataclass(frozen=True, slots=True)
class OpenChild:
    """Another case is opened, linked in both directions (ENG-CHI-01)."""

    procedure: str
    """A procedure's id; it may be the case's own."""
    copies: Mapping[str, Field[object]]
    """By field of the child: the field whose value it gets."""

    def __hash__(self) -> int:
        return hash(self.procedure)


@dataclass(frozen=True, slots=True)
class Schedule:
    """An obligation begins."""

    obligation: Obligation


@dataclass(frozen=True, slots=True)
class CancelScheduled:
    """The tasks of an obligation that are still open are cancelled."""

    obligation: Obligation


Effect: TypeAlias = (
    Set
    | Append
    | StartClock
    | StopClock
    | RestartClock
    | IssueFee
    | Refund
    | Notify
    | Publish
    | MakeDocument
    | RegisterAdd
    | RegisterRemove
    | GrantRole
    | RevokeRole
    | OpenChild
    | Schedule
    | CancelScheduled
)
