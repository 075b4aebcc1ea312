"""Clocks of a case: started, stopped, paused, resumed, extended, counted anew (ENG-CLK-01, ENG-CLK-03)."""

from dataclasses import replace
from datetime import date, datetime
from typing import Final

from procedures import timed_events as t
from procedures.case import ClockState, RunningClock
from procedures.clocks import Roll, Term, Unit, due, elapsed, ending, local_day, resumed
from procedures.course import Course
from procedures.facts import Facts
from procedures.parts import Computed
from procedures.refusals import Code, NotDone
from procedures.terms import ByDecision, ByEvent, Clock

_ALIVE: Final = (ClockState.RUNNING, ClockState.PAUSED)


def term_of(term: Term | Computed[Term], facts: Facts) -> Term:
    """Give the term that holds now.

    Raises:
        ValueError: it was worked out and is no length of time; a clock that ends as it begins would never stop.
    """
    found = term if isinstance(term, Term) else term(facts)
    if found.length < 1:
        raise ValueError(f"a term lasts at least one {found.unit}")
    return found


def start(course: Course, clock: Clock) -> None:
    """Start ``clock``, unless it runs or is paused."""
    if not _in(course, clock, *_ALIVE):
        restart(course, clock)


def restart(course: Course, clock: Clock) -> None:
    """Start ``clock`` with its whole length, whatever it was doing."""
    term = term_of(clock.term, course.facts)
    course.happen(t.ClockStarted(clock=clock.id, term=term, due=due(term, course.at, course.procedure.calendar)))


def stop(course: Course, clock: Clock) -> None:
    """Stop ``clock``, if it runs or is paused."""
    if _in(course, clock, *_ALIVE):
        course.happen(t.ClockStopped(clock=clock.id))


def pause(course: Course, clock: Clock) -> None:
    """Pause ``clock``, if it runs."""
    if running := _in(course, clock, ClockState.RUNNING):
        spent = elapsed(running.term, running.started_at, course.at, course.procedure.calendar)
        course.happen(t.ClockPaused(clock=clock.id, spent=running.spent + spent))


def resume(course: Course, clock: Clock) -> None:
    """Let ``clock`` run on, if it is paused."""
    if paused := _in(course, clock, ClockState.PAUSED):
        end = resumed(paused.term, paused.spent, course.at, course.procedure.calendar)
        course.happen(t.ClockResumed(clock=clock.id, due=end))


def event_happened(course: Course, clock: Clock, name: str) -> None:
    """Let ``clock`` heed an event."""
    for names, change in (
        (clock.stop_on, stop),
        (clock.pause_on, pause),
        (clock.resume_on, resume),
        (clock.start_on, start),
    ):
        if name in names:
            change(course, clock)
    if isinstance(clock.extend, ByEvent) and clock.extend.on == name:
        _extend_by_event(course, clock, clock.extend)


def _extend_by_event(course: Course, clock: Clock, extend: ByEvent) -> None:
    running = _in(course, clock, ClockState.RUNNING)
    if running is None or not running.due.at - extend.within <= course.at <= running.due.at:
        return
    later = replace(running.due, at=running.due.at + extend.by)
    course.happen(t.ClockExtended(clock=clock.id, term=running.term, spent=running.spent, due=later, reason=extend.on))


def extend_by_decision(course: Course, clock: Clock, last_day: date, reason: str) -> None:
    """Move the end of ``clock`` to the end of ``last_day``, or of the next working day as its roll says.

    From then on its length is the whole time from its start to the new end, so that it can still be paused.

    Raises:
        NotDone: nobody may extend it, there is no reason, it does not run, or the day is not later than its end.
    """
    if not isinstance(clock.extend, ByDecision):
        raise NotDone(Code.UNKNOWN_WORD, clock.id)
    if not reason.strip():
        raise NotDone(Code.REASON_MISSING, clock.id)
    running = _in(course, clock, ClockState.RUNNING)
    if running is None:
        raise NotDone(Code.NOT_OPEN, clock.id)
    end = ending(last_day, _counted_to_a_working_day(running.term), course.procedure.calendar)
    if end.at <= running.due.at:
        raise NotDone(Code.DAY_NOT_LATER, clock.id)
    term = _term_until(running, end.at, course)
    course.happen(t.ClockExtended(clock=clock.id, term=term, spent=0, due=end, reason=reason))


def _counted_to_a_working_day(term: Term) -> Term:
    return replace(term, roll=Roll.NEXT) if term.unit is Unit.WORKING_DAY else term


def _term_until(running: RunningClock, end: datetime, course: Course) -> Term:
    calendar, first, last = course.procedure.calendar, local_day(running.started_at), local_day(end)
    if running.term.unit is Unit.WORKING_DAY:
        return replace(running.term, length=calendar.between(first, last))
    return replace(running.term, length=(last - first).days, unit=Unit.CALENDAR_DAY)


def count_anew(course: Course, clock: Clock) -> None:
    """Count the end of ``clock`` anew, if it was provisional and the moved working days are known by now."""
    running = _in(course, clock, ClockState.RUNNING)
    if running is None or running.extended or not running.due.provisional:
        return
    end = resumed(running.term, running.spent, running.started_at, course.procedure.calendar)
    if not end.provisional:
        course.happen(t.ClockCountedAnew(clock=clock.id, due=end))


def _in(course: Course, clock: Clock, *states: ClockState) -> RunningClock | None:
    running = course.case.clocks.get(clock.id)
    return running if running is not None and running.state in states else None
