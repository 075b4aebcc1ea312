"""SQLite: one file, write-ahead log, every commit synchronised (R3, T59)."""

import fcntl
import sqlite3
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from gateway.storage.database import Connection, Parameters, Row
from gateway.storage.statements import sqlite_statements

_PRAGMAS: Final = (
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA recursive_triggers=ON",  # otherwise INSERT OR REPLACE would delete without asking the triggers
    "PRAGMA temp_store=MEMORY",
    "PRAGMA wal_autocheckpoint=2000",
)
_UNAVAILABLE: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)
_PATIENCE_SECONDS: Final = 5.0


class SqliteConnection(sqlite3.Connection):
    """A connection with its own place in the queue of writers."""

    turn: BinaryIO | None = None
    sealing: BinaryIO | None = None

    def close(self) -> None:
        """Close the connection, and give up its locks."""
        super().close()
        for lock in (self.turn, self.sealing):
            if lock is not None:
                lock.close()


class SqliteDatabase:
    """A database file that several processes share.

    Writers queue at a file lock before they begin, where the kernel wakes them in turn; SQLite's own waiting is a
    sleep and a guess, which starves some of them for seconds.
    """

    def __init__(self, path: Path) -> None:
        """Use a file that was already upgraded."""
        self.statements = sqlite_statements()
        self._path = path
        self._own = threading.local()
        self._readers: list[SqliteConnection] = []

    def connect(self) -> SqliteConnection:
        """Open a connection for one writer."""
        connection = self._open()
        connection.turn = self._lock_file("writer").open("wb")
        return connection

    @contextmanager
    def transaction(self, connection: Connection) -> Iterator[None]:
        """Take the turn, begin, commit; a failed commit is rolled back and never tried again."""
        turn = cast("SqliteConnection", connection).turn
        if turn is None:
            raise TypeError("this connection only reads")
        fcntl.flock(turn, fcntl.LOCK_EX)
        try:
            with self._begun(connection):
                yield
        finally:
            fcntl.flock(turn, fcntl.LOCK_UN)

    def insert(self, connection: Connection, sql: str, rows: Iterable[Parameters]) -> None:
        """Run one insert for many rows."""
        cast("SqliteConnection", connection).executemany(sql, cast("Iterable[dict[str, Any]]", rows))

    @contextmanager
    def reader(self) -> Iterator[Connection]:
        """Lend this thread's own connection."""
        connection: SqliteConnection | None = getattr(self._own, "reader", None)
        if connection is None:
            connection = self._own.reader = self._open()
            self._readers.append(connection)
        yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Lend a connection in a read transaction."""
        connection = self._open()
        try:
            connection.execute("BEGIN")
            yield connection
        finally:
            connection.close()

    def stream(self, connection: Connection, sql: str, parameters: Parameters | None = None) -> Generator[Row]:
        """Read row by row."""
        yield from connection.execute(sql, parameters or {})

    def try_sealing(self, connection: Connection) -> bool:
        """Lock the sealer's file for as long as the connection is open."""
        owner = cast("SqliteConnection", connection)
        if owner.sealing is None:
            owner.sealing = self._lock_file("sealer").open("wb")
        try:
            fcntl.flock(owner.sealing, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def is_unavailable(self, error: BaseException) -> bool:
        """Whether the file, the disk or the machine is at fault."""
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
        return isinstance(error, OSError) or (code & 0xFF) in _UNAVAILABLE

    def is_conflict(self, error: BaseException) -> bool:  # noqa: ARG002 - there is one writer at a time
        """Never: whoever has begun is alone."""
        return False

    def close(self) -> None:
        """Close the readers of all threads."""
        while self._readers:
            self._readers.pop().close()
        self._own = threading.local()

    @contextmanager
    def _begun(self, connection: Connection) -> Iterator[None]:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # some errors have rolled back already; the first one is what counts
                connection.execute("ROLLBACK")
            raise

    def _open(self) -> SqliteConnection:
        connection = sqlite3.connect(
            f"file:{self._path}?mode=rw",
            uri=True,
            timeout=_PATIENCE_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
            factory=SqliteConnection,
        )
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        return connection

    def _lock_file(self, purpose: str) -> Path:
        return self._path.with_name(f"{self._path.name}-{purpose}.lock")
