"""What commands of other processes change while this one runs: looked for every second, taken up by swapping."""

import threading
from collections.abc import Callable, Sequence
from typing import Final

import structlog

EVERY: Final = 1.0
"""Seconds."""

log = structlog.get_logger("gateway")


class TakingUp:
    """A thread of each process that looks again and again; what fails now is tried again a second later."""

    def __init__(self, looks: Sequence[Callable[[], None]], *, every: float = EVERY) -> None:
        """Call each of these in turn."""
        self._looks = looks
        self._every = every
        self._failing: set[Callable[[], None]] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="taking-up", daemon=True)

    def start(self) -> None:
        """Start looking."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._every):
            for look in self._looks:
                self._look(look)

    def _look(self, look: Callable[[], None]) -> None:
        """Look once; a failure is said when it begins, not every second."""
        try:
            look()
        except Exception as error:  # noqa: BLE001 - one bad look must not end all later ones
            if look not in self._failing:
                log.error("change.not-taken-up", kind=type(error).__name__)  # noqa: TRY400 - the message may hold anything
            self._failing.add(look)
        else:
            self._failing.discard(look)
