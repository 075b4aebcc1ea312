"""ENG-CLK-01: the 23 dated examples of procedure-engine.md 3.4, for both calendars, and what holds for every term."""

from datetime import UTC, date, datetime, time, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from procedures.calendar import LV_PUBLIC, LV_STATUTORY, RIGA, WorkingDays
from procedures.clocks import (
    END_OF_DAY,
    Roll,
    Term,
    Unit,
    Yearly,
    due,
    due_yearly,
    elapsed,
    limit_before,
    months_later,
    resumed,
)

PACKAGE = holidays.country_holidays("LV", years=range(2014, 2028))
BOTH = (LV_PUBLIC, LV_STATUTORY)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=RIGA)


def days(length: int, unit: Unit = Unit.CALENDAR_DAY, roll: Roll = Roll.NEXT, until: time | None = None) -> Term:
    return Term(length=length, unit=unit, roll=roll, time_of_day=until)


def working(length: int) -> Term:
    return days(length, Unit.WORKING_DAY)


AUCTION = days(30, until=time(10))
EXAMPLES = [
    (1, "2015-07-20", AUCTION, "2015-08-19", "2015-08-19"),
    (2, "2025-11-24", AUCTION, "2025-12-29", "2025-12-29"),
    (3, "2023-10-19", AUCTION, "2023-11-21", "2023-11-21"),
    (4, "2025-04-02", AUCTION, "2025-05-06", "2025-05-02"),
    (5, "2024-04-04", AUCTION, "2024-05-07", "2024-05-07"),
    (6, "2025-12-15", working(10), "2026-01-06", "2026-01-05"),
    (7, "2025-04-14", working(5), "2025-04-23", "2025-04-23"),
    (8, "2025-04-30", working(5), "2025-05-10", "2025-05-09"),
    (9, "2025-04-01", working(25), "2025-05-12", "2025-05-12"),
    (10, "2025-05-12", working(60), "2025-08-06", "2025-08-06"),
    (11, "2025-12-10", working(20), "2026-01-15", "2026-01-14"),
    (13, "2025-12-31", working(10), "2026-01-16", "2026-01-15"),
    (15, "2025-01-31", days(90), "2025-05-06", "2025-05-02"),
    (16, "2026-02-26", days(30), "2026-03-30", "2026-03-30"),
    (18, "2026-01-30", days(1, Unit.MONTH), "2026-03-02", "2026-03-02"),
]


@pytest.mark.parametrize(("number", "start", "term", "public", "statutory"), EXAMPLES)
def test_eng_clk_01_a_dated_example_ends_on_its_day(
    number: int, start: str, term: Term, public: str, statutory: str
) -> None:
    for calendar, expected in zip(BOTH, (public, statutory), strict=True):
        end = due(term, at(f"{start} 12:00"), calendar)
        wanted = datetime.combine(date.fromisoformat(expected), term.time_of_day or END_OF_DAY, RIGA)
        assert (number, end.at) == (number, wanted)


@pytest.mark.parametrize(("number", "start", "term", "public", "statutory"), EXAMPLES)
def test_eng_clk_01_a_dated_example_is_the_packages_too(
    number: int, start: str, term: Term, public: str, statutory: str
) -> None:
    day = date.fromisoformat(start)
    if term.unit is Unit.WORKING_DAY:
        counted = PACKAGE.get_nth_working_day(day, term.length)
    else:
        unmoved = (
            day + timedelta(days=term.length) if term.unit is Unit.CALENDAR_DAY else months_later(day, term.length)
        )
        counted = PACKAGE.get_nth_working_day(unmoved, 0)
    assert (number, counted) == (number, date.fromisoformat(public))


def test_eng_clk_01_example_12_counts_ninety_working_days_back() -> None:
    assert limit_before(working(90), date(2026, 7, 1), LV_PUBLIC) == date(2026, 2, 17)
    assert PACKAGE.get_nth_working_day(date(2026, 7, 1), -90) == date(2026, 2, 17)
    assert limit_before(working(90), date(2026, 7, 1), LV_STATUTORY) == date(2026, 2, 17)


def test_eng_clk_01_example_14_is_paused_and_resumed() -> None:
    start, paused, again = at("2025-05-12 09:00"), at("2025-06-02 15:00"), at("2025-06-16 09:00")
    for calendar in BOTH:
        assert elapsed(working(60), start, paused, calendar) == 15
    assert resumed(working(60), 15, again, LV_PUBLIC).at == datetime.combine(date(2025, 8, 20), END_OF_DAY, RIGA)


