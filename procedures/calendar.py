"""Which days are worked in Latvia.

Public holidays and the days given instead of them come from the package ``holidays``. Working days moved by order of
the Cabinet are kept here, dated, because they are data that a term can be waiting for: as long as a year's are not
known, a due date in it is provisional (procedure-engine.md 3.1).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

import holidays

RIGA: Final = ZoneInfo("Europe/Riga")
"""Where the day of an event is read from its instant."""

_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Moved:
    """One working day, moved from a weekday to a Saturday."""

    off: date
    works: date


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingDays:
    """A calendar: two with the same name count alike, apart from years that one does not know yet."""

    name: str
    moved: Mapping[int, tuple[Moved, ...]] | None
    """By year, each year that is known, also those without any; None for a calendar that heeds no moved days."""

    def __hash__(self) -> int:
        return hash(self.name)

    def is_working(self, day: date) -> bool:
        """Say whether ``day`` is a working day."""
        for moved in (self.moved or {}).get(day.year, ()):
            if day in (moved.off, moved.works):
                return day == moved.works
        return day.weekday() < 5 and day not in public_holidays(day.year)

    def counted(self, day_zero: date, number: int) -> date:
        """Give the ``number``-th working day after ``day_zero``; before it when negative, the day itself for 0."""
        step = _ONE_DAY if number > 0 else -_ONE_DAY
        day, left = day_zero, abs(number)
        while left:
            day += step
            left -= self.is_working(day)
        return day

    def between(self, day_zero: date, last: date) -> int:
        """Count the working days after ``day_zero`` up to and with ``last``."""
        return sum(self.is_working(day) for day in _days(day_zero + _ONE_DAY, last))

    def rolled(self, day: date) -> date:
        """Give ``day``, or the next working day when it is none."""
        while not self.is_working(day):
            day += _ONE_DAY
        return day

    def is_provisional(self, day: date) -> bool:
        """Say whether ``day`` may change, because its year's moved days are not known yet."""
        return self.moved is not None and day.year > max(self.moved, default=0)


@cache
def public_holidays(year: int) -> frozenset[date]:
    """Give the public holidays of ``year``, with the days given instead of 4 May and 18 November, without moved days."""
    days = holidays.country_holidays("LV", years=year, language="lv")
    moved = str(getattr(days, "substituted_label", "")).partition("%s")[0]
    return frozenset(day for day, name in days.items() if not name.startswith(moved))


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += _ONE_DAY


def _year(year: int, *moved: tuple[tuple[int, int], tuple[int, int]]) -> tuple[int, tuple[Moved, ...]]:
    return year, tuple(Moved(date(year, *off), date(year, *works)) for off, works in moved)


MOVED: Final[Mapping[int, tuple[Moved, ...]]] = MappingProxyType(
    dict(
        (
            _year(2015, ((1, 2), (1, 10)), ((6, 22), (6, 27))),
            _year(2016),
            _year(2017, ((5, 5), (5, 13))),
            _year(2018, ((4, 30), (4, 21))),
            _year(2019),
            _year(2020, ((6, 22), (6, 13))),
            _year(2021, ((5, 3), (5, 8)), ((6, 25), (6, 19)), ((11, 19), (11, 13))),
            _year(2022),
            _year(2023, ((5, 5), (5, 20))),
            _year(2024, ((12, 23), (12, 14)), ((12, 30), (12, 28))),
            _year(2025, ((5, 2), (5, 10)), ((11, 17), (11, 8))),
            _year(2026, ((1, 2), (1, 17)), ((6, 22), (6, 27))),
        )
    )
)
"""Ordered by the Cabinet for public institutions with a week from Monday to Friday."""

LV_PUBLIC: Final = WorkingDays(name="lv_public", moved=MOVED)
"""With moved days: a Saturday that works instead is a working day (ENG-INT-01, ENG-INT-04)."""

LV_STATUTORY: Final = WorkingDays(name="lv_statutory", moved=None)
"""Public holidays and the days given instead of them, nothing else."""
