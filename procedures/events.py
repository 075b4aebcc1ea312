"""What can happen in a case: a closed list.

Each event carries what the fold needs, so that no rule, no calendar and no price of today decides what a case of last
year looks like.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from procedures.actors import Actor
from procedures.case import Message
from procedures.fields import Row, Value
from procedures.timed_events import (
    ClockCountedAnew,
    ClockExpired,
    ClockExtended,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    FeeAsked,
    FeeCredited,
    FeePaid,
    FeeRefunded,
    RequestAnswered,
    RequestCountedAnew,
    RequestLapsed,
    RequestSent,
    TaskCancelled,
    TaskCountedAnew,
    TaskDone,
    TaskOverdue,
    TaskSet,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The case began."""

    case: str
    procedure: str
    version: int
    stage: str
    parent: str | None = None
    fields: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldsFilled:
    """Fields got values; a value of None empties one."""

    values: Mapping[str, "Value | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowAppended:
    """A table got a row."""

    table: str
    row: Row


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentHandedIn:
    """A document got its first or its next version."""

    document: str
    version: int
    digest: str
    signed_by: tuple[str, ...] = ()
    answers: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """An action was taken."""

    action: str
    stage: str
    """Where the case stands now."""
    grounds: tuple[str, ...] = ()
    text: str = ""
    documents: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consented:
    """One of several agreed to an action."""

    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentTakenBack:
    """Somebody who had agreed no longer does."""

    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagged:
    """A flag was raised."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageQueued:
    """A message waits in the outbox."""

    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTried:
    """A message was sent, or should have been."""

    number: int
    digest: str
    receipt: str | None
    """None: it was not acknowledged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterEntered:
    """The case was entered in a register."""

    register: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterLeft:
    """The case was struck from a register."""

    register: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGranted:
    """Parties got a role in this case."""

    role: str
    parties: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRevoked:
    """Nobody has a role in this case any more."""

    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildOpened:
    """This case asks for another."""

    case: str
    procedure: str
    fields: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp:
    """A register was asked."""

    lookup: str
    values: Mapping[str, "Value | None"] | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentSeen:
    """Somebody looked at a document; the case is what it was."""

    document: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """Something was kept as long as it had to be, and is gone."""

    retention: str
    fields: tuple[str, ...]
    documents: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Something was not done; the case is what it was."""

    command: str
    """What was tried: the command's kind, and what it named."""
    code: str
    word: str


Event: TypeAlias = (
    Opened
    | FieldsFilled
    | RowAppended
    | DocumentHandedIn
    | Acted
    | Consented
    | ConsentTakenBack
    | Flagged
    | MessageQueued
    | MessageTried
    | RegisterEntered
    | RegisterLeft
    | RoleGranted
    | RoleRevoked
    | ChildOpened
    | LookedUp
    | DocumentSeen
    | Erased
    | Refused
    | ClockStarted
    | ClockStopped
    | ClockPaused
    | ClockResumed
    | ClockExtended
    | ClockExpired
    | ClockCountedAnew
    | FeeAsked
    | FeeCredited
    | FeePaid
    | FeeRefunded
    | RequestSent
    | RequestAnswered
    | RequestCountedAnew
    | RequestLapsed
    | TaskSet
    | TaskDone
    | TaskOverdue
    | TaskCancelled
    | TaskCountedAnew
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An event with its actor and its two times: one record of a case's history."""

    event: Event
    by: Actor | None
    """Whose doing it was; None where nobody had signed in, which is refused."""
    at: datetime
    """When it happened, in law: of an expiry, the due instant."""
    recorded_at: datetime
    """When it was recorded."""
