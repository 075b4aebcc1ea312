"""Parts of the whole as processes that a test may start, kill without mercy, and start again."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import requests

from gateway.demo.places import Places

PATIENCE: Final = 60.0
"""Seconds for a part to become ready, or to be gone, on a busy machine."""
COMMANDS: Final = {"gateway": ["gateway", "serve"], "bank": ["bank", "serve"]}


@dataclass
class Service:
    """The gateway or the mock bank, with all its processes, in a session of its own."""

    places: Places
    part: str
    started_at: float = field(default=0.0, init=False)
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def log(self) -> Path:
        return self.places.root / self.part / f"{self.part}.log"

    def start(self, *, wait: bool = True) -> float:
        """Start it; give the seconds until it was ready to carry a login."""
        settings = str(self.places.settings(self.part))
        command = [sys.executable, "-m", "vpm", *COMMANDS[self.part], "--config", settings]
        self.started_at = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
        return self.wait_until_ready() if wait else 0.0

    def wait_until_ready(self, within: float = PATIENCE) -> float:
        while time.monotonic() - self.started_at < within:
            assert self.process is not None
            assert self.process.poll() is None, self.last_words
            if self.is_ready:
                return time.monotonic() - self.started_at
            time.sleep(0.02)
        raise TimeoutError(self.last_words)

    @property
    def is_ready(self) -> bool:
        return all(map(self._answers, self._readiness))

    @property
    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]

    @property
    def processes(self) -> list[int]:
        """Every process of it that runs, workers included."""
        return [] if self.process is None else processes_of_session(self.process.pid)

    def kill(self) -> None:
        """``kill -9`` of every process at once; returns when none is left."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)
        self._wait_until_gone()

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def _wait_until_gone(self) -> None:
        until = time.monotonic() + PATIENCE
        while self.processes:
            assert time.monotonic() < until, "some processes outlived kill -9"
            time.sleep(0.005)

    @property
    def _readiness(self) -> list[str]:
        places = self.places
        if self.part == "bank":
            return [f"{places.bank}/ready"]
        return [f"{places.issuer}/readyz", f"{places.mutual_tls}/readyz"]

    def _answers(self, url: str) -> bool:
        portal = self.places.pki / "issued" / "auctions-client"
        files = (str(portal / "certificate.pem"), str(portal / "key.pem"))
        trusted = str(self.places.root_certificate)
        with requests.Session() as session, suppress(requests.RequestException):
            session.trust_env = False
            return session.get(url, verify=trusted, cert=files, timeout=5).status_code == 200
        return False


def cpu_seconds(processes: list[int]) -> float:
    """What processes have computed until now, user and system, in seconds: the same however busy the machine is."""
    ticks = 0
    for process in processes:
        with suppress(OSError):
            columns = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, columns[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def processes_of_session(session: int) -> list[int]:
    """Processes of one session that still run; those that only wait to be reaped are over."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                state, _parent, _group, of = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
                if int(of) == session and state not in {"Z", "X"}:
                    found.append(int(entry.name))
    return found


def parent_of(process: int) -> int:
    """Which process started this one; 0 for one that has ended."""
    with suppress(OSError):
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def resident_bytes(process: int) -> int:
    """How much memory a process holds now; 0 for one that has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0


def connections_by_process(processes: list[int], port: int) -> dict[int, int]:
    """How many established connections to a local port each of the processes holds."""
    inodes = _established_to(port)
    held = {}
    for process in processes:
        count = 0
        with suppress(OSError):
            for descriptor in Path(f"/proc/{process}/fd").iterdir():
                with suppress(OSError):
                    count += str(descriptor.readlink()).removeprefix("socket:[").removesuffix("]") in inodes
        held[process] = count
    return {process: count for process, count in held.items() if count}


def _established_to(port: int) -> set[str]:
    wanted, found = f":{port:04X}", set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                columns = line.split()
                if columns[1].endswith(wanted) and columns[3] == "01":
                    found.add(columns[9])
    return found
