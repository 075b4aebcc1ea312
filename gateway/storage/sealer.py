"""The sealer: gives each event its place in the tree and signs the head, one sealer at a time (security.md 6.3).

Any process may start one. Only the holder of the lock works; when it dies the lock falls to another. Records, subtree
hashes and the checkpoint of a pass are committed together, so that the log never holds a record nobody signed for.
"""

import threading
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import structlog

from gateway.audit.checkpoint import Checkpoint, verify_checkpoint
from gateway.audit.leaf import is_leaf_of, leaf_of
from gateway.audit.note import NoteRefused
from gateway.audit.tree import Frontier, Node, leaf_hash, open_frontier
from gateway.storage.database import Connection
from gateway.storage.log_reader import LogIncomplete, LogReader
from gateway.storage.sql_storage import SqlStorage

INTERVAL_SECONDS: Final = 0.25
"""How often it looks for events; an event is under a signature within a second (T48)."""
_RETRY_SECONDS: Final = 1.0
_BATCH: Final = 512
_RECENT: Final = 1024

log = structlog.get_logger(__name__)


class LogInconsistent(Exception):
    """The stored log does not continue what was signed last; nothing is signed until somebody has looked."""


@dataclass(slots=True)
class Head:
    """Where the log stands: what the next record and the next signature continue."""

    frontier: Frontier
    note: str | None = None
    prev_record: str | None = None
    last_event: int = 0


class Sealer:
    """A thread that seals while it holds the lock."""

    def __init__(self, storage: SqlStorage, *, interval: float = INTERVAL_SECONDS) -> None:
        """Seal the log of a store; ``interval`` is in seconds."""
        self._storage = storage
        self._database = storage.database
        self._sql = storage.database.statements
        self._signer = storage.keys.signer
        self._interval = interval
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.problem: LogInconsistent | None = None
        """Set when the log was changed: sealing has stopped, and the node must not be ready."""

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="sealer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Seal what is there, give the lock up and end the thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def seal_now(self) -> int:
        """Seal everything that is unsealed, in the caller's thread; gives the number of records.

        Returns:
            0 when another sealer holds the lock.

        Raises:
            LogInconsistent: the stored log does not continue what was signed.
        """
        with closing(self._database.connect()) as connection:
            if not self._database.try_sealing(connection):
                return 0
            return self._seal_all(connection, self.open_head(connection))

    def open_head(self, connection: Connection) -> Head:
        """Read the head back and prove that it is what was signed last.

        Raises:
            LogInconsistent: signature, size, root or the most recent records do not fit.
        """
        reader = LogReader(connection, self._sql)
        row, leaf = reader.last_checkpoint(), reader.last_leaf()
        if row is None and leaf is None:
            return Head(Frontier())
        if row is None or leaf is None or leaf[0] + 1 != row.size:
            raise LogInconsistent("records and checkpoints do not end together")
        frontier = self._prove(reader, row.note)
        self._check_recent(reader, row.size)
        return Head(frontier, row.note, leaf[2].hex(), leaf[1])

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._work_while_locked()
            except LogInconsistent as error:
                self.problem = error
                log.critical("audit.log-inconsistent", why=str(error))
                return
            except Exception as error:
                if not self._database.is_unavailable(error):
                    log.exception("audit.sealer-failed")
                self._stopping.wait(_RETRY_SECONDS)

    def _work_while_locked(self) -> None:
        with closing(self._database.connect()) as connection:
            while not self._database.try_sealing(connection):
                if self._stopping.wait(_RETRY_SECONDS):
                    return
            head = self.open_head(connection)
            while not self._stopping.wait(self._interval):
                self._seal_all(connection, head)
            self._seal_all(connection, head)

    def _seal_all(self, connection: Connection, head: Head) -> int:
        total = 0
        while sealed := self._seal_some(connection, head):
            total += sealed
        return total

    def _seal_some(self, connection: Connection, head: Head) -> int:
        wanted = {"after": head.last_event, "limit": _BATCH}
        events = connection.execute(self._sql.unsealed, wanted).fetchall()
        if not events:
            return 0
        leaves, nodes = _extend(head, [(event[0], event[1]) for event in events])
        signed_before, head.note = head.note, self._sign(head)
        with self._database.transaction(connection):
            self._check_unmoved(connection, signed_before)
            self._database.insert(connection, self._sql.add_leaf, leaves)
            self._database.insert(connection, self._sql.add_node, [node._asdict() for node in nodes])
            connection.execute(self._sql.add_checkpoint, {"size": head.frontier.size, "note": head.note})
            if self._sql.mark_sealed is not None:
                connection.execute(self._sql.mark_sealed, {"ids": [event[0] for event in events]})
        return len(leaves)

    def _sign(self, head: Head) -> str:
        return Checkpoint(self._signer.name, head.frontier.size, head.frontier.root()).signed_by(self._signer)

    def _check_unmoved(self, connection: Connection, signed_before: str | None) -> None:
        """Read the last signature back under the lock: it must be the one whose tree was just extended."""
        row = LogReader(connection, self._sql).last_checkpoint()
        if (row.note if row else None) != signed_before:
            raise LogInconsistent("the last checkpoint is not the one that this sealer continues")

    def _prove(self, reader: LogReader, note: str) -> Frontier:
        try:
            checkpoint = verify_checkpoint(note, self._signer.verifier)
            frontier = open_frontier(checkpoint.size, reader.subtree)
        except (NoteRefused, LogIncomplete) as error:
            raise LogInconsistent(str(error)) from error
        if frontier.root() != checkpoint.root:
            raise LogInconsistent(f"the stored tree of {checkpoint.size} records has not the root that was signed")
        return frontier

    def _check_recent(self, reader: LogReader, size: int) -> None:
        """Bodies and records must match one to one; at start the newest are checked, by the verifier all."""
        rows = list(reader.leaves(max(0, size - _RECENT)))
        for before, row in pairwise(rows):
            if row.body is None or not is_leaf_of(row.leaf, row.body, row.seq, before.leaf_hash.hex()):
                raise LogInconsistent(f"record {row.seq} is not what its event says")


def _extend(head: Head, events: list[tuple[int, bytes]]) -> tuple[list[dict[str, object]], list[Node]]:
    leaves: list[dict[str, object]] = []
    nodes: list[Node] = []
    for event_id, body in events:
        seq = head.frontier.size
        try:
            leaf = leaf_of(body, seq, head.prev_record)
        except (ValueError, TypeError) as error:
            raise LogInconsistent(f"event {event_id} was not written by a gateway") from error
        digest = leaf_hash(leaf)
        leaves.append({"seq": seq, "event_id": event_id, "leaf": leaf, "leaf_hash": digest})
        nodes += head.frontier.append(digest)
        head.prev_record, head.last_event = digest.hex(), event_id
    return leaves, nodes
