"""What somebody sees of a case, and what they could do next; for pages and command lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from procedures.acting import require_guards, require_nothing_against
from procedures.actors import Actor
from procedures.case import Case
from procedures.facts import Facts, NotKnown, holds
from procedures.fields import Value
from procedures.model import Action, Ground, Grounds, Procedure, Together
from procedures.parts import Lookup
from procedures.permission import admit, require_stage
from procedures.refusals import REFUSED, NotDone, Refusal, refusal_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An action that an actor has a part in, seen from where the case stands."""

    action: Action
    refusal: Refusal | None
    """Why it would be refused now, apart from what is said with it; None: it would be done."""
    agreed: int = 0
    """How many have agreed, of an action that needs several."""
    needed: int = 1


def steps(procedure: Procedure, case: Case, actor: Actor, at: datetime) -> tuple[Step, ...]:
    """Give every action that ``actor`` may take in some stage, with what stands against it now.

    Guards that read what is said with the action are asked without it, so that those of its inputs count as blank.
    """
    facts = Facts(procedure=procedure, case=case, now=at)
    mine = (action for action in procedure.actions if _may(facts, action, actor))
    return tuple(_step(facts, action) for action in mine)


def _may(facts: Facts, action: Action, actor: Actor) -> bool:
    try:
        admit(facts.procedure, facts.case.parties, action.roles, actor, action.id)
    except NotDone:
        return False
    return True


def _step(facts: Facts, action: Action) -> Step:
    together = action.by.roles if isinstance(action.by, Together) else ("one",)
    agreed = len(facts.case.consents.get(action.id, ()))
    return Step(action=action, refusal=_against(facts, action), agreed=agreed, needed=len(together))


def _against(facts: Facts, action: Action) -> Refusal | None:
    try:
        require_stage(facts.case, facts.procedure, action.within, action.id)
        require_nothing_against(facts, action)
        require_guards(facts, action)
    except REFUSED as reason:
        return refusal_of(reason)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A ground that may be chosen now."""

    ground: Ground
    about: tuple[str, ...]
    """Ids of the requirements that it is about in this case."""


def proposed_grounds(procedure: Procedure, case: Case, action: Action, at: datetime) -> tuple[Proposed, ...]:
    """Give the grounds that may be chosen for ``action``: those that hold, and those that somebody has to find."""
    if action.grounds is Grounds.NONE:
        return ()
    facts = Facts(procedure=procedure, case=case, now=at)
    may = (ground for ground in procedure.grounds if ground.when is None or holds(ground.when, facts))
    return tuple(Proposed(ground=ground, about=() if ground.about is None else ground.about(facts)) for ground in may)


def lookups_to_repeat(procedure: Procedure, case: Case, action: Action, at: datetime) -> tuple[Lookup, ...]:
    """Give the lookups whose answer must be fetched before ``action``: none stored, none given, or too old."""
    facts = Facts(procedure=procedure, case=case, now=at)
    arising = (one for one in action.looks_up if one.when is None or holds(one.when, facts))
    return tuple(one for one in arising if not _answered(facts, one))


def _answered(facts: Facts, lookup: Lookup) -> bool:
    try:
        facts.lookup(lookup)
    except NotKnown:
        return False
    return True


def readable(procedure: Procedure, case: Case, role: str, at: datetime) -> Mapping[str, Value]:
    """Give the fields that ``role`` may see, as they are; those that are not visible now are left out."""
    facts = Facts(procedure=procedure, case=case, now=at)
    seen = (f for f in procedure.fields if f.read_by is None or role in {reader.id for reader in f.read_by})
    return {f.id: case.fields[f.id] for f in seen if f.id in case.fields and holds(f.visible, facts)}
