"""The authority of the certificate tests."""

from collections.abc import Iterator

import pytest

from tests.providers.eid_certificates.world import World


@pytest.fixture(scope="session")
def shared_world() -> Iterator[World]:
    world = World()
    yield world
    world.close()


@pytest.fixture
def world(shared_world: World) -> World:
    shared_world.forget()
    return shared_world
