"""``vpm gateway serve`` on a slow disk.

    python -m tests.bench.slow_disk SETTINGS MILLISECONDS

``MILLISECONDS`` are added to every commit before it is synchronised.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.cli import gateway
from gateway.storage.database import Connection
from gateway.storage.sqlite import SqliteDatabase


def slow_down(seconds: float) -> None:
    """Let every transaction sleep before it commits, with the interpreter's lock released; forked ports do so too."""
    quick = SqliteDatabase.transaction

    @contextmanager
    def slow(self: SqliteDatabase, connection: Connection) -> Iterator[None]:
        with quick(self, connection):
            yield
            time.sleep(seconds)

    SqliteDatabase.transaction = slow  # type: ignore[method-assign]  # the one thing this measurement changes


if __name__ == "__main__":
    slow_down(float(sys.argv[2]) / 1000)
    gateway(["serve", "--config", sys.argv[1]])
