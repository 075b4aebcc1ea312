"""What a case can say: fields, each with the type of its values.

The list is closed. A field says itself what is wrong with a value, so that no form and no guard has to.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, Generic, TypeAlias, TypeVar

from procedures.actors import Person
from procedures.parts import Guard, Role, Stage

T_co = TypeVar("T_co", covariant=True)

Row: TypeAlias = "Mapping[str, Value]"
Value: TypeAlias = "str | int | bool | Decimal | date | datetime | Person | tuple[Row, ...]"
"""What a field may hold: immutable, comparable, and with one written form (``procedures.record``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field(ABC, Generic[T_co]):
    """A question with an answer of one type; subclasses are the types there are."""

    id: str
    required: bool | Guard = False
    visible: bool | Guard = True
    by: tuple[Role, ...] = ()
    """Who may fill it in by itself; nobody named: only actions and effects do."""
    within: tuple[Stage, ...] = ()
    """In which stages; none named: in every stage that is not final."""
    read_by: tuple[Role, ...] | None = None
    """Who may see it; None: everybody who sees the case."""

    @abstractmethod
    def problem(self, value: object) -> str | None:
        """Say what is wrong with ``value``, in a word or two; None for nothing."""


class TextForm(StrEnum):
    """What a text is the form of."""

    TEXT = "text"
    CODE = "code"
    EMAIL = "email"
    URL = "url"
    FILE = "file"


_FORMS: Final = {
    TextForm.TEXT: r"(?s).*",
    TextForm.CODE: r"[^\s]+",
    TextForm.EMAIL: r"[^@\s]+@[^@\s]+\.[^@\s.]+",
    TextForm.URL: r"https://[^\s/@]+(/[^\s]*)?",
    TextForm.FILE: r"[0-9a-f]{64}",
}
"""A file is its SHA-256 digest in lower-case hexadecimal; the bytes are kept elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Field[str]):
    """Text; blank is as good as nothing."""

    form: TextForm = TextForm.TEXT
    max_length: int = 4000
    pattern: str | None = None

    def problem(self, value: object) -> str | None:
        """Say what is wrong with ``value``."""
        if not isinstance(value, str) or not value.strip():
            return "no text"
        if len(value) > self.max_length:
            return f"longer than {self.max_length} characters"
        return None if re.fullmatch(self.pattern or _FORMS[self.form], value) else f"not of the form {self.form}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole(Field[int]):
    """A whole number."""

    minimum: int | None = None
    maximum: int | None = None

    def problem(self, value: object) -> str | None:
        """Say what is wrong with ``value``."""
        if not isinstance(value, int) or isinstance(value, bool):
            return "no whole number"
        return _outside(value, self.minimum, self.maximum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount(Field[Decimal]):
    """A decimal number: money in EUR with two decimals unless ``scale`` says otherwise."""

    scale: int = 2
    minimum: Decimal | None = None
    maximum: Decimal | None = None

    def problem(self, value: object) -> str | None:
        """Say what is wrong with ``value``."""
        if not isinstance(value, Decimal) or not value.is_finite():
            return "no decimal number"
        if value != round(value, self.scale):
            return f"more than {self.scale} decimals"
        return _outside(value, self.minimum, self.maximum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day(Field[date]):
    """A day, of Riga."""

    def problem(self, value: object) -> str | None:
        """Say what is wrong with ``value``."""
        return None if isinstance(value, date) and not isinstance(value, datetime) else "no day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant(Field[datetime]):
    """An aware instant."""

    def problem(self, value: object) -> str | None:
        """Say what is wrong with ``value``."""
        return None if isinstance(value, datetime) and value.tzinfo else "no instant with its time zone"


@dataclass(frozen=True, slots=True, kw_only=True)
class YesNo(Field[bool]):
    """Yes or no; not answered is neither."""

    def problem(self, value: object) -> str | None:
        """Say what is wrong with ``value``."""
        return None if isinstance(value, bool) else "neither yes nor no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Field[str]):
    """One of a list."""

    values: tuple[str, ...]

    def problem(self, value: object) -> str | None:
        """Say what is wrong with ``value``."""
        return None if value in self.values else f"none of {', '.join(self.values)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnePerson(Field[Person]):
    """A person named in the case."""

    def problem(self, value: object) -> str | None:
        """Say what is wrong with ``value``."""
        return None if isinstance(value, Person) else "no person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Field[tuple[Row, ...]]):
    """Rows of the same columns."""

    columns: tuple[Field[object], ...]

    def problem(self, value: object) -> str | None:
        """Say what is wrong with ``value``."""
        if not isinstance(value, tuple):
            return "no table"
        for number, row in enumerate(value, start=1):
            if problem := self.row_problem(row):
                return f"row {number}: {problem}"
        return None

    def row_problem(self, row: object) -> str | None:
        """Say what is wrong with one row; each column must be filled."""
        if not isinstance(row, Mapping) or row.keys() != {column.id for column in self.columns}:
            return "other columns"
        found = ((column.id, column.problem(row[column.id])) for column in self.columns)
        return next((f"{column}: {problem}" for column, problem in found if problem), None)


def _outside(value: "int | Decimal", minimum: "int | Decimal | None", maximum: "int | Decimal | None") -> str | None:
    if minimum is not None and value < minimum:
        return f"less than {minimum}"
    return f"more than {maximum}" if maximum is not None and value > maximum else None
