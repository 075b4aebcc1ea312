"""The person proves themselves on a page of ours: each visit of the browser is one step (a card, an app)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, TypeAlias

from gateway.audit.event import Peer
from gateway.broker import complete as completing
from gateway.broker import open_requests
from gateway.broker.events import BackChannelIntended
from gateway.broker.login import AtProvider, Refusal, asked_of
from gateway.broker.ports import Storage, Unit
from providers.contract import (
    Asking,
    Attendance,
    AttendedProvider,
    AuthenticationRequest,
    Concluded,
    Page,
    Shown,
)
from providers.errors import ProviderError

Conclude: TypeAlias = Callable[[AttendedProvider, AtProvider, Concluded], object]
"""Brings a provider's answer to its login."""

MOST_TURNS: Final = 4
"""Steps of one visit: somebody else was faster, or the provider was called."""


class Attending:
    """What a visit of the person's browser does."""

    def __init__(self, storage: Storage, key: bytes, clock: Callable[[], datetime], conclude: Conclude) -> None:
        """Keep logins in ``storage``; ``key`` names people whose telephones ring."""
        self._storage = storage
        self._key = key
        self._clock = clock
        self._conclude = conclude

    def visit(
        self, provider: AttendedProvider, login: AtProvider, request: AuthenticationRequest, said: Mapping[str, str]
    ) -> Page | None:
        """Let the provider say what comes next, and keep what it asks to be kept.

        Returns:
            What to show; None when the login does not wait here any more.
        """
        found: AtProvider | None = login
        for _ in range(MOST_TURNS):
            if found is None:
                return None
            shown, lost = self._step(provider, found, request, said)
            if not lost:
                return shown
            found, said = self._as_it_is_now(found), {}
        return None

    def _step(
        self, provider: AttendedProvider, login: AtProvider, request: AuthenticationRequest, said: Mapping[str, str]
    ) -> tuple[Page | None, bool]:
        """One step; the second value says that another visit was faster."""
        try:
            attendance: Attendance = provider.attend(request, login.memory, said, self._clock())
            while isinstance(attendance, Asking):
                intending = self._intend(login, attendance)
                if not isinstance(intending, AtProvider):
                    return None, intending
                login, attendance = intending, attendance.act()
        except ProviderError as error:
            self._end(login, error)
            return None, False
        if isinstance(attendance, Concluded):
            self._answered(provider, login, attendance)
            return None, False
        return (attendance.page, False) if self._keep(login, attendance) else (None, True)

    def _intend(self, login: AtProvider, asking: Asking) -> AtProvider | bool:
        """Make it durable that the provider will be called (security.md 5), and that the telephone may ring (T40).

        Returns:
            The login, for whoever may act; True when another visit was faster; False when the login ended.
        """
        becomes = login.remembers(asking.memory)
        person = asking.person
        key = open_requests.person_key(self._key, login.provider, person) if person is not None else None

        def operation(unit: Unit) -> AtProvider | bool:
            if not unit.replace(login, becomes):
                return True
            if key is not None and not open_requests.may_ring(unit, key, login.asked.id, self._clock()):
                completing.end(unit, becomes, Refusal.ASKED_TOO_OFTEN)
                return False
            unit.record(BackChannelIntended(corr=login.asked.id, peer=Peer(id=login.provider)))
            return becomes

        return self._storage.commit(operation)

    def _keep(self, login: AtProvider, shown: Shown) -> bool:
        """Keep what the provider asks to be kept; of two visits at a time, the first."""
        if shown.memory == login.memory and not shown.exchanges:
            return True

        def operation(unit: Unit) -> bool:
            completing.record_exchanges(unit, login, shown.exchanges)
            return unit.replace(login, login.remembers(shown.memory))

        return self._storage.commit(operation)

    def _end(self, login: AtProvider, error: ProviderError) -> None:
        def operation(unit: Unit) -> None:
            completing.record_exchanges(unit, login, error.exchanges)
            open_requests.answered(unit, login.asked.id)
            completing.end(unit, unit.load(login.asked.id) or login, error.reason)

        self._storage.commit(operation)

    def _answered(self, provider: AttendedProvider, login: AtProvider, concluded: Concluded) -> None:
        def operation(unit: Unit) -> None:
            completing.record_exchanges(unit, login, concluded.exchanges)
            open_requests.answered(unit, login.asked.id)

        self._storage.commit(operation)
        self._conclude(provider, login, concluded)

    def _as_it_is_now(self, login: AtProvider) -> AtProvider | None:
        found = self._storage.load(asked_of(login).id)
        still = isinstance(found, AtProvider) and found.reference == login.reference
        return found if still and isinstance(found, AtProvider) else None
