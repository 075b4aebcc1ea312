"""What a database driver must offer, so that everything above it is written once."""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

from gateway.storage.statements import Statements

Row: TypeAlias = tuple[Any, ...]
Parameters: TypeAlias = Mapping[str, object]


class Cursor(Protocol):
    """The answer to one statement."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""

    def fetchone(self) -> Row | None:
        """Give the next row."""

    def fetchall(self) -> Sequence[Row]:
        """Give all remaining rows."""

    def __iter__(self) -> Iterator[Row]:
        """Give the rows one by one."""


class Connection(Protocol):
    """A connection as ``sqlite3`` and psycopg both have it, in autocommit mode."""

    def execute(self, sql: str, parameters: Parameters = ..., /) -> Cursor:
        """Run one statement."""

    def close(self) -> None:
        """Give the connection up."""


class Database(Protocol):
    """SQLite or PostgreSQL."""

    statements: Statements

    def connect(self) -> Connection:
        """Open a connection for one writer, durable to the disk at each commit."""

    def transaction(self, connection: Connection) -> AbstractContextManager[None]:
        """Commit at the end, or roll back; waits its turn where only one may write."""

    def insert(self, connection: Connection, sql: str, rows: Iterable[Parameters]) -> None:
        """Run one insert for many rows."""

    def reader(self) -> AbstractContextManager[Connection]:
        """Lend a connection that sees what is committed."""

    def stream(self, connection: Connection, sql: str, parameters: Parameters) -> Generator[Row]:
        """Read many rows without holding all of them; must be closed when left early."""

    def snapshot(self) -> AbstractContextManager[Connection]:
        """Lend a connection on which everything read belongs to one moment."""

    def try_sealing(self, connection: Connection) -> bool:
        """Become the only sealer, if nobody is; it lasts as long as the connection."""

    def is_unavailable(self, error: BaseException) -> bool:
        """Whether the database, rather than the statement, is at fault: disk full, I/O error, gone."""

    def is_conflict(self, error: BaseException) -> bool:
        """Whether another transaction was in the way, so that running again may succeed."""

    def close(self) -> None:
        """Close everything that was opened."""
