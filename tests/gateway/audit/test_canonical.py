"""Equal records have equal bytes (T52)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum, StrEnum
from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import given, settings

from gateway.audit.canonical import NotCanonical, canonical, utc_text
from tests.gateway.audit.strategies import values


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    LOW = 1


@dataclass(frozen=True)
class Thing:
    b: str
    a: int | None = None


@settings(max_examples=1000, deadline=None)
@given(values)
def test_it_writes_what_an_independent_implementation_writes(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@settings(max_examples=500, deadline=None)
@given(values)
def test_what_is_read_back_is_written_the_same_again(value: Any) -> None:
    assert canonical(orjson.loads(canonical(value))) == canonical(value)


def test_control_characters_cannot_break_a_line() -> None:
    assert canonical("a\r\n\x00\x1b\u2028\x7f") == '"a\\r\\n\\u0000\\u001b\u2028\x7f"'.encode()


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Colour.RED, b'"red"'),
        (Level.LOW, b"1"),
        (Thing("x"), b'{"b":"x"}'),
        ({"t": (Thing("x", 2),)}, b'{"t":[{"a":2,"b":"x"}]}'),
        (frozenset({"b", "a"}), b'["a","b"]'),
        (datetime(2026, 11, 24, 1, 2, 3, 999_999, tzinfo=UTC), b'"2026-11-24T01:02:03.999Z"'),
    ],
)
def test_values_of_the_domain_are_written_plainly(value: Any, written: Any) -> None:
    assert canonical(value) == written


@pytest.mark.parametrize(
    "value",
    [
        0.5,
        1.0,
        [2.0],
        {"a": {"b": 0.1}},
        Thing(0.5),
        float("nan"),
        2**53,
        -(2**53),
        "\ud800",
        {"ā": 1},
        {1: 1},
        b"x",
        object(),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(value: Any) -> None:
    with pytest.raises(NotCanonical):
        canonical(value)


def test_an_instant_of_another_zone_is_written_in_utc() -> None:
    assert utc_text(datetime(2026, 11, 24, 2, tzinfo=timezone(timedelta(hours=2)))) == "2026-11-24T00:00:00.000Z"
