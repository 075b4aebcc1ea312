"""One move of a case while it is made: entries pile up, and are all kept or all dropped.

Only the engine's own modules use it; what they hand out are values.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from procedures import events as e
from procedures import timed_events as t
from procedures.actors import Actor
from procedures.case import Case
from procedures.facts import Facts
from procedures.fold import fold
from procedures.model import Procedure
from procedures.refusals import REFUSED


class Course:
    """A case, and what has happened to it since the move began."""

    def __init__(self, procedure: Procedure, case: Case, *, by: Actor | None, recorded_at: datetime) -> None:
        self.procedure = procedure
        self.case = case
        self.by = by
        self.at = recorded_at
        """When what happens now has happened: earlier than ``recorded_at`` for what was due while nobody looked."""
        self.recorded_at = recorded_at
        self.entries: list[e.Entry] = []
        self.to_follow: list[str] = []
        """Names of events whose consequences are still to come."""
        self.taken: set[str] = set()
        """Actions that the system has taken in this move; each once, so that a move ends."""

    @property
    def facts(self) -> Facts:
        """What is known now."""
        return Facts(procedure=self.procedure, case=self.case, now=self.at)

    def happen(self, event: e.Event) -> None:
        """Let ``event`` happen."""
        entry = e.Entry(event=event, by=self.by, at=self.at, recorded_at=self.recorded_at)
        self.case = fold(self.case, entry)
        self.entries.append(entry)
        self.to_follow += names_of(self.case, event)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Drop what happened inside when it is refused, and pass the refusal on."""
        case, length, to_follow, by = self.case, len(self.entries), list(self.to_follow), self.by
        try:
            yield
        except REFUSED:
            self.case, self.to_follow, self.by = case, to_follow, by
            del self.entries[length:]
            raise


def names_of(case: Case, event: e.Event) -> tuple[str, ...]:  # noqa: PLR0911 - one line for each kind of event
    """Give the names under which parts of a procedure wait for ``event``."""
    match event:
        case e.FieldsFilled(values=values):
            return tuple(f"{field}.changed" for field in values)
        case e.RowAppended(table=table):
            return (f"{table}.changed",)
        case e.LookedUp(lookup=lookup):
            return (f"{lookup}.looked_up",)
        case e.Acted(action=action):
            return (action,)
        case t.ClockExpired(clock=clock):
            return (f"{clock}.expired",)
        case t.FeePaid(fee=fee):
            return (f"{fee}.paid",)
        case t.RequestSent(request=request):
            return (f"{request.request}.sent",)
        case t.RequestAnswered(number=number) | t.RequestLapsed(number=number):
            request = next(request for request in case.requests if request.number == number)
            return (f"{request.request}.{request.state}",)
        case _:
            return ()
