"""The statements of sessions, compiled once; a gateway without a group of relying parties never asks for them."""

from functools import cache
from typing import Final

from sqlalchemy import ColumnElement, Integer, and_, bindparam, case, delete, literal_column, null, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.expression import Executable

from gateway.storage.tables import session, session_party

SESSION_COLUMNS: Final = tuple(column.name for column in session.columns)
PARTY_COLUMNS: Final = tuple(column.name for column in session_party.columns)
_ONE_PARTY: Final = ("session", "relying_party", "sid")


class SessionStatements:
    """The statements of one dialect, as text for its driver with named parameters."""

    def __init__(self, dialect: Dialect) -> None:
        """Compile all of them."""
        self._dialect = dialect
        self._compile_sessions()
        self._compile_parties()

    def _compile_sessions(self) -> None:
        open_now = session.c.ended_at.is_(null())
        this = session.c.id == bindparam("id")
        self.find = self._text(select(session).where(session.c.key == bindparam("key"), open_now))
        self.find_ended = self._text(
            select(session).where(this, session.c.browser == bindparam("browser"), session.c.ended_at.is_not(null()))
        )
        self.open = self._text(session.insert().values({name: bindparam(name) for name in SESSION_COLUMNS}))
        fresh = ("key", "browser", "identity", "started_at", "expires_at", "idle_at")
        still = and_(this, session.c.key == bindparam("old_key"), open_now)
        self.rotate = self._text(
            update(session).where(still).values({name: bindparam(f"new_{name}") for name in fresh})
        )
        alive = and_(this, open_now, session.c.idle_at >= bindparam("now"))
        self.use = self._text(update(session).where(alive).values(idle_at=_no_later_than_the_end()))
        over = ("browser", "ended_at", "asked_by", "way_back", "reply", "idle_at")
        erased = {"key": null(), "identity": null(), **{name: bindparam(f"new_{name}") for name in over}}
        self.end = self._text(update(session).where(and_(this, open_now)).values(erased))
        past = session.c.idle_at < bindparam("now")
        self.forget_parties = self._text(
            delete(session_party).where(session_party.c.session.in_(select(session.c.id).where(past)))
        )
        self.forget = self._text(delete(session).where(past))

    def _compile_parties(self) -> None:
        party = session_party.c
        self.join = self._text(self._insert_or_nothing())
        self.parties = self._text(
            select(session_party).where(party.session == bindparam("session")).order_by(*session_party.primary_key)
        )
        same = and_(
            *(party[name] == bindparam(f"old_{name}") for name in _ONE_PARTY),
            party.standing == bindparam("old_standing"),
            party.attempts == bindparam("old_attempts", type_=Integer()),
        )
        changed = ("standing", "attempts", "due_at", "request")
        self.move = self._text(
            update(session_party).where(same).values({name: bindparam(f"new_{name}") for name in changed})
        )
        due = select(session_party).where(party.due_at <= bindparam("now")).order_by(party.due_at)
        self.due = self._text(due.limit(bindparam("limit", type_=Integer())).offset(literal_column("0")))

    def _insert_or_nothing(self) -> Executable:
        insert = sqlite.insert if self._dialect.name == "sqlite" else postgresql.insert
        values: dict[str, object] = {name: bindparam(name) for name in PARTY_COLUMNS}
        return insert(session_party).values(values).on_conflict_do_nothing()

    def _text(self, statement: Executable) -> str:
        return str(statement.compile(dialect=self._dialect))  # type: ignore[attr-defined]  # every one here compiles


def _no_later_than_the_end() -> ColumnElement[int]:
    wished = bindparam("idle_at", type_=session.c.idle_at.type)
    return case((wished < session.c.expires_at, wished), else_=session.c.expires_at)


@cache
def session_statements(dialect_name: str) -> SessionStatements:
    """Give the statements for ``sqlite`` or ``postgresql``."""
    if dialect_name == "sqlite":
        return SessionStatements(sqlite.dialect(paramstyle="named"))
    from sqlalchemy.dialects.postgresql import psycopg  # noqa: PLC0415 - only where PostgreSQL is used

    return SessionStatements(psycopg.dialect())  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
