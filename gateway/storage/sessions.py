"""Sessions of groups in the database: rows of ``session`` and ``session_party``, and how to read them back."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gateway.audit.event import Correlation
from gateway.broker.login import BrowserMark
from gateway.broker.relying_party import RelyingPartyId
from gateway.broker.session import EndedSession, Participant, Session, SessionId, SessionKey, Standing
from gateway.storage.database import Connection
from gateway.storage.identity_seal import IdentitySeal
from gateway.storage.session_statements import PARTY_COLUMNS, SESSION_COLUMNS, SessionStatements
from gateway.storage.times import from_micros, to_micros


class SqlSessions:
    """Implements ``gateway.broker.session_ports.Sessions``."""

    def __init__(self, connection: Connection, statements: SessionStatements, seal: IdentitySeal) -> None:
        """Work on a connection that is in a transaction."""
        self._connection = connection
        self._statements = statements
        self._seal = seal

    def find(self, key: SessionKey) -> Session | None:
        """Find an open session by what the browser proves."""
        row = self._connection.execute(self._statements.find, {"key": key}).fetchone()
        return self._session(row) if row else None

    def find_ended(self, session: SessionId, browser: BrowserMark) -> EndedSession | None:
        """Find a session that ended, for its own browser."""
        row = self._connection.execute(self._statements.find_ended, {"id": session, "browser": browser}).fetchone()
        return _ended(dict(zip(SESSION_COLUMNS, row, strict=True))) if row else None

    def open(self, session: Session) -> None:
        """Remember a new session."""
        over = {"ended_at": None, "asked_by": None, "way_back": None, "reply": None}
        fixed = {"id": session.id, "sign_on_group": session.group}
        self._connection.execute(self._statements.open, {**fixed, **self._fresh(session), **over})

    def rotate(self, old: Session, new: Session) -> bool:
        """Give an open session a new key; the key it had decides who is first."""
        fresh = {f"new_{name}": value for name, value in self._fresh(new).items()}
        still = {"id": old.id, "old_key": old.key}
        return self._connection.execute(self._statements.rotate, still | fresh).rowcount == 1

    def use(self, session: SessionId, now: datetime, idle_at: datetime) -> bool:
        """Note that a session in time was used."""
        moments = {"now": to_micros(now), "idle_at": to_micros(idle_at)}
        return self._connection.execute(self._statements.use, {"id": session, **moments}).rowcount == 1

    def end(self, ended: EndedSession, until: datetime) -> bool:
        """End an open session and erase its identity."""
        parameters = {
            "id": ended.id,
            "new_browser": ended.browser,
            "new_ended_at": to_micros(ended.ended_at),
            "new_asked_by": ended.asked_by,
            "new_way_back": ended.way_back,
            "new_reply": json.dumps(ended.reply) if ended.reply else None,
            "new_idle_at": to_micros(until),
        }
        return self._connection.execute(self._statements.end, parameters).rowcount == 1

    def join(self, participant: Participant) -> None:
        """Remember that a relying party takes part."""
        self._connection.execute(self._statements.join, _party_row(participant))

    def participants(self, session: SessionId) -> Sequence[Participant]:
        """List who took part."""
        rows = self._connection.execute(self._statements.parties, {"session": session}).fetchall()
        return [_participant(row) for row in rows]

    def move(self, old: Participant, new: Participant) -> bool:
        """Change how it stands with one participant; standing and attempts decide who is first."""
        still: dict[str, object] = {"session": old.session, "relying_party": old.relying_party, "sid": old.sid}
        still |= {"standing": old.standing, "attempts": old.attempts}
        becomes: dict[str, object] = {"standing": new.standing, "attempts": new.attempts, "request": new.request}
        becomes |= {"due_at": _micros(new.due_at)}
        parameters = {f"old_{name}": value for name, value in still.items()}
        parameters |= {f"new_{name}": value for name, value in becomes.items()}
        return self._connection.execute(self._statements.move, parameters).rowcount == 1

    def due(self, now: datetime, limit: int) -> Sequence[Participant]:
        """List who must be told now."""
        rows = self._connection.execute(self._statements.due, {"now": to_micros(now), "limit": limit}).fetchall()
        return [_participant(row) for row in rows]

    def sweep(self, now: datetime) -> None:
        """Forget sessions whose time is over, and who took part in them."""
        for sql in (self._statements.forget_parties, self._statements.forget):
            self._connection.execute(sql, {"now": to_micros(now)})

    def _fresh(self, session: Session) -> dict[str, object]:
        return {
            "key": session.key,
            "browser": session.browser,
            "identity": self._seal.seal(session.identity, _bound_to(session.id)),
            "started_at": to_micros(session.started_at),
            "expires_at": to_micros(session.expires_at),
            "idle_at": to_micros(session.idle_at),
        }

    def _session(self, row: tuple[Any, ...]) -> Session:
        named = dict(zip(SESSION_COLUMNS, row, strict=True))
        return Session(
            id=Correlation(named["id"]),
            key=SessionKey(named["key"]),
            group=named["sign_on_group"],
            browser=BrowserMark(named["browser"]),
            identity=self._seal.open(named["identity"], _bound_to(named["id"])),
            started_at=from_micros(named["started_at"]),
            expires_at=from_micros(named["expires_at"]),
            idle_at=from_micros(named["idle_at"]),
        )


def _bound_to(session: str) -> str:
    """An identity sealed for a session opens in no login row, though the two share an id."""
    return f"session {session}"


def _ended(row: dict[str, Any]) -> EndedSession:
    return EndedSession(
        id=Correlation(row["id"]),
        browser=BrowserMark(row["browser"]),
        ended_at=from_micros(row["ended_at"]),
        asked_by=RelyingPartyId(row["asked_by"]) if row["asked_by"] else None,
        way_back=row["way_back"],
        reply=tuple((name, value) for name, value in json.loads(row["reply"])) if row["reply"] else (),
    )


def _party_row(participant: Participant) -> dict[str, object]:
    row: dict[str, object] = {name: getattr(participant, name) for name in PARTY_COLUMNS}
    return {**row, "due_at": _micros(participant.due_at)}


def _participant(row: tuple[Any, ...]) -> Participant:
    named = dict(zip(PARTY_COLUMNS, row, strict=True))
    due_at = named["due_at"]
    return Participant(
        **{
            **named,
            "standing": Standing(named["standing"]),
            "due_at": from_micros(due_at) if due_at is not None else None,
        }
    )


def _micros(instant: datetime | None) -> int | None:
    return to_micros(instant) if instant is not None else None
