"""One changed byte anywhere in the log is found and the record named (T48, VPM-DRV-10)."""

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway.audit.verify import BadRecord, Verified
from gateway.storage.log_check import verify_log
from gateway.storage.sealer import Sealer
from gateway.storage.sql_storage import SqlStorage
from gateway.storage.sqlite import SqliteDatabase
from gateway.storage.tables import INSERT_ONLY, LOG_TABLES, metadata
from tests.support.logins import SomethingHappened, new_correlation

MUTATIONS = 300
SEED = 20261124


@pytest.fixture
def sealed(sqlite_storage: SqlStorage) -> SqlStorage:
    """A log of 300 records under three checkpoints, every third with evidence."""
    sealer = Sealer(sqlite_storage)
    for number in range(300):
        received = b"message %d" % number if number % 3 == 0 else None
        event = SomethingHappened(corr=new_correlation(), received=received, personal_code="32345678901")
        sqlite_storage.commit(lambda unit, event=event: unit.record(event))
        if number % 100 == 99:
            sealer.seal_now()
    return sqlite_storage


@pytest.fixture
def copy(sealed: SqlStorage, database_file: Path, tmp_path: Path) -> Path:
    """What an intruder with the file has: a copy without triggers."""
    sealed.close()
    with closing(sqlite3.connect(database_file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    target = tmp_path / "copy.db"
    shutil.copyfile(database_file, target)
    with intruder(target) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
    return target


class intruder:  # noqa: N801 - reads as a function
    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None)

    def __enter__(self) -> sqlite3.Connection:
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def verified(file: Path, storage: SqlStorage) -> Verified:
    database = SqliteDatabase(file)
    try:
        return verify_log(database, storage.keys.verifier, storage.keys.evidence)
    finally:
        database.close()


def test_three_hundred_single_byte_changes_are_each_found(copy: Path, sealed: SqlStorage) -> None:
    chance, seen = random.Random(SEED), set()
    assert verified(copy, sealed).size == 300
    for _ in range(MUTATIONS):
        with _one_byte_changed(copy, chance) as (table, column, rowid):
            with pytest.raises(BadRecord) as found:
                verified(copy, sealed)
            assert _names_it(str(found.value), table, rowid), f"{table}.{column} of {rowid}: {found.value}"
            seen.add((table, column))
    assert verified(copy, sealed).size == 300
    assert seen == {(name, column.name) for name in LOG_TABLES for column in metadata.tables[name].columns}


def _names_it(said: str, table: str, row: tuple[Any, ...]) -> bool:
    """Whether the words name the record that was changed, or the row's table where rows have no number."""
    number = {"audit_leaf": row[0], "audit_event": row[0] - 1 if table == "audit_event" else None}.get(table)
    if number is not None:
        return f"audit_leaf {number}:" in said or f"record {number}" in said
    if table == "audit_node":
        return said.startswith("audit_node ")
    return said.startswith((f"{table} ", "evidence ", "audit_leaf "))


class _one_byte_changed:  # noqa: N801 - reads as a function
    """Changes one byte of one value of one row of one column, and puts it back."""

    def __init__(self, file: Path, chance: random.Random) -> None:
        self._file, self._chance = file, chance

    def __enter__(self) -> tuple[str, str, tuple[Any, ...]]:
        chance = self._chance
        self._table = chance.choice(LOG_TABLES)
        columns = [column.name for column in metadata.tables[self._table].columns]
        self._column = chance.choice(columns)
        with intruder(self._file) as connection:
            rows = connection.execute(f"SELECT * FROM {self._table}").fetchall()
            self._row = dict(zip(columns, chance.choice(rows), strict=True))
            self._old = self._row[self._column]
            before = tuple(self._row.values())
            while not self._try(connection, _changed(self._old, chance)):
                pass
        return self._table, self._column, before

    def __exit__(self, *_: object) -> None:
        with intruder(self._file) as connection:
            assert self._try(connection, self._old)

    def _try(self, connection: sqlite3.Connection, value: Any) -> bool:
        names = list(self._row)
        where = " AND ".join(f"{name} IS ?" for name in names)
        sql = f"UPDATE {self._table} SET {self._column} = ? WHERE {where}"
        try:
            connection.execute(sql, (value, *self._row.values()))
        except sqlite3.IntegrityError:
            return False  # it would collide with another row; try another byte
        self._row[self._column] = value
        return True


def _changed(value: Any, chance: random.Random) -> Any:
    if isinstance(value, int):
        return value ^ (1 << chance.randrange(16))
    raw = bytearray(value if isinstance(value, bytes) else value.encode())
    at = chance.randrange(len(raw))
    raw[at] ^= 1 << chance.randrange(7)
    return bytes(raw) if isinstance(value, bytes) else raw.decode(errors="replace")


COPY_AT_THE_END = """
INSERT INTO audit_event SELECT 301, corr, body FROM audit_event WHERE id = 7;
INSERT INTO audit_leaf SELECT 300, 301, leaf, leaf_hash FROM audit_leaf WHERE seq = 6;
"""


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE audit_event SET body = replace(body, '\"v\":1', '\"v\":2') WHERE id = 51", "audit_event 51"),
        ("DELETE FROM audit_event WHERE id = 51", "audit_leaf 50"),
        ("DELETE FROM audit_leaf WHERE seq = 50", "audit_leaf 50"),
        ("DELETE FROM audit_leaf WHERE seq >= 290", "audit_leaf 290"),
        ("DELETE FROM audit_leaf WHERE seq >= 290; DELETE FROM audit_event WHERE id > 290", "audit_leaf 290"),
        (COPY_AT_THE_END, "audit_event 301"),
        ("DELETE FROM audit_node WHERE level = 4 AND position = 3", "audit_node 4/3"),
        ("DELETE FROM checkpoint WHERE size = 300", "audit_leaf 200"),
        ("UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 100) WHERE size = 200", "checkpoint 200"),
        ("INSERT INTO audit_node VALUES (8, 7, zeroblob(32))", "audit_node 8/7"),
        ("DELETE FROM evidence WHERE rowid = 1", "evidence "),
        ("UPDATE evidence SET exchange = 'x' || substr(exchange, 2) WHERE rowid = 1", "evidence "),
        ("INSERT INTO evidence SELECT 'stranger', kind, corr, ciphertext FROM evidence LIMIT 1", "evidence stranger"),
        ("INSERT INTO evidence_key SELECT 'stranger', wrapped FROM evidence_key LIMIT 1", "evidence_key stranger"),
    ],
)  # fmt: skip
def test_what_an_intruder_may_try_is_named(copy: Path, sealed: SqlStorage, change: str, named: str) -> None:
    with intruder(copy) as connection:
        connection.executescript(change)
    with pytest.raises(BadRecord) as found:
        verified(copy, sealed)
    assert str(found.value).startswith(named)


