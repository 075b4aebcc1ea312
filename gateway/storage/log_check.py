"""Hands the stored log to the verifier, and looks into the evidence where that is asked for."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.audit.checkpoint import Checkpoint
from gateway.audit.note import NoteVerifier
from gateway.audit.tree import Node
from gateway.audit.verify import BadRecord, CheckpointRow, LeafRow, LogVerifier, Verified
from gateway.storage.database import Connection, Database, Parameters, Row
from gateway.storage.recorder import COMMITMENTS, commitment, open_evidence, unwrap_key

_HAS_EVIDENCE: Final = b'"exchange":'


def verify_log(
    database: Database,
    verifier: NoteVerifier,
    evidence_key: bytes | None = None,
    saved: Checkpoint | None = None,
) -> Verified:
    """Follow the whole log, as it stands at one moment.

    Args:
        database: where it is stored.
        verifier: the log's public key, the only thing that is trusted.
        evidence_key: opens the evidence, so that it is compared with its commitments too.
        saved: a head that was kept elsewhere, which the log must contain.

    Raises:
        BadRecord: the first record that shows a change.
    """
    with database.snapshot() as connection, ExitStack() as streams:
        check = _Check(database, connection, streams, verifier, evidence_key)
        check.follower.saved = saved
        return check.run()


class _Check:
    def __init__(
        self,
        database: Database,
        connection: Connection,
        streams: ExitStack,
        verifier: NoteVerifier,
        evidence_key: bytes | None,
    ) -> None:
        self._database, self._connection, self._streams = database, connection, streams
        self._sql = database.statements
        self._evidence = _EvidenceCheck(connection, database, evidence_key) if evidence_key else None
        self.follower = LogVerifier(
            verifier,
            map(CheckpointRow._make, self._stream(self._sql.checkpoints, {})),
            map(Node._make, self._stream(self._sql.nodes, {})),
        )

    def run(self) -> Verified:
        self.follower.follow(self._leaves())
        self._check_strays()
        if self._evidence:
            self._evidence.check_surplus()
        return Verified(
            size=self.follower.frontier.size,
            root=self.follower.frontier.root(),
            checkpoints=self.follower.checkpoint_count,
            unsealed=self._number(self._sql.unsealed_count),
            evidence=self._evidence.checked if self._evidence else None,
            erased=self._evidence.erased if self._evidence else 0,
        )

    def _leaves(self) -> Iterator[LeafRow]:
        rows = map(LeafRow._make, self._stream(self._sql.leaves, {"first": 0}))
        return rows if self._evidence is None else self._evidence.watch(rows)

    def _stream(self, sql: str, parameters: Parameters) -> Iterator[Row]:
        """Read a table of any size; closed when the check ends, also when it ends early."""
        return self._streams.enter_context(closing(self._database.stream(self._connection, sql, parameters)))

    def _check_strays(self) -> None:
        """An event without a record must be newer than the last seal."""
        stray = self._connection.execute(self._sql.stray_events, {}).fetchone()
        if stray is not None:
            raise BadRecord("audit_event", stray[0], "has no record although later events have one")

    def _number(self, sql: str) -> int:
        row = self._connection.execute(sql, {}).fetchone()
        return int(row[0]) if row else 0


class _EvidenceCheck:
    """Compares what was kept of each exchange with the commitments in its record."""

    def __init__(self, connection: Connection, database: Database, key: bytes) -> None:
        self._connection, self._sql = connection, database.statements
        self._wrapping = AESGCM(key)
        self._seen: dict[str, int] = {}
        self.checked = 0
        self.erased = 0

    def watch(self, rows: Iterator[LeafRow]) -> Iterator[LeafRow]:
        """Check each record's evidence after the record itself was found good."""
        for row in rows:
            yield row
            if _HAS_EVIDENCE in row.leaf:
                self._check(row.seq, orjson.loads(row.leaf))

    def check_surplus(self) -> None:
        """What no record speaks of was put there by somebody else; it may belong to events not sealed yet."""
        sealed = self._connection.execute(self._sql.unsealed_count, {}).fetchone()
        if sealed and sealed[0]:
            return
        for table, sql in (("evidence", self._sql.evidence_index), ("evidence_key", self._sql.evidence_keys)):
            for found in self._connection.execute(sql, {}):
                if found[0] not in self._seen:
                    raise BadRecord(table, found[0], "no record speaks of it")

    def _check(self, seq: int, leaf: dict[str, Any]) -> None:
        exchange = leaf["exchange"]
        rows = {row[1]: row for row in self._connection.execute(self._sql.evidence_of, {"exchange": exchange})}
        wanted = {COMMITMENTS[member]: leaf[member] for member in COMMITMENTS if member in leaf}
        if rows.keys() != wanted.keys():
            raise BadRecord("evidence", exchange, f"kept are {sorted(rows)}, record {seq} speaks of {sorted(wanted)}")
        self._seen[exchange] = len(rows)
        if all(row[4] is None for row in rows.values()):
            self.erased += 1
            return
        self._compare(rows, wanted, seq)
        self.checked += 1

    def _compare(self, rows: dict[str, Row], wanted: dict[str, str], seq: int) -> None:
        for kind, (exchange, _, corr, ciphertext, wrapped) in rows.items():
            try:
                key = unwrap_key(self._wrapping, wrapped, exchange)
                content = open_evidence(key, ciphertext, (exchange, kind, corr))
            except InvalidTag:
                raise BadRecord("evidence", exchange, f"{kind} or its key was changed (record {seq})") from None
            if commitment(key, content) != wanted[kind]:
                raise BadRecord("evidence", exchange, f"{kind} is not what record {seq} commits to")
