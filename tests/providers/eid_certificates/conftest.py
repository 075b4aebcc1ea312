"""One authority for all these tests, and a server that plays its responder and its lists."""

from collections.abc import Iterator

import pytest
from cryptography import x509

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


@pytest.fixture
def ca(authority: EidAuthority) -> x509.Certificate:
    return authority.ca.certificate
