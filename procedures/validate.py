"""Whether a procedure may be used at all: looked at once, when it is loaded, and every mistake named (ENG-MOD-02)."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import pairwise
from typing import Final

from procedures.clocks import Term
from procedures.effects import OpenChild
from procedures.mistakes import InvalidProcedures, Mistake
from procedures.model import Action, Grounds, Procedure, Together
from procedures.parts import RoleKind
from procedures.reading import LISTS, mistakes_of_parts, name_of
from procedures.terms import ByEvent, Clock, Do

_ID: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")

Library = dict[tuple[str, int], Procedure]
"""Every version of every procedure that cases may be of, by id and version."""


def load(*procedures: Procedure) -> Library:
    """Give ``procedures`` by id and version, if nothing is wrong with any of them.

    Raises:
        InvalidProcedures: something is; every mistake is named, with the place where it stands.
    """
    mistakes = [mistake for procedure in procedures for mistake in mistakes_of(procedure)]
    mistakes += _children(procedures)
    for (id_, version), times in Counter((p.id, p.version) for p in procedures).items():
        if times > 1:
            mistakes.append(Mistake(procedure=id_, where=f"version {version}", word=id_, what="stands twice"))
    if mistakes:
        raise InvalidProcedures(mistakes)
    return {(procedure.id, procedure.version): procedure for procedure in procedures}


def mistakes_of(procedure: Procedure) -> list[Mistake]:
    """Give what is wrong with ``procedure`` by itself."""
    found: list[Mistake] = []
    for rule in (_words, _references, _stages, _events, _actions, _clocks, _parameters):
        found += (
            Mistake(procedure=procedure.id, where=where, word=word, what=what) for where, word, what in rule(procedure)
        )
    return found + list(mistakes_of_parts(procedure))


_Found = Iterator[tuple[str, str, str]]


def _words(procedure: Procedure) -> _Found:
    if not procedure.stages:
        yield "stages", procedure.id, "has no stage"
    for kind in (*LISTS, "actions", "requests", "grounds", "retention", "robots"):
        ids = [name_of(part) for part in getattr(procedure, kind)]
        for id_, times in Counter(ids).items():
            if times > 1:
                yield kind, id_, "stands twice"
            if not _ID.fullmatch(id_):
                yield kind, id_, "is no id: small letters, digits, underscores"
    if not any(role.kind is RoleKind.SERVICE for role in procedure.roles):
        yield "roles", procedure.id, "has no service role, in which the engine itself acts"


def _references(procedure: Procedure) -> _Found:
    """Look at what is named by text; what is named by value is looked at in ``procedures.reading``."""
    actions = {action.id: action for action in procedure.actions}
    named = [(f"ground {ground.code}: blocks", id_) for ground in procedure.grounds for id_ in ground.blocks]
    named += [(f"robot {robot.id}: uses", id_) for robot in procedure.robots for id_ in robot.uses]
    named += [(f"clock {c.id}: on_expiry", c.on_expiry.action) for c in procedure.clocks if isinstance(c.on_expiry, Do)]
    yield from ((where, id_, "is no action") for where, id_ in named if id_ not in actions)
    for robot in procedure.robots:
        for id_ in robot.uses:
            if id_ in actions and robot.acts_as not in actions[id_].roles:
                yield f"robot {robot.id}: uses", id_, f"is not for {robot.acts_as.id}"


def _stages(procedure: Procedure) -> _Found:
    reached = _reachable(procedure)
    for stage in procedure.stages:
        leading_out = [a for a in procedure.actions if stage in a.within]
        if stage.id not in reached:
            yield f"stage {stage.id}", stage.id, "cannot be reached"
        if stage.final and leading_out:
            yield f"stage {stage.id}", leading_out[0].id, "leads out of a final stage"
        if not stage.final and not any(action.to not in (None, stage) for action in leading_out):
            yield f"stage {stage.id}", stage.id, "is a dead end: not final, and no action leads on"


def _reachable(procedure: Procedure) -> set[str]:
    reached = {stage.id for stage in procedure.stages[:1]}
    while True:
        leading = (a for a in procedure.actions if a.to is not None and reached & {s.id for s in a.within})
        if (further := reached | {action.to.id for action in leading if action.to is not None}) == reached:
            return reached
        reached = further


def events_of(procedure: Procedure) -> set[str]:
    """Give the names of all events that can happen in a case of ``procedure``."""
    names = {"opened"} | {action.id for action in procedure.actions}
    names |= {f"{field.id}.changed" for field in procedure.fields}
    names |= {f"{lookup.id}.looked_up" for lookup in procedure.lookups}
    names |= {f"{clock.id}.expired" for clock in procedure.clocks} | {f"{fee.id}.paid" for fee in procedure.fees}
    return names | {f"{r.id}.{state}" for r in procedure.requests for state in ("sent", "answered", "lapsed")}


def _events(procedure: Procedure) -> _Found:
    known = events_of(procedure)
    for where, names in _waited_for(procedure):
        yield from ((where, name, "is no event") for name in names if name not in known)


def _waited_for(procedure: Procedure) -> Iterator[tuple[str, Iterable[str]]]:
    for clock in procedure.clocks:
        waits = (*clock.start_on, *clock.stop_on, *clock.pause_on, *clock.resume_on)
        by = (clock.extend.on,) if isinstance(clock.extend, ByEvent) else ()
        yield f"clock {clock.id}", (*waits, *by)
    for action in procedure.actions:
        yield f"action {action.id}: on", action.on
    for obligation in procedure.obligations:
        yield f"obligation {obligation.id}: anchor", filter(None, (obligation.anchor,))
    for retention in procedure.retention:
        yield f"retention {retention.id}: anchors", retention.anchors
    yield "notices", [notice.on for notice in procedure.notices]


def _actions(procedure: Procedure) -> _Found:
    started_by_clock = {clock.on_expiry.action for clock in procedure.clocks if isinstance(clock.on_expiry, Do)}
    for action in procedure.actions:
        where = f"action {action.id}"
        of_service = [role for role in action.roles if role.kind is RoleKind.SERVICE]
        by_itself = bool(action.on) or action.id in started_by_clock
        if not action.roles or not action.within:
            yield where, action.id, "is for nobody, or from no stage"
        if isinstance(action.by, Together) and (of_service or len(action.by.roles) < 2):
            yield where, action.id, "needs two or more people, and no service"
        if of_service and not action.guards and not by_itself:
            yield where, action.id, "is missing a guard: the system could take it at any time"
        if by_itself and (not of_service or _asks_more(action)):
            yield where, action.id, "cannot be taken by the system itself"


def _asks_more(action: Action) -> bool:
    return bool(action.inputs or action.concerns or action.grounds is Grounds.REQUIRED)


def _clocks(procedure: Procedure) -> _Found:
    for clock in procedure.clocks:
        if isinstance(clock.extend, ByEvent) and (clock.pause_on or clock in _paused(procedure)):
            yield f"clock {clock.id}", clock.extend.on, "extends a clock that can be paused"
        if isinstance(clock.term, Term) and clock.term.length < 1:
            yield f"clock {clock.id}: term", str(clock.term.length), "is no length of time"
    for limit in procedure.limits:
        if limit.term.unit.span:
            yield f"limit {limit.id}: term", limit.term.unit, "is no unit of days"


def _paused(procedure: Procedure) -> list[Clock]:
    return [clock for request in procedure.requests for clock in request.pauses]


def _parameters(procedure: Procedure) -> _Found:
    for parameter in procedure.parameters:
        spans = sorted((dated.valid_from, dated.valid_to or date.max) for dated in parameter.values)
        for (_, last), (first, _) in pairwise(spans):
            if last >= first:
                yield f"parameter {parameter.id}", str(first), "has two values"


def _children(procedures: Iterable[Procedure]) -> Iterator[Mistake]:
    known = {procedure.id: procedure for procedure in procedures}
    for procedure in known.values():
        for action in procedure.actions:
            for effect in action.effects:
                if isinstance(effect, OpenChild):
                    where = f"action {action.id}: open child"
                    for word, what in _child(effect, known):
                        yield Mistake(procedure=procedure.id, where=where, word=word, what=what)


def _child(effect: OpenChild, known: dict[str, Procedure]) -> Iterator[tuple[str, str]]:
    if (child := known.get(effect.procedure)) is None:
        yield effect.procedure, "is no procedure that is loaded"
        return
    fields = {field.id for field in child.fields}
    yield from ((name, f"is no field of {child.id}") for name in effect.copies if name not in fields)
