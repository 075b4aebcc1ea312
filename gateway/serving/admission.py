"""How many requests are worked on at once, and how long the others may wait (security.md T56).

A request that would wait too long is refused at once, or when its turn comes too late: whoever is served is served in
time, also when ten times as many come as can be served.
"""

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final

Work = Callable[[bool], None]
"""Does one request; told whether its turn came in time."""

_STOP: Final = None


class AdmissionQueue:
    """Threads that work on requests, and a bounded queue before them."""

    def __init__(self, *, threads: int, waiting: int, patience: float) -> None:
        """``patience``: how long a request may wait for its turn, in seconds."""
        self._waiting = waiting
        self._patience = patience
        self._queue: SimpleQueue[tuple[float, Work] | None] = SimpleQueue()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def admit(self, work: Work) -> bool:
        """Queue the work, unless too much is queued already; whether it was admitted."""
        if self._queue.qsize() >= self._waiting:
            return False
        self._queue.put((time.monotonic(), work))
        return True

    def close(self) -> None:
        """Finish what was admitted, then stop the threads."""
        for _ in self._threads:
            self._queue.put(_STOP)
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while (entry := self._queue.get()) is not _STOP:
            admitted_at, work = entry
            work(time.monotonic() - admitted_at <= self._patience)
