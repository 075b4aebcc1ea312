"""The only functions that move a case. They are pure: a case and a command in, the case afterwards and its entries out.

Whoever stores cases stores the entries, in their order, and gets the case back with ``procedures.fold.replay``. A case
is first brought up to the instant of the command: what was due before it has happened before it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never

from procedures import commands as c
from procedures import events as e
from procedures import filing
from procedures.acting import act, take_back
from procedures.case import Case
from procedures.clocking import extend_by_decision
from procedures.consequences import settle
from procedures.course import Course
from procedures.fold import replay
from procedures.model import Procedure
from procedures.obligations import cancel_released
from procedures.parts import RoleKind, find
from procedures.passing import count_all_anew, pass_time
from procedures.permission import admit, admit_service
from procedures.refusals import REFUSED, Code, NotDone, Refusal, refusal_of
from procedures.terms import ByDecision


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a command."""

    case: Case
    entries: tuple[e.Entry, ...]
    """What has to be stored, also of a refusal: the refusal itself, and what was due before it."""
    refusal: Refusal | None = None


class AnotherProcedure(ValueError):
    """A case was given together with a procedure, or a version of one, that is not its own."""


def open_case(procedure: Procedure, command: c.Open, at: datetime) -> Outcome | Refusal:
    """Begin a case in the first stage; ``at`` is aware. One that another case asked for is opened by a service.

    What follows from the event ``opened`` follows. A refusal leaves no case, and nothing to store with one.

    Raises:
        ValueError: ``at`` has no time zone.
    """
    at = _in_utc(at)
    opened = e.Opened(
        case=command.case,
        procedure=procedure.id,
        version=procedure.version,
        stage=procedure.stages[0].id,
        parent=command.parent,
        fields=command.fields,
    )
    first = e.Entry(event=opened, by=command.actor, at=at, recorded_at=at)
    course = Course(procedure, replay([first]), by=command.actor, recorded_at=at)
    course.entries.append(first)
    course.to_follow.append("opened")
    try:
        _admit_opening(procedure, command)
        settle(course)
    except REFUSED as refused:
        return refusal_of(refused)
    return Outcome(case=course.case, entries=tuple(course.entries))


def move(procedure: Procedure, case: Case, command: c.Command, at: datetime) -> Outcome:
    """Give ``case`` after ``command`` at the aware instant ``at``; a refused command changes nothing.

    Raises:
        AnotherProcedure: the case was opened with another procedure or version.
        ValueError: ``at`` has no time zone.
    """
    if (case.procedure, case.version) != (procedure.id, procedure.version):
        raise AnotherProcedure(f"{case.id} is a case of {case.procedure} {case.version}")
    course = Course(procedure, case, by=command.actor, recorded_at=_in_utc(at))
    try:
        _let_time_pass(course, command)
        with course.attempt():
            _do(course, command)
            settle(course)
            cancel_released(course)
    except REFUSED as refused:
        refusal = refusal_of(refused)
        course.happen(e.Refused(command=_named(command), code=refusal.code.value, word=refusal.word))
        return Outcome(case=course.case, entries=tuple(course.entries), refusal=refusal)
    return Outcome(case=course.case, entries=tuple(course.entries))


def _in_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("an instant without a time zone is no instant")
    return at.astimezone(UTC)


def _let_time_pass(course: Course, command: c.Command) -> None:
    if course.at < course.case.last_at:
        raise NotDone(Code.TIME_WENT_BACK, course.case.last_at.isoformat())
    count_all_anew(course)
    pass_time(course, course.at, inclusive=isinstance(command, c.Tick))


def _do(course: Course, command: c.Command) -> None:  # noqa: C901, PLR0912 - one line for each kind of command
    match command:
        case c.Act():
            act(course, command)
        case c.TakeBack(actor=actor, action=name):
            action = course.procedure.action(name)
            admit(course.procedure, course.case.parties, action.roles, actor, name)
            if actor is not None:
                take_back(course, action, actor)
        case c.FillIn():
            filing.fill_in(course, command)
        case c.HandIn():
            filing.hand_in(course, command)
        case c.Ask():
            filing.ask(course, command)
        case c.Answer():
            filing.answer(course, command)
        case c.Fulfil():
            filing.fulfil(course, command)
        case c.Credit():
            filing.credit(course, command)
        case c.FileLookup():
            filing.file_lookup(course, command)
        case c.ReportDelivery():
            filing.report_delivery(course, command)
        case c.See():
            filing.see(course, command)
        case c.Erase():
            filing.erase(course, command)
        case c.Extend():
            _extend(course, command)
        case c.Tick():
            admit_service(course.procedure, course.case.parties, command.actor)
        case _:
            assert_never(command)


def _extend(course: Course, command: c.Extend) -> None:
    clock = find(course.procedure.clocks, command.clock)
    by = (clock.extend.by,) if isinstance(clock.extend, ByDecision) else ()
    admit(course.procedure, course.case.parties, by, command.actor)
    extend_by_decision(course, clock, command.last_day, command.reason)


def _admit_opening(procedure: Procedure, command: c.Open) -> None:
    services = tuple(role for role in procedure.roles if role.kind is RoleKind.SERVICE)
    by = procedure.opened_by if command.parent is None else services
    admit(procedure, {}, by, command.actor)
    for name, value in command.fields.items():
        if problem := find(procedure.fields, name).problem(value):
            raise NotDone(Code.FIELD_INVALID, name, (problem,))


def _named(command: c.Command) -> str:
    word = next((getattr(command, name) for name in _WORDS if hasattr(command, name)), "")
    return f"{type(command).__name__} {word}".strip()


_WORDS = ("action", "document", "clock", "request", "obligation", "fee", "lookup", "retention", "number")
