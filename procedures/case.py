"""A case: everything that is known of it, and nothing else.

It is the fold of its entries (``procedures.fold``): whoever stores a case stores those, and gets it back exactly. All
instants are aware.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from procedures.actors import Actor
from procedures.clocks import Due, Term
from procedures.fields import Value
from procedures.terms import Recurrence


class ClockState(StrEnum):
    """What a clock that was started once is doing."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningClock:
    """A clock, as it was started."""

    state: ClockState
    term: Term
    started_at: datetime
    """The event it counts from: the start, or the last time it was resumed."""
    due: Due
    spent: int = 0
    """Units that had elapsed before ``started_at``, as ``clocks.elapsed`` counts them."""
    extended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedFee:
    """A fee that was asked for."""

    invoice: str
    amount: Decimal
    payer: str
    payee: str
    account: str
    due: Due | None = None
    credited: Decimal = Decimal("0.00")
    refunded: Decimal = Decimal("0.00")
    references: tuple[str, ...] = ()
    """Of the payments that were counted."""

    @property
    def settled(self) -> bool:
        """Whether what came in is enough."""
        return self.credited >= self.amount

    @property
    def shortfall(self) -> Decimal:
        """What is missing, to the cent."""
        return max(self.amount - self.credited, Decimal("0.00"))

    @property
    def surplus(self) -> Decimal:
        """What came in beyond the amount, to the cent."""
        return max(self.credited - self.amount, Decimal("0.00"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a document; the bytes are kept elsewhere."""

    number: int
    digest: str
    """SHA-256, lower-case hexadecimal."""
    by: Actor | None
    at: datetime
    signed_by: tuple[str, ...] = ()
    """Roles whose signatures it carries, as verified by whoever took it in."""
    answers: int | None = None
    """Number of the request it answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One action as it was taken."""

    action: str
    by: Actor | None
    at: datetime
    grounds: tuple[str, ...] = ()
    text: str = ""
    documents: Mapping[str, int] = field(default_factory=dict)
    """The newest version of each document at that moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One entry of the outbox; its number in its case makes it one of a kind, so that it is sent once."""

    number: int
    kind: str
    to: str
    subject: str
    channel: str
    attempts: int = 0
    digest: str | None = None
    """Of what was sent."""
    receipt: str | None = None

    @property
    def delivered(self) -> bool:
        """Whether the recipient's side acknowledged it."""
        return self.receipt is not None


class RequestState(StrEnum):
    """What became of a request for information."""

    OPEN = "open"
    ANSWERED = "answered"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRequest:
    """A request for information as it was sent."""

    number: int
    request: str
    missing: tuple[str, ...]
    asked_at: datetime
    term: Term
    due: Due
    state: RequestState = RequestState.OPEN


class TaskState(StrEnum):
    """What became of one occurrence of an obligation."""

    OPEN = "open"
    OVERDUE = "overdue"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One occurrence of an obligation."""

    obligation: str
    number: int
    """From 1 on, within its obligation."""
    begun_at: datetime
    """When the obligation began."""
    every: Recurrence
    due: Due
    state: TaskState = TaskState.OPEN
    digest: str | None = None
    """Of what was handed in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The answer of a register, stored."""

    values: Mapping[str, "Value | None"] | None
    """None when there was no answer: unknown, which is never yes."""
    source: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A case that this one opened."""

    case: str
    procedure: str
    fields: Mapping[str, Value]
    """What the child begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that is known of a case."""

    id: str
    procedure: str
    version: int
    stage: str
    opened_at: datetime
    stage_since: datetime
    last_at: datetime
    """When something was last recorded that changed the case."""
    parent: str | None = None
    fields: Mapping[str, Value] = field(default_factory=dict)
    documents: Mapping[str, tuple[Version, ...]] = field(default_factory=dict)
    happened: Mapping[str, datetime] = field(default_factory=dict)
    """By event: when it last happened."""
    decisions: tuple[Decision, ...] = ()
    consents: Mapping[str, tuple[Actor, ...]] = field(default_factory=dict)
    """By action that needs several: who has agreed so far."""
    clocks: Mapping[str, RunningClock] = field(default_factory=dict)
    fees: Mapping[str, AskedFee] = field(default_factory=dict)
    lookups: Mapping[str, Found] = field(default_factory=dict)
    requests: tuple[SentRequest, ...] = ()
    tasks: tuple[Task, ...] = ()
    outbox: tuple[Message, ...] = ()
    registers: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    parties: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By role: the parties that have acted in it, or to whom it was granted."""
    children: tuple[Child, ...] = ()
