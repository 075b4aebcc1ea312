"""Whether an actor may act in a role, in this case (ENG-IDN-01, ENG-ACT-01)."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from procedures.actors import Actor, PersonActing, ServiceActing
from procedures.case import Case
from procedures.model import Procedure
from procedures.parts import Held, Role, RoleKind, Stage
from procedures.refusals import Code, NotDone

Parties: TypeAlias = Mapping[str, tuple[str, ...]]
"""By role: the parties that have acted in it in a case, or to whom it was granted."""


def admit(procedure: Procedure, parties: Parties, roles: Iterable[Role], actor: Actor | None, action: str = "") -> None:
    """Let ``actor`` pass, who wants to act in one of ``roles``, in a case in which ``parties`` have acted.

    Raises:
        NotDone: nobody signed in; the actor's role is none of them; it is held by others in this case; a program acts
            as a person without being a robot of the procedure, or a person as a program.
    """
    if actor is None or not _signed_in(actor):
        raise NotDone(Code.NO_LOGIN, "" if actor is None else actor.role)
    role = next((role for role in roles if role.id == actor.role), None)
    if (
        role is None
        or not _of_its_kind(procedure, role, actor, action)
        or not _holds(parties.get(role.id, ()), role, actor)
    ):
        raise NotDone(Code.WRONG_ROLE, actor.role)


def admit_service(procedure: Procedure, parties: Parties, actor: Actor | None) -> None:
    """Let a service pass: it alone reports money, answers of registers, deliveries and time.

    Raises:
        NotDone: the actor is none of the procedure's services.
    """
    admit(procedure, parties, (role for role in procedure.roles if role.kind is RoleKind.SERVICE), actor)


def require_stage(case: Case, procedure: Procedure, within: tuple[Stage, ...], word: str) -> None:
    """Require that the case stands in one of ``within``; none named: in any stage that is not final.

    Raises:
        NotDone: it stands elsewhere.
    """
    allowed = within or tuple(stage for stage in procedure.stages if not stage.final)
    if case.stage not in {stage.id for stage in allowed}:
        raise NotDone(Code.WRONG_STAGE, word, stages_before(procedure, case.stage, within))


def stages_before(procedure: Procedure, current: str, wanted: tuple[Stage, ...]) -> tuple[str, ...]:
    """Give the stages still to be reached from ``current`` up to and with the nearest of ``wanted``, in their order.

    Empty when none can be reached any more.
    """
    paths: dict[str, tuple[str, ...]] = {current: ()}
    for stage in (waiting := [current]):
        for reached in (a.to.id for a in procedure.actions if a.to and stage in {s.id for s in a.within}):
            if reached not in paths:
                paths[reached] = (*paths[stage], reached)
                waiting.append(reached)
    found = [paths[stage.id] for stage in wanted if stage.id in paths]
    return min(found, key=len, default=())


def _signed_in(actor: Actor) -> bool:
    if isinstance(actor, ServiceActing):
        return bool(actor.service.strip())
    person = actor.person
    return all(part.strip() for part in (person.given_name, person.surname, person.personal_code))


def _of_its_kind(procedure: Procedure, role: Role, actor: Actor, action: str) -> bool:
    if isinstance(actor, PersonActing):
        return role.kind is not RoleKind.SERVICE
    if role.kind is RoleKind.SERVICE:
        return True
    robots = [robot for robot in procedure.robots if robot.id == actor.service]
    return any(robot.acts_as is role and action in robot.uses for robot in robots)


def _holds(parties: tuple[str, ...], role: Role, actor: Actor) -> bool:
    match role.held:
        case Held.ANYBODY:
            return True
        case Held.FIRST:
            return not parties or actor.party in parties
        case Held.GRANTED:
            return actor.party in parties
