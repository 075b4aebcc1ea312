"""Compares servers for the two ports: CPU a request, and how long a good client waits beside 500 stalled peers.

``python tests/bench/serving.py`` prints one table; each server runs one worker with 32 threads, all in this run.
"""

import os
import resource
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from serving_candidates import CANDIDATES

from certs.dev_pki import DevPki

HERE = Path(__file__).parent
CALLERS = 8
KEPT_REQUESTS = 1_500
NEW_CONNECTIONS = 150
STALLED = 500
PATIENCE = 8.0
TICKS = os.sysconf("SC_CLK_TCK")

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclass
class Candidate:
    """A running server and a client that may speak to it."""

    process: subprocess.Popen[bytes]
    port: int
    tls: ssl.SSLContext

    def plain(self, timeout: float = PATIENCE) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def connect(self, timeout: float = PATIENCE) -> ssl.SSLSocket:
        return self.tls.wrap_socket(self.plain(timeout), server_hostname="localhost")

    def once(self) -> float:
        begun = time.perf_counter()
        with self.connect() as connection:
            exchange(connection)
        return time.perf_counter() - begun


def exchange(connection: ssl.SSLSocket) -> float:
    begun = time.perf_counter()
    connection.sendall(REQUEST)
    received = b""
    while b"\r\n\r\n" not in received or len(received.partition(b"\r\n\r\n")[2]) < 64:
        piece = connection.recv(4096)
        if not piece:
            raise ConnectionError("no answer")
        received += piece
    assert received.startswith(b"HTTP/1.1 200"), received
    return time.perf_counter() - begun


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS + sum(cpu_seconds(child) for child in children(pid))


def children(pid: int) -> list[int]:
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


@dataclass
class Measured:
    """What a number of exchanges took; CPU is that of the server's processes."""

    microseconds: float
    p50: float
    p99: float

    def __str__(self) -> str:
        return f"{self.microseconds:,.0f} µs, {self.p50 * 1e3:.1f} / {self.p99 * 1e3:.1f} ms"


def measure(candidate: Candidate, call: Callable[[Candidate], list[float]]) -> Measured:
    before = cpu_seconds(candidate.process.pid)
    with ThreadPoolExecutor(CALLERS) as callers:
        times = sorted(each for found in callers.map(lambda _number: call(candidate), range(CALLERS)) for each in found)
    spent = cpu_seconds(candidate.process.pid) - before
    return Measured(spent / len(times) * 1e6, times[len(times) // 2], times[int(len(times) * 0.99)])


def kept(candidate: Candidate) -> list[float]:
    with candidate.connect() as connection:
        return [exchange(connection) for _ in range(KEPT_REQUESTS)]


def new(candidate: Candidate) -> list[float]:
    return [candidate.once() for _ in range(NEW_CONNECTIONS)]


def silent(candidate: Candidate) -> socket.socket:
    return candidate.plain()


def two_bytes(candidate: Candidate) -> socket.socket:
    plain = candidate.plain()
    plain.sendall(b"\x16\x03")
    return plain


def half_body(candidate: Candidate) -> socket.socket:
    connection = candidate.connect()
    connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nab")
    return connection


def wait_beside(candidate: Candidate, stall: Callable[[Candidate], socket.socket]) -> str:
    with ExitStack() as stack:
        try:
            for _ in range(STALLED):
                stack.enter_context(stall(candidate))
            return f"{candidate.once() * 1e3:,.0f} ms"
        except (OSError, ssl.SSLError):
            return f"over {PATIENCE:.0f} s"


def start(name: str, pki: DevPki) -> Candidate:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"PYTHONPATH": f"{HERE}{os.pathsep}{HERE.parents[1]}"}
    command = [sys.executable, str(HERE / "serving_candidates.py"), name, str(port), str(pki.directory)]
    tls = ssl.create_default_context(cafile=pki.root_path)
    portal = pki.find("portal")
    tls.load_cert_chain(portal.certificate_path, portal.key_path)
    candidate = Candidate(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL), port, tls)
    wait_until_serving(candidate)
    return candidate


def wait_until_serving(candidate: Candidate) -> None:
    for _ in range(200):
        with suppress(OSError):
            candidate.once()
            return
        time.sleep(0.1)
    raise TimeoutError("the candidate did not start")


def run(name: str, pki: DevPki) -> tuple[str, ...]:
    cells = [name]
    candidate = start(name, pki)
    cells += [str(measure(candidate, kept)), str(measure(candidate, new))]
    stop(candidate)
    for stall in (silent, two_bytes, half_body):
        candidate = start(name, pki)
        cells.append(wait_beside(candidate, stall))
        stop(candidate)
    return tuple(cells)


def stop(candidate: Candidate) -> None:
    candidate.process.terminate()
    try:
        candidate.process.wait(3)
    except subprocess.TimeoutExpired:
        for pid in children(candidate.process.pid):
            os.kill(pid, 9)
        candidate.process.kill()
        candidate.process.wait()


def main() -> None:
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    table = Table(
        "server", "kept: CPU, p50 / p99", "new: CPU, p50 / p99", "500 silent", "500 two bytes", "500 half bodies"
    )
    with tempfile.TemporaryDirectory() as place:
        pki = DevPki.create(Path(place) / "pki")
        pki.issue("gateway-server", "gateway", dns=["localhost"], ip=["127.0.0.1"])
        pki.issue("relying-party-client", "portal", dns=["portal.test"])
        for name in CANDIDATES:
            table.add_row(*run(name, pki))
    Console(width=170).print(table)


if __name__ == "__main__":
    main()
