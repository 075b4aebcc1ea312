"""SQLite keeps the promises of every store, and those of its own."""

from collections.abc import Sequence

import pytest

from gateway.storage.sql_storage import SqlStorage
from tests.contracts.storage import StorageContract


class TestSqliteStorage(StorageContract):
    @pytest.fixture
    def storage(self, sqlite_storage: SqlStorage) -> SqlStorage:
        return sqlite_storage

    def recorded(self, storage: SqlStorage) -> Sequence[str]:
        with storage.database.reader() as connection:
            return [corr for (corr,) in connection.execute("SELECT corr FROM audit_event ORDER BY id")]
