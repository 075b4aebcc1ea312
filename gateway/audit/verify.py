"""Prove that a log was not changed, or name the first record that was (VPM-DRV-10, security.md 6.8).

Pure: the rows are handed in, in order, and the only trusted input is the log's public key. What is checked:

* the records are numbered without gaps, and each names the hash of the one before;
* each record is its event's body and nothing else, and its hash is the one stored;
* the stored subtree hashes are those of the records;
* each checkpoint is signed by the log's key and has the root of the records at its size;
* nothing stands in the log that no checkpoint vouches for.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.audit.checkpoint import Checkpoint, verify_checkpoint
from gateway.audit.leaf import is_leaf_of
from gateway.audit.note import NoteRefused, NoteVerifier
from gateway.audit.tree import EMPTY_ROOT, Frontier, Node, leaf_hash


class BadRecord(Exception):
    """The log was changed; says which record shows it."""

    def __init__(self, table: str, key: object, why: str) -> None:
        """Name the table and the key of the first bad record."""
        super().__init__(f"{table} {key}: {why}")
        self.table = table
        self.key = key
        self.why = why


class LeafRow(NamedTuple):
    """A record as stored, beside its event; the event's columns are None when there is no event."""

    seq: int
    event_id: int
    leaf: bytes
    leaf_hash: bytes
    corr: str | None
    body: bytes | None


class CheckpointRow(NamedTuple):
    """A checkpoint as stored."""

    size: int
    note: str


@dataclass(slots=True)
class LogVerifier:
    """Follows a log from its beginning, or from a checkpoint that was verified before."""

    verifier: NoteVerifier
    checkpoints: Iterator[CheckpointRow]
    nodes: Iterator[Node]
    frontier: Frontier = field(default_factory=Frontier)
    prev_record: str | None = None
    saved: Checkpoint | None = None
    """A head that was kept elsewhere: the log must contain it, or it was cut off or exchanged."""
    last: Checkpoint | None = None
    checkpoint_count: int = 0
    _due: CheckpointRow | None = None

    def follow(self, leaves: Iterable[LeafRow]) -> None:
        """Check every record, and each checkpoint as soon as the log is as long as it says.

        Raises:
            BadRecord: the first that does not fit.
        """
        self._await_checkpoint()
        for row in leaves:
            self._check_leaf(row)
            for node in self.frontier.append(row.leaf_hash):
                self._check_node(node)
            while self._due is not None and self._due.size <= self.frontier.size:
                self._check_checkpoint(self._due)
            self._check_saved()
        self._check_end()

    def _check_leaf(self, row: LeafRow) -> None:
        if row.seq != self.frontier.size:
            raise BadRecord("audit_leaf", self.frontier.size, f"is missing; the next record is {row.seq}")
        if row.body is None:
            raise BadRecord("audit_leaf", row.seq, f"its event {row.event_id} is missing")
        if not _hash_fits(row):
            raise BadRecord("audit_leaf", row.seq, "its stored hash is not that of its bytes")
        self._check_body(row, row.body)
        self.prev_record = row.leaf_hash.hex()

    def _check_body(self, row: LeafRow, body: bytes) -> None:
        if not is_leaf_of(row.leaf, body, row.seq, self.prev_record):
            raise BadRecord(
                "audit_event", row.event_id, f"differs from its record {row.seq}, or that from {row.seq - 1}"
            )
        if b'"corr":"%s"' % str(row.corr).encode() not in body:
            raise BadRecord("audit_event", row.event_id, f"is filed under another login (record {row.seq})")

    def _check_node(self, node: Node) -> None:
        stored = next(self.nodes, None)
        if stored is None or stored != node:
            raise BadRecord("audit_node", f"{node.level}/{node.position}", "is not the hash of its records")

    def _check_checkpoint(self, row: CheckpointRow) -> None:
        try:
            checkpoint = verify_checkpoint(row.note, self.verifier)
        except NoteRefused as error:
            raise BadRecord("checkpoint", row.size, str(error)) from error
        if checkpoint.size != row.size or row.size != self.frontier.size or self._is_old(checkpoint):
            raise BadRecord("checkpoint", row.size, f"says {checkpoint.size}, stands at {row.size}")
        if checkpoint.root != self.frontier.root():
            raise BadRecord("checkpoint", row.size, "its root is not that of the records before it")
        self.last = checkpoint
        self.checkpoint_count += 1
        self._await_checkpoint()

    def _is_old(self, checkpoint: Checkpoint) -> bool:
        return self.last is not None and checkpoint.size <= self.last.size

    def _await_checkpoint(self) -> None:
        self._due = next(self.checkpoints, None)

    def _check_saved(self) -> None:
        if self.saved and self.saved.size == self.frontier.size and self.saved.root != self.frontier.root():
            raise BadRecord(
                "saved checkpoint", self.saved.size, "the log had another root then; its history was exchanged"
            )

    def _check_end(self) -> None:
        if self._due is not None:
            raise BadRecord("audit_leaf", self.frontier.size, f"is missing; a checkpoint vouches for {self._due.size}")
        if (surplus := next(self.nodes, None)) is not None:
            raise BadRecord("audit_node", f"{surplus.level}/{surplus.position}", "covers records that do not exist")
        if self.saved and self.saved.size > self.frontier.size:
            why = f"is missing; a saved checkpoint vouches for {self.saved.size}"
            raise BadRecord("audit_leaf", self.frontier.size, why)
        signed = self.last.size if self.last else 0
        if self.frontier.size != signed:
            raise BadRecord("audit_leaf", signed, "no checkpoint vouches for it")


def _hash_fits(row: LeafRow) -> bool:
    try:
        return row.leaf_hash == leaf_hash(row.leaf)
    except TypeError:
        return False  # somebody stored text


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A log that was followed to its end."""

    size: int
    root: bytes = EMPTY_ROOT
    checkpoints: int = 0
    unsealed: int = 0
    """Events that are newer than the last seal and will be in the next."""
    evidence: int | None = None
    """Exchanges whose bytes were decrypted and compared with their commitments; None when that was not asked for."""
    erased: int = 0
    """Exchanges whose key was destroyed on purpose."""
