"""Arithmetic of terms: when one ends, and what is left of it (procedure-engine.md 3.2, 3.3).

The day of the event is day 0. Days are those of Riga; hours and shorter units are elapsed time, whatever the clocks on
the wall do. Limits are inclusive. Nothing here knows a case: instants in, instants out.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from procedures.calendar import RIGA, WorkingDays

END_OF_DAY: Final = time(23, 59, 59, 999_999)
"""A term in days ends with its last day: what happens in the last second is in time."""


class Unit(StrEnum):
    """What a term is counted in."""

    WORKING_DAY = "working_day"
    CALENDAR_DAY = "calendar_day"
    MONTH = "month"
    YEAR = "year"
    HOUR = "hour"
    MINUTE = "minute"
    SECOND = "second"

    @property
    def span(self) -> timedelta | None:
        """How long one is, of a unit that is elapsed time; None for units of days."""
        return _SPANS.get(self)


_SPANS: Final = {
    Unit.HOUR: timedelta(hours=1),
    Unit.MINUTE: timedelta(minutes=1),
    Unit.SECOND: timedelta(seconds=1),
}


class Roll(StrEnum):
    """What becomes of a last day that is no working day."""

    NEXT = "next"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A length of time, and how its end is found."""

    length: int
    unit: Unit
    roll: Roll = Roll.NEXT
    time_of_day: time | None = None
    """When on its last day a term of days ends, local time; None for the end of the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Yearly:
    """The same day of each year."""

    month: int
    day: int
    roll: Roll = Roll.NEXT
    time_of_day: time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The end of a term."""

    at: datetime
    """The last instant in time; UTC, aware."""
    unmoved: date
    """The last day before it was moved off a non-working day; both are shown (ENG-INT-02)."""
    provisional: bool = False
    """Whether it is counted anew when the moved working days of its year are known."""


def local_day(at: datetime) -> date:
    """Give the day in Riga of an aware instant."""
    return at.astimezone(RIGA).date()


def due(term: Term, start: datetime, days: WorkingDays) -> Due:
    """Give the end of ``term``, started at the aware instant ``start``."""
    if span := term.unit.span:
        end = start.astimezone(UTC) + term.length * span
        return Due(at=end, unmoved=local_day(end))
    last = _shifted(local_day(start), term.length, term.unit, days)
    return ending(last, term, days)


def due_yearly(yearly: Yearly, year: int, days: WorkingDays) -> Due:
    """Give the end of ``yearly`` in ``year``."""
    return ending(date(year, yearly.month, yearly.day), yearly, days)


def ending(last: date, term: Term | Yearly, days: WorkingDays) -> Due:
    """Give the end of a term whose last day, before it is moved, is ``last``."""
    moved = days.rolled(last) if term.roll is Roll.NEXT else last
    at = datetime.combine(moved, term.time_of_day or END_OF_DAY, RIGA).astimezone(UTC)
    return Due(at=at, unmoved=last, provisional=days.is_provisional(moved))


def limit_before(term: Term, anchor: date, days: WorkingDays) -> date:
    """Give the last day that is at least ``term`` before ``anchor``; it is never moved.

    Raises:
        ValueError: the term is not one of days.
    """
    if term.unit.span:
        raise ValueError("a limit before a day is counted in days, months or years")
    return _shifted(anchor, -term.length, term.unit, days)


def elapsed(term: Term, start: datetime, at: datetime, days: WorkingDays) -> int:
    """Count the whole units of ``term`` that have passed at ``at``, its day included (section 3.3).

    Of terms of elapsed time, whole microseconds are counted, so that no part of a unit is lost or won.
    """
    if term.unit.span:
        return (at - start) // _TICK
    day_zero, day = local_day(start), local_day(at)
    match term.unit:
        case Unit.WORKING_DAY:
            return days.between(day_zero, day)
        case Unit.CALENDAR_DAY:
            return (day - day_zero).days
        case unit:
            return _whole(unit, day_zero, day)


def resumed(term: Term, spent: int, at: datetime, days: WorkingDays) -> Due:
    """Give the new end of ``term``, of which ``spent`` had elapsed, when it runs on at ``at``."""
    if span := term.unit.span:
        end = at.astimezone(UTC) + term.length * span - spent * _TICK
        return Due(at=end, unmoved=local_day(end))
    return ending(_shifted(local_day(at), term.length - spent, term.unit, days), term, days)


_TICK: Final = timedelta(microseconds=1)


def _shifted(day: date, number: int, unit: Unit, days: WorkingDays) -> date:
    match unit:
        case Unit.WORKING_DAY:
            return days.counted(day, number)
        case Unit.CALENDAR_DAY:
            return day + timedelta(days=number)
        case Unit.MONTH:
            return months_later(day, number)
        case _:
            return months_later(day, 12 * number)


def months_later(day: date, number: int) -> date:
    """Give the same day ``number`` months later (earlier when negative), or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + number, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _whole(unit: Unit, first: date, last: date) -> int:
    months = (last.year - first.year) * 12 + last.month - first.month
    months -= months_later(first, months) > last
    return months // (12 if unit is Unit.YEAR else 1)
