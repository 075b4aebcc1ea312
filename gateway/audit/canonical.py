"""The one way to write a record down: canonical JSON (RFC 8785), so that equal records have equal bytes (T52).

orjson writes it; a test proves it equal to an independent implementation for every value that is allowed here. What
the two could read differently is refused: fractions, integers beyond 2^53 - 1, member names outside ASCII.
"""

from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, Final

import orjson

_OPTIONS: Final = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_STRICT_INTEGER
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
)
_SCALARS: Final = frozenset({str, int, bool, type(None)})


class NotCanonical(ValueError):
    """A value that has no unambiguous canonical form, so that it may not stand in a record."""


def canonical(value: object) -> bytes:
    """Write a value as RFC 8785 JSON in UTF-8.

    Enumerations are written as their value, instants as UTC text with milliseconds, sets as sorted lists, and
    dataclasses as objects without the members that are None.

    Raises:
        NotCanonical: it holds a fraction, a too large integer, a lone surrogate or a type that JSON does not know.
    """
    _check(value)
    try:
        return orjson.dumps(value, default=_simpler, option=_OPTIONS)
    except orjson.JSONEncodeError as error:
        raise NotCanonical(f"the value cannot be written as canonical JSON: {error}") from error


def utc_text(instant: datetime) -> str:
    """Write an aware instant as ``2026-11-24T22:00:00.123Z``: UTC, milliseconds, cut off and not rounded."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _check(value: object) -> None:
    """Look for what orjson would write although it has no unambiguous form."""
    if type(value) in _SCALARS:
        return
    if isinstance(value, dict):
        _check_members(value)
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item)
    elif isinstance(value, float):
        raise NotCanonical("a fraction may not stand in a record")
    elif isinstance(value, Enum):
        _check(value.value)


def _check_members(value: dict[object, object]) -> None:
    for name, member in value.items():
        if type(name) is not str or not name.isascii():
            raise NotCanonical("a member name is not ASCII text")
        if type(member) not in _SCALARS:
            _check(member)


@cache
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


def _simpler(value: object) -> object:
    """Turn what orjson does not know into what it knows, one layer at a time."""
    kind: Any = type(value)
    if names := _field_names(kind):
        simpler: object = {name: member for name in names if (member := getattr(value, name)) is not None}
    elif isinstance(value, set | frozenset):
        simpler = sorted(str(item) for item in value)
    elif isinstance(value, datetime):
        return utc_text(value)
    else:
        raise TypeError(f"a {type(value).__name__} may not stand in a record")
    _check(simpler)
    return simpler
