from pathlib import Path

import pytest

from certs.dev_pki import DevPki
from tests.certs.held_clock import HeldClock


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def pki(tmp_path: Path) -> DevPki:
    """A hierarchy of the test's own, on this machine's clock."""
    return DevPki.create(tmp_path / "pki")


@pytest.fixture
def held_pki(tmp_path: Path, clock: HeldClock) -> DevPki:
    """A hierarchy whose time the test moves."""
    return DevPki.create(tmp_path / "held-pki", clock=clock)


@pytest.fixture(scope="session")
def shared_pki(tmp_path_factory: pytest.TempPathFactory) -> DevPki:
    """One hierarchy for tests that only add to it, each under names of its own."""
    return DevPki.create(tmp_path_factory.mktemp("shared") / "pki")
