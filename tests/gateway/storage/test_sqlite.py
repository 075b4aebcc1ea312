"""SQLite keeps the promises of every store, and those of its own."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from gateway.storage.sql_storage import SqlStorage, open_storage
from tests.contracts.storage import StorageContract
from tests.support.logins import NOW


@pytest.fixture
def database_file(tmp_path: Path) -> Path:
    return tmp_path / "gateway.db"


@pytest.fixture
def storage(database_file: Path, tmp_path: Path) -> Iterator[SqlStorage]:
    opened = open_storage(
        f"sqlite:///{database_file}", tmp_path / "keys", node="node-1", config_rev="test", clock=lambda: NOW
    )
    yield opened
    opened.close()


class TestSqliteStorage(StorageContract):
    def recorded(self, storage: SqlStorage) -> Sequence[str]:
        with storage.database.reader() as connection:
            return [corr for (corr,) in connection.execute("SELECT corr FROM audit_event ORDER BY id")]
