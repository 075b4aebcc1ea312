"""Many logins at a time: forked workers on the driver's core, so that no interpreter's lock shapes the times."""

import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection

from tests.bench.gauges import cpu_seconds
from tests.bench.journeys import Journey
from tests.support.driver import quantile

FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one stretch of logins cost and took."""

    logins: int
    failed: int
    seconds: float
    cpu: float
    """CPU seconds of the measured processes."""
    times: Sequence[float]
    """Of each login, in order of length, in seconds."""

    @property
    def cpu_ms(self) -> float:
        return 1000 * self.cpu / max(1, self.logins)

    @property
    def per_second(self) -> float:
        return self.logins / self.seconds

    @property
    def per_core_second(self) -> float:
        """Logins that one second of CPU carries: what the rate would be on a core of one's own."""
        return self.logins / self.cpu if self.cpu else float("nan")

    def quantile_ms(self, share: float) -> float:
        return 1000 * quantile(self.times, share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """How many come, and how."""

    at_once: int = 8
    logins: int = 400
    per_second: float | None = None
    """Offered at this fixed rate, whether or not earlier ones are done; None: the next begins when one has ended."""
    cores: frozenset[int]

    def run(self, journeys: Callable[[], Journey], measured: Sequence[int]) -> Round:
        """Send everybody through; ``measured`` are the roots of the server's processes."""
        before, started = cpu_seconds(measured), time.perf_counter()
        pipes = [self._fork(journeys, number, started) for number in range(self.at_once)]
        results = [pipe.recv() for pipe in pipes]
        seconds = time.perf_counter() - started
        spent = cpu_seconds(measured) - before
        times = sorted(each for found, _ in results for each in found)
        failed = sum(count for _, count in results)
        return Round(logins=len(times), failed=failed, seconds=seconds, cpu=spent, times=times)

    def _fork(
        self, journeys: Callable[[], Journey], number: int, started: float
    ) -> "Connection[None, tuple[list[float], int]]":
        ours, theirs = FORK.Pipe(duplex=False)
        process = FORK.Process(target=self._work, args=(journeys, number, started, theirs), daemon=True)
        process.start()
        theirs.close()
        return ours

    def _work(
        self,
        journeys: Callable[[], Journey],
        number: int,
        started: float,
        pipe: "Connection[tuple[list[float], int], None]",
    ) -> None:
        os.sched_setaffinity(0, self.cores)
        journey, times, failed = journeys(), [], 0
        for turn in range(number, self.logins, self.at_once):
            due = self._wait_for(turn, started)
            try:
                taken = journey.sign_in()
            except Exception:  # noqa: BLE001 - counted, and a round with a failure counts as failed
                failed += 1
                continue
            times.append(taken if due is None else time.perf_counter() - due)
        journey.close()
        pipe.send((times, failed))

    def _wait_for(self, turn: int, started: float) -> float | None:
        """At a fixed rate a login's time starts when it was due, so that a late start counts."""
        if self.per_second is None:
            return None
        due = started + 0.3 + turn / self.per_second
        time.sleep(max(0.0, due - time.perf_counter()))
        return due
