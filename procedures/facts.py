"""What a guard may ask: what is known of a case at one instant, and nothing of the world outside.

Asking what is not known raises, instead of giving a value that could be taken for an answer; the engine takes a guard
that raised for false, and says what was missing (ENG-LKP-01).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeVar, cast

from procedures.case import Case, RunningClock, Version
from procedures.clocks import limit_before, local_day
from procedures.fields import Field, Value
from procedures.parts import Document, Guard, Lookup, Parameter, UnknownWord
from procedures.terms import Clock, Fee, Limit

if TYPE_CHECKING:
    from procedures.model import Procedure

T = TypeVar("T")


class NotKnown(LookupError):
    """Something that a rule asked is not known; ``word`` says what.

    NotKnown
    ├── Blank       a field has no value
    └── Unanswered  a register was not asked, did not answer, or answered too long ago
    """

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class Blank(NotKnown):
    """A field has no value."""


class Unanswered(NotKnown):
    """A register was not asked, did not answer, or answered too long ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A case at an instant."""

    procedure: "Procedure"
    case: Case
    now: datetime
    """Aware."""

    @property
    def today(self) -> date:
        """The day in Riga."""
        return local_day(self.now)

    def __getitem__(self, field: Field[T]) -> T:
        """Give the value of ``field``.

        Raises:
            Blank: it has none.
            UnknownWord: the procedure has no such field.
        """
        value = self.get(field)
        if value is None:
            raise Blank(field.id)
        return value

    def get(self, field: Field[T]) -> T | None:
        """Give the value of ``field``, or None.

        Raises:
            UnknownWord: the procedure has no such field.
        """
        _belongs(field, self.procedure.fields)
        return cast("T | None", self.case.fields.get(field.id))

    def parameter(self, parameter: Parameter[T]) -> T:
        """Give what is in force today."""
        return parameter.on(self.today)

    def lookup(self, lookup: Lookup) -> Mapping[str, "Value | None"]:
        """Give what a register answered.

        Raises:
            Unanswered: nothing, or too long ago.
            UnknownWord: the procedure has no such lookup.
        """
        _belongs(lookup, self.procedure.lookups)
        found = self.case.lookups.get(lookup.id)
        if found is None or found.values is None or self.now - found.at > lookup.max_age:
            raise Unanswered(lookup.id)
        return found.values

    def has(self, document: Document) -> bool:
        """Say whether ``document`` was handed in."""
        return bool(self.versions(document))

    def versions(self, document: Document, row: int | None = None) -> tuple[Version, ...]:
        """Give all versions of ``document``, the newest last; of the one asked for a row of its table, from 1 on."""
        _belongs(document, self.procedure.documents)
        return self.case.documents.get(document.key(row), ())

    def happened(self, event: str) -> datetime | None:
        """Say when ``event`` last happened; None: never."""
        return self.case.happened.get(event)

    def paid(self, fee: Fee) -> bool:
        """Say whether ``fee`` was asked for and is settled."""
        _belongs(fee, self.procedure.fees)
        asked = self.case.fees.get(fee.id)
        return asked is not None and asked.settled

    def clock(self, clock: Clock) -> RunningClock | None:
        """Give ``clock`` as it runs; None when it was never started."""
        _belongs(clock, self.procedure.clocks)
        return self.case.clocks.get(clock.id)

    def limit(self, limit: Limit) -> date:
        """Give the last day that is in time before the anchor."""
        _belongs(limit, self.procedure.limits)
        return limit_before(limit.term, limit.anchor(self), self.procedure.calendar)


def _belongs(part: object, parts: tuple[object, ...]) -> None:
    if not any(part is own for own in parts):
        raise UnknownWord(getattr(part, "id", part))


def holds(guard: bool | Guard, facts: Facts) -> bool:
    """Say whether ``guard`` holds; a rule that asks what is not known does not."""
    if isinstance(guard, bool):
        return guard
    try:
        return guard(facts)
    except NotKnown:
        return False
