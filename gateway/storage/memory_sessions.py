"""Sessions of groups in memory, for tests of the broker: the same promise, nothing durable."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway.broker.login import BrowserMark
from gateway.broker.session import EndedSession, Participant, Session, SessionId, SessionKey
from gateway.storage.identity_seal import without_exchanges

_PartyKey = tuple[str, str, str]


@dataclass
class SessionsState:
    """What the store knows of sessions."""

    open: dict[SessionId, Session] = field(default_factory=dict)
    ended: dict[SessionId, tuple[EndedSession, datetime]] = field(default_factory=dict)
    parties: dict[_PartyKey, Participant] = field(default_factory=dict)

    def copy(self) -> "SessionsState":
        """Copy, so that a failed operation leaves no trace."""
        return SessionsState(open=self.open.copy(), ended=self.ended.copy(), parties=self.parties.copy())


class MemorySessions:
    """Implements ``gateway.broker.session_ports.Sessions``."""

    def __init__(self, state: SessionsState) -> None:
        """Work on a copy of the state."""
        self._state = state

    def find(self, key: SessionKey) -> Session | None:
        """Find an open session by what the browser proves."""
        return next((found for found in self._state.open.values() if found.key == key), None)

    def find_ended(self, session: SessionId, browser: BrowserMark) -> EndedSession | None:
        """Find a session that ended, for its own browser."""
        ended, _ = self._state.ended.get(session, (None, None))
        return ended if ended is not None and ended.browser == browser else None

    def open(self, session: Session) -> None:
        """Remember a new session."""
        self._state.open[session.id] = replace(session, identity=without_exchanges(session.identity))

    def rotate(self, old: Session, new: Session) -> bool:
        """Give an open session a new key, unless somebody was faster."""
        known = self._state.open.get(old.id)
        if known is None or known.key != old.key:
            return False
        self.open(new)
        return True

    def use(self, session: SessionId, now: datetime, idle_at: datetime) -> bool:
        """Note that a session in time was used."""
        known = self._state.open.get(session)
        if known is None or not known.in_time(now):
            return False
        self._state.open[session] = replace(known, idle_at=min(idle_at, known.expires_at))
        return True

    def end(self, ended: EndedSession, until: datetime) -> bool:
        """End an open session."""
        known = self._state.open.pop(ended.id, None)
        if known is not None:
            self._state.ended[ended.id] = ended, until
        return known is not None

    def join(self, participant: Participant) -> None:
        """Remember that a relying party takes part."""
        self._state.parties.setdefault(_key(participant), participant)

    def participants(self, session: SessionId) -> Sequence[Participant]:
        """List who took part."""
        return [party for key, party in sorted(self._state.parties.items()) if party.session == session]

    def move(self, old: Participant, new: Participant) -> bool:
        """Change how it stands with one participant, unless somebody was faster."""
        known = self._state.parties.get(_key(old))
        if known is None or (known.standing, known.attempts) != (old.standing, old.attempts):
            return False
        self._state.parties[_key(old)] = new
        return True

    def due(self, now: datetime, limit: int) -> Sequence[Participant]:
        """List who must be told now."""
        waiting = [party for party in self._state.parties.values() if party.due_at is not None and party.due_at <= now]
        return sorted(waiting, key=lambda party: party.due_at or now)[:limit]

    def sweep(self, now: datetime) -> None:
        """Forget what is over."""
        self._state.open = {key: one for key, one in self._state.open.items() if one.in_time(now)}
        self._state.ended = {key: (one, until) for key, (one, until) in self._state.ended.items() if now <= until}
        kept = self._state.open.keys() | self._state.ended.keys()
        self._state.parties = {key: party for key, party in self._state.parties.items() if party.session in kept}


def _key(participant: Participant) -> _PartyKey:
    return participant.session, participant.relying_party, participant.sid
