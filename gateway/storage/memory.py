"""A store in memory, for tests of the broker: the same promise, nothing durable, every event visible in order."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from threading import Lock
from typing import TypeVar

from gateway.audit.event import AuditEvent, Correlation
from gateway.broker.login import (
    Answered,
    Arrived,
    Asked,
    AtProvider,
    Delivered,
    Digest,
    Login,
    Redeemed,
    Refusal,
    Refused,
    asked_of,
)
from gateway.broker.ports import Unit
from gateway.broker.pushed_request import PushedRequest
from gateway.broker.relying_party import RelyingPartyId
from gateway.broker.session_ports import Sessions
from gateway.storage.identity_seal import without_exchanges
from gateway.storage.login_row import REMEMBERED_FOR
from gateway.storage.memory_sessions import MemorySessions, SessionsState
from providers.contract import ProviderId, Reference

T = TypeVar("T")
_Identified = Answered | Delivered | Redeemed


class _State:
    """Everything the store knows; copied for each operation, so that a failed one leaves no trace."""

    def __init__(self) -> None:
        self.logins: dict[Correlation, Login] = {}
        self.references: dict[tuple[ProviderId, Reference], Correlation] = {}
        self.codes: dict[Digest, Correlation] = {}
        self.pushed: dict[Digest, PushedRequest] = {}
        self.spent: dict[tuple[str, str], datetime] = {}
        self.places: dict[str, tuple[Correlation | None, datetime]] = {}
        self.events: list[AuditEvent] = []
        self.key_uses: dict[tuple[RelyingPartyId, str], datetime] = {}
        self.sessions = SessionsState()

    def copy(self) -> "_State":
        copied = _State()
        for name, value in vars(self).items():
            setattr(copied, name, value.copy())
        return copied


class MemoryUnit:
    """Implements ``gateway.broker.ports.Unit``."""

    def __init__(self, state: _State) -> None:
        """Work on a copy of the state."""
        self._state = state

    @property
    def sessions(self) -> MemorySessions:
        """Sessions of groups, in the same transaction."""
        return MemorySessions(self._state.sessions)

    def load(self, login: Correlation) -> Login | None:
        """Find a login in whatever state."""
        return self._state.logins.get(login)

    def load_by_reference(self, provider: ProviderId, reference: Reference) -> Login | None:
        """Find the login that a provider's answer belongs to."""
        return self._find(self._state.references.get((provider, reference)))

    def load_by_code(self, code: Digest) -> Login | None:
        """Find the login whose code this is, redeemed or not."""
        return self._find(self._state.codes.get(code))

    def load_by_token(self, token: Digest) -> Login | None:
        """Find the login whose access token this is."""
        redeemed = (login for login in self._state.logins.values() if isinstance(login, Redeemed))
        return next((login for login in redeemed if login.token == token), None)

    def load_pushed(self, reference: Digest) -> PushedRequest | None:
        """Find a pushed request."""
        return self._state.pushed.get(reference)

    def push(self, request: PushedRequest) -> None:
        """Remember a pushed request."""
        self._state.pushed[request.reference] = request

    def spend_pushed(self, reference: Digest) -> bool:
        """Consume a pushed request."""
        return self._state.pushed.pop(reference, None) is not None

    def add(self, login: Asked) -> None:
        """Remember a new login."""
        self._state.logins[login.id] = login

    def replace(self, old: Login, new: Login) -> bool:
        """Move a login on, unless somebody was faster."""
        key = asked_of(old).id
        if not _may_go_on(self._state.logins.get(key), old, new):
            return False
        self._state.logins[key] = _as_stored(new)
        if isinstance(new, AtProvider | Arrived):
            self._state.references = {k: v for k, v in self._state.references.items() if v != key}
            self._state.references[new.provider, new.reference] = key
        if isinstance(new, Delivered):
            self._state.codes[new.code] = key
        return True

    def spend(self, kind: str, value: str, until: datetime) -> bool:
        """Consume a single-use fact."""
        fresh = (kind, value) not in self._state.spent
        if fresh:
            self._state.spent[kind, value] = until
        return fresh

    def take_place(self, name: str, now: datetime, until: datetime, login: Correlation | None = None) -> bool:
        """Take a place that nobody holds."""
        held = self._state.places.get(name)
        free = held is None or held[1] < now
        if free:
            self._state.places[name] = (login, until)
        return free

    def leave_place(self, login: Correlation) -> None:
        """Give back the places that a login holds."""
        self._state.places = {name: held for name, held in self._state.places.items() if held[0] != login}

    def note_key_use(self, party: RelyingPartyId, kid: str, now: datetime) -> None:
        """Note that a relying party's key was seen in use."""
        self._state.key_uses[party, kid] = max(now, self._state.key_uses.get((party, kid), now))

    def record(self, event: AuditEvent) -> None:
        """Write an audit event."""
        self._state.events.append(event)

    def sweep(self, now: datetime) -> None:
        """Erase and forget what is due."""
        for key, login in list(self._state.logins.items()):
            if isinstance(login, _Identified) and _identity_until(login) < now:
                why, provider = Refusal.EXPIRED, login.identity.provider
                self._state.logins[key] = Refused(asked=login.asked, why=why, provider=provider)
                self._forget_code(key)
            elif not isinstance(login, _Identified) and asked_of(login).expires_at + REMEMBERED_FOR < now:
                self._forget(key)
        self._state.pushed = {key: kept for key, kept in self._state.pushed.items() if kept.kept_until >= now}
        self._state.places = {name: held for name, held in self._state.places.items() if held[1] >= now}
        self._state.spent = {fact: until for fact, until in self._state.spent.items() if until >= now}
        self.sessions.sweep(now)

    def _find(self, key: Correlation | None) -> Login | None:
        return self._state.logins.get(key) if key else None

    def _forget(self, key: Correlation) -> None:
        del self._state.logins[key]
        self._state.references = {k: v for k, v in self._state.references.items() if v != key}

    def _forget_code(self, key: Correlation) -> None:
        self._state.codes = {k: v for k, v in self._state.codes.items() if v != key}


