"""From entries to a case: the only place where a ``Case`` is made.

Folding asks no rule. It puts together what the events say; so the same entries give the same case for ever.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from procedures import events as e
from procedures.actors import Actor
from procedures.case import Case, Child, Decision, Found, Message, Version
from procedures.fold_timed import with_timed

_LEAVE_THE_CASE_ALONE: Final = (e.Refused, e.DocumentSeen)


def replay(entries: Iterable[e.Entry]) -> Case:
    """Give the case that ``entries``, in their order, make.

    Raises:
        ValueError: there are none, or the first does not open a case.
    """
    case: Case | None = None
    for entry in entries:
        case = fold(case, entry)
    if case is None:
        raise ValueError("a case begins with an entry that opens it")
    return case


def fold(case: Case | None, entry: e.Entry) -> Case:
    """Give the case after ``entry``.

    Raises:
        ValueError: the case is not open yet and the entry does not open it, or it is opened twice.
    """
    if isinstance(entry.event, e.Opened) and case is None:
        return _opened(entry.event, entry)
    if isinstance(entry.event, e.Opened) or case is None:
        raise ValueError("a case is opened once, by its first entry")
    if isinstance(entry.event, _LEAVE_THE_CASE_ALONE):
        return case
    return replace(_changed(case, entry), last_at=entry.recorded_at)


def _opened(opened: e.Opened, entry: e.Entry) -> Case:
    return Case(
        id=opened.case,
        procedure=opened.procedure,
        version=opened.version,
        stage=opened.stage,
        opened_at=entry.at,
        stage_since=entry.at,
        last_at=entry.recorded_at,
        parent=opened.parent,
        fields=opened.fields,
        happened={"opened": entry.at},
        parties=_joined({}, entry.by),
    )


def _changed(case: Case, entry: e.Entry) -> Case:  # noqa: PLR0911 - one line for each kind of event
    match entry.event:
        case e.FieldsFilled(values=values):
            return replace(case, fields=_without_none({**case.fields, **values}), consents={})
        case e.RowAppended(table=table, row=row):
            return replace(case, fields={**case.fields, table: (*_rows(case, table), row)}, consents={})
        case e.DocumentHandedIn() as handed_in:
            return _with_document(case, entry, handed_in)
        case e.Acted() as acted:
            return _acted(case, entry, acted)
        case e.Consented(action=action):
            agreed = (*case.consents.get(action, ()), *_one(entry.by))
            parties = _joined(case.parties, entry.by)
            return replace(case, consents={**case.consents, action: agreed}, parties=parties)
        case e.ConsentTakenBack(action=action):
            left = tuple(actor for actor in case.consents.get(action, ()) if actor != entry.by)
            return replace(case, consents={**case.consents, action: left})
        case e.LookedUp(lookup=lookup, values=found, source=source):
            answer = Found(values=found, source=source, at=entry.at)
            return replace(case, lookups={**case.lookups, lookup: answer})
        case e.Erased(fields=fields, documents=documents):
            return replace(
                case, fields=_without(case.fields, fields), documents=_without(case.documents, documents), consents={}
            )
        case _:
            return _with_register(case, entry)


def _with_register(case: Case, entry: e.Entry) -> Case:  # noqa: PLR0911 - one line for each kind of event
    match entry.event:
        case e.Flagged(code=code):
            return replace(case, flags=case.flags | {code})
        case e.RegisterEntered(register=register):
            return replace(case, registers=case.registers | {register})
        case e.RegisterLeft(register=register):
            return replace(case, registers=case.registers - {register})
        case e.RoleGranted(role=role, parties=parties):
            known = case.parties.get(role, ())
            return replace(case, parties={**case.parties, role: (*known, *(p for p in parties if p not in known))})
        case e.RoleRevoked(role=role):
            return replace(case, parties=_without(case.parties, (role,)))
        case e.ChildOpened(case=child, procedure=procedure, fields=fields):
            return replace(case, children=(*case.children, Child(case=child, procedure=procedure, fields=fields)))
        case e.MessageQueued(message=message):
            return replace(case, outbox=(*case.outbox, message))
        case e.MessageTried() as tried:
            return replace(case, outbox=tuple(_tried(message, tried) for message in case.outbox))
        case _:
            return with_timed(case, entry)


def _tried(message: Message, tried: e.MessageTried) -> Message:
    if message.number != tried.number:
        return message
    return replace(message, attempts=message.attempts + 1, digest=tried.digest, receipt=tried.receipt)


def _with_document(case: Case, entry: e.Entry, handed_in: e.DocumentHandedIn) -> Case:
    version = Version(
        number=handed_in.version,
        digest=handed_in.digest,
        by=entry.by,
        at=entry.at,
        signed_by=handed_in.signed_by,
        answers=handed_in.answers,
    )
    versions = (*case.documents.get(handed_in.document, ()), version)
    return replace(case, documents={**case.documents, handed_in.document: versions}, consents={})


def _acted(case: Case, entry: e.Entry, acted: e.Acted) -> Case:
    decision = Decision(
        action=acted.action,
        by=entry.by,
        at=entry.at,
        grounds=acted.grounds,
        text=acted.text,
        documents=acted.documents,
    )
    moved = acted.stage != case.stage
    return replace(
        case,
        stage=acted.stage,
        stage_since=entry.at if moved else case.stage_since,
        happened={**case.happened, acted.action: entry.at},
        decisions=(*case.decisions, decision),
        consents={} if moved else _without(case.consents, (acted.action,)),
        parties=_joined(case.parties, entry.by),
    )


def _joined(parties: Mapping[str, tuple[str, ...]], actor: Actor | None) -> Mapping[str, tuple[str, ...]]:
    if actor is None or actor.party in parties.get(actor.role, ()):
        return parties
    return {**parties, actor.role: (*parties.get(actor.role, ()), actor.party)}


def _one(actor: Actor | None) -> tuple[Actor, ...]:
    return () if actor is None else (actor,)


def _rows(case: Case, table: str) -> tuple[Any, ...]:
    rows = case.fields.get(table, ())
    return rows if isinstance(rows, tuple) else ()


def _without_none(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _without(values: Mapping[str, Any], names: tuple[str, ...]) -> Mapping[str, Any]:
    return {name: value for name, value in values.items() if name not in names}
