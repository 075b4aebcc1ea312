"""Actions: judged in one order, then taken with their effects (ENG-ACT-01, ENG-ACT-02, ENG-DEC-01)."""

from collections import Counter
from collections.abc import Mapping

from procedures import events as e
from procedures.actors import Actor, ServiceActing
from procedures.commands import Act
from procedures.course import Course
from procedures.facts import Facts
from procedures.fields import Value
from procedures.model import Action, Ground, Grounds, Together
from procedures.parts import RoleKind, find
from procedures.performing import perform
from procedures.permission import admit, require_stage
from procedures.refusals import REFUSED, Code, NotDone


def act(course: Course, command: Act) -> None:
    """Take an action, or agree to one that needs several.

    Raises:
        NotDone: a check failed.
        NotKnown: a rule asks what is not known.
        UnknownWord: the procedure has no such action, field, ground or document.
    """
    action = course.procedure.action(command.action)
    # (1) Who: nothing about the case is told to somebody who may not act in it.
    admit(course.procedure, course.case.parties, action.roles, command.actor, action.id)
    # (2) Where the case stands.
    require_stage(course.case, course.procedure, action.within, action.id)
    # (3) What is said with the action; the rules below see it as if it had been said before.
    _require_newest(course, action, command.versions)
    _take_inputs(course, action, command.inputs)
    _require_grounds(course.facts, action, command)
    # (4) The rules.
    require_nothing_against(course.facts, action)
    require_guards(course.facts, action)
    # (5) It happens, unless others have to agree first.
    if isinstance(action.by, Together) and not _all_agree(course, action, action.by, command.actor):
        return
    take(course, action, command)


def take(course: Course, action: Action, command: Act) -> None:
    """Let a judged action happen, with its effects."""
    stage = course.case.stage if action.to is None else action.to.id
    newest = {document: versions[-1].number for document, versions in course.case.documents.items()}
    course.happen(
        e.Acted(
            action=action.id,
            stage=stage,
            grounds=tuple(dict.fromkeys(command.grounds)),
            text=command.text,
            documents=newest,
        )
    )
    for effect in action.effects:
        perform(course, effect)


def act_by_itself(course: Course, action: Action) -> bool:
    """Have the system take an action now, if everything it asks for holds; say whether it did."""
    role = next(role for role in action.roles if role.kind is RoleKind.SERVICE)
    course.taken.add(action.id)
    try:
        with course.attempt():
            course.by = ServiceActing(role=role.id, service="engine")
            act(course, Act(actor=course.by, action=action.id))
    except REFUSED:
        return False
    return True


def take_back(course: Course, action: Action, actor: Actor) -> None:
    """Undo an agreement that has not led to the action yet.

    Raises:
        NotDone: the actor has not agreed.
    """
    if actor not in course.case.consents.get(action.id, ()):
        raise NotDone(Code.NOT_AGREED, action.id)
    course.happen(e.ConsentTakenBack(action=action.id))


def require_guards(facts: Facts, action: Action) -> None:
    """Require every guard of ``action``; the first that fails is named.

    Raises:
        NotDone: one does not hold.
        NotKnown: one asks what is not known.
    """
    for guard in action.guards:
        if not guard(facts):
            raise NotDone(Code.GUARD_FALSE, getattr(guard, "__name__", repr(guard)))


def holding_grounds(facts: Facts, action: Action) -> tuple[Ground, ...]:
    """Give the grounds against ``action`` that can be worked out and hold.

    Raises:
        NotKnown: whether one holds is not known.
    """
    against = (ground for ground in facts.procedure.grounds if action.id in ground.blocks)
    return tuple(ground for ground in against if ground.when is not None and ground.when(facts))


def require_nothing_against(facts: Facts, action: Action) -> None:
    """Require that no ground holds that blocks ``action``.

    Raises:
        NotDone: one does; all that do are named.
        NotKnown: whether one does is not known.
    """
    if held := holding_grounds(facts, action):
        raise NotDone(Code.GROUND_HOLDS, held[0].code, tuple(ground.code for ground in held))


def _require_newest(course: Course, action: Action, versions: Mapping[str, int]) -> None:
    for document in action.concerns:
        newest = course.facts.versions(document)
        if not newest or versions.get(document.id) != newest[-1].number:
            raise NotDone(Code.VERSION_OUTDATED, document.id)


def _take_inputs(course: Course, action: Action, inputs: Mapping[str, Value]) -> None:
    for name in inputs:
        find(action.inputs, name)
    for field in action.inputs:
        if field.id not in inputs:
            raise NotDone(Code.FIELD_BLANK, field.id)
        if problem := field.problem(inputs[field.id]):
            raise NotDone(Code.FIELD_INVALID, field.id, (problem,))
    changed = {name: value for name, value in inputs.items() if course.case.fields.get(name) != value}
    if changed:
        course.happen(e.FieldsFilled(values=changed))


def _require_grounds(facts: Facts, action: Action, command: Act) -> None:
    if action.grounds is Grounds.NONE and command.grounds:
        raise NotDone(Code.GROUNDS_NOT_WANTED, action.id)
    if action.grounds is Grounds.REQUIRED and not command.grounds:
        raise NotDone(Code.GROUNDS_MISSING, action.id)
    grounds = {ground.code: ground for ground in facts.procedure.grounds}
    for code in command.grounds:
        if (ground := grounds.get(code)) is None:
            raise NotDone(Code.UNKNOWN_WORD, code)
        if ground.when is not None and not ground.when(facts):
            raise NotDone(Code.GROUND_DOES_NOT_HOLD, code)
        if ground.text_required and not command.text.strip():
            raise NotDone(Code.TEXT_MISSING, code)


def _all_agree(course: Course, action: Action, together: Together, actor: Actor | None) -> bool:
    agreed = course.case.consents.get(action.id, ())
    needed = Counter(role.id for role in together.roles) - Counter(other.role for other in agreed)
    if actor is None or actor.hand in {other.hand for other in agreed} or not needed[actor.role]:
        raise NotDone(Code.ALREADY_AGREED, action.id)
    course.happen(e.Consented(action=action.id))
    return needed == Counter([actor.role])
