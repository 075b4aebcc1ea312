"""What the signer's process costs a login: a signature over there beside one in the worker's own memory (T25).

python -m tests.bench.signer [COUNT]
"""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.oidc.keys import sign_compact
from gateway.signing.opening import FILE
from gateway.signing.purpose import ID_TOKENS
from gateway.signing.signer import Signer
from tests.gateway.signer.conftest import Desk
from tests.support.services import cpu_seconds

CLAIMS: dict[str, object] = {"iss": "https://gateway.test", "sub": "somebody", "aud": "portal", "name": "m" * 300}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerCosts:
    """Of one ID token each."""

    memory_us: float
    """CPU microseconds with the key in the worker's memory."""
    worker_us: float
    """CPU microseconds of the worker that asks."""
    signer_us: float
    """CPU microseconds of the signer, its look into the log and its durable count included."""
    waited_ms: float
    """Milliseconds from asking to the signature, one at a time."""


def measure_signer(folder: Path, count: int) -> SignerCosts:
    """Measure with the signer in a process of its own."""
    desk = Desk(folder)
    local = desk.places[ID_TOKENS][FILE].open(desk.key().place.partition(":")[2], "")
    memory_us, _ = _each(local, [desk.tokens_issued() for _ in range(count)])
    desk.close()
    child = os.fork()
    if child == 0:
        desk.open()
        signal.pause()
    try:
        _wait(lambda: not desk.client.problems())
        intents = [desk.tokens_issued() for _ in range(count)]
        before = cpu_seconds([child])
        worker_us, waited_ms = _each(desk.signer(), intents)
        signer_us = 1e6 * (cpu_seconds([child]) - before) / count
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        desk.client.close()
        desk.storage.close()
    return SignerCosts(memory_us=memory_us, worker_us=worker_us, signer_us=signer_us, waited_ms=waited_ms)


def _each(signer: Signer, intents: list[str]) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    for about in intents:
        sign_compact(signer, CLAIMS, about)
    spent, waited = time.process_time() - cpu, time.perf_counter() - wall
    return 1e6 * spent / len(intents), 1e3 * waited / len(intents)


def _wait(ready: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not ready():
        if time.monotonic() > until:
            raise TimeoutError("the signer did not start")
        time.sleep(0.02)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="vpm-bench-signer-") as made:
        print(measure_signer(Path(made), int(sys.argv[1]) if len(sys.argv) > 1 else 500))  # noqa: T201 - the figures
