"""What can happen to the clocks, fees, requests and tasks of a case: part of the closed list in ``procedures.events``."""

from dataclasses import dataclass
from decimal import Decimal

from procedures.case import SentRequest, Task
from procedures.clocks import Due, Term


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStarted:
    """A clock began, or began anew."""

    clock: str
    term: Term
    due: Due


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStopped:
    """A clock ended without expiring."""

    clock: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockPaused:
    """A clock stands still."""

    clock: str
    spent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockResumed:
    """A clock runs on."""

    clock: str
    due: Due


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockExtended:
    """A clock's end was moved to a later instant."""

    clock: str
    term: Term
    """What it is now, counted from where it was started or last resumed."""
    spent: int
    due: Due
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockExpired:
    """A clock came to its end."""

    clock: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockCountedAnew:
    """A provisional end was counted with moved working days that have become known."""

    clock: str
    due: Due


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeAsked:
    """A fee was asked for."""

    fee: str
    invoice: str
    amount: Decimal
    payer: str
    payee: str
    account: str
    due: Due | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeCredited:
    """Money came in for a fee."""

    fee: str
    amount: Decimal
    reference: str
    """Of the payment, in the account statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeePaid:
    """A fee is settled."""

    fee: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeRefunded:
    """Money of a fee is to be given back."""

    fee: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSent:
    """More information was asked for."""

    request: SentRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAnswered:
    """What was asked for arrived."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLapsed:
    """What was asked for did not arrive in time."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCountedAnew:
    """The provisional end of a request was counted with moved working days that have become known."""

    number: int
    due: Due


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCountedAnew:
    """The provisional end of a task was counted with moved working days that have become known."""

    obligation: str
    number: int
    due: Due


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSet:
    """An obligation has one more task."""

    task: Task


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDone:
    """A task was fulfilled."""

    obligation: str
    number: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOverdue:
    """A task was not fulfilled in time."""

    obligation: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCancelled:
    """A task need not be fulfilled any more."""

    obligation: str
    number: int
