"""The one way to write a record down: canonical JSON (RFC 8785), so that equal records have equal bytes (T52).

orjson writes it; a test proves it equal to an independent implementation for every value that is allowed here. What
the two could read differently is refused: fractions, integers beyond 2^53 - 1, member names outside ASCII.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Final

import orjson

from gateway.audit.event import Json

LARGEST_INTEGER: Final = 2**53 - 1


class NotCanonical(ValueError):
    """A value that has no unambiguous canonical form, so that it may not stand in a record."""


def canonical(value: object) -> bytes:
    """Write a value as RFC 8785 JSON in UTF-8.

    Raises:
        NotCanonical: it holds a fraction, a too large integer, a lone surrogate or a type that JSON does not know.
    """
    try:
        return orjson.dumps(plain(value), option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise NotCanonical(f"the value cannot be written as UTF-8 JSON: {type(value).__name__}") from error


def plain(value: object) -> Json:
    """Turn a value into what JSON knows.

    Enumerations become their value, instants UTC text with milliseconds, sets sorted lists, and dataclasses objects
    without the members that are None.
    """
    if value is None or type(value) in (str, bool):
        return value  # type: ignore[return-value]  # narrowing by ``type() in`` is not understood
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, Mapping):
        return {_member_name(name): plain(member) for name, member in value.items()}
    return _composite(value)


def utc_text(instant: datetime) -> str:
    """Write an aware instant as ``2026-11-24T22:00:00.123Z``: UTC, milliseconds, cut off and not rounded."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"


def _integer(value: int) -> int:
    if not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
        raise NotCanonical("an integer beyond 2^53 - 1 is read differently by different JSON readers")
    return value


def _member_name(name: object) -> str:
    if not isinstance(name, str) or not name.isascii():
        raise NotCanonical("a member name is not ASCII text")
    return name


def _composite(value: object) -> Json:
    match value:
        case str():
            return str(value)
        case list() | tuple():
            return [plain(item) for item in value]
        case AbstractSet():
            return [*sorted(str(item) for item in value)]
        case datetime():
            return utc_text(value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            present = ((f.name, getattr(value, f.name)) for f in fields(value))
            return {name: plain(member) for name, member in present if member is not None}
    raise NotCanonical(f"a {type(value).__name__} may not stand in a record")
