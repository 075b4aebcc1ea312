"""Which of a relying party's keys prove it, and when last: what says whether an old key may be dropped.

A login is not made to wait for it: a use is noted in the login's own transaction, and only when the last note of this
process is some minutes old.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from gateway.broker.relying_party import RelyingPartyId

NOTED_EVERY: Final = timedelta(minutes=5)
"""A key's noted use is never older than this, compared with its true last use."""
SILENCE: Final = timedelta(hours=1)
"""An old key that was silent for so long, while another was in use, is not needed any more."""


class KeyUses:
    """What one process has noted."""

    def __init__(self) -> None:
        """Know of nothing."""
        self._noted: dict[tuple[RelyingPartyId, str], datetime] = {}

    def is_due(self, party: RelyingPartyId, kid: str, now: datetime) -> bool:
        """Whether a use should be noted now."""
        noted = self._noted.get((party, kid))
        return noted is None or now - noted >= NOTED_EVERY

    def noted(self, party: RelyingPartyId, kid: str, now: datetime) -> None:
        """Remember that a note is durable."""
        self._noted[party, kid] = now


def why_not_droppable(kid: str, registered: tuple[str, ...], uses: Mapping[str, datetime], now: datetime) -> str:
    """Say what stands against dropping a key; empty when nothing does.

    Args:
        kid: the key that shall go.
        registered: all keys of the relying party.
        uses: when each was last seen in use.
        now: UTC, aware.
    """
    others = [uses[other] for other in registered if other != kid and other in uses]
    if not others:
        return "no other key of this relying party has signed yet"
    last = uses.get(kid)
    if last is not None and now - last < SILENCE + NOTED_EVERY:
        silent = last + SILENCE + NOTED_EVERY
        return f"it signed at {last:%H:%M} UTC; should it stay silent, it can go from {silent:%Y-%m-%d %H:%M} UTC on"
    return ""
