"""A real PostgreSQL 15 for tests: its own cluster in its own folder, on a Unix socket, gone afterwards.

Each test process starts one of its own, so that parallel runs do not meet.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

import psycopg

BINARIES: Final = Path("/usr/lib/postgresql/15/bin")
_SUPERUSER: Final = "tester"


class PostgresMissing(Exception):
    """PostgreSQL 15 is not installed; on Debian: ``apt-get install postgresql-15``."""


class Postgres:
    """A running cluster."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def new_database(self) -> str:
        """Make an empty database; gives its SQLAlchemy URL."""
        name = f"test_{uuid4().hex}"
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return f"postgresql+psycopg://{_SUPERUSER}@/{name}?host={self.folder}"

    def restart(self) -> None:
        """Kill the server hard, as a crash would, and start it again."""
        _run_as_owner("pg_ctl", "-D", str(self.folder / "cluster"), "-m", "immediate", "stop")
        _start(self.folder)

    def _conninfo(self, database: str) -> str:
        return f"host={self.folder} user={_SUPERUSER} dbname={database}"


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Start a cluster and stop it at the end."""
    if not (BINARIES / "postgres").exists():
        raise PostgresMissing(f"there is no PostgreSQL 15 in {BINARIES}; install postgresql-15")
    folder = Path(tempfile.mkdtemp(prefix="vpm-pg-"))
    try:
        _make_cluster(folder)
        _start(folder)
        yield Postgres(folder)
        _run_as_owner("pg_ctl", "-D", str(folder / "cluster"), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def _make_cluster(folder: Path) -> None:
    if os.geteuid() == 0:
        owner = pwd.getpwnam(_owner())
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    cluster = str(folder / "cluster")
    _run_as_owner("initdb", "-D", cluster, "-U", _SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")


def _start(folder: Path) -> None:
    # Nobody pulls the plug of a test machine: the kernel keeps what a killed server wrote, so syncing is spared.
    options = f"-c fsync=off -c listen_addresses='' -c unix_socket_directories={folder} -c max_connections=200"
    log = str(folder / "server.log")
    _run_as_owner("pg_ctl", "-D", str(folder / "cluster"), "-l", log, "-o", options, "-w", "start")


def _run_as_owner(program: str, *arguments: str) -> None:
    """PostgreSQL refuses to run as root; it then runs as the system's unprivileged user."""
    user = _owner() if os.geteuid() == 0 else None
    command = [str(BINARIES / program), *arguments]
    finished = subprocess.run(
        command, user=user, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
    )
    if finished.returncode:
        raise RuntimeError(f"{program} failed: {finished.stderr.decode()}")


def _owner() -> str:
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
