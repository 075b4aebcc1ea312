"""Versions of the portal's tables, kept in the database's own ``user_version``.

To change a table, add a function at the end of ``MIGRATIONS`` and bring ``tables`` to the same state; never edit an
earlier one, and let the code of the version before keep working beside it.
"""

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, Engine, text


class DatabaseTooNew(Exception):
    """The database was written by a newer version of the portal than this one."""


def _first_tables(connection: Connection) -> None:
    for statement in FIRST_TABLES:
        connection.execute(text(statement))


FIRST_TABLES: Final = (
    (
        "CREATE TABLE entries (id TEXT PRIMARY KEY, country TEXT NOT NULL, code_digits TEXT NOT NULL,"
        " given_name TEXT NOT NULL, family_name TEXT NOT NULL, declared_address TEXT, actual_address TEXT,"
        " document_type TEXT, document_number TEXT, account TEXT, email TEXT, telephone TEXT,"
        " created_at TEXT NOT NULL, updated_at TEXT NOT NULL, UNIQUE (country, code_digits)) STRICT"
    ),
    (
        "CREATE TABLE subjects (issuer TEXT NOT NULL, subject TEXT NOT NULL,"
        " entry_id TEXT NOT NULL REFERENCES entries (id), first_seen_at TEXT NOT NULL,"
        " PRIMARY KEY (issuer, subject)) STRICT"
    ),
    (
        "CREATE TABLE changes (number INTEGER PRIMARY KEY AUTOINCREMENT, entry_id TEXT NOT NULL, at TEXT NOT NULL,"
        " author_kind TEXT NOT NULL, author_subject TEXT NOT NULL, operation TEXT NOT NULL, field TEXT NOT NULL,"
        " earlier TEXT NOT NULL, later TEXT NOT NULL) STRICT"
    ),
    "CREATE INDEX changes_entry_id ON changes (entry_id)",
    (
        "CREATE TRIGGER changes_are_not_updated BEFORE UPDATE ON changes"
        " BEGIN SELECT RAISE(ABORT, 'the record of changes only grows'); END"
    ),
    (
        "CREATE TRIGGER changes_are_not_deleted BEFORE DELETE ON changes"
        " BEGIN SELECT RAISE(ABORT, 'the record of changes only grows'); END"
    ),
    (
        "CREATE TABLE sessions (id_digest BLOB PRIMARY KEY, sealed BLOB NOT NULL, created_at INTEGER NOT NULL,"
        " seen_at INTEGER NOT NULL) STRICT"
    ),
    "CREATE INDEX sessions_seen_at ON sessions (seen_at)",
    (
        "CREATE TABLE sign_ins (state TEXT PRIMARY KEY, session_digest BLOB NOT NULL, nonce TEXT NOT NULL,"
        " code_verifier TEXT NOT NULL, language TEXT NOT NULL, started_at INTEGER NOT NULL) STRICT"
    ),
    "CREATE INDEX sign_ins_session_digest ON sign_ins (session_digest)",
    "CREATE INDEX sign_ins_started_at ON sign_ins (started_at)",
)

SIGN_OUT_EVERYWHERE: Final = (
    (
        "CREATE TABLE signed_in (session_digest BLOB PRIMARY KEY, gateway_session TEXT NOT NULL,"
        " subject TEXT NOT NULL, noted_at INTEGER NOT NULL, ended_at INTEGER) STRICT"
    ),
    "CREATE INDEX signed_in_gateway_session ON signed_in (gateway_session)",
    "CREATE INDEX signed_in_subject ON signed_in (subject)",
    "CREATE INDEX signed_in_noted_at ON signed_in (noted_at)",
    "CREATE TABLE logout_tokens (identifier TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) STRICT",
    "CREATE INDEX logout_tokens_expires_at ON logout_tokens (expires_at)",
)


def _sign_out_everywhere(connection: Connection) -> None:
    for statement in SIGN_OUT_EVERYWHERE:
        connection.execute(text(statement))


MIGRATIONS: Final[tuple[Callable[[Connection], None], ...]] = (_first_tables, _sign_out_everywhere)


def migrate(engine: Engine) -> None:
    """Bring the tables to the newest version, all steps together or none; safe with several processes at once.

    Raises:
        DatabaseTooNew: the tables are newer than this code knows.
    """
    with engine.execution_options(writes=True).begin() as connection:
        version: int = connection.execute(text("PRAGMA user_version")).scalar_one()
        if version > len(MIGRATIONS):
            raise DatabaseTooNew(f"the database has version {version}, this portal knows {len(MIGRATIONS)}")
        for step in MIGRATIONS[version:]:
            step(connection)
        connection.execute(text(f"PRAGMA user_version = {len(MIGRATIONS)}"))
