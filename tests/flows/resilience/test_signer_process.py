"""T25: two workers behind each port sign by a process of its own, and what it counted is what was issued."""

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from gateway.bootstrap import utc_now
from gateway.key_rings import signer_of
from gateway.reconciler import Reconciler
from gateway.settings import load_settings
from gateway.signing.cli import keys
from gateway.signing.life import State
from gateway.signing.ring_file import read_ring
from gateway.storage.sql_storage import open_storage
from tests.flows.resilience.oracle import database_of, signers_of
from tests.flows.resilience.world import World, a_world
from tests.support.driver import Turned
from tests.support.gateway_parts import eventually
from tests.support.https_line import Broken
from tests.support.load import run_logins

pytestmark = [pytest.mark.xdist_group("resilience"), pytest.mark.timeout(300)]
PATIENCE = 60.0
SECTION = '[signing_keys]\nfolder = "signing"\n\n[signing_keys.signer]\n\n[public]'


@contextmanager
def running_signer(world: World) -> Iterator["subprocess.Popen[bytes]"]:
    """Start the signer as an operator does, and wait until it listens."""
    settings = world.places.settings("gateway")
    command = [sys.executable, "-m", "vpm", "signer", "--config", str(settings)]
    with (settings.parent / "signer.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        client = signer_of(load_settings(settings))
        assert client is not None
        assert eventually(lambda: not client.problems(), PATIENCE), (settings.parent / "signer.log").read_text()
        client.close()
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


@contextmanager
def reconciler(world: World) -> Iterator[Reconciler]:
    """Compare up to now, not up to ten minutes ago."""
    settings = load_settings(world.places.settings("gateway"))
    client = signer_of(settings)
    assert client is not None
    storage = open_storage(settings.database_url, settings.keys, node=settings.node, config_rev="", clock=utc_now)
    try:
        yield Reconciler(storage, client, node=settings.node, clock=utc_now, settled=timedelta(0))
    finally:
        client.close()
        storage.close()


def readiness(world: World) -> tuple[int, list[str]]:
    """What one of the workers says."""
    answer = requests.get(f"{world.places.issuer}/readyz", verify=str(world.places.root_certificate), timeout=10)
    return answer.status_code, answer.json()["problems"]


def test_t25_workers_hold_no_key_every_signature_is_counted_and_a_drift_of_one_stops_readiness(tmp_path: Path) -> None:
    with a_world(tmp_path, workers=2, adjust=lambda world: world.change_settings({"[public]": SECTION})) as world:
        folder = world.places.settings("gateway").parent / "signing"
        with running_signer(world):
            ring = read_ring(folder) or pytest.fail("the signer made no ring")
            taken_away = tmp_path / "not-for-the-gateway"
            shutil.move(folder / "signing-1.pem", taken_away)  # the signer has opened it; nobody else needs it
            world.gateway.start()
            run = run_logins(world.places, 24)
            assert [str(attempt.error) for attempt in run.stopped] == []
            assert signers_of(database_of(world.places)) == {ring.signing.kid}
            with reconciler(world) as compare:
                account = compare.reconcile(utc_now())
                assert (account.events, account.drift) == ({ring.signing.kid: 24}, [])
                shutil.move(taken_away, folder / "signing-1.pem")
                signed_beside_the_log(folder, ring.signing.kid)
                assert len(compare.reconcile(utc_now()).drift) == 1
                assert eventually(lambda: any("differ" in line for line in readiness(world)[1]), PATIENCE)
                said = CliRunner().invoke(keys, ["--config", str(world.places.settings("gateway")), "reconcile"])
                assert (said.exit_code, "differ" in said.output) == (1, True)
                compare.accept(utc_now(), "operator", "an exercise")
                assert eventually(lambda: readiness(world)[0] == 200, PATIENCE)


def signed_beside_the_log(folder: Path, kid: str) -> None:
    """What the ledger holds when somebody had one identity more signed."""
    with closing(sqlite3.connect(folder / "signatures.db", timeout=PATIENCE)) as ledger, ledger:
        ledger.execute("UPDATE counter SET person = person + 1")
        ledger.execute("INSERT INTO signature VALUES ('NOBODY', 1, ?, '2026-01-01T00:00:00.000Z')", (kid,))


def test_t25_without_the_signer_nobody_signs_in_and_with_it_everybody_does_again(tmp_path: Path) -> None:
    with a_world(tmp_path, adjust=lambda world: world.change_settings({"[public]": SECTION})) as world:
        with running_signer(world):
            world.gateway.start()
            assert len(run_logins(world.places, 2).signed_in) == 2
        run = run_logins(world.places, 2)
        assert len(run.stopped) == 2
        assert all(isinstance(attempt.error, Broken | Turned) for attempt in run.stopped)
        status, problems = readiness(world)
        assert (status, "vpm signer" in problems[0]) == (503, True)
        with running_signer(world):
            assert eventually(lambda: readiness(world)[0] == 200, PATIENCE)
            assert len(run_logins(world.places, 2).signed_in) == 2
            rotate(world)
            assert len(run_logins(world.places, 2).signed_in) == 2


def rotate(world: World) -> None:
    """T64 with a signer: the commands are the same, and workers and signer take the step up."""
    config, folder = str(world.places.settings("gateway")), world.places.settings("gateway").parent / "signing"
    assert CliRunner().invoke(keys, ["--config", config, "publish"]).exit_code == 0
    (new,) = (read_ring(folder) or pytest.fail("no ring")).of(State.PUBLISHED)
    assert CliRunner().invoke(keys, ["--config", config, "use", new.kid, "--at-once", "exercise"]).exit_code == 0

    def taken_up() -> bool:
        lines = [line for line in world.gateway.log.read_text().splitlines() if "signing-keys.taken-up" in line]
        return sum(json.loads(line)["kid"] == new.kid for line in lines) == 2

    assert eventually(taken_up, PATIENCE), "both ports"