def test_eng_clk_01_example_15_shows_the_unmoved_day_as_well() -> None:
    assert due(days(90), at("2025-01-31 12:00"), LV_PUBLIC).unmoved == date(2025, 5, 1)


def test_eng_clk_01_example_17_counts_two_months_back_to_the_last_day_and_moves_nothing() -> None:
    for calendar in BOTH:
        assert limit_before(days(2, Unit.MONTH), date(2026, 4, 30), calendar) == date(2026, 2, 28)


def test_eng_clk_01_example_19_moves_31_may_in_the_years_when_it_is_no_working_day() -> None:
    yearly = Yearly(month=5, day=31)
    ends = [due_yearly(yearly, year, LV_PUBLIC) for year in (2024, 2025, 2026)]
    assert [end.at.astimezone(RIGA).date().isoformat() for end in ends] == ["2024-05-31", "2025-06-02", "2026-06-01"]
    assert [end.unmoved.day for end in ends] == [31, 31, 31]
    assert ends == [due_yearly(yearly, year, LV_STATUTORY) for year in (2024, 2025, 2026)]


@pytest.mark.parametrize(
    ("start", "end"), [("2026-03-28 20:00", "2026-03-29 21:00"), ("2025-10-25 20:00", "2025-10-26 19:00")]
)
def test_eng_clk_01_examples_20_and_21_hours_elapse_whatever_the_clock_on_the_wall_does(start: str, end: str) -> None:
    assert due(days(24, Unit.HOUR), at(start), LV_PUBLIC).at == at(end)


def test_eng_clk_01_example_22_an_auction_over_the_clock_change_lasts_an_hour_longer() -> None:
    length = at("2025-10-31 10:00").astimezone(UTC) - at("2025-10-01 00:00").astimezone(UTC)
    assert (length, length / 10) == (timedelta(hours=731), timedelta(hours=73, minutes=6))


def test_eng_clk_01_example_23_an_investment_is_at_most_24_months_old() -> None:
    oldest = limit_before(days(24, Unit.MONTH), date(2026, 2, 28), LV_PUBLIC)
    assert date(2024, 2, 28) >= oldest > date(2024, 2, 27)


def test_a_term_of_days_ends_with_the_last_instant_of_its_day() -> None:
    assert due(days(1), at("2025-03-04 00:00"), LV_PUBLIC).at == at("2025-03-05 23:59:59.999999")


def test_a_limit_before_a_day_is_not_counted_in_hours() -> None:
    with pytest.raises(ValueError, match="days"):
        limit_before(days(1, Unit.HOUR), date(2026, 1, 1), LV_PUBLIC)


TERMS = st.builds(days, st.integers(1, 90), st.sampled_from(Unit), st.sampled_from(Roll))
INSTANTS = st.datetimes(datetime(2015, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - as asked


@given(TERMS, INSTANTS, st.sampled_from(BOTH))
def test_a_term_ends_after_it_starts_and_a_longer_one_not_earlier(
    term: Term, start: datetime, calendar: WorkingDays
) -> None:
    end = due(term, start, calendar)
    longer = Term(length=term.length + 1, unit=term.unit, roll=term.roll)
    assert start < end.at <= due(longer, start, calendar).at


@given(TERMS, INSTANTS, st.sampled_from(BOTH))
def test_a_pause_on_the_day_of_the_start_changes_nothing(term: Term, start: datetime, calendar: WorkingDays) -> None:
    assert elapsed(term, start, start, calendar) == 0
    assert resumed(term, 0, start, calendar) == due(term, start, calendar)


@given(st.integers(2, 60), INSTANTS, st.integers(0, 40), st.sampled_from(BOTH))
def test_working_days_before_a_pause_and_after_it_are_the_whole_term(
    length: int, start: datetime, pause: int, calendar: WorkingDays
) -> None:
    paused = start + timedelta(days=pause)
    spent = elapsed(working(length), start, paused, calendar)
    if spent < length:
        assert resumed(working(length), spent, paused, calendar).at == due(working(length), start, calendar).at


@given(st.dates(date(2015, 1, 1), date(2026, 1, 1)), st.integers(-30, 30))
def test_months_later_and_back_is_the_same_day_or_the_last_of_a_shorter_month(day: date, number: int) -> None:
    later = months_later(day, number)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == number
    assert months_later(later, -number).day == later.day
    assert later.day == day.day or (later + timedelta(days=1)).day == 1
