"""Bring a database to the present shape; several processes may start at once."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, create_engine, inspect, make_url, text
from sqlalchemy.exc import OperationalError

MIGRATIONS: Final = Path(__file__).with_name("migrations")
_ADVISORY_LOCK: Final = 0x56504D01


def upgrade(url: str) -> None:
    """Run the migrations that are missing, one process at a time; those that wait find the work done.

    Raises:
        sqlalchemy.exc.OperationalError: the database cannot be reached.
    """
    engine = create_engine(url)
    try:
        with _alone(url), engine.connect() as connection:
            _run_missing(connection)
    finally:
        engine.dispose()


def newest_revision() -> str:
    """Give the number of the newest migration, which its file name begins with."""
    return max(file.name for file in (MIGRATIONS / "versions").glob("[0-9]*.py")).partition("_")[0]


def _run_missing(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    else:
        _choose_write_ahead_log(connection)
    if _revision(connection) != newest_revision():
        _run_alembic(connection)
    connection.commit()


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def _choose_write_ahead_log(connection: Connection) -> None:
    """Set what the file itself remembers; a reader of another process may hold it for a moment."""
    for patience in (0.05, 0.2, 1.0, 0.0):
        try:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        except OperationalError:
            if not patience:
                raise
            time.sleep(patience)
        else:
            return


def _run_alembic(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - a third of a second at start, spared when nothing is missing
    from alembic.config import Config  # noqa: PLC0415 - as above

    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, "head")


@contextmanager
def _alone(url: str) -> Iterator[None]:
    path = make_url(url).database
    if not url.startswith("sqlite") or not path:
        yield
        return
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with Path(f"{path}-upgrade.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
