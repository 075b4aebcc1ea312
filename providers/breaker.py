"""A circuit breaker: a provider that fails again and again is left alone for a while (T57)."""

from collections import deque
from collections.abc import Callable
from threading import Lock


class CircuitBreaker:
    """Closed while calls succeed, open after too many failures, then half open for one trial.

    Times are seconds of a monotonic clock. Threads may share one breaker.
    """

    def __init__(
        self, seconds: Callable[[], float], *, failures: int = 5, within: float = 10.0, rest: float = 10.0
    ) -> None:
        """Open after ``failures`` failed calls within ``within`` seconds; allow one trial after ``rest`` (at most 30)."""
        self._seconds = seconds
        self._failures: deque[float] = deque(maxlen=failures)
        self._within = within
        self._rest = min(rest, 30.0)
        self._open_until: float | None = None
        self._lock = Lock()

    def admits(self) -> bool:
        """Whether a call may be made now; while open, one caller after each rest is let through as the trial."""
        with self._lock:
            if self._open_until is None:
                return True
            now = self._seconds()
            if now < self._open_until:
                return False
            self._open_until = now + self._rest  # others wait for this trial's outcome
            return True

    def succeeded(self) -> None:
        """A call went well: forget every failure."""
        with self._lock:
            self._failures.clear()
            self._open_until = None

    def failed(self) -> None:
        """A call went wrong: open when it was one too many, or the trial."""
        with self._lock:
            now = self._seconds()
            self._failures.append(now)
            if self._open_until is not None or self._too_many(now):
                self._open_until = now + self._rest

    def _too_many(self, now: float) -> bool:
        return len(self._failures) == self._failures.maxlen and now - self._failures[0] <= self._within
