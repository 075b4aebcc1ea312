"""A port is told to hold only as many connections as it has descriptors for (security.md T56)."""

import subprocess
import sys

import pytest

from tests.gateway.serving.ports import ROOT, Client, Server, StartServer


@pytest.mark.parametrize(("soft", "hard", "asked", "room"), [(256, 8192, 4096, 4096), (256, 512, 4096, 256)])
def test_the_limit_is_raised_as_far_as_it_goes(soft: int, hard: int, asked: int, room: int) -> None:
    script = (
        "import resource; from gateway.serving.descriptors import room_for;"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard})); print(room_for({asked}))"
    )
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, cwd=ROOT)
    assert int(printed.stdout) == room


def test_a_port_full_of_connections_takes_new_ones_as_soon_as_old_ones_end(
    start_server: StartServer, relying_party: Client
) -> None:
    full: Server = start_server("mutual", connections=40, threads=4, deadlines={"handshake": 1.0})
    silent = [full.connect() for _ in range(60)]
    assert relying_party.get(full).status == 200
    for each in silent:
        each.close()
