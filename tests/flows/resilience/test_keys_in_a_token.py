"""Security.md section 7: ID tokens are signed by a key that stays in its token, by every worker of a running gateway."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.signing.life import State
from gateway.signing.ring_file import read_ring
from tests.flows.resilience.oracle import database_of, signers_of
from tests.flows.resilience.world import World, a_world
from tests.support.load import run_logins
from tests.support.soft_token import LABEL, MODULE, make_token

pytestmark = [pytest.mark.xdist_group("resilience"), pytest.mark.timeout(300)]


def vpm_keys(world: World, *arguments: str) -> None:
    """Run the command as an operator does, in a process of its own: a token is opened once in each."""
    command = [sys.executable, "-m", "vpm", "keys", "--config", str(world.places.settings("gateway")), *arguments]
    subprocess.run(command, check=True, capture_output=True, env=os.environ, timeout=60)


def test_two_workers_sign_by_a_key_that_never_leaves_its_token(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin = make_token(tmp_path_factory.mktemp("hsm"), monkeypatch)
    section = f'[signing_keys.pkcs11]\nmodule = "{MODULE}"\ntoken = "{LABEL}"\npin_file = "{pin}"\n\n[public]'
    with a_world(tmp_path, workers=2, adjust=lambda world: world.change_settings({"[public]": section})) as world:
        vpm_keys(world, "publish")
        folder = world.places.settings("gateway").parent / "keys"
        (in_token,) = (read_ring(folder) or pytest.fail("no ring")).of(State.PUBLISHED)
        vpm_keys(world, "use", in_token.kid, "--at-once", "nobody has signed in yet")
        world.gateway.start()
        run = run_logins(world.places, 24)
        assert [str(attempt.error) for attempt in run.stopped] == []
        assert len(run.signed_in) == 24
        assert in_token.place.startswith("pkcs11:")
        assert signers_of(database_of(world.places)) == {in_token.kid}
