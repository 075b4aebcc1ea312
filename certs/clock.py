"""The time, as something a test can hold in its hand."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time and lets it pass."""

    def now(self) -> datetime:
        """The present moment: UTC, aware."""

    def wait(self, seconds: float) -> None:
        """Return when ``seconds`` have passed."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """The present moment: UTC, aware."""
        return datetime.now(UTC)

    def wait(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)
