"""How the outcome of a login leaves: one front door for each language that relying parties speak.

The broker decides that a result leaves, and when; the front door decides what it looks like. Everything it says before
the commit is a plan (``Handover``); what the browser carries is made after the commit, by ``Handover.answer``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from gateway.audit.event import AuditEvent
from gateway.broker.login import Answered, Asked, Asserted, Delivered, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """The browser goes to an address that holds the answer."""

    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostForm:
    """The browser posts a form that holds the answer."""

    action: str
    fields: tuple[tuple[str, str], ...]


BrowserAnswer: TypeAlias = Redirect | PostForm
"""How an answer travels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """What a login becomes when its result leaves."""

    becomes: Delivered | Asserted
    event: AuditEvent
    """Says that the result leaves; committed with the new state."""
    answer: Callable[[], BrowserAnswer]
    """Makes what the browser carries; called once, after the commit."""


class FrontDoor(Protocol):
    """One protocol of relying parties, as far as the outcome of a login goes."""

    def reply_address(self, asked: Asked) -> str:
        """Give the registered address that the answer goes to; proven when the login began."""

    def hand_over(self, login: Answered, now: datetime) -> Handover:
        """Plan how the result leaves; changes and signs nothing yet."""

    def refusal(self, refused: Refused, error: str, description: str) -> BrowserAnswer:
        """Make the answer that says that nobody signed in.

        Args:
            refused: the login.
            error: an error code of RFC 6749 4.1.2.1 or OIDC Core 3.1.2.6; other protocols translate it.
            description: a sentence for the portal's developer; printable ASCII.
        """
