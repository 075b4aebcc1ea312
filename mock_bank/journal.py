"""The bank's own audit trail: one row for each login and each refused request, in SQLite, never changed.

Rows are queued and committed in batches by one thread, so that a login does not wait for the disk.
"""

import queue
import sqlite3
import threading
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS journal (
    number INTEGER PRIMARY KEY, at INTEGER NOT NULL, partner TEXT NOT NULL, reference TEXT NOT NULL,
    transaction_id TEXT NOT NULL, outcome TEXT NOT NULL, method TEXT NOT NULL, secret TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS journal_by_partner ON journal (partner, at);
"""


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that happened."""

    at: int
    """Epoch seconds, UTC."""
    partner: str
    """The partner's id, or empty when a request named none that is known."""
    reference: str
    """The nonce or request id of the exchange, or empty."""
    transaction_id: str
    outcome: str
    """``identified``, ``cancelled``, ``refused`` (a login) or ``request-refused``."""
    method: str
    """The means used, or empty."""
    secret: str = ""
    """Always empty, but for the fault ``aud.leaks-secret``."""


class Journal:
    """Records in the order in which they were made."""

    def __init__(self, database: Path) -> None:
        """Open or create the database and start the writing thread."""
        database.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(database, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.executescript(SCHEMA)
        self._guard = threading.Lock()
        self._queue: queue.SimpleQueue[Record | threading.Event | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="journal", daemon=True)
        self._writer.start()

    def record(self, record: Record) -> None:
        """Hand a record to the writing thread."""
        self._queue.put(record)

    def between(self, partner: str, start: int, end: int) -> list[Record]:
        """A partner's records with ``start <= at < end`` (epoch seconds), oldest first."""
        self.flush()
        with self._guard:
            rows = self._connection.execute(
                "SELECT at, partner, reference, transaction_id, outcome, method, secret FROM journal"
                " WHERE partner = ? AND at >= ? AND at < ? ORDER BY number",
                (partner, start, end),
            ).fetchall()
        return [Record(*row) for row in rows]

    def flush(self) -> None:
        """Wait until everything recorded so far is committed."""
        written = threading.Event()
        self._queue.put(written)
        written.wait(timeout=10)

    def close(self) -> None:
        """Commit what is queued and close the database."""
        self._queue.put(None)
        self._writer.join(timeout=10)
        with self._guard:
            self._connection.close()

    def _write(self) -> None:
        while (first := self._queue.get()) is not None:
            batch: list[Record | threading.Event] = [first]
            finished = False
            while not self._queue.empty():
                following = self._queue.get()
                if following is None:
                    finished = True
                    break
                batch.append(following)
            self._commit(batch)
            if finished:
                return

    def _commit(self, batch: list[Record | threading.Event]) -> None:
        rows = [astuple(each) for each in batch if isinstance(each, Record)]
        with self._guard:
            self._connection.execute("BEGIN")
            self._connection.executemany(
                "INSERT INTO journal (at, partner, reference, transaction_id, outcome, method, secret)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            self._connection.execute("COMMIT")
        for each in batch:
            if isinstance(each, threading.Event):
                each.set()
