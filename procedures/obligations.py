"""Obligations of a case: their tasks are set, fulfilled, missed and cancelled (ENG-OBL-01)."""

from dataclasses import replace
from datetime import datetime

from procedures import timed_events as t
from procedures.calendar import WorkingDays
from procedures.case import Task, TaskState
from procedures.clocks import Due, Yearly, due, due_yearly, local_day
from procedures.course import Course
from procedures.facts import holds
from procedures.parts import find
from procedures.terms import Obligation, Recurrence


def begin(course: Course, obligation: Obligation) -> None:
    """Set the tasks of ``obligation``: all of them when their number is known, else the first. A second begin is none."""
    if not any(task.obligation == obligation.id for task in course.case.tasks):
        for number in range(1, (obligation.count or 1) + 1):
            _set(course, obligation, number, course.at)


def next_after(course: Course, task: Task) -> None:
    """Set the task after ``task``, if it is the last so far of an obligation without an end that still lasts."""
    obligation = find(course.procedure.obligations, task.obligation)
    last = max(other.number for other in course.case.tasks if other.obligation == task.obligation)
    lasts = obligation.lasts is None or holds(obligation.lasts, course.facts)
    if obligation.count is None and task.number == last and lasts:
        _set(course, obligation, task.number + 1, task.begun_at)


def cancel(course: Course, obligation: Obligation, *, due_after: datetime | None) -> None:
    """Cancel the open tasks of ``obligation``: those due after an instant, or all."""
    for task in course.case.tasks:
        future = due_after is None or task.due.at > due_after
        if task.obligation == obligation.id and task.state is TaskState.OPEN and future:
            course.happen(t.TaskCancelled(obligation=task.obligation, number=task.number))


def cancel_released(course: Course) -> None:
    """Cancel what nobody is obliged to any more; what was due already stays due."""
    for obligation in course.procedure.obligations:
        if obligation.released is not None and holds(obligation.released, course.facts):
            cancel(course, obligation, due_after=course.at)


def due_of(every: Recurrence, number: int, begun_at: datetime, calendar: WorkingDays) -> Due:
    """Give when the ``number``-th task is due, of an obligation that began at ``begun_at``."""
    if isinstance(every, Yearly):
        return due_yearly(every, local_day(begun_at).year + number, calendar)
    return due(replace(every, length=every.length * number), begun_at, calendar)


def _set(course: Course, obligation: Obligation, number: int, begun_at: datetime) -> None:
    end = due_of(obligation.every, number, begun_at, course.procedure.calendar)
    task = Task(obligation=obligation.id, number=number, begun_at=begun_at, every=obligation.every, due=end)
    course.happen(t.TaskSet(task=task))
