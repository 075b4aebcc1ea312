"""Working days (procedure-engine.md 3.1), against the law as written there and against the package ``holidays``."""

from datetime import date, timedelta

import holidays
import pytest
from dateutil.easter import easter
from hypothesis import given
from hypothesis import strategies as st

from procedures.calendar import LV_PUBLIC, LV_STATUTORY, MOVED, WorkingDays

YEARS = range(2015, 2028)
PACKAGE = holidays.country_holidays("LV", years=YEARS)
EACH_DAY = st.dates(date(2015, 1, 1), date(2027, 12, 31))
ONCE_BY_LAW = {date(2018, 7, 9), date(2018, 9, 24), date(2023, 5, 29), date(2023, 7, 10)}


def by_the_law(year: int) -> set[date]:
    """The table of section 3.1, written a second time."""
    sunday = easter(year)
    days = {sunday + timedelta(days=n) for n in (-2, 0, 1)}
    days |= {date(year, *day) for day in ((1, 1), (5, 1), (5, 4), (6, 23), (6, 24), (11, 18))}
    days |= {date(year, 12, day) for day in (24, 25, 26, 31)}
    for day in (date(year, 5, 4), date(year, 11, 18)):
        if day.weekday() >= 5:
            days.add(day + timedelta(days=7 - day.weekday()))
    return days | {day for day in ONCE_BY_LAW if day.year == year}


def days_of(year: int) -> list[date]:
    return [date(year, 1, 1) + timedelta(days=n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]


@pytest.mark.parametrize("year", YEARS)
def test_the_statutory_calendar_is_the_law_as_it_is_written(year: int) -> None:
    law = by_the_law(year)
    for day in days_of(year):
        assert LV_STATUTORY.is_working(day) == (day.weekday() < 5 and day not in law), day


@pytest.mark.parametrize("year", YEARS)
def test_the_public_calendar_agrees_with_the_package_on_every_day(year: int) -> None:
    for day in days_of(year):
        assert LV_PUBLIC.is_working(day) == PACKAGE.is_working_day(day), day


@given(EACH_DAY, st.integers(1, 120))
def test_the_nth_working_day_is_the_packages_in_both_directions(day: date, number: int) -> None:
    if date(2015, 1, 1) <= day + timedelta(days=-2 * number) and day + timedelta(days=2 * number) <= date(2027, 12, 31):
        assert LV_PUBLIC.counted(day, number) == PACKAGE.get_nth_working_day(day, number)
        assert LV_PUBLIC.counted(day, -number) == PACKAGE.get_nth_working_day(day, -number)


@given(EACH_DAY, st.integers(0, 120), st.sampled_from([LV_PUBLIC, LV_STATUTORY]))
def test_counting_days_and_counting_to_a_day_are_the_same(day: date, number: int, calendar: WorkingDays) -> None:
    assert calendar.between(day, calendar.counted(day, number)) == number


@given(EACH_DAY, st.sampled_from([LV_PUBLIC, LV_STATUTORY]))
def test_a_rolled_day_is_the_first_working_day_from_it_on(day: date, calendar: WorkingDays) -> None:
    rolled = calendar.rolled(day)
    assert calendar.is_working(rolled)
    assert calendar.between(day - timedelta(days=1), rolled) == 1


def test_weekdays_off_are_those_listed_for_2024_and_2027() -> None:
    def off(year: int) -> str:
        return " ".join(
            f"{day.day}.{day.month}" for day in days_of(year) if day.weekday() < 5 and not LV_PUBLIC.is_working(day)
        )

    assert off(2024) == "1.1 29.3 1.4 1.5 6.5 24.6 18.11 23.12 24.12 25.12 26.12 30.12 31.12"
    assert off(2027) == "1.1 26.3 29.3 4.5 23.6 24.6 18.11 24.12 31.12"


def test_a_day_is_moved_from_a_weekday_to_a_saturday_of_the_same_year() -> None:
    for year, moves in MOVED.items():
        for moved in moves:
            assert (moved.off.weekday() < 5, moved.works.weekday(), moved.works.year) == (True, 5, year)


def test_a_day_is_provisional_after_the_last_year_whose_moved_days_are_known() -> None:
    assert not LV_PUBLIC.is_provisional(date(2026, 12, 31))
    assert LV_PUBLIC.is_provisional(date(2027, 1, 1))
    assert not LV_STATUTORY.is_provisional(date(2030, 1, 1))
