"""The sealer takes each event exactly once, in order, and signs only what continues the last signature."""

import sqlite3
import time
from pathlib import Path

import orjson
import pytest

from gateway.audit.tree import verify_inclusion
from gateway.storage.log_check import verify_log
from gateway.storage.log_reader import LogReader
from gateway.storage.sealer import LogInconsistent, Sealer
from gateway.storage.sql_storage import SqlStorage
from tests.support.logins import SomethingHappened, new_correlation


def record(storage: SqlStorage, count: int) -> None:
    for _ in range(count):
        storage.commit(lambda unit: unit.record(SomethingHappened(corr=new_correlation(), received=b"as it came")))


def test_an_empty_log_verifies(sqlite_storage: SqlStorage, sealer: Sealer) -> None:
    assert sealer.seal_now() == 0
    assert verify_log(sqlite_storage.database, sqlite_storage.keys.signer.verifier).size == 0


def test_each_event_is_taken_once_and_in_order(sqlite_storage: SqlStorage, sealer: Sealer) -> None:
    for count in (1, 2, 30, 700):
        record(sqlite_storage, count)
        assert sealer.seal_now() == count
        assert sealer.seal_now() == 0
    with sqlite_storage.database.reader() as connection:
        rows = list(LogReader(connection, sqlite_storage.database.statements).leaves(0))
    assert [row.seq for row in rows] == list(range(733))
    assert [row.event_id for row in rows] == list(range(1, 734))
    leaves = [orjson.loads(row.leaf) for row in rows]
    assert [leaf["seq"] for leaf in leaves] == list(range(733))
    assert [leaf["prev_record"] for leaf in leaves] == [None, *(row.leaf_hash.hex() for row in rows[:-1])]


def test_a_sealed_log_verifies_with_its_evidence(sqlite_storage: SqlStorage, sealer: Sealer) -> None:
    record(sqlite_storage, 100)
    sealer.seal_now()
    record(sqlite_storage, 5)
    verified = verify_log(sqlite_storage.database, sqlite_storage.keys.verifier, sqlite_storage.keys.evidence)
    assert (verified.size, verified.checkpoints, verified.unsealed, verified.evidence) == (100, 1, 5, 100)


def test_every_record_can_be_proven_against_the_last_checkpoint(sqlite_storage: SqlStorage, sealer: Sealer) -> None:
    for count in (300, 77):
        record(sqlite_storage, count)
        sealer.seal_now()
    with sqlite_storage.database.reader() as connection:
        reader = LogReader(connection, sqlite_storage.database.statements)
        checkpoint = reader.verified_checkpoint(sqlite_storage.keys.verifier)
        assert checkpoint is not None
        for row in reader.leaves(0):
            proof = reader.inclusion_proof(row.seq, checkpoint.size)
            verify_inclusion(row.leaf_hash, row.seq, checkpoint.size, proof, checkpoint.root)


def test_the_thread_seals_within_a_second(sqlite_storage: SqlStorage) -> None:
    """T48: a checkpoint at most 1 s after the first new event."""
    thread = Sealer(sqlite_storage)
    thread.start()
    try:
        record(sqlite_storage, 3)
        time.sleep(1)
        verified = verify_log(sqlite_storage.database, sqlite_storage.keys.verifier)
    finally:
        thread.stop()
    assert (verified.size, verified.unsealed) == (3, 0)


def test_stopping_seals_what_is_there(sqlite_storage: SqlStorage) -> None:
    thread = Sealer(sqlite_storage, interval=60)
    thread.start()
    record(sqlite_storage, 3)
    time.sleep(0.2)
    thread.stop()
    assert verify_log(sqlite_storage.database, sqlite_storage.keys.verifier).size == 3


def test_one_sealer_works_and_another_takes_over(sqlite_storage: SqlStorage) -> None:
    first, second = Sealer(sqlite_storage, interval=0.05), Sealer(sqlite_storage, interval=0.05)
    first.start()
    time.sleep(0.3)
    second.start()
    record(sqlite_storage, 10)
    assert Sealer(sqlite_storage).seal_now() == 0
    first.stop()
    record(sqlite_storage, 10)
    time.sleep(1.5)
    second.stop()
    verified = verify_log(sqlite_storage.database, sqlite_storage.keys.verifier)
    assert (verified.size, verified.unsealed) == (20, 0)
    assert first.problem is None
    assert second.problem is None


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_leaf SET leaf_hash = zeroblob(32) WHERE seq = 19",
        "UPDATE audit_node SET hash = zeroblob(32)",
        "UPDATE audit_event SET body = replace(body, 'node-1', 'node-2') WHERE id = 15",
        "DELETE FROM audit_leaf WHERE seq = 19",
        "DELETE FROM checkpoint",
        "UPDATE checkpoint SET size = 19",
    ],
)
def test_nothing_is_signed_over_a_log_that_was_changed(
    sqlite_storage: SqlStorage, sealer: Sealer, database_file: Path, change: str
) -> None:
    record(sqlite_storage, 20)
    sealer.seal_now()
    with sqlite3.connect(database_file) as intruder:
        for (name,) in intruder.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            intruder.execute(f"DROP TRIGGER {name}")
        intruder.execute(change)
    intruder.close()
    record(sqlite_storage, 1)
    with pytest.raises(LogInconsistent):
        sealer.seal_now()
