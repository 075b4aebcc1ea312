"""The parts of a procedure that have a time or a price: clocks, fees, requests, obligations.

An event is named by text: an action's id, ``opened``, ``<clock>.expired``, ``<fee>.paid``, ``<request>.sent``,
``<request>.answered``, ``<request>.lapsed``, ``<field>.changed``, ``<lookup>.looked_up``.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from procedures.clocks import Term, Unit, Yearly
from procedures.parts import Computed, Guard, Role, Stage

if TYPE_CHECKING:
    from procedures.effects import Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class ByDecision:
    """Somebody moves the end to a later day, and says why."""

    by: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class ByEvent:
    """An event shortly before the end moves the end by a fixed span."""

    on: str
    within: timedelta
    by: timedelta


@dataclass(frozen=True, slots=True)
class Do:
    """At its end a clock has the system take an action."""

    action: str


@dataclass(frozen=True, slots=True)
class Flag:
    """At its end a clock, or a request, raises a flag that people see."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A term that runs in a case. It may be paused, extended and stopped; its end is never silent (ENG-CLK-02)."""

    id: str
    term: Term | Computed[Term]
    on_expiry: Do | Flag
    start_on: tuple[str, ...] = ()
    """Events that start it, beside the effects that do."""
    stop_on: tuple[str, ...] = ()
    pause_on: tuple[str, ...] = ()
    resume_on: tuple[str, ...] = ()
    extend: ByDecision | ByEvent | None = None
    owner: Role | None = None
    """Whose time it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The last day that is a term before another day: nothing runs, guards compare with it."""

    id: str
    term: Term
    anchor: Computed[date]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """The most that one payer pays in a period, whatever the number of fees."""

    amount: Decimal
    spent: Computed[Decimal]
    """What other cases have already asked of the payer in the period; usually a stored lookup."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee:
    """Money that a case asks for, once (ENG-FEE-01)."""

    id: str
    amount: Computed[Decimal]
    """In EUR."""
    payer: Role
    payee: str
    account: Computed[str]
    due: Term | Computed[Term] | None = None
    """Counted from the moment it is asked for."""
    cap: Cap | None = None
    on_paid: "tuple[Effect, ...]" = ()
    refund: Computed[Decimal] | None = None
    """What is given back when an effect refunds it; None: all that was paid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request for more information (ENG-REQ-01)."""

    id: str
    by: tuple[Role, ...]
    to: Role
    within: tuple[Stage, ...]
    minimum: int = 0
    """The shortest term that may be set, in ``unit``."""
    unit: Unit = Unit.WORKING_DAY
    pauses: tuple[Clock, ...] = ()
    on_lapse: Flag | None = None


Recurrence: TypeAlias = Term | Yearly
"""A term is counted once, twice, three times from the anchor; a yearly day falls in each year after the anchor's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """Something that must be done again and again; each time is a task with its own due date (ENG-OBL-01)."""

    id: str
    by: Role
    every: Recurrence
    anchor: str | None = None
    """The event that begins it; None: an effect does."""
    count: int | None = None
    """How many times; None: as long as ``lasts``."""
    lasts: Guard | None = None
    """Asked before each further task of an obligation without ``count``."""
    released: Guard | None = None
    """Asked after each change: when true, the tasks that are not due yet are cancelled."""
    form: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message that goes out whenever an event happens."""

    on: str
    to: tuple[Role, ...]
    template: str
    channel: str = "mail"
