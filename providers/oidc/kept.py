"""A document of the provider that is kept here and read anew now and then: its metadata, its keys (T13).

One thread reads at a time and the others wait for what it brings. Between two readings there is a rest, whatever
anybody asks for meanwhile: a thousand tokens with invented keys cost one call.
"""

import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from providers.errors import ProviderError, ProviderUnavailable
from providers.refusals import Reason

REST: Final = 300.0
"""Seconds after a reading."""
REST_AFTER_FAILURE: Final = 10.0
"""Seconds after a reading that failed while nothing is kept: one lost packet must not cost five minutes of logins."""
OLD: Final = 3600.0
"""Seconds after which what is kept should be read anew."""

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """The last reading of one document; threads may share it."""

    def __init__(self, read: Callable[[], Value], seconds: Callable[[], float]) -> None:
        """Read by ``read``, which raises ``ProviderError``; ``seconds`` is a monotonic clock."""
        self._read = read
        self._seconds = seconds
        self._reading = threading.Lock()
        self._value: Value | None = None
        self._read_at: float | None = None
        self._tried_at: float | None = None
        self._failure = "it has not been read yet"
        self._reason = Reason.PROVIDER_BUSY

    @property
    def value(self) -> Value | None:
        """What was read last; None when nothing was read yet."""
        return self._value

    @property
    def old(self) -> bool:
        """Whether there is nothing, or what there is should be read anew."""
        return self._read_at is None or self._seconds() - self._read_at >= OLD

    def unavailable(self) -> ProviderUnavailable:
        """The error for whoever needs it while nothing is kept: what the last reading failed of."""
        return ProviderUnavailable(self._reason, f"a document that the provider publishes: {self._failure}")

    def renew(self) -> Value | None:
        """Read, unless the rest after the last reading is not over; give what is kept then."""
        with self._reading:
            if self._rested():
                self._try()
            return self._value

    def renew_in_background(self) -> None:
        """Have it read by another thread, where that is due and none does so already."""
        if self._rested() and not self._reading.locked():
            threading.Thread(target=self.renew, name="provider-document", daemon=True).start()

    def _rested(self) -> bool:
        if self._tried_at is None:
            return True
        rest = REST_AFTER_FAILURE if self._value is None else REST
        return self._seconds() - self._tried_at >= rest

    def _try(self) -> None:
        self._tried_at = self._seconds()
        try:
            self._value = self._read()
        except ProviderError as error:
            self._failure, self._reason = str(error), Reason(error.reason)
        else:
            self._read_at = self._tried_at
