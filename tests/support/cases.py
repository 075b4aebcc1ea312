"""A case driven by a test: each move is replayed from its records, so that no test can pass by a case that is not kept."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from procedures.actors import Actor, Organisation, Party, Person, PersonActing, ServiceActing
from procedures.calendar import RIGA
from procedures.case import Case
from procedures.commands import Act, Command, FileLookup, FillIn, HandIn, Open, Tick
from procedures.engine import Outcome, move, open_case
from procedures.events import Entry
from procedures.fold import replay
from procedures.model import Procedure
from procedures.record import read, write
from procedures.refusals import Code, Refusal

ANNA = Person(given_name="Anna", surname="Bērziņa", personal_code="320000-10001")
JANIS = Person(given_name="Jānis", surname="Kalns", personal_code="320000-10002")
LIGA = Person(given_name="Līga", surname="Ozola", personal_code="320000-10003")
BANK = Organisation(name="Piejūras banka", registration_number="40000000001")
OTHER_BANK = Organisation(name="Kalnu banka", registration_number="40000000002")


def acts(role: str, person: Person = ANNA, represents: Party | None = None) -> PersonActing:
    return PersonActing(role=role, person=person, represents=represents)


def service(role: str = "system", name: str = "connector", represents: Party | None = None) -> ServiceActing:
    return ServiceActing(role=role, service=name, represents=represents)


def riga(text: str) -> datetime:
    """Give an instant from local time."""
    return datetime.fromisoformat(text).replace(tzinfo=RIGA)


def digest(text: str) -> str:
    return (text.encode().hex() + "0" * 64)[:64]


class Driven:
    """A case and its history, at an instant that the test moves on."""

    def __init__(
        self,
        procedure: Procedure,
        by: Actor,
        at: str = "2026-03-02 10:00",
        *,
        parent: str | None = None,
        fields: Mapping[str, Any] | None = None,
    ) -> None:
        self.procedure = procedure
        self.now = riga(at)
        opened = open_case(procedure, Open(actor=by, case="C1", parent=parent, fields=fields or {}), self.now)
        assert isinstance(opened, Outcome), opened
        self.case: Case = opened.case
        self.entries: list[Entry] = list(opened.entries)

    def later(self, **span: float) -> "Driven":
        self.now += timedelta(**span)
        return self

    def on(self, text: str) -> "Driven":
        self.now = riga(text)
        return self

    def do(self, command: Command) -> Outcome:
        outcome = move(self.procedure, self.case, command, self.now)
        self.entries += outcome.entries
        self.case = outcome.case
        assert replay(read(write(self.entries))) == self.case
        return outcome

    def act(self, by: Actor | None, action: str, **said: Any) -> Refusal | None:
        return self.do(Act(actor=by, action=action, **said)).refusal

    def acted(self, by: Actor, action: str, **said: Any) -> "Driven":
        assert self.act(by, action, **said) is None
        return self

    def refused(self, by: Actor | None, action: str, **said: Any) -> tuple[Code, str]:
        """Take an action that must be refused and must change nothing but what was due before it."""
        refusal = self.act(by, action, **said)
        assert refusal is not None
        return refusal.code, refusal.word

    def fill(self, by: Actor, **values: Any) -> "Driven":
        assert self.do(FillIn(actor=by, values=values)).refusal is None
        return self

    def hand_in(self, by: Actor, document: str, text: str = "1", **said: Any) -> "Driven":
        handed_in = HandIn(actor=by, document=document, digest=digest(f"{document}{text}"), **said)
        assert self.do(handed_in).refusal is None
        return self

    def looked_up(self, lookup: str, values: Mapping[str, Any] | None, by: Actor | None = None) -> "Driven":
        filed = FileLookup(actor=by or service(), lookup=lookup, values=values, source="register of 2026-03-01")
        assert self.do(filed).refusal is None
        return self

    def tick(self, by: Actor | None = None) -> Outcome:
        return self.do(Tick(actor=by or service()))

    @property
    def stage(self) -> str:
        return self.case.stage

    def sent(self, to: str | None = None) -> list[str]:
        """Give the subjects of all messages, or of those to one recipient."""
        return [message.subject for message in self.case.outbox if to in (None, message.to)]
