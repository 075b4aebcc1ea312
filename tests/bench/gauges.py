"""What is read off running processes: CPU time, memory, and which core they may use."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TICKS: Final = os.sysconf("SC_CLK_TCK")
MIB: Final = 1024


@dataclass(frozen=True, slots=True)
class Cores:
    """Who runs where: the measured server on one core, everything that drives it on the other."""

    server: frozenset[int]
    driver: frozenset[int]

    @classmethod
    def of_this_machine(cls) -> "Cores":
        """The first core for the server and the last for the driver; the same one where there is no other."""
        allowed = sorted(os.sched_getaffinity(0))
        return cls(frozenset(allowed[:1]), frozenset(allowed[-1:]))

    @property
    def both(self) -> frozenset[int]:
        return self.server | self.driver


def on(cores: frozenset[int]) -> list[str]:
    """The beginning of a command that may use these cores alone."""
    return ["taskset", "--cpu-list", ",".join(map(str, sorted(cores)))]


def tree_of(root: int) -> list[int]:
    """A process and everything that descends from it."""
    found = [root]
    with suppress(OSError):
        for task in Path(f"/proc/{root}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += tree_of(int(child))
    return found


def cpu_seconds(roots: Sequence[int]) -> float:
    """CPU time, user and system, that the processes and their descendants have had until now."""
    return sum(_cpu_of(each) for root in roots for each in tree_of(root))


def _cpu_of(process: int) -> float:
    with suppress(OSError):
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS
    return 0.0


def pss_mib(process: int) -> float:
    """Memory of one process, shared pages counted by share (PSS)."""
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / MIB
    raise LookupError("the kernel names no PSS")


def load_average() -> float:
    """Of the last minute: above 1 somebody else is using the machine."""
    return os.getloadavg()[0]


def microseconds(work: Callable[[], object], *, seconds: float = 0.2) -> float:
    """CPU microseconds of one call, the least of five runs: neighbours only ever add."""
    return min(_one_run(work, seconds / 5) for _ in range(5))


def _one_run(work: Callable[[], object], seconds: float) -> float:
    count, started, until = 0, time.process_time(), time.perf_counter() + seconds
    while time.perf_counter() < until:
        work()
        count += 1
    return (time.process_time() - started) / count * 1e6
