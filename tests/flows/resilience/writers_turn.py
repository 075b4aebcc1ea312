"""Takes the turn of the database's writers away: whoever wants to commit waits, and can be killed while waiting."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.gateway_parts import eventually


@contextmanager
def nobody_commits(database: Path) -> Iterator[Path]:
    """Hold the lock file that writers queue at."""
    lock = database.with_name(f"{database.name}-writer.lock")
    with lock.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        try:
            yield lock
        finally:
            fcntl.flock(held, fcntl.LOCK_UN)


def wait_for_writers(lock: Path, processes: set[int], within: float = 30.0) -> None:
    """Wait until each of the processes stands in the queue."""
    assert eventually(lambda: processes <= queued_at(lock), within), (processes, queued_at(lock))


def queued_at(lock: Path) -> set[int]:
    """Processes that wait for the lock, as the kernel lists them: ``7: -> FLOCK ADVISORY WRITE 4711 fe:00:123 0 EOF``."""
    inode = os.stat(lock).st_ino  # noqa: PTH116 - the number alone is wanted
    waiting = (line.split() for line in Path("/proc/locks").read_text().splitlines() if " -> " in line)
    return {int(columns[5]) for columns in waiting if columns[6].endswith(f":{inode}")}
