"""What effects do (``procedures.effects``), one function for each kind."""

from decimal import Decimal
from typing import Any

from procedures import effects as f
from procedures import events as e
from procedures import timed_events as t
from procedures.case import Message
from procedures.clocking import restart, start, stop, term_of
from procedures.clocks import due
from procedures.course import Course
from procedures.fields import Field, Row, Table
from procedures.obligations import begin, cancel
from procedures.refusals import Code, NotDone
from procedures.terms import Fee


def perform(course: Course, effect: f.Effect) -> None:  # noqa: C901, PLR0912 - one line for each kind of effect
    """Let ``effect`` happen.

    Raises:
        NotDone: a value that was worked out is not of its field's type.
        NotKnown: it was to be worked out from what is not known.
    """
    match effect:
        case f.Set(field=field, value=value):
            _set(course, field, value(course.facts))
        case f.Append(table=table, row=row):
            _append(course, table, row(course.facts))
        case f.StartClock(clock=clock):
            start(course, clock)
        case f.StopClock(clock=clock):
            stop(course, clock)
        case f.RestartClock(clock=clock):
            restart(course, clock)
        case f.IssueFee(fee=fee):
            _ask_fee(course, fee)
        case f.Refund(fee=fee):
            _refund(course, fee)
        case f.Notify(to=role, template=template, channel=channel):
            queue(course, kind="notice", to=role.id, subject=template, channel=channel)
        case f.Publish(where=where, template=template):
            queue(course, kind="publication", to=where, subject=template, channel="publication")
        case f.MakeDocument(template=template):
            queue(course, kind="document", to="", subject=template, channel="document")
        case f.RegisterAdd() | f.RegisterRemove():
            _register(course, effect)
        case f.GrantRole(role=role, to=to):
            course.happen(e.RoleGranted(role=to.id, parties=course.case.parties.get(role.id, ())))
        case f.RevokeRole(role=role):
            course.happen(e.RoleRevoked(role=role.id))
        case f.OpenChild():
            _open_child(course, effect)
        case f.Schedule(obligation=obligation):
            begin(course, obligation)
        case f.CancelScheduled(obligation=obligation):
            cancel(course, obligation, due_after=None)


def queue(course: Course, *, kind: str, to: str, subject: str, channel: str) -> None:
    """Put a message in the outbox; it is sent by somebody else, and a failure to send undoes nothing (ENG-OUT-01)."""
    number = len(course.case.outbox) + 1
    message = Message(number=number, kind=kind, to=to, subject=subject, channel=channel)
    course.happen(e.MessageQueued(message=message))


def _set(course: Course, field: Field[object], value: Any) -> None:
    if problem := field.problem(value):
        raise NotDone(Code.FIELD_INVALID, field.id, (problem,))
    course.happen(e.FieldsFilled(values={field.id: value}))


def _append(course: Course, table: Table, row: Row) -> None:
    if problem := table.row_problem(row):
        raise NotDone(Code.FIELD_INVALID, table.id, (problem,))
    course.happen(e.RowAppended(table=table.id, row=row))


def _register(course: Course, effect: f.RegisterAdd | f.RegisterRemove) -> None:
    entered = isinstance(effect, f.RegisterAdd)
    course.happen(e.RegisterEntered(register=effect.register) if entered else e.RegisterLeft(register=effect.register))
    if effect.outside:
        kind = "register-entry" if entered else "register-removal"
        queue(course, kind=kind, to=effect.register, subject=course.case.id, channel="register")


def _ask_fee(course: Course, fee: Fee) -> None:
    if fee.id in course.case.fees:
        return  # a fee is asked for once in a case, however often an action that asks for it is taken
    facts = course.facts
    amount = fee.amount(facts)
    if fee.cap is not None:
        amount = max(min(amount, fee.cap.amount - fee.cap.spent(facts)), Decimal("0.00"))
    end = None if fee.due is None else due(term_of(fee.due, facts), course.at, course.procedure.calendar)
    course.happen(
        t.FeeAsked(
            fee=fee.id,
            invoice=f"{course.case.id}/{fee.id}",
            amount=amount,
            payer=fee.payer.id,
            payee=fee.payee,
            account=fee.account(facts),
            due=end,
        )
    )
    queue(course, kind="invoice", to=fee.payer.id, subject=fee.id, channel="mail")
    if not amount:
        settle_fee(course, fee)


def settle_fee(course: Course, fee: Fee) -> None:
    """Let ``fee`` be paid, with what follows from it."""
    course.happen(t.FeePaid(fee=fee.id))
    for effect in fee.on_paid:
        perform(course, effect)


def _refund(course: Course, fee: Fee) -> None:
    asked = course.case.fees.get(fee.id)
    if asked is None:
        return  # nothing was asked for, so nothing came in
    amount = asked.credited - asked.refunded
    if fee.refund is not None:
        amount = min(amount, fee.refund(course.facts))
    if amount > 0:
        course.happen(t.FeeRefunded(fee=fee.id, amount=amount))
        queue(course, kind="refund", to=fee.payer.id, subject=fee.id, channel="payment")


def _open_child(course: Course, effect: f.OpenChild) -> None:
    fields = {
        name: course.case.fields[field.id] for name, field in effect.copies.items() if field.id in course.case.fields
    }
    child = f"{course.case.id}.{len(course.case.children) + 1}"
    course.happen(e.ChildOpened(case=child, procedure=effect.procedure, fields=fields))
