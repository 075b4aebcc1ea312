"""The statements of registrations, compiled once; a login asks for none of them but ``note_use``, and that seldom."""

from functools import cache
from typing import Final

from sqlalchemy import ScalarSelect, and_, bindparam, func, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.expression import Executable

from gateway.storage.tables import key_use, registration, registry

_COLUMNS: Final = tuple(column.name for column in registration.columns)


class RegistrationStatements:
    """The statements of one dialect, as text for its driver with named parameters."""

    def __init__(self, dialect: Dialect) -> None:
        """Compile all of them."""
        self._dialect = dialect
        row = registration.c
        in_force = row.ended_at.is_(None)
        this = row.relying_party == bindparam("relying_party")
        everything = select(registration)
        self.count_up = self._text(update(registry).values(revision=registry.c.revision + literal_column("1")))
        self.count = self._text(select(registry.c.revision))
        self.in_force = self._text(everything.where(in_force).order_by(row.relying_party))
        self.newest = self._text(everything.where(row.revision == _newest()).order_by(row.relying_party))
        self.history = self._text(everything.where(this).order_by(row.revision))
        self.add = self._text(registration.insert().values({name: bindparam(name) for name in _COLUMNS}))
        still = and_(this, row.revision == bindparam("old_revision"), in_force)
        self.end = self._text(update(registration).where(still).values(ended_at=bindparam("ended_at")))
        self.uses = self._text(
            select(key_use.c.kid, key_use.c.used_at).where(key_use.c.relying_party == bindparam("relying_party"))
        )
        self.note_use = self._text(self._newest_use())

    def _newest_use(self) -> Executable:
        """Keep the later of what is known and what is noted: workers' clocks and commits may cross."""
        insert = sqlite.insert if self._dialect.name == "sqlite" else postgresql.insert
        row = insert(key_use).values({column.name: bindparam(column.name) for column in key_use.columns})
        newer = row.excluded.used_at > key_use.c.used_at
        return row.on_conflict_do_update(
            index_elements=[key_use.c.relying_party, key_use.c.kid],
            set_={"used_at": row.excluded.used_at},
            where=newer,
        )

    def _text(self, statement: Executable) -> str:
        return str(statement.compile(dialect=self._dialect))  # type: ignore[attr-defined]  # every one here compiles


def _newest() -> ScalarSelect[int]:
    same = registration.alias("same")
    newest = select(func.max(same.c.revision)).where(same.c.relying_party == registration.c.relying_party)
    return newest.correlate(registration).scalar_subquery()


@cache
def registration_statements(dialect: str) -> RegistrationStatements:
    """The statements for ``sqlite3`` or psycopg 3."""
    if dialect == "sqlite":
        return RegistrationStatements(sqlite.dialect(paramstyle="named"))
    from sqlalchemy.dialects.postgresql import psycopg  # noqa: PLC0415 - only where PostgreSQL is used

    return RegistrationStatements(psycopg.dialect())  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
