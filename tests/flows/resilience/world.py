"""Gateways and banks of a test's own, on ports of their own, with a second bank where one is to stay healthy."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.demo.places import PROVIDER, Places
from gateway.demo.prepare import prepare
from tests.flows.conftest import places_at
from tests.support.driver import Driver
from tests.support.relying_party import RelyingParty
from tests.support.services import Service

OTHER_PROVIDER: Final = "cita-banka"
"""A second way to sign in: the same bank, reached without whatever stands before the first one's back channel."""


@dataclass
class World:
    """A gateway and a bank."""

    places: Places
    gateway: Service
    bank: Service
    drivers: list[Driver] = field(default_factory=list)

    def driver(self, provider: str | None = PROVIDER) -> Driver:
        """A driver whose connections are closed when the world ends."""
        self.drivers.append(Driver(RelyingParty(self.places), provider=provider))
        return self.drivers[-1]

    def change_settings(self, changes: Mapping[str, str], part: str = "gateway") -> None:
        """Replace text in a part's settings; what is to be replaced must be there."""
        path = self.places.settings(part)
        text = path.read_text(encoding="utf-8")
        for old, new in changes.items():
            assert old in text, old
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")

    def add_other_provider(self, back_channel: str, *, other_back_channel: str | None = None) -> None:
        """List the bank a second time, and reach the first entry's back channel (or both) at another address."""
        path = self.places.settings("gateway")
        text = path.read_text(encoding="utf-8")
        start = text.index("[[providers]]")
        end = text.index("\n[[", start) + 1
        entry, own = text[start:end], self.places.bank_mutual
        other = entry.replace(f'id = "{PROVIDER}"', f'id = "{OTHER_PROVIDER}"').replace("Paraugbanka", "Cita banka")
        entries = entry.replace(own, back_channel) + other.replace(own, other_back_channel or own)
        path.write_text(text[:start] + entries + text[end:], encoding="utf-8")


@contextmanager
def a_world(root: Path, *, workers: int = 1, adjust: Callable[[World], None] = lambda _: None) -> Iterator[World]:
    """Prepare a world, adjust its settings and start its bank; the gateway waits to be started."""
    places = places_at(root)
    prepare(places, fast_login=True, workers=workers)
    world = World(places, gateway=Service(places, "gateway"), bank=Service(places, "bank"))
    adjust(world)
    try:
        world.bank.start()
        yield world
    finally:
        for driver in world.drivers:
            driver.close()
        world.gateway.stop()
        world.bank.stop()
