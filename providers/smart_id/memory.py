"""What is kept of one login between two visits of its browser; the caller keeps it sealed.

A login goes from ``CHOOSING`` (which device, or whose code) over ``ANNOUNCED`` (the verification code is shown, nobody
has been asked) and ``ASKING`` (one visit is calling the service) to ``WAITING``.
"""

import json
from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from secrets import token_bytes
from typing import Final

from providers.smart_id.device_link import Flow

CHALLENGE_BYTES: Final = 64
"""Random (10.3); also the length of the hash that version 2 takes."""


class Step(StrEnum):
    """Where a login stands."""

    CHOOSING = "choosing"
    ANNOUNCED = "announced"
    ASKING = "asking"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """One login's dialogue with the service; texts stand as they were sent and received."""

    step: Step = Step.CHOOSING
    challenge: str = field(repr=False)
    """``rpChallenge``, or version 2's hash: base64."""
    flow: Flow | None = None
    """The one flow that this login offers; None until it is chosen."""
    interactions: str = ""
    """Base64 text of version 3; of version 2, the plain JSON."""
    callback: str = field(default="", repr=False)
    """``initialCallbackUrl``; its value is known to this login's browser and app alone."""
    person: str = field(default="", repr=False)
    """The personal code that the person typed, key form; empty where the flow asks for none."""
    session: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    base: str = ""
    since: float = 0.0
    """When the step began: seconds since 1970, UTC."""
    ends_for: str = ""
    """Why the login will end, once ``ends_at`` is reached; empty while nothing is decided (T41)."""
    ends_at: float = 0.0

    @property
    def octets(self) -> bytes:
        """The challenge, decoded."""
        return b64decode(self.challenge, validate=True)

    @property
    def began(self) -> datetime:
        """When the step began; UTC, aware."""
        return datetime.fromtimestamp(self.since, UTC)

    def at(self, step: Step, now: datetime, **changes: object) -> "Memory":
        """The next step of the same login."""
        return replace(self, step=step, since=now.timestamp(), **changes)  # type: ignore[arg-type] # names are checked by replace

    def ending(self, reason: str, at: float) -> "Memory":
        """The login will end, and is told so later."""
        return replace(self, ends_for=reason, ends_at=at)

    def encoded(self) -> bytes:
        """As the caller keeps it."""
        return json.dumps(
            {name: value for name, value in asdict(self).items() if value}, separators=(",", ":")
        ).encode()


def new_memory() -> Memory:
    """A login's beginning: a challenge that nobody else has."""
    return Memory(challenge=b64encode(token_bytes(CHALLENGE_BYTES)).decode("ascii"))


def read_memory(kept: bytes) -> Memory:
    """What ``encoded`` made; it comes out of our own seal, so that a fault here is a fault of ours."""
    stored = json.loads(kept)
    flow = stored.pop("flow", None)
    return Memory(step=Step(stored.pop("step")), flow=Flow(flow) if flow else None, **stored)
