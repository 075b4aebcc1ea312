"""A procedure: one typed value that says everything the engine may do (ENG-MOD-01).

There is no other form of it: no file, no expression language, no parser. ``procedures.validate.load`` looks at it once
before any case is opened.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from procedures.calendar import LV_PUBLIC, WorkingDays
from procedures.effects import Effect
from procedures.fields import Field
from procedures.parts import Computed, Document, Guard, Lookup, Parameter, Retention, Robot, Role, Stage, Words, find
from procedures.terms import Clock, Fee, Limit, Notice, Obligation, Request


class Grounds(StrEnum):
    """Whether a decision must say why."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A reason to decide against somebody (ENG-DEC-01)."""

    code: str
    when: Guard | None
    """When it holds: then alone can it be chosen, and what it blocks is blocked. None: whoever decides finds so."""
    blocks: tuple[str, ...] = ()
    """Ids of the actions that cannot be taken while it holds, or while it is not known whether it does."""
    text_required: bool = False
    about: Computed[tuple[str, ...]] | None = None
    """Which requirements it is about, in this case: their ids."""
    source: str = ""
    names: Words | None = None


@dataclass(frozen=True, slots=True)
class Together:
    """An action that needs every one of these roles, each by another person (ENG-ACT-02).

    A role that stands twice needs two people.
    """

    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something that can be done in a case; when it is, an event with its id has happened."""

    id: str
    by: tuple[Role, ...] | Together
    within: tuple[Stage, ...]
    to: Stage | None = None
    """Where the case stands afterwards; None: where it stood."""
    guards: tuple[Guard, ...] = ()
    """All must hold; the first that does not is named in the refusal."""
    inputs: tuple[Field[object], ...] = ()
    """What must be said with it. The guards already see it."""
    grounds: Grounds = Grounds.NONE
    effects: tuple[Effect, ...] = ()
    looks_up: tuple[Lookup, ...] = ()
    """What must be asked anew before it when the stored answer has become too old."""
    concerns: tuple[Document, ...] = ()
    """Documents whose version must be named by whoever takes it, and must be the newest."""
    on: tuple[str, ...] = ()
    """Events after which the system takes it at once, if the guards hold."""
    names: Words | None = None

    @property
    def roles(self) -> tuple[Role, ...]:
        """Who may take it, or has a part in it."""
        return self.by.roles if isinstance(self.by, Together) else self.by


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """One version of a procedure; a case keeps the version it was opened with (ENG-MOD-03)."""

    id: str
    version: int
    source: str
    roles: tuple[Role, ...]
    stages: tuple[Stage, ...]
    """The first is where a case begins."""
    opened_by: tuple[Role, ...]
    """Who may open a case; one that another case asks for is opened by a service."""
    actions: tuple[Action, ...]
    calendar: WorkingDays = LV_PUBLIC
    parameters: tuple[Parameter[str] | Parameter[int] | Parameter[Decimal] | Parameter[date], ...] = ()
    fields: tuple[Field[object], ...] = ()
    lookups: tuple[Lookup, ...] = ()
    documents: tuple[Document, ...] = ()
    clocks: tuple[Clock, ...] = ()
    limits: tuple[Limit, ...] = ()
    fees: tuple[Fee, ...] = ()
    grounds: tuple[Ground, ...] = ()
    requests: tuple[Request, ...] = ()
    notices: tuple[Notice, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    retention: tuple[Retention, ...] = ()
    robots: tuple[Robot, ...] = ()

    def stage(self, id_: str) -> Stage:
        """Find a stage.

        Raises:
            UnknownWord: there is none of that id.
        """
        return find(self.stages, id_)

    def action(self, id_: str) -> Action:
        """Find an action.

        Raises:
            UnknownWord: there is none of that id.
        """
        return find(self.actions, id_)
