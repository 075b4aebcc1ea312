"""What the signer has signed, counted for each key before the signature is made; durable, and nobody else's.

One row for each signature that says who somebody is, beside a counter that only rises: rows alone could be taken away
unseen. Instants are those of the events signed for, as the audit log writes them.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from gateway.signer.statements_signed import Statement

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS signature (
  corr TEXT NOT NULL, part INTEGER NOT NULL, kid TEXT NOT NULL, issued_at TEXT NOT NULL, PRIMARY KEY (corr, part)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS signature_issued ON signature (issued_at, kid);
CREATE TABLE IF NOT EXISTS counter (kid TEXT PRIMARY KEY, person INTEGER NOT NULL, other INTEGER NOT NULL) WITHOUT ROWID;
"""
_COUNT: Final = {
    Statement.PERSON: "INSERT INTO counter VALUES (?, 1, 0) ON CONFLICT (kid) DO UPDATE SET person = person + 1",
    Statement.OTHER: "INSERT INTO counter VALUES (?, 0, 1) ON CONFLICT (kid) DO UPDATE SET other = other + 1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What the ledger holds, by ``kid`` or by correlation."""

    counters: Mapping[str, int]
    """Signatures ever counted for each key that said who somebody is."""
    rows: Mapping[str, int]
    """Rows for each key; the same numbers, unless somebody was at the file."""
    until: Mapping[str, int]
    """Rows for each key up to the end of the window."""
    made: Mapping[str, int]
    """Signatures for each event of the window."""


class Ledger:
    """One file, which one process writes."""

    def __init__(self, path: Path) -> None:
        """Open or make it; synchronised at every commit."""
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(_TABLES)
        path.chmod(0o600)
        self._turn = Lock()

    def count_person(self, corr: str, kid: str, issued_at: str, allowed: int) -> bool:
        """Spend one of the signatures that an event stands for.

        Returns:
            False when all are spent; nothing was counted then.
        """
        with self._turn, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            (made,) = self._connection.execute("SELECT count(*) FROM signature WHERE corr = ?", (corr,)).fetchone()
            if made >= allowed:
                return False
            self._connection.execute("INSERT INTO signature VALUES (?, ?, ?, ?)", (corr, made + 1, kid, issued_at))
            self._connection.execute(_COUNT[Statement.PERSON], (kid,))
            return True

    def count_other(self, kid: str) -> None:
        """Count a signature that says nothing of a person."""
        with self._turn, self._connection:
            self._connection.execute(_COUNT[Statement.OTHER], (kid,))

    def summary(self, after: str, until: str) -> Summary:
        """Sum everything up, in one view.

        Args:
            after: the window begins after this instant.
            until: its end, included.
        """
        by_key = "SELECT kid, count(*) FROM signature {} GROUP BY kid"
        made = "SELECT corr, count(*) FROM signature WHERE issued_at > ? AND issued_at <= ? GROUP BY corr"
        with self._turn, self._connection:
            self._connection.execute("BEGIN")
            return Summary(
                counters=dict(self._connection.execute("SELECT kid, person FROM counter WHERE person > 0")),
                rows=dict(self._connection.execute(by_key.format(""))),
                until=dict(self._connection.execute(by_key.format("WHERE issued_at <= ?"), (until,))),
                made=dict(self._connection.execute(made, (after, until))),
            )

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
