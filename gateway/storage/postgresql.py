"""PostgreSQL 15 or later by psycopg 3, for gateways of more than one node (T59)."""

import secrets
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, cast

import psycopg
from sqlalchemy import create_engine, make_url
from sqlalchemy.engine import URL

from gateway.storage.database import Connection, Parameters, Row
from gateway.storage.statements import postgresql_statements

_SEALING_LOCK: Final = 0x56504D02
_DURABLE: Final = "-c synchronous_commit=on -c client_min_messages=warning"
_READERS: Final = 8
_CHUNK: Final = 2000


class PostgresqlDatabase:
    """A database server that several nodes share."""

    def __init__(self, url: str) -> None:
        """Use a database that was already upgraded; nothing is connected yet."""
        self.statements = postgresql_statements()
        self._url: URL = make_url(url)
        self._readers = create_engine(
            "postgresql+psycopg://", creator=self.connect, pool_size=_READERS, max_overflow=0, pool_reset_on_return=None
        )

    def connect(self) -> Connection:
        """Open a connection in autocommit mode."""
        return cast("Connection", self._open())

    @contextmanager
    def transaction(self, connection: Connection) -> Iterator[None]:
        """Commit at the end or roll back; many writers may be in theirs at once."""
        with cast("psycopg.Connection[Row]", connection).transaction():
            yield

    def insert(self, connection: Connection, sql: str, rows: Iterable[Parameters]) -> None:
        """Run one insert for many rows, in one pipeline."""
        with cast("psycopg.Connection[Row]", connection).cursor() as cursor:
            cursor.executemany(cast("Any", sql), rows)

    @contextmanager
    def reader(self) -> Iterator[Connection]:
        """Lend a connection of the pool; a broken one is not given back."""
        lent = self._readers.raw_connection()
        try:
            yield cast("Connection", lent.driver_connection)
        except psycopg.OperationalError:
            self._readers.dispose()
            lent.invalidate()
            raise
        finally:
            lent.close()

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Lend a connection in a repeatable-read transaction."""
        connection = self._open()
        try:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            with connection.transaction():
                yield cast("Connection", connection)
        finally:
            connection.close()

    def stream(self, connection: Connection, sql: str, parameters: Parameters | None = None) -> Generator[Row]:
        """Read by a cursor of the server; only inside a transaction or a snapshot."""
        name = f"stream-{secrets.token_hex(4)}"
        with cast("psycopg.Connection[Row]", connection).cursor(name=name) as cursor:
            cursor.itersize = _CHUNK
            cursor.execute(cast("Any", sql), parameters or {})
            yield from cursor

    def try_sealing(self, connection: Connection) -> bool:
        """Take the advisory lock of the session."""
        row = connection.execute("SELECT pg_try_advisory_lock(%(key)s)", {"key": _SEALING_LOCK}).fetchone()
        return bool(row and row[0])

    def is_unavailable(self, error: BaseException) -> bool:
        """Whether the server or the way to it is at fault."""
        lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | OSError)
        return lost and not self.is_conflict(error)

    def is_conflict(self, error: BaseException) -> bool:
        """Whether the server chose this transaction to give way."""
        return isinstance(error, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure)

    def close(self) -> None:
        """Close the pool."""
        self._readers.dispose()

    def _open(self) -> "psycopg.Connection[Row]":
        given = self._url.translate_connect_args(username="user", database="dbname")
        options = f"{self._url.query.get('options', '')} {_DURABLE}"
        known = {**self._url.query, **given, "options": options.strip()}
        return psycopg.connect(autocommit=True, connect_timeout=5, **cast("Any", known))
