"""Reading the log: subtree hashes for proofs, the last checkpoint, the records of one login."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gateway.audit.checkpoint import Checkpoint, verify_checkpoint
from gateway.audit.note import NoteVerifier
from gateway.audit.tree import STRIDE, inclusion_proof, node_hash
from gateway.audit.verify import CheckpointRow, LeafRow
from gateway.broker.login import INCIDENT_LENGTH
from gateway.storage.database import Connection
from gateway.storage.statements import Statements

CORRELATION_LENGTH = 26


class LogIncomplete(Exception):
    """Rows that the tree needs are missing; ``vpm audit verify`` names the first."""


class EventRow(NamedTuple):
    """An event beside its record; the record's columns are None until it is sealed."""

    id: int
    corr: str
    body: bytes
    seq: int | None
    leaf: bytes | None
    leaf_hash: bytes | None


class LogReader:
    """Reads the log on one connection."""

    def __init__(self, connection: Connection, statements: Statements) -> None:
        """Read what the connection sees."""
        self._connection = connection
        self._sql = statements

    def subtree(self, level: int, position: int) -> bytes:
        """Give the hash of a complete subtree, from at most eight stored ones.

        Raises:
            LogIncomplete: some are missing.
        """
        between = level % STRIDE
        first = position << between
        hashes = self._stored(level - between, first, first + (1 << between) - 1)
        if len(hashes) != 1 << between:
            raise LogIncomplete(f"subtree {level}/{position} is not complete")
        while len(hashes) > 1:
            hashes = [node_hash(*pair) for pair in zip(hashes[::2], hashes[1::2], strict=True)]
        return hashes[0]

    def last_checkpoint(self) -> CheckpointRow | None:
        """Give the newest checkpoint as stored, or None when nothing was sealed yet."""
        row = self._connection.execute(self._sql.last_checkpoint, {}).fetchone()
        return CheckpointRow(*row) if row else None

    def verified_checkpoint(self, verifier: NoteVerifier) -> Checkpoint | None:
        """Give the newest checkpoint; raises ``NoteRefused`` when the log's key did not sign it."""
        row = self.last_checkpoint()
        return verify_checkpoint(row.note, verifier) if row else None

    def last_leaf(self) -> tuple[int, int, bytes] | None:
        """Give number, event and hash of the newest record."""
        row = self._connection.execute(self._sql.last_leaf, {}).fetchone()
        return (row[0], row[1], row[3]) if row else None

    def leaves(self, first: int) -> Iterator[LeafRow]:
        """Give the records from a number on, beside their events."""
        return map(LeafRow._make, self._connection.execute(self._sql.leaves, {"first": first}))

    def inclusion_proof(self, seq: int, size: int) -> list[bytes]:
        """Prove that a record is in the log of a size."""
        return inclusion_proof(seq, size, self.subtree)

    def events_of(self, incident_or_login: str) -> list[EventRow]:
        """Give the events of a login in order, by its id or its incident number; empty when there are none.

        Raises:
            ValueError: the text is neither.
        """
        first = incident_or_login.strip().upper().replace("-", "")
        if len(first) not in {INCIDENT_LENGTH, CORRELATION_LENGTH} or not (first.isascii() and first.isalnum()):
            raise ValueError("give an incident number (7KQ2-9XMB) or a login id (26 letters and digits)")
        found = self._connection.execute(self._sql.events_of_login, {"first": first, "last": first + "\x7f"})
        return [EventRow._make(row) for row in found]

    def newest(self, limit: int) -> list[EventRow]:
        """Give the newest events, oldest first."""
        found = self._connection.execute(self._sql.newest_events, {"limit": limit}).fetchall()
        return [EventRow._make(row) for row in reversed(found)]

    def _stored(self, level: int, first: int, last: int) -> Sequence[bytes]:
        inside = {"first": first, "last": last}
        if level == 0:
            found = self._connection.execute(self._sql.leaf_hashes, inside)
        else:
            found = self._connection.execute(self._sql.node_hashes, {"level": level, **inside})
        return [row[0] for row in found]
