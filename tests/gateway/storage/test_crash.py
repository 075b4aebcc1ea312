"""What was acknowledged survives (R1, R2, R4, T59): kill -9, a full disk, a disk that comes back."""

import random
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from gateway.broker.ports import StorageUnavailable, Unit
from gateway.storage.log_check import verify_log
from gateway.storage.sealer import Sealer
from gateway.storage.sql_storage import SqlStorage, open_storage
from tests.support.logins import NOW, SomethingHappened, asked, new_correlation

KILLS = 50
SEED = 20261124


@pytest.mark.timeout(600)
def test_acknowledged_logins_survive_fifty_kills(tmp_path: Path) -> None:
    """R1: 50 kills at random moments into one database; each time it opens, verifies, and holds what was promised."""
    moments, acknowledged = random.Random(SEED), set()
    for _ in range(KILLS):
        acknowledged |= _write_until_killed(tmp_path, moments.uniform(0.0, 0.25))
    assert len(acknowledged) > KILLS
    storage = _open(tmp_path)
    Sealer(storage).seal_now()
    verified = verify_log(storage.database, storage.keys.verifier, storage.keys.evidence)
    with storage.database.reader() as connection:
        recorded = {row[0] for row in connection.execute("SELECT corr FROM audit_event")}
        saved = {row[0] for row in connection.execute("SELECT id FROM login")}
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    storage.close()
    assert acknowledged <= recorded
    assert recorded == saved
    assert (verified.size, verified.unsealed) == (len(recorded), 0)


def _write_until_killed(folder: Path, seconds: float) -> set[str]:
    command = [sys.executable, "-m", "tests.support.log_writer", f"sqlite:///{folder}/g.db", str(folder / "keys")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        lines: list[str] = []
        reading = threading.Thread(target=lambda: lines.extend(writer.stdout or ()))
        reading.start()
        time.sleep(seconds)
        writer.kill()
        reading.join()
    return {line.removesuffix("\n") for line in lines if line.endswith("\n")}


def _open(folder: Path) -> SqlStorage:
    return open_storage(
        f"sqlite:///{folder}/g.db", folder / "keys", node="node-1", config_rev="test", clock=lambda: NOW
    )


def test_a_full_disk_refuses_at_once_and_recovers_by_itself(sqlite_storage: SqlStorage, database_file: Path) -> None:
    """R4: SQLITE_FULL is real here; the page limit is the disk."""
    _limit_pages(sqlite_storage, _page_count(database_file) + 8)
    acknowledged = []
    started = time.monotonic()

    def fill() -> None:
        for _ in range(1000):
            event = SomethingHappened(corr=new_correlation(), sent=b"x" * 4000)
            sqlite_storage.commit(lambda unit, event=event: unit.record(event))
            acknowledged.append(event.corr)

    with pytest.raises(StorageUnavailable) as refused:
        fill()
    assert time.monotonic() - started < 1
    assert isinstance(refused.value.__cause__, sqlite3.OperationalError)
    assert refused.value.__cause__.sqlite_errorcode == sqlite3.SQLITE_FULL
    assert not sqlite_storage._writer.healthy
    sqlite_storage.commit(lambda unit: unit.record(SomethingHappened(corr=new_correlation())))
    assert sqlite_storage.ready()
    with sqlite_storage.database.reader() as connection:
        recorded = [row[0] for row in connection.execute("SELECT corr FROM audit_event ORDER BY id")]
    assert recorded[:-1] == acknowledged


def _limit_pages(storage: SqlStorage, pages: int) -> None:
    """Limit the writer's present connection; the one it opens after a failure is not limited, as if room was made."""
    storage.commit(lambda unit: None)
    connection = storage._writer._connection
    assert connection is not None
    connection.execute(f"PRAGMA max_page_count={pages}")


def _page_count(file: Path) -> int:
    connection = sqlite3.connect(file)
    (count,) = connection.execute("PRAGMA page_count").fetchone()
    connection.close()
    return int(count)


def test_nothing_of_a_commit_that_met_a_full_disk_is_saved(sqlite_storage: SqlStorage, database_file: Path) -> None:
    _limit_pages(sqlite_storage, _page_count(database_file) + 2)
    login = asked()

    def operation(unit: Unit) -> None:
        unit.add(login)
        for _ in range(20):
            unit.record(SomethingHappened(corr=login.id, sent=b"x" * 4000))

    with pytest.raises(StorageUnavailable):
        sqlite_storage.commit(operation)
    assert sqlite_storage.load(login.id) is None
    with sqlite_storage.database.reader() as connection:
        for table in ("audit_event", "evidence", "evidence_key"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_a_database_that_is_gone_is_unavailable_and_found_again(
    sqlite_storage: SqlStorage, database_file: Path
) -> None:
    """R14: fails closed, resumes by itself."""
    first, second = asked(), asked()
    sqlite_storage.commit(lambda unit: unit.add(first))
    sqlite_storage.close()
    away = database_file.with_suffix(".away")
    database_file.rename(away)
    with pytest.raises(StorageUnavailable):
        sqlite_storage.commit(lambda unit: unit.add(second))
    with pytest.raises(StorageUnavailable):
        sqlite_storage.load(first.id)
    assert not sqlite_storage.ready()
    away.rename(database_file)
    assert sqlite_storage.ready()
    sqlite_storage.commit(lambda unit: unit.add(second))
    assert (sqlite_storage.load(first.id), sqlite_storage.load(second.id)) == (first, second)


def test_processes_that_write_at_once_all_get_their_turn(tmp_path: Path) -> None:
    """Nobody waits in a guess: four processes share a file, and each makes progress."""
    _open(tmp_path).close()
    results: list[set[str]] = []
    threads = [threading.Thread(target=lambda: results.append(_write_until_killed(tmp_path, 2.0))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert min(len(ids) for ids in results) * 10 > max(len(ids) for ids in results)
    storage = _open(tmp_path)
    Sealer(storage).seal_now()
    verified = verify_log(storage.database, storage.keys.verifier)
    storage.close()
    assert verified.size >= sum(len(ids) for ids in results)
