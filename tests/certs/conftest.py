from pathlib import Path
from shutil import copytree

import pytest

from certs.dev_pki import DevPki
from tests.certs.held_clock import HeldClock


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture(scope="session")
def made_now(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new hierarchy, to be copied: making one waits for the disk some forty times."""
    return DevPki.create(tmp_path_factory.mktemp("made-now") / "pki").directory


@pytest.fixture(scope="session")
def made_then(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, made at the moment where a held clock starts."""
    return DevPki.create(tmp_path_factory.mktemp("made-then") / "pki", clock=HeldClock()).directory


@pytest.fixture
def pki(tmp_path: Path, made_now: Path) -> DevPki:
    """A hierarchy of the test's own, on this machine's clock."""
    return DevPki.open(copytree(made_now, tmp_path / "pki"))


@pytest.fixture
def held_pki(tmp_path: Path, made_then: Path, clock: HeldClock) -> DevPki:
    """A hierarchy whose time the test moves."""
    return DevPki.open(copytree(made_then, tmp_path / "held-pki"), clock=clock)


@pytest.fixture(scope="session")
def shared_pki(tmp_path_factory: pytest.TempPathFactory) -> DevPki:
    """One hierarchy for tests that only add to it, each under names of its own."""
    return DevPki.create(tmp_path_factory.mktemp("shared") / "pki")
