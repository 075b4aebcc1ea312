"""The written form of a case's history: one line for each entry, chained to the one before it (ENG-AUD-01).

A line is JSON in one form only: members sorted, no white space, text as UTF-8. What is no JSON by itself stands as an
object with one member that says what it is: ``{"$decimal": "12.30"}``, ``{"$Acted": {...}}``.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, get_args

from procedures.actors import Organisation, Person, PersonActing, ServiceActing
from procedures.case import Message, RequestState, SentRequest, Task, TaskState
from procedures.clocks import Due, Roll, Term, Unit, Yearly
from procedures.events import Entry, Event

FIRST: Final = hashlib.sha256(b"").hexdigest()
"""What stands as the digest of the record before the first one."""

_VALUES: Final = (
    *(Person, Organisation, PersonActing, ServiceActing),
    *(Message, SentRequest, Task, Due, Term, Yearly),
    *(Entry, *get_args(Event)),
)
_TYPES: Final = {type_.__name__: type_ for type_ in _VALUES}
_ENUMS: Final = {type_.__name__: type_ for type_ in (RequestState, TaskState, Roll, Unit)}
_READ: Final[Mapping[str, Callable[[str], object]]] = {
    "decimal": Decimal,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "time": time.fromisoformat,
}


class RecordBroken(ValueError):
    """A record is not what was written, or does not follow the one before it; ``number`` says which, from 1 on."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(f"record {number}: {why}")
        self.number = number


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One entry as it is stored."""

    number: int
    """From 1 on, without gaps."""
    previous: str
    """Digest of the record before, SHA-256 in lower-case hexadecimal."""
    line: bytes

    @property
    def digest(self) -> str:
        """What the next record is chained to."""
        return hashlib.sha256(f"{self.number} {self.previous} ".encode() + self.line).hexdigest()


def write(entries: Iterable[Entry], after: Record | None = None) -> tuple[Record, ...]:
    """Give ``entries`` as records that follow ``after``, or begin a history."""
    records: list[Record] = []
    for entry in entries:
        number = 1 if after is None else after.number + 1
        after = Record(number=number, previous=FIRST if after is None else after.digest, line=_line(entry))
        records.append(after)
    return tuple(records)


def read(records: Iterable[Record], head: str | None = None) -> tuple[Entry, ...]:
    """Give the entries of a whole history.

    Args:
        records: All of them, in their order.
        head: The digest of the last one, as known from elsewhere: without it, a tail that was cut off, or a last
            record that was changed, is not found.

    Raises:
        RecordBroken: a record is not what was written, or stands in the wrong place.
    """
    entries: list[Entry] = []
    last = FIRST
    for number, record in enumerate(records, start=1):
        if (record.number, record.previous) != (number, last):
            raise RecordBroken(max(number - (record.previous != last), 1), "does not follow the one before it")
        entries.append(_entry(number, record.line))
        last = record.digest
    if head is not None and last != head:
        raise RecordBroken(len(entries), "is not the last one that was written")
    return tuple(entries)


def _line(entry: Entry) -> bytes:
    return json.dumps(_plain(entry), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _entry(number: int, line: bytes) -> Entry:
    try:
        entry = _value(json.loads(line))
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        raise RecordBroken(number, "cannot be read") from error
    if not isinstance(entry, Entry) or _line(entry) != line:
        raise RecordBroken(number, "is no entry in its one written form")
    return entry


def _plain(value: object) -> Any:  # noqa: PLR0911 - one line for each kind of value
    match value:
        case StrEnum() if type(value).__name__ in _ENUMS:
            return {f"${type(value).__name__}": value.value}
        case None | bool() | int():
            return value
        case str() if type(value) is str:
            return value
        case Decimal():
            return {"$decimal": str(value)}
        case datetime() | date() | time():
            return {f"${type(value).__name__}": value.isoformat()}
        case tuple():
            return [_plain(one) for one in value]
        case Mapping():
            return {"$map": {str(name): _plain(one) for name, one in value.items()}}
        case _ if is_dataclass(value) and type(value).__name__ in _TYPES:
            return {f"${type(value).__name__}": {f.name: _plain(getattr(value, f.name)) for f in fields(value)}}
        case _:
            raise TypeError(f"a case cannot hold a {type(value).__name__}")


def _value(plain: Any) -> Any:
    if isinstance(plain, list):
        return tuple(_value(one) for one in plain)
    if not isinstance(plain, dict):
        return plain
    ((tag, inner),) = plain.items()
    name = tag.removeprefix("$")
    if name in _READ:
        return _READ[name](inner)
    if name in _ENUMS:
        return _ENUMS[name](inner)
    members = {member: _value(one) for member, one in inner.items()}
    return members if name == "map" else _TYPES[name](**members)
