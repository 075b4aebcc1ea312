"""The live providers, and what is known of their availability.

Availability is asked of each provider (``GET /vpm/v1/status``) in the background, when somebody looks at the page of
ways to sign in and the last answer is older than ``FRESH``; nobody ever waits for it.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Final

from providers.contract import Availability, Provider, ProviderId, ProviderStatus
from providers.errors import ProviderError

FRESH: Final = 15.0
"""Seconds."""
_UNKNOWN: Final = ProviderStatus(state=Availability.UP)


class ProviderDirectory(Mapping[ProviderId, Provider]):
    """Providers by id, with their last known availability."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        self._providers = {provider.id: provider for provider in providers}
        self._statuses: dict[ProviderId, ProviderStatus] = {}
        self._asked_at: dict[ProviderId, float] = {}
        self._lock = threading.Lock()
        self._askers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="provider-status")

    def __getitem__(self, provider: ProviderId) -> Provider:
        return self._providers[provider]

    def __iter__(self) -> Iterator[ProviderId]:
        return iter(self._providers)

    def __len__(self) -> int:
        return len(self._providers)

    def status(self, provider: ProviderId) -> ProviderStatus:
        """Give the last known availability, and ask anew in the background when it is old."""
        with self._lock:
            due = monotonic() - self._asked_at.get(provider, -FRESH) >= FRESH
            if due:
                self._asked_at[provider] = monotonic()
        if due:
            self._askers.submit(self._ask, provider)
        return self._statuses.get(provider, _UNKNOWN)

    def _ask(self, provider: ProviderId) -> None:
        try:
            self._statuses[provider] = self._providers[provider].status()
        except ProviderError:
            self._statuses[provider] = ProviderStatus(state=Availability.DOWN, answers=False)

    def close(self) -> None:
        """Stop asking."""
        self._askers.shutdown(wait=False, cancel_futures=True)
