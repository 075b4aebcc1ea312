"""However the demo is told to stop, no part of it stays behind and holds its port."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.demo.places import Places
from tests.flows.conftest import free_ports
from tests.support.gateway_parts import eventually

pytestmark = pytest.mark.xdist_group("flows")


def run_of_six() -> int:
    """Find six free ports in a row."""
    for first in free_ports(20):
        if first < 65_000 and not any(answers(first + step) for step in range(6)):
            return first
    raise LookupError("no six free ports in a row")


def answers(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("order", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_an_ordered_stop_ends_every_part(tmp_path: Path, order: signal.Signals) -> None:
    """SIGINT goes to the whole process group, as a terminal's Ctrl-C does."""
    first = run_of_six()
    places = Places(root=tmp_path)
    command = [sys.executable, "-m", "vpm", "demo", "--root", str(places.root), "--first-port", str(first)]
    with (tmp_path / "said").open("wb") as said:
        demo = subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True)
    try:
        assert eventually(lambda: answers(first) and answers(first + 2) and answers(first + 4), within=60)
        again = subprocess.run([*command, "--once"], capture_output=True, text=True, timeout=60, check=False)
        assert again.returncode == 1
        assert f"in use already: port {first}" in again.stderr
        os.killpg(demo.pid, order)
        demo.wait(timeout=60)
    finally:
        demo.kill()
        demo.wait()
    assert eventually(lambda: not any(answers(first + step) for step in range(6)), within=10)
