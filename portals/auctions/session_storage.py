"""SQL for browsers' sessions and for sign-ins the gateway has not answered yet."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Engine, delete, insert, select, update
from sqlalchemy.dialects import sqlite

from portals.auctions.storage import reading, writing
from portals.auctions.tables import logout_tokens, sessions, sign_ins, signed_in
from portals.browser_sessions import IDLE, LONGEST, StoredSession
from portals.logout_token import VerifiedLogout
from portals.relying_party import SignIn

SIGN_IN_LIFETIME: Final = timedelta(minutes=20)
"""The gateway gives a login 15 minutes (design section 8); the way back gets a little more."""

KEPT_LONGER: Final = timedelta(minutes=1)
"""A used logout token is remembered for longer than any clock here and there differs."""


class SqlSessions:
    """Browsers' sessions; those past their time go whenever a new one is stored."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def load(self, id_digest: bytes) -> StoredSession | None:
        """The session under this digest, however old, unless the gateway has ended it."""
        ended = select(signed_in.c.ended_at).where(signed_in.c.session_digest == id_digest, signed_in.c.ended_at > 0)
        known = select(sessions).where(sessions.c.id_digest == id_digest, ~ended.exists())
        with reading(self._engine) as connection:
            row = connection.execute(known).one_or_none()
        if row is None:
            return None
        return StoredSession(sealed=row.sealed, created_at=_moment(row.created_at), seen_at=_moment(row.seen_at))

    def add(self, id_digest: bytes, session: StoredSession) -> None:
        """Store a new session."""
        oldest = _seconds(session.seen_at - IDLE)
        with writing(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.seen_at < oldest))
            connection.execute(insert(sessions).values(id_digest=id_digest, **_row(session)))

    def renew(self, id_digest: bytes, session: StoredSession) -> None:
        """Store what a known session has become; one that was removed meanwhile stays removed."""
        with writing(self._engine) as connection:
            connection.execute(update(sessions).where(sessions.c.id_digest == id_digest).values(_row(session)))

    def remove(self, id_digest: bytes) -> None:
        """Forget a session."""
        with writing(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.id_digest == id_digest))


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingSignIn:
    """A sign-in that waits for its answer, and the language of the page it began on."""

    sign_in: SignIn
    language: str


class SqlSignIns:
    """Sign-ins that wait for the gateway's answer, each bound to the session of the browser that began it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, pending: PendingSignIn, *, session_digest: bytes, at: datetime) -> None:
        """Wait for the answer to this sign-in in this session, for 20 minutes."""
        row = {
            "state": pending.sign_in.state,
            "nonce": pending.sign_in.nonce,
            "code_verifier": pending.sign_in.code_verifier,
            "session_digest": session_digest,
            "language": pending.language,
            "started_at": _seconds(at),
        }
        with writing(self._engine) as connection:
            connection.execute(delete(sign_ins).where(sign_ins.c.started_at < _seconds(at - SIGN_IN_LIFETIME)))
            connection.execute(insert(sign_ins).values(row))

    def take(self, state: str, *, session_digest: bytes, at: datetime) -> PendingSignIn | None:
        """The sign-in with this state, if this session waits for it; it is gone afterwards, whoever asks again."""
        asked = (
            (sign_ins.c.state == state)
            & (sign_ins.c.session_digest == session_digest)
            & (sign_ins.c.started_at >= _seconds(at - SIGN_IN_LIFETIME))
        )
        with writing(self._engine) as connection:
            row = connection.execute(delete(sign_ins).where(asked).returning(sign_ins)).one_or_none()
        if row is None:
            return None
        sign_in = SignIn(state=row.state, nonce=row.nonce, code_verifier=row.code_verifier)
        return PendingSignIn(sign_in=sign_in, language=row.language)

    def move(self, *, earlier: bytes, later: bytes) -> None:
        """Let the other tabs of this browser finish in the session that replaced theirs."""
        moved = update(sign_ins).where(sign_ins.c.session_digest == earlier).values(session_digest=later)
        with writing(self._engine) as connection:
            connection.execute(moved)


class SqlSignedIn:
    """Which session at the gateway each browser's session came from, and the gateway's word that one is over."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def note(self, *, gateway_session: str, subject: str, session_digest: bytes, at: datetime) -> None:
        """Remember for a new session what the gateway calls it and the person."""
        row = {
            "session_digest": session_digest,
            "gateway_session": gateway_session,
            "subject": subject,
            "noted_at": _seconds(at),
        }
        with writing(self._engine) as connection:
            connection.execute(delete(signed_in).where(signed_in.c.noted_at < _seconds(at - LONGEST)))
            connection.execute(insert(signed_in).values(row))

    def end(self, logout: VerifiedLogout, *, at: datetime) -> bool:
        """End what a logout token names, if the token is used for the first time.

        Returns:
            False when it was used before; nothing is changed then.
        """
        used = {"identifier": logout.identifier, "expires_at": _seconds(logout.expires_at)}
        with writing(self._engine) as connection:
            connection.execute(delete(logout_tokens).where(logout_tokens.c.expires_at < _seconds(at - KEPT_LONGER)))
            first = connection.execute(sqlite.insert(logout_tokens).values(used).on_conflict_do_nothing()).rowcount == 1
            if first:
                named = select(signed_in.c.session_digest).where(_named_by(logout))
                connection.execute(delete(sessions).where(sessions.c.id_digest.in_(named)))
                connection.execute(update(signed_in).where(_named_by(logout)).values(ended_at=_seconds(at)))
        return first


def _named_by(logout: VerifiedLogout) -> ColumnElement[bool]:
    """One session where the gateway names one; else every session of the person (Back-Channel Logout 2.7)."""
    if logout.session:
        return signed_in.c.gateway_session == logout.session
    return signed_in.c.subject == logout.subject


def _row(session: StoredSession) -> dict[str, bytes | int]:
    return {
        "sealed": session.sealed,
        "created_at": _seconds(session.created_at),
        "seen_at": _seconds(session.seen_at),
    }


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
