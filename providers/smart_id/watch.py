"""Asks after sessions in the background, so that nobody who looks at a page holds one of its threads.

A visit never waits: it takes what is known and sees to it that the service will be asked, at most once in two seconds
for each login. A few threads ask for everybody; when more people wait than they can serve, each is asked after less
often. What is known lives in memory alone: another process that is visited next asks for itself, and the service
gives every one the same answer.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Final

from providers.errors import ProviderError
from providers.refusals import Reason
from providers.smart_id.result import is_running
from providers.smart_id.service import Polled
from providers.smart_id.strict_json import parse_object

INTERVAL: Final = 2.0
"""Seconds between two questions about one session."""
PATIENCE: Final = 2
"""Failures in a row after which a login ends: the person is told within ten seconds (T57)."""
FORGET: Final = 900.0
"""Seconds after which a session that nobody looks at any more is forgotten."""


@dataclass(slots=True)
class _Watched:
    """One session."""

    asked_at: float
    busy: bool = False
    failures: int = 0
    ended: Polled | ProviderError | None = None


class Watch:
    """What is known of the sessions that somebody waits for; threads may share it."""

    def __init__(
        self,
        poll: Callable[[str], Polled],
        *,
        threads: int,
        interval: float = INTERVAL,
        seconds: Callable[[], float] = monotonic,
    ) -> None:
        """Ask by ``poll``, in at most ``threads`` threads, which begin when the first is needed."""
        self._poll = poll
        self._interval = interval
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="smart-id-watch")
        self._watched: dict[str, _Watched] = {}
        self._lock = Lock()

    def look(self, session: str) -> Polled | None:
        """How a session ended; None while it runs or nothing is known.

        Raises:
            ProviderError: the service does not know it, or has failed twice.
        """
        with self._lock:
            now = self._seconds()
            watched = self._watched.get(session)
            if watched is None:
                self._forget_old(now)
                watched = self._watched[session] = _Watched(asked_at=now - self._interval)
            ended = watched.ended
            due = ended is None and not watched.busy and now - watched.asked_at >= self._interval
            if due:
                watched.busy, watched.asked_at = True, now
        if due:
            self._threads.submit(self._ask, session, watched)
        if isinstance(ended, ProviderError):
            raise ended
        return ended

    def forget(self, session: str) -> None:
        """Nobody waits for it any more."""
        with self._lock:
            self._watched.pop(session, None)

    def _ask(self, session: str, watched: _Watched) -> None:
        try:
            outcome = self._asked(session)
        finally:
            watched.busy = False
        with self._lock:
            if isinstance(outcome, ProviderError) and outcome.reason == Reason.PROVIDER_BUSY:
                watched.failures += 1
                watched.ended = outcome if watched.failures >= PATIENCE else None
            else:
                watched.failures, watched.ended = 0, outcome

    def _asked(self, session: str) -> Polled | ProviderError | None:
        try:
            polled = self._poll(session)
            return None if is_running(parse_object(polled.body)) else polled
        except ProviderError as error:
            return error

    def _forget_old(self, now: float) -> None:
        self._watched = {key: one for key, one in self._watched.items() if now - one.asked_at < FORGET}