class MemoryStorage:
    """Implements ``gateway.broker.ports.Storage``."""

    def __init__(self) -> None:
        """Start empty."""
        self._state = _State()
        self._lock = Lock()

    @property
    def events(self) -> tuple[AuditEvent, ...]:
        """Every event that was committed, in order."""
        return tuple(self._state.events)

    @property
    def key_uses(self) -> dict[tuple[RelyingPartyId, str], datetime]:
        """When each key of a relying party was last seen in use."""
        return self._state.key_uses

    def commit(self, operation: Callable[[Unit], T]) -> T:
        """Run the operation, all or nothing."""
        with self._lock:
            draft = self._state.copy()
            result = operation(MemoryUnit(draft))
            self._state = draft
        return result

    def load(self, login: Correlation) -> Login | None:
        """Find a login."""
        return MemoryUnit(self._state).load(login)

    def load_by_token(self, token: Digest) -> Login | None:
        """Find the login whose access token this is."""
        return MemoryUnit(self._state).load_by_token(token)

    def look(self, question: Callable[[Sessions], T]) -> T:
        """Ask something of sessions."""
        return question(MemoryUnit(self._state).sessions)

    def load_pushed(self, reference: Digest) -> PushedRequest | None:
        """Find a pushed request."""
        return MemoryUnit(self._state).load_pushed(reference)

    def sweep(self, now: datetime) -> None:
        """Erase and forget what is due."""
        with self._lock:
            MemoryUnit(self._state).sweep(now)

    def ready(self) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Nothing is open."""


def _may_go_on(stored: Login | None, old: Login, new: Login) -> bool:
    """Whether a login is still where somebody takes it from; only another visit minds what a visit kept."""
    if isinstance(stored, AtProvider) and isinstance(old, AtProvider) and not isinstance(new, AtProvider):
        return stored.reference == old.reference
    return stored == _as_stored(old)


def _as_stored(login: Login) -> Login:
    """What the durable stores give back: an identity without its exchanges, nothing kept for a provider that answered."""
    if isinstance(login, _Identified):
        return replace(login, identity=without_exchanges(login.identity))
    return replace(login, memory=b"") if isinstance(login, Arrived) else login


def _identity_until(login: _Identified) -> datetime:
    match login:
        case Answered():
            return login.asked.expires_at
        case Delivered():
            return login.code_expires_at
        case Redeemed():
            return login.token_expires_at
