"""Key commands over a folder of their own, with a clock that is told when to move."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.audit.event import AuditEvent
from gateway.signing.changing import KeyCommands
from gateway.signing.life import Waits
from gateway.signing.opening import FILE
from gateway.signing.places import KeysFolder, Place
from tests.support.gateway_parts import HeldClock

WAITS = Waits(cache=timedelta(seconds=300), margin=timedelta(seconds=60))
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

    def made(**places: Place) -> KeyCommands:
        return KeyCommands(
            folder=folder,
            places={FILE: KeysFolder(folder), **places},
            waits=WAITS,
            record=recorded.append,
            actor="operator",
            clock=clock,
        )

    return made
