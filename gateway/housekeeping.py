"""What must happen by itself: forgetting what may not be kept any longer."""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog

from gateway.broker.ports import StorageUnavailable
from gateway.storage.sql_storage import SqlStorage

EVERY: Final = 60.0
"""Seconds."""

log = structlog.get_logger("gateway")


class Housekeeping:
    """A thread that sweeps expired logins and spent single-use facts; any number of processes may run one."""

    def __init__(self, storage: SqlStorage, clock: Callable[[], datetime], *, every: float = EVERY) -> None:
        self._storage = storage
        self._clock = clock
        self._every = every
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        """Start sweeping."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._every):
            try:
                self._storage.sweep(self._clock())
            except StorageUnavailable:
                log.warning("housekeeping.postponed", reason="storage unavailable")