def test_an_event_slipped_in_between_is_named(copy: Path, sealed: SqlStorage) -> None:
    with intruder(copy) as connection:
        connection.execute("UPDATE audit_event SET id = -1 WHERE id = 51")
        connection.execute("UPDATE audit_leaf SET event_id = -1 WHERE event_id = 51")
        connection.execute("INSERT INTO audit_event SELECT 51, corr, body FROM audit_event WHERE id = 52")
    with pytest.raises(BadRecord, match="audit_event 51: has no record"):
        verified(copy, sealed)


def test_erasing_a_key_erases_the_evidence_and_leaves_the_log_whole(copy: Path, sealed: SqlStorage) -> None:
    """T54."""
    with intruder(copy) as connection:
        connection.execute("DELETE FROM evidence_key WHERE exchange IN (SELECT exchange FROM evidence LIMIT 10)")
    found = verified(copy, sealed)
    assert (found.size, found.evidence, found.erased) == (300, 90, 10)


@pytest.mark.parametrize("table", INSERT_ONLY)
@pytest.mark.parametrize(
    "change", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "REPLACE INTO {0} SELECT * FROM {0}"]
)
def test_log_tables_refuse_changes(sealed: SqlStorage, table: str, change: str) -> None:
    column = metadata.tables[table].columns.keys()[-1]
    connection = sealed.database.connect()
    with pytest.raises(sqlite3.IntegrityError, match=f"{table} is insert only"):
        connection.execute(change.format(table, column))
    connection.close()


def test_an_evidence_key_can_be_destroyed_but_not_exchanged(sealed: SqlStorage) -> None:
    connection = sealed.database.connect()
    with pytest.raises(sqlite3.IntegrityError, match="evidence_key is insert only"):
        connection.execute("UPDATE evidence_key SET wrapped = wrapped")
    assert connection.execute("DELETE FROM evidence_key").rowcount == 100
    connection.close()


@pytest.fixture(autouse=True)
def _close(sqlite_storage: SqlStorage) -> Iterator[None]:
    yield
    sqlite_storage.close()
