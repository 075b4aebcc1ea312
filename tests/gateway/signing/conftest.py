"""Key commands over a folder of their own, with a clock that is told when to move."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.audit.event import AuditEvent
from gateway.oidc.keys import SigningKeys
from gateway.signing.changing import KeyCommands
from gateway.signing.life import Waits
from gateway.signing.opening import FILE, RingFollower, opener_in
from gateway.signing.places import KeysFolder, Place
from gateway.signing.purpose import ID_TOKENS, Purpose
from tests.support.gateway_parts import HeldClock

WAITS = Waits(cache=timedelta(seconds=300), margin=timedelta(seconds=60), lifetime=timedelta(minutes=5))
Commands = Callable[..., KeyCommands]


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def recorded() -> list[AuditEvent]:
    return []


@pytest.fixture
def commands(tmp_path: Path, clock: HeldClock, recorded: list[AuditEvent]) -> Commands:
    folder = tmp_path / "keys"

    def made(purpose: Purpose = ID_TOKENS, **places: Place) -> KeyCommands:
        return KeyCommands(
            folder=folder,
            purpose=purpose,
            places={FILE: KeysFolder(folder, purpose), **places},
            waits=WAITS,
            record=recorded.append,
            actor="operator",
            clock=clock,
        )

    return made


class Worker:
    """What a running process does with a ring: opens it, and takes up what commands change."""

    def __init__(self, commands: KeyCommands) -> None:
        self._follower = RingFollower(commands.folder, opener_in(commands.places), commands.purpose)
        in_use = self._follower.open(commands.clock())
        self.keys = SigningKeys(current=in_use.current, published=in_use.published, retired=in_use.retired)

    def follow(self) -> None:
        self._follower.follow(
            lambda found: self.keys.swap(current=found.current, published=found.published, retired=found.retired)
        )
