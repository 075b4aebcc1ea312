"""What people and services put into a case beside actions: fields, documents, requests, money, answers of registers."""

import re
from typing import Final

from procedures import commands as c
from procedures import events as e
from procedures import timed_events as t
from procedures.case import RequestState, SentRequest, TaskState
from procedures.clocking import term_of
from procedures.clocks import Term, due, local_day
from procedures.course import Course
from procedures.facts import holds
from procedures.obligations import next_after
from procedures.parts import find
from procedures.performing import settle_fee
from procedures.permission import admit, admit_service, require_stage
from procedures.refusals import Code, NotDone

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def fill_in(course: Course, command: c.FillIn) -> None:
    """Give fields values; what stays as it was is no change, and clears nobody's consent.

    Raises:
        NotDone: a field is not the actor's, not of this stage, not visible, or the value is not of its type.
    """
    for name, value in command.values.items():
        field = find(course.procedure.fields, name)
        admit(course.procedure, course.case.parties, field.by, command.actor)
        require_stage(course.case, course.procedure, field.within, name)
        if not holds(field.visible, course.facts):
            raise NotDone(Code.FIELD_INVALID, name, ("not visible",))
        if value is not None and (problem := field.problem(value)):
            raise NotDone(Code.FIELD_INVALID, name, (problem,))
    changed = {name: value for name, value in command.values.items() if course.case.fields.get(name) != value}
    if changed:
        course.happen(e.FieldsFilled(values=changed))


def hand_in(course: Course, command: c.HandIn) -> None:
    """Take in a version of a document.

    Raises:
        NotDone: it is not the actor's to hand in, not now, not signed by all, not named by a digest; or there is no
            such row, or no such open request.
    """
    document = find(course.procedure.documents, command.document)
    admit(course.procedure, course.case.parties, document.by, command.actor)
    require_stage(course.case, course.procedure, document.within, document.id)
    if not _DIGEST.fullmatch(command.digest):
        raise NotDone(Code.FIELD_INVALID, document.id, ("a SHA-256 digest in hexadecimal",))
    rows = None if document.per is None else range(1, len(course.facts.get(document.per) or ()) + 1)
    if (rows is None) != (command.row is None) or (rows is not None and command.row not in rows):
        raise NotDone(Code.UNKNOWN_WORD, document.key(command.row))
    unsigned = tuple(role.id for role in document.signed_by if role.id not in command.signed_by)
    if unsigned:
        raise NotDone(Code.NOT_SIGNED, document.id, unsigned)
    if command.answers is not None:
        _open_request(course, command.answers)
    course.happen(
        e.DocumentHandedIn(
            document=document.key(command.row),
            version=len(course.facts.versions(document, command.row)) + 1,
            digest=command.digest,
            signed_by=command.signed_by,
            answers=command.answers,
        )
    )


def ask(course: Course, command: c.Ask) -> None:
    """Send a request for information.

    Raises:
        NotDone: not this actor, not now, nothing asked for, or too short a term.
    """
    request = find(course.procedure.requests, command.request)
    admit(course.procedure, course.case.parties, request.by, command.actor)
    require_stage(course.case, course.procedure, request.within, request.id)
    if not command.missing or not all(word.strip() for word in command.missing):
        raise NotDone(Code.LIST_EMPTY, request.id)
    if command.term < max(request.minimum, 1):
        raise NotDone(Code.TERM_TOO_SHORT, request.id, (str(max(request.minimum, 1)),))
    term = Term(length=command.term, unit=request.unit)
    sent = SentRequest(
        number=len(course.case.requests) + 1,
        request=request.id,
        missing=command.missing,
        asked_at=course.at,
        term=term,
        due=due(term, course.at, course.procedure.calendar),
    )
    course.happen(t.RequestSent(request=sent))


def answer(course: Course, command: c.Answer) -> None:
    """Close an open request, as answered.

    Raises:
        NotDone: not this actor, or it is not open.
    """
    sent = _open_request(course, command.number)
    admit(course.procedure, course.case.parties, (find(course.procedure.requests, sent.request).to,), command.actor)
    course.happen(t.RequestAnswered(number=sent.number))


