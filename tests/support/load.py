"""Many scripted logins at a time: a number of them, or as long as it takes.

python -m tests.support.load var --at-once 8 --count 500        (vpm demo's places, prepared with fast_login)
"""

import argparse
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Self

from gateway.demo.places import PROVIDER, Places
from tests.support.driver import Driver, SignedIn, SignIn, Turned, quantile
from tests.support.gateway_parts import eventually
from tests.support.https_line import Broken, Line
from tests.support.relying_party import RelyingParty


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login that did not end well: how far it came, and why it stopped."""

    login: SignIn
    error: Broken | Turned
    at: float
    """When it began, by the monotonic clock."""


@dataclass(slots=True)
class Run:
    """What came of many logins."""

    signed_in: list[SignedIn] = field(default_factory=list)
    stopped: list[Attempt] = field(default_factory=list)
    begun: int = 0
    seconds: float = 0.0

    def latencies(self) -> list[float]:
        """Whole logins, in seconds, in order."""
        return sorted(one.total for one in self.signed_in)

    def summary(self) -> dict[str, float]:
        """Counts, logins a second, and quantiles in milliseconds."""
        ordered = self.latencies()
        shares = {f"p{round(100 * share)}": 1000 * quantile(ordered, share) for share in (0.5, 0.95, 0.99)}
        rate = len(ordered) / self.seconds if self.seconds else 0.0
        return {"logins": len(ordered), "stopped": len(self.stopped), "per_second": rate, **shares}


class Load:
    """Logins in the background until told to stop; each that ends badly is kept, and the next begins."""

    def __init__(
        self,
        places: Places,
        *,
        at_once: int = 8,
        per_second: float | None = None,
        count: int | None = None,
        provider: str | None = PROVIDER,
        party: RelyingParty | None = None,
        line: type[Line] = Line,
    ) -> None:
        """Prepare ``at_once`` drivers.

        Args:
            places: where everything listens.
            at_once: logins at the same time, at most.
            per_second: begin at most so many; None begins the next as soon as one has ended.
            count: stop by itself after so many; None goes on until ``stop``.
            provider: chosen in the authorization request.
            party: who asks; the auction portal where nobody is named.
            line: the kind of connections.
        """
        self.run = Run()
        self._party = party or RelyingParty(places)
        self._line = line
        self._under_way: set[str] = set()
        self._provider = provider
        self._pause = 1 / per_second if per_second else 0.0
        self._left = count
        self._next_at = 0.0
        self._told = Event()
        self._lock = Lock()
        self._threads = [Thread(target=self._drive, daemon=True) for _ in range(at_once)]

    def __enter__(self) -> Self:
        """Begin."""
        self._started = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Let the logins under way end, begin no other."""
        self.stop()

    def stop(self) -> Run:
        """Begin no further login, and wait for those under way."""
        self._told.set()
        return self.wait()

    def open_driver(self) -> Driver:
        """Make the driver of one thread."""
        return Driver(self._party, provider=self._provider, line=self._line)

    def let_end(self, within: float = 120.0) -> None:
        """Wait until every login that is under way now has ended; others begin meanwhile."""
        with self._lock:
            under_way = set(self._under_way)
        assert eventually(lambda: not under_way & self._under_way, within)

    def wait(self) -> Run:
        """Wait until every driver is done."""
        for thread in self._threads:
            thread.join()
        self.run.seconds = time.monotonic() - self._started
        return self.run

    def _drive(self) -> None:
        driver = self.open_driver()
        try:
            while self._take_turn():
                self._attempt(driver)
        finally:
            driver.close()

    def _attempt(self, driver: Driver) -> None:
        begun, login = time.monotonic(), driver.begin()
        with self._lock:
            self._under_way.add(login.state)
        try:
            signed_in = driver.finish(login)
        except (Broken, Turned) as error:
            with self._lock:
                self.run.stopped.append(Attempt(login, error, begun))
            self._told.wait(0.02)  # a gateway that is down is not hammered
        else:
            with self._lock:
                self.run.signed_in.append(signed_in)
        finally:
            with self._lock:
                self._under_way.discard(login.state)

    def _take_turn(self) -> bool:
        """Wait for a turn; False when there is none any more."""
        with self._lock:
            if self._left == 0:
                return False
            self._left = None if self._left is None else self._left - 1
            now = time.monotonic()
            turn = self._next_at = max(self._next_at + self._pause, now)
        if self._told.wait(turn - now):
            return False
        with self._lock:
            self.run.begun += 1
        return True


def run_logins(places: Places, count: int, *, at_once: int = 8, provider: str | None = PROVIDER) -> Run:
    """Sign in ``count`` times, ``at_once`` at the same time, each beginning when one has ended."""
    with Load(places, at_once=at_once, count=count, provider=provider) as load:
        return load.wait()


def main() -> None:
    """Drive the demo's places, and print one line of JSON."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("root", type=Path, help="the demo's folder, prepared with fast_login")
    options.add_argument("--ports", help="gateway,gateway mutual TLS,bank,bank mutual TLS,auctions")
    options.add_argument("--at-once", type=int, default=8)
    options.add_argument("--count", type=int, default=200)
    options.add_argument("--provider", default=PROVIDER)
    chosen = options.parse_args()
    names = ("gateway_port", "gateway_mutual_port", "bank_port", "bank_mutual_port", "auctions_port")
    ports = dict(zip(names, map(int, chosen.ports.split(",")), strict=True)) if chosen.ports else {}
    places = Places(root=chosen.root.resolve(), **ports)
    run = run_logins(places, chosen.count, at_once=chosen.at_once, provider=chosen.provider)
    print(json.dumps(run.summary()))  # noqa: T201 - this is what the command is for


if __name__ == "__main__":
    main()
