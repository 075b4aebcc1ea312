"""Several servers side by side: all up at once, driven in turn, round after round, medians of the rounds."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Final

from tests.bench.crowd import Crowd, Round
from tests.bench.gauges import Cores
from tests.bench.journeys import Journey, gateway_journeys
from tests.bench.peer_setup import peer_journeys, running_peer
from tests.bench.setups import Running, Setup, running

WARM_UP: Final = 1_000
"""Logins."""


class LoginsFailed(Exception):
    """Some logins of a measurement failed, so that its figures mean nothing."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A server that is up, and how to sign in there."""

    name: str
    journeys: Callable[[], Journey]
    roots: list[int]
    gateway: Running | None = None


@dataclass(slots=True)
class Arena:
    """Starts contenders in folders of their own, and compares them."""

    cores: Cores
    rounds: int
    logins: int
    folder: Path
    contenders: list[Contender] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)

    def gateway(self, name: str, setup: Setup) -> Running:
        """Start a gateway; with two workers it may use both cores."""
        server = self.cores.server if setup.workers == 1 else self.cores.both
        up = self._stack.enter_context(running(setup, self._new_folder(), server=server, driver=self.cores.driver))
        self.contenders.append(Contender(name, gateway_journeys(up.places, up.reach), up.roots, up))
        return up

    def peer(self, name: str, packages: Path) -> None:
        """Start the peer."""
        up = self._stack.enter_context(running_peer(packages, self._new_folder(), server=self.cores.server))
        self.contenders.append(Contender(name, peer_journeys(up), up.roots))

    def compare(
        self, *, at_once: int, per_second: float | None = None, names: tuple[str, ...] = ()
    ) -> dict[str, Round]:
        """Warm each up, which a just-in-time compiler needs most, then drive them in turn.

        Raises:
            LoginsFailed: not every login ended with a verified ID token.
        """
        chosen = [each for each in self.contenders if not names or each.name in names]
        crowd = Crowd(at_once=at_once, logins=self.logins, per_second=per_second, cores=self.cores.driver)
        for each in chosen:
            replace(crowd, logins=WARM_UP, per_second=None).run(each.journeys, each.roots)
        found: dict[str, list[Round]] = {each.name: [] for each in chosen}
        for _ in range(self.rounds):
            for each in chosen:
                run = crowd.run(each.journeys, each.roots)
                if run.failed:
                    raise LoginsFailed(f"{each.name}: {run.failed} of {run.failed + run.logins} logins failed")
                found[each.name].append(run)
        return {name: middle(runs) for name, runs in found.items()}

    def _new_folder(self) -> Path:
        path = self.folder / str(len(self.contenders))
        path.mkdir()
        return path


@contextmanager
def arena(cores: Cores, *, rounds: int, logins: int) -> Iterator[Arena]:
    """An arena in a temporary folder; everything started in it is stopped at the end."""
    with tempfile.TemporaryDirectory(prefix="vpm-bench-") as folder, ExitStack() as stack:
        made = Arena(cores, rounds, logins, Path(folder), _stack=stack)
        yield made


def middle(runs: list[Round]) -> Round:
    """The round of median CPU, with all rounds' times: a tail needs many logins."""
    times = sorted(each for run in runs for each in run.times)
    logins = len(times)
    cpu = median(run.cpu / run.logins for run in runs) * logins
    seconds = logins / median(run.per_second for run in runs)
    return Round(logins=logins, failed=0, seconds=seconds, cpu=cpu, times=times)
