"""Sessions that the service has begun, and what the person on the telephone made of them; no Flask."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from mock_bank.personas import Persona
from mock_bank.smart_id import wire
from mock_bank.smart_id.wire import Asked

LIFETIME: Final = timedelta(minutes=3)
"""For the person to answer; then the end result is ``TIMEOUT``."""
KEPT: Final = timedelta(minutes=5)
"""A result is given out this long."""


@dataclass(slots=True, kw_only=True)
class Session:
    """One question to one telephone."""

    id: str
    asked: Asked
    began: datetime
    person: Persona | None
    """Whose telephone it is; for device links, whoever opens the link."""
    base: str
    """Where its device links lead."""
    token: str = ""
    secret: bytes = field(default=b"", repr=False)
    verifier: str = field(default="", repr=False)
    """``userChallengeVerifier``: the app keeps it until it sends the browser back."""
    flow: str = "Notification"
    result: Mapping[str, Any] | None = None
    """As given to the relying party; None while the person has not decided."""
    answered_by: str = ""
    """User number of whoever approved it."""
    choices: tuple[str, ...] = ()
    """Three codes, of which the person picks one; empty where the app only asks for the PIN."""

    @property
    def used(self) -> str:
        """The interaction that the app takes: the first that is offered."""
        return self.asked.interactions[0][0]

    @property
    def text(self) -> str:
        """What the app shows."""
        return self.asked.interactions[0][1]


class Sessions:
    """Every session under way, by id; the caller holds the lock."""

    def __init__(self) -> None:
        """Begin empty."""
        self._by_id: dict[str, Session] = {}

    def begin(self, asked: Asked, person: Persona | None, base: str, now: datetime) -> Session:
        """Open a session."""
        self._forget_old(now)
        session = Session(id=secrets.token_hex(16), asked=asked, began=now, person=person, base=base)
        session.verifier = secrets.token_urlsafe(32)
        if person is None:
            session.token, session.secret = secrets.token_hex(12), secrets.token_bytes(32)
        elif session.used in wire.CODE_CHOICES:
            session.choices = _choices(wire.control_code(asked.challenge))
        self._by_id[session.id] = session
        return session

    def find(self, session: str) -> Session | None:
        """The session of this id, while it is kept."""
        return self._by_id.get(session)

    def of_token(self, token: str) -> Session | None:
        """The session that a device link is about."""
        return next((each for each in self._by_id.values() if each.token and each.token == token), None)

    def waiting_for(self, person: str) -> list[Session]:
        """Sessions that wait for one person's answer, oldest first."""
        running = [each for each in self._by_id.values() if each.result is None and each.person is not None]
        return [each for each in running if each.person and each.person.user_number == person]

    def newest_before(self, session: Session, *, of_another: bool = False) -> Session | None:
        """The session before this one, or the newest that another person approved, for faults that confuse two."""
        before = [each for each in self._by_id.values() if each is not session]
        if of_another:
            before = [each for each in before if each.answered_by not in {"", session.answered_by}]
        return before[-1] if before else None

    def _forget_old(self, now: datetime) -> None:
        self._by_id = {key: each for key, each in self._by_id.items() if now - each.began < LIFETIME + KEPT}


def _choices(right: str) -> tuple[str, ...]:
    others = (f"{(int(right) + step) % 10000:04d}" for step in (1357, 4682))
    return tuple(sorted((right, *others)))
