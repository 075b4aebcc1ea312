"""The fold of events about clocks, fees, requests and tasks."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from procedures import timed_events as t
from procedures.case import AskedFee, Case, ClockState, RequestState, RunningClock, SentRequest, Task, TaskState
from procedures.events import Entry

_Clock: TypeAlias = (
    t.ClockStarted
    | t.ClockStopped
    | t.ClockPaused
    | t.ClockResumed
    | t.ClockExtended
    | t.ClockCountedAnew
    | t.ClockExpired
)
_Fee: TypeAlias = t.FeeAsked | t.FeeCredited | t.FeeRefunded
_Request: TypeAlias = t.RequestAnswered | t.RequestLapsed | t.RequestCountedAnew
_Task: TypeAlias = t.TaskDone | t.TaskOverdue | t.TaskCancelled | t.TaskCountedAnew


def with_timed(case: Case, entry: Entry) -> Case:
    """Give the case after an entry about something that has a time or a price.

    Raises:
        TypeError: the entry is about something else.
    """
    if isinstance(entry.event, _Clock):
        return _with_clock(case, entry.event, entry.at)
    if isinstance(entry.event, _Fee | t.FeePaid):
        return _with_fee(case, entry.event, entry.at)
    if isinstance(entry.event, t.RequestSent | _Request):
        return _with_request(case, entry.event, entry.at)
    if isinstance(entry.event, t.TaskSet | _Task):
        return replace(case, tasks=_tasks(case.tasks, entry.event))
    raise TypeError(f"nothing folds {type(entry.event).__name__}")


def _with_clock(case: Case, event: _Clock, at: datetime) -> Case:
    changed = replace(case, clocks={**case.clocks, event.clock: _clock(case.clocks, event, at)})
    return _happened(changed, f"{event.clock}.expired", at) if isinstance(event, t.ClockExpired) else changed


def _clock(clocks: Mapping[str, RunningClock], event: _Clock, at: datetime) -> RunningClock:  # noqa: PLR0911 - one each
    if isinstance(event, t.ClockStarted):
        return RunningClock(state=ClockState.RUNNING, term=event.term, started_at=at, due=event.due)
    clock = clocks[event.clock]
    match event:
        case t.ClockStopped():
            return replace(clock, state=ClockState.STOPPED)
        case t.ClockPaused(spent=spent):
            return replace(clock, state=ClockState.PAUSED, spent=spent)
        case t.ClockResumed(due=due):
            return replace(clock, state=ClockState.RUNNING, started_at=at, due=due)
        case t.ClockExtended(due=due, term=term, spent=spent):
            return replace(clock, due=due, term=term, spent=spent, extended=True)
        case t.ClockCountedAnew(due=due):
            return replace(clock, due=due)
        case t.ClockExpired():
            return replace(clock, state=ClockState.EXPIRED)


def _with_fee(case: Case, event: _Fee | t.FeePaid, at: datetime) -> Case:
    if isinstance(event, t.FeePaid):
        return _happened(case, f"{event.fee}.paid", at)
    return replace(case, fees={**case.fees, event.fee: _fee(case.fees, event)})


def _fee(fees: Mapping[str, AskedFee], event: _Fee) -> AskedFee:
    match event:
        case t.FeeAsked():
            return AskedFee(
                invoice=event.invoice,
                amount=event.amount,
                payer=event.payer,
                payee=event.payee,
                account=event.account,
                due=event.due,
            )
        case t.FeeCredited(fee=fee, amount=amount, reference=reference):
            asked = fees[fee]
            references = (*asked.references, reference)
            return replace(asked, credited=asked.credited + amount, references=references)
        case t.FeeRefunded(fee=fee, amount=amount):
            return replace(fees[fee], refunded=fees[fee].refunded + amount)


def _with_request(case: Case, event: t.RequestSent | _Request, at: datetime) -> Case:
    match event:
        case t.RequestSent(request=request):
            sent = replace(case, requests=(*case.requests, request))
            return _happened(sent, f"{request.request}.sent", at)
        case t.RequestCountedAnew(number=number, due=due):
            return replace(
                case, requests=tuple(replace(r, due=due) if r.number == number else r for r in case.requests)
            )
        case t.RequestAnswered(number=number):
            return _request_ended(case, number, RequestState.ANSWERED, at)
        case t.RequestLapsed(number=number):
            return _request_ended(case, number, RequestState.LAPSED, at)


def _request_ended(case: Case, number: int, state: RequestState, at: datetime) -> Case:
    def ended(request: SentRequest) -> SentRequest:
        return replace(request, state=state) if request.number == number else request

    name = next(request.request for request in case.requests if request.number == number)
    changed = replace(case, requests=tuple(ended(request) for request in case.requests))
    return _happened(changed, f"{name}.{state}", at)


def _tasks(tasks: tuple[Task, ...], event: t.TaskSet | _Task) -> tuple[Task, ...]:
    if isinstance(event, t.TaskSet):
        return (*tasks, event.task)
    named = (event.obligation, event.number)
    return tuple(_task(task, event) if (task.obligation, task.number) == named else task for task in tasks)


def _task(task: Task, event: _Task) -> Task:
    match event:
        case t.TaskDone(digest=digest):
            return replace(task, state=TaskState.DONE, digest=digest)
        case t.TaskCountedAnew(due=due):
            return replace(task, due=due)
        case t.TaskOverdue():
            return replace(task, state=TaskState.OVERDUE)
        case t.TaskCancelled():
            return replace(task, state=TaskState.CANCELLED)


def _happened(case: Case, event: str, at: datetime) -> Case:
    return replace(case, happened={**case.happened, event: at})
