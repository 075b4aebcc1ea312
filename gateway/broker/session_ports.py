"""What sessions need from outside: where they live."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from gateway.broker.login import BrowserMark
from gateway.broker.session import EndedSession, Participant, Session, SessionId, SessionKey


class Sessions(Protocol):
    """Sessions of groups, inside one transaction; no other table is touched."""

    def find(self, key: SessionKey) -> Session | None:
        """Find an open session by what the browser proves; it may be past its time."""

    def find_ended(self, session: SessionId, browser: BrowserMark) -> EndedSession | None:
        """Find a session that ended, for the browser that was signed in by it."""

    def open(self, session: Session) -> None:
        """Remember a new session."""

    def rotate(self, old: Session, new: Session) -> bool:
        """Give an open session a new key, identity and times by one statement.

        Returns:
            False when it is not what it was: ended, or rotated by somebody who was faster.
        """

    def use(self, session: SessionId, now: datetime, idle_at: datetime) -> bool:
        """Note by one statement that an open session in time was used.

        It then lasts until ``idle_at``, though never beyond ``expires_at``.

        Returns:
            False when it has ended or its time is over.
        """

    def end(self, ended: EndedSession, until: datetime) -> bool:
        """End an open session by one statement; the identity is erased, the rest is kept until then.

        Returns:
            False when it had ended before.
        """

    def join(self, participant: Participant) -> None:
        """Remember that a relying party takes part; once is enough."""

    def participants(self, session: SessionId) -> Sequence[Participant]:
        """List who took part, in a steady order."""

    def move(self, old: Participant, new: Participant) -> bool:
        """Change how it stands with one participant by one statement.

        Returns:
            False when it stands otherwise: somebody was faster.
        """

    def due(self, now: datetime, limit: int) -> Sequence[Participant]:
        """List who must be told now, the longest overdue first."""
