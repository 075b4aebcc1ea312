"""A store on SQLite, and what is needed to look at it from outside."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.storage.sealer import Sealer
from gateway.storage.sql_storage import SqlStorage, open_storage
from tests.support.logins import NOW


@pytest.fixture
def database_file(tmp_path: Path) -> Path:
    return tmp_path / "gateway.db"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def sqlite_storage(database_file: Path, keys: Path) -> Iterator[SqlStorage]:
    opened = open_storage(f"sqlite:///{database_file}", keys, node="node-1", config_rev="test", clock=lambda: NOW)
    yield opened
    opened.close()


@pytest.fixture
def sealer(sqlite_storage: SqlStorage) -> Sealer:
    return Sealer(sqlite_storage)