def fulfil(course: Course, command: c.Fulfil) -> None:
    """Close a task, also one that is overdue.

    Raises:
        NotDone: not this actor, or the task is not open.
    """
    obligation = find(course.procedure.obligations, command.obligation)
    admit(course.procedure, course.case.parties, (obligation.by,), command.actor)
    named = (command.obligation, command.number)
    task = next((task for task in course.case.tasks if (task.obligation, task.number) == named), None)
    if task is None or task.state not in (TaskState.OPEN, TaskState.OVERDUE):
        raise NotDone(Code.NOT_OPEN, obligation.id)
    course.happen(t.TaskDone(obligation=obligation.id, number=task.number, digest=command.digest))
    next_after(course, task)


def credit(course: Course, command: c.Credit) -> None:
    """Count money that came in; the fee is paid once the sum suffices.

    Raises:
        NotDone: no service reports it, nothing was asked for, the sum is not positive, or it was counted before.
    """
    admit_service(course.procedure, course.case.parties, command.actor)
    fee = find(course.procedure.fees, command.fee)
    asked = course.case.fees.get(fee.id)
    if asked is None or command.reference in asked.references:
        raise NotDone(Code.NOT_OPEN, fee.id)
    if command.amount <= 0:
        raise NotDone(Code.FIELD_INVALID, fee.id, ("a sum above 0.00",))
    course.happen(t.FeeCredited(fee=fee.id, amount=command.amount, reference=command.reference))
    if not asked.settled and course.case.fees[fee.id].settled:
        settle_fee(course, fee)


def file_lookup(course: Course, command: c.FileLookup) -> None:
    """Store what a register answered, or that it did not.

    Raises:
        NotDone: no service reports it, or the answer does not say what the lookup promises.
    """
    admit_service(course.procedure, course.case.parties, command.actor)
    lookup = find(course.procedure.lookups, command.lookup)
    if command.values is not None and command.values.keys() != set(lookup.returns):
        raise NotDone(Code.FIELD_INVALID, lookup.id, lookup.returns)
    course.happen(e.LookedUp(lookup=lookup.id, values=command.values, source=command.source))


def report_delivery(course: Course, command: c.ReportDelivery) -> None:
    """Note one attempt to send a message; one that was acknowledged is not sent again.

    Raises:
        NotDone: no service reports it, there is no such message, or it was delivered before.
    """
    admit_service(course.procedure, course.case.parties, command.actor)
    message = next((message for message in course.case.outbox if message.number == command.number), None)
    if message is None or message.delivered:
        raise NotDone(Code.NOT_OPEN, str(command.number))
    course.happen(e.MessageTried(number=command.number, digest=command.digest, receipt=command.receipt))


def see(course: Course, command: c.See) -> None:
    """Note that somebody looks at a version of a document.

    Raises:
        NotDone: nobody of the procedure's roles does, or there is no such version.
    """
    admit(course.procedure, course.case.parties, course.procedure.roles, command.actor)
    if command.version not in {version.number for version in course.case.documents.get(command.document, ())}:
        raise NotDone(Code.UNKNOWN_WORD, command.document)
    course.happen(e.DocumentSeen(document=command.document, version=command.version))


def erase(course: Course, command: c.Erase) -> None:
    """Delete what was kept long enough (ENG-RET-01).

    Raises:
        NotDone: not this actor, or it must still be kept; the last day of that is named.
    """
    retention = find(course.procedure.retention, command.retention)
    admit(course.procedure, course.case.parties, retention.by, command.actor)
    happened = [course.case.happened[name] for name in retention.anchors if name in course.case.happened]
    if not happened:
        raise NotDone(Code.KEPT_UNTIL, retention.id, ("nothing has ended yet",))
    end = due(term_of(retention.term, course.facts), max(happened), course.procedure.calendar)
    if course.at <= end.at:
        raise NotDone(Code.KEPT_UNTIL, retention.id, (local_day(end.at).isoformat(),))
    keys = tuple(key for document in retention.documents for key in _versions_of(course, document.id))
    fields = tuple(field.id for field in retention.fields)
    course.happen(e.Erased(retention=retention.id, fields=fields, documents=keys))


def _versions_of(course: Course, document: str) -> tuple[str, ...]:
    return tuple(key for key in course.case.documents if key.partition("/")[0] == document)


def _open_request(course: Course, number: int) -> SentRequest:
    sent = next((request for request in course.case.requests if request.number == number), None)
    if sent is None or sent.state is not RequestState.OPEN:
        raise NotDone(Code.NOT_OPEN, str(number))
    return sent
