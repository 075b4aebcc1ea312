"""The authority of the certificate tests, and a provider that takes its cards."""

from collections.abc import Iterator

import pytest

from tests.providers.eid_certificates.world import World
from tests.support.eid_authority import EidAuthority


@pytest.fixture(scope="session")
def shared_world() -> Iterator[World]:
    world = World()
    yield world
    world.close()


@pytest.fixture
def world(shared_world: World) -> World:
    shared_world.forget()
    return shared_world


@pytest.fixture
def authority(shared_world: World) -> EidAuthority:
    return shared_world.authority
