"""A clock that stands still until it is told otherwise."""

from datetime import UTC, datetime, timedelta


class HeldClock:
    """Stands at a moment; waiting moves it on, and so does the test."""

    def __init__(self, moment: datetime = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)) -> None:
        self._moment = moment
        self.waited = 0.0

    def now(self) -> datetime:
        return self._moment

    def wait(self, seconds: float) -> None:
        self.waited += seconds
        self.move(timedelta(seconds=seconds))

    def move(self, by: timedelta) -> None:
        self._moment += by
