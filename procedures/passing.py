"""Time passes in a case: what was due happens, once, at its due instant, however late anybody looks (ENG-CLK-02)."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial

from procedures import events as e
from procedures import timed_events as t
from procedures.acting import act_by_itself
from procedures.actors import ServiceActing
from procedures.case import Case, ClockState, RequestState, SentRequest, Task, TaskState
from procedures.clocking import count_anew
from procedures.clocks import due
from procedures.consequences import settle
from procedures.course import Course
from procedures.obligations import cancel_released, due_of, next_after
from procedures.parts import RoleKind, find
from procedures.terms import Do


def next_due(case: Case) -> datetime | None:
    """Give the instant at which time must next be let pass; None when the case waits for nothing."""
    return min((at for at, _ in _waiting(case)), default=None)


def pass_time(course: Course, until: datetime, *, inclusive: bool) -> None:
    """Let everything happen that was due before ``until``, or at it when ``inclusive``, in the order of its time."""
    by, now = course.by, course.at
    course.by = _system(course)
    while (first := min(_waiting(course.case), key=lambda waiting: waiting[0], default=None)) is not None:
        at, happen = first
        if at > until or (at == until and not inclusive):
            break
        course.at = at
        course.taken.clear()
        happen(course)
        settle(course)
        cancel_released(course)
    course.by, course.at = by, now
    course.taken.clear()


def count_all_anew(course: Course) -> None:
    """Count anew every end that was provisional and need not be any more."""
    by, course.by = course.by, _system(course)
    for clock in course.procedure.clocks:
        count_anew(course, clock)
    for request in course.case.requests:
        if request.state is RequestState.OPEN and request.due.provisional:
            _count_request(course, request)
    for task in course.case.tasks:
        if task.state is TaskState.OPEN and task.due.provisional:
            _count_task(course, task)
    course.by = by


def _count_request(course: Course, request: SentRequest) -> None:
    end = due(request.term, request.asked_at, course.procedure.calendar)
    if not end.provisional:
        course.happen(t.RequestCountedAnew(number=request.number, due=end))


def _count_task(course: Course, task: Task) -> None:
    end = due_of(task.every, task.number, task.begun_at, course.procedure.calendar)
    if not end.provisional:
        course.happen(t.TaskCountedAnew(obligation=task.obligation, number=task.number, due=end))


def _waiting(case: Case) -> Iterator[tuple[datetime, Callable[[Course], None]]]:
    for name, clock in case.clocks.items():
        if clock.state is ClockState.RUNNING:
            yield clock.due.at, partial(_expire, name=name)
    for request in case.requests:
        if request.state is RequestState.OPEN:
            yield request.due.at, partial(_lapse, request=request)
    for task in case.tasks:
        if task.state is TaskState.OPEN:
            yield task.due.at, partial(_miss, task=task)


def _expire(course: Course, *, name: str) -> None:
    clock = find(course.procedure.clocks, name)
    course.happen(t.ClockExpired(clock=name))
    if not isinstance(clock.on_expiry, Do):
        course.happen(e.Flagged(code=clock.on_expiry.code))
    elif not act_by_itself(course, course.procedure.action(clock.on_expiry.action)):
        course.happen(e.Flagged(code=f"{name}.expired"))


def _lapse(course: Course, *, request: SentRequest) -> None:
    course.happen(t.RequestLapsed(number=request.number))
    flag = find(course.procedure.requests, request.request).on_lapse
    course.happen(e.Flagged(code=f"{request.request}.lapsed" if flag is None else flag.code))


def _miss(course: Course, *, task: Task) -> None:
    course.happen(t.TaskOverdue(obligation=task.obligation, number=task.number))
    next_after(course, task)


def _system(course: Course) -> ServiceActing:
    role = next((role for role in course.procedure.roles if role.kind is RoleKind.SERVICE), None)
    return ServiceActing(role="" if role is None else role.id, service="engine")
