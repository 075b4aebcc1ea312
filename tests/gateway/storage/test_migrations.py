"""Migrations make exactly the tables that the code knows, once, and never touch what was recorded (style.md 20)."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect

from gateway.storage.tables import INSERT_ONLY, LOG_TABLES, metadata
from gateway.storage.upgrade import MIGRATIONS, newest_revision, upgrade

VERSIONS = sorted((MIGRATIONS / "versions").glob("*.py"))


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/folder/gateway.db"


def test_an_empty_database_is_brought_to_the_present_shape(url: str) -> None:
    upgrade(url)
    engine = create_engine(url)
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    engine.dispose()
    # audit_unsealed is PostgreSQL's; an index on an expression of NULLs is compared by its text, which differs
    assert [change[0] for change in differences if change[0] != "add_table" or change[1].name != "audit_unsealed"] == []


def test_upgrading_again_changes_nothing(url: str) -> None:
    upgrade(url)
    upgrade(url)
    engine = create_engine(url)
    assert set(LOG_TABLES) < set(inspect(engine).get_table_names())
    engine.dispose()


def test_processes_that_start_at_once_upgrade_once(url: str) -> None:
    script = f"from gateway.storage.upgrade import upgrade; upgrade({url!r})"
    processes = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0] * 4


def test_there_is_one_newest_migration_and_its_number_begins_its_name() -> None:
    directory = ScriptDirectory(str(MIGRATIONS))
    assert directory.get_heads() == [newest_revision()]
    assert [file.name.partition("_")[0] for file in VERSIONS] == [f"{n:04d}" for n in range(1, len(VERSIONS) + 1)]


@pytest.mark.parametrize("file", VERSIONS, ids=lambda file: file.stem)
def test_no_migration_changes_what_was_recorded(file: Path) -> None:
    text = re.sub(r"CREATE TRIGGER.*", "", file.read_text())
    tables = "|".join(INSERT_ONLY)
    forbidden = rf"\b(UPDATE|DELETE FROM|DROP TABLE|ALTER TABLE|TRUNCATE)\b[^\n]*\b({tables})\b"
    assert not re.search(forbidden, text, re.IGNORECASE)
    assert not re.search(rf"\b(drop_table|drop_column|alter_column|batch_alter_table)\b[^\n]*({tables})", text)
    assert "DROP TRIGGER" not in text
