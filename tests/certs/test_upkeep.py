"""What runs for days stays fresh (complaint 6: the official test provider's own certificate expired)."""

import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

from certs.dev_pki import DevPki, Refreshed
from certs.load import load_crl
from certs.revocation import mark_of
from certs.upkeep import keep_fresh
from tests.certs.held_clock import HeldClock


class DaysGoBy:
    """Hears what upkeep tells, moves the clock on, and stops after some rounds."""

    def __init__(self, clock: HeldClock, *, rounds: int, step: timedelta) -> None:
        self.heard: list[Refreshed | Exception] = []
        self._clock, self._left, self._step = clock, rounds, step
        self.until = Event()

    def tell(self, what: Refreshed | Exception) -> None:
        self.heard.append(what)
        self._clock.move(self._step)
        self._left -= 1
        if self._left == 0:
            self.until.set()


def test_upkeep_renews_again_and_again(held_pki: DevPki, clock: HeldClock) -> None:
    held_pki.issue("gateway-client", "gateway")
    clock.move(timedelta(days=5))
    days = DaysGoBy(clock, rounds=3, step=timedelta(days=5))
    keep_fresh(held_pki, until=days.until, tell=days.tell, every=timedelta(0))
    assert [type(each) for each in days.heard] == [Refreshed] * 3
    assert all(isinstance(each, Refreshed) and each.certificates == ("gateway",) for each in days.heard)
    assert mark_of(load_crl(held_pki.crl_path("gateway-servers"))).number == 4


def test_upkeep_survives_a_failed_refresh_and_tells_of_it(held_pki: DevPki, clock: HeldClock) -> None:
    key_path = held_pki.issue("gateway-client", "gateway").key_path
    key_path.chmod(0o644)
    days = DaysGoBy(clock, rounds=2, step=timedelta(0))
    mend = days.tell

    def tell_and_mend(what: Refreshed | Exception) -> None:
        mend(what)
        key_path.chmod(0o600)
        clock.move(timedelta(days=5))

    keep_fresh(held_pki, until=days.until, tell=tell_and_mend, every=timedelta(0))
    failed, mended = days.heard
    assert "chmod 600" in str(failed)
    assert isinstance(mended, Refreshed)
    assert mended.certificates == ("gateway",)


def test_upkeep_with_nothing_to_do_says_nothing_and_stops_when_told(pki: DevPki) -> None:
    until = Event()
    heard: list[Refreshed | Exception] = []
    until.set()
    keep_fresh(pki, until=until, tell=heard.append)
    assert heard == []


def test_the_command_keeps_a_hierarchy_and_stops_on_a_signal(tmp_path: Path) -> None:
    """As a process of its own, the way the demo starts it."""
    yesterday = HeldClock(datetime.now(UTC) - timedelta(hours=20))
    pki = DevPki.create(tmp_path / "pki", clock=yesterday)
    script = "from certs.cli import pki; pki()"
    command = [sys.executable, "-u", "-c", script, "--directory", str(pki.directory), "keep"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"Keeping {pki.directory} fresh.\n"
        assert process.stdout.readline() == "Renewed: nothing was due.\n"
        assert process.stdout.readline().startswith("Lists published: root, relying-parties")
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert time.monotonic() - began < 5
    assert mark_of(load_crl(pki.crl_path("staff"))).number == 2
