"""What the broker needs from outside."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar

from gateway.audit.event import AuditEvent, Correlation
from gateway.broker.login import Asked, Digest, Login
from gateway.broker.pushed_request import PushedRequest
from gateway.broker.relying_party import RelyingPartyId
from gateway.broker.session_ports import Sessions
from providers.contract import ProviderId, Reference

T = TypeVar("T")


class Unit(Protocol):
    """One transaction: what is saved and what is recorded in it become durable together, or not at all."""

    @property
    def sessions(self) -> Sessions:
        """Sessions of groups, in the same transaction."""

    def load(self, login: Correlation) -> Login | None:
        """Find a login in whatever state; None when there is none (or it is forgotten)."""

    def load_by_reference(self, provider: ProviderId, reference: Reference) -> Login | None:
        """Find the login that a provider's answer belongs to."""

    def load_by_code(self, code: Digest) -> Login | None:
        """Find the login whose code this is, redeemed or not."""

    def load_by_token(self, token: Digest) -> Login | None:
        """Find the login whose access token this is."""

    def load_pushed(self, reference: Digest) -> PushedRequest | None:
        """Find a pushed request that nobody has authenticated for yet; it may be too old to begin a login."""

    def push(self, request: PushedRequest) -> None:
        """Remember a pushed request."""

    def spend_pushed(self, reference: Digest) -> bool:
        """Consume a pushed request by one statement.

        Returns:
            False when it was consumed before.
        """

    def add(self, login: Asked) -> None:
        """Remember a new login."""

    def replace(self, old: Login, new: Login) -> bool:
        """Move a login from one state to the next by one statement.

        Returns:
            False when it is not in the old state any more: somebody else was faster, and nothing was changed.
        """

    def spend(self, kind: str, value: str, until: datetime) -> bool:
        """Consume a single-use fact (``jti``, digest of a signature) under a unique index.

        Returns:
            False when it was spent before.
        """

    def take_place(self, name: str, now: datetime, until: datetime, login: Correlation | None = None) -> bool:
        """Take a place that nobody holds, or whose time is over, by one statement under a unique index.

        Returns:
            False when somebody holds it.
        """

    def leave_place(self, login: Correlation) -> None:
        """Give back the places that a login holds."""

    def note_key_use(self, party: RelyingPartyId, kid: str, now: datetime) -> None:
        """Note when a relying party's key last proved it; the later of two notes stays."""

    def record(self, event: AuditEvent) -> None:
        """Write an audit event, and keep its exact bytes as encrypted evidence."""


class Storage(Protocol):
    """Where logins and audit events live."""

    def commit(self, operation: Callable[[Unit], T]) -> T:
        """Run the operation in one durable transaction and return its result after the commit.

        Several callers' operations may share a commit, and an operation may be run again when a neighbour failed;
        it must therefore have no effect but through the unit.

        Raises:
            StorageUnavailable: nothing was saved (disk full, database gone); the caller answers 503.
        """

    def load(self, login: Correlation) -> Login | None:
        """Find a login outside any transaction."""

    def load_by_token(self, token: Digest) -> Login | None:
        """Find the login whose access token this is, outside any transaction."""

    def look(self, question: Callable[[Sessions], T]) -> T:
        """Ask something of sessions outside any transaction; nothing may be changed by it."""

    def load_pushed(self, reference: Digest) -> PushedRequest | None:
        """Find a pushed request outside any transaction."""


class StorageUnavailable(Exception):
    """Nothing can be saved just now; nothing was."""
