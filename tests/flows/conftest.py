"""The whole thing, as ``make run`` starts it: real processes, real sockets, real certificates, on ports of its own."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.demo.places import Places
from gateway.demo.prepare import prepare
from gateway.demo.processes import Parts
from tests.support.browser import browser, context, page

__all__ = ["browser", "context", "page", "places"]


def free_ports(count: int) -> list[int]:
    """Find ports that nobody listens on; all are held until all are found."""
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()


def places_at(root: Path) -> Places:
    gateway, mutual, own_cards, bank, bank_mutual, cards, auctions, ocsp = free_ports(8)
    return Places(
        root=root,
        gateway_port=gateway,
        gateway_mutual_port=mutual,
        gateway_cards_port=own_cards,
        bank_port=bank,
        bank_mutual_port=bank_mutual,
        bank_cards_port=cards,
        auctions_port=auctions,
        ocsp_port=ocsp,
    )


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """A running gateway, mock bank and auction portal."""
    found = places_at(tmp_path_factory.mktemp("whole"))
    prepare(found)
    with Parts(found):
        yield found
