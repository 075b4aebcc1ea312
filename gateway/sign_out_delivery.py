"""Tells relying parties that a session is over, in the background (OIDC Back-Channel Logout 1.0).

Whoever waits in the outbox is tried again and again, by one process at a time; no page ever waits for it. The outbox
and what was sent and answered are in the database, so that a restart forgets nobody.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final, Protocol

import structlog

from gateway.broker.ports import Storage, StorageUnavailable
from gateway.broker.relying_party import RelyingParties
from gateway.broker.session import Participant, Standing
from gateway.broker.sign_out import Told, address_of, give_up, settle_attempt, take_attempt
from gateway.oidc.keys import SigningKeys
from gateway.oidc.logout_token import logout_token, render_form
from providers.call_failures import TransportError
from providers.transport import Reply

EVERY: Final = 2.0
"""Seconds between two looks; an end in the same process is seen at once."""
AT_ONCE: Final = 8
"""Calls at the same time: a portal that hangs holds up nobody but itself."""

log = structlog.get_logger("gateway")


class Sender(Protocol):
    """Posts a form to a registered address."""

    def send(self, address: str, form: bytes) -> Reply:
        """Raises ``TransportError``: no usable answer came."""


class SignOutDelivery:
    """Delivers logout tokens; any number of processes may run one."""

    def __init__(
        self,
        storage: Storage,
        parties: RelyingParties,
        keys: SigningKeys,
        sender: Sender,
        *,
        issuer: str,
        clock: Callable[[], datetime],
        every: float = EVERY,
    ) -> None:
        self._storage = storage
        self._parties = parties
        self._keys = keys
        self._sender = sender
        self._issuer = issuer
        self._clock = clock
        self._every = every
        self._awake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="sign-out-delivery", daemon=True)
        self._callers = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="sign-out-delivery")

    def start(self) -> None:
        """Start delivering."""
        self._thread.start()

    def wake(self) -> None:
        """Look at once: somebody waits."""
        self._awake.set()

    def stop(self) -> None:
        """End; what is not delivered yet stays in the outbox."""
        self._stopping = True
        self._awake.set()
        if self._thread.is_alive():
            self._thread.join()
        self._callers.shutdown()

    def deliver_due(self) -> int:
        """Try everybody who is due now, several at a time; gives how many were tried.

        Raises:
            StorageUnavailable: the outbox cannot be read or written.
        """
        due = self._storage.look(lambda sessions: sessions.due(self._clock(), AT_ONCE))
        return sum(self._callers.map(self._deliver, due))

    def _run(self) -> None:
        while not self._stopping:
            self._awake.wait(self._every)
            self._awake.clear()
            self._deliver_all()

    def _deliver_all(self) -> None:
        """A gateway without a group reads nothing."""
        try:
            while not self._stopping and self._anybody_in_a_group() and self.deliver_due():
                continue
        except StorageUnavailable:
            log.warning("sign-out.postponed", reason="storage unavailable")
        except Exception as error:  # noqa: BLE001 - one bad look must not end all later ones
            log.error("sign-out.failed", kind=type(error).__name__)  # noqa: TRY400 - the message may hold anything

    def _anybody_in_a_group(self) -> bool:
        return any(party.group is not None for party in self._parties.values())

    def _deliver(self, waiting: Participant) -> bool:
        address = address_of(self._parties.get(waiting.relying_party))
        if address is None:
            self._storage.commit(lambda unit: give_up(unit, waiting))
            return False
        form, now = self._form(waiting), self._clock()
        taken = self._storage.commit(lambda unit: take_attempt(unit, waiting, address, form, self._keys.kid, now))
        if taken is None:
            return False
        told = self._tell(address, form)
        settled = self._storage.commit(lambda unit: settle_attempt(unit, taken, address, told, self._clock()))
        if settled.standing is Standing.UNREACHABLE:
            log.warning("sign-out.unreachable", relying_party=settled.relying_party, attempts=settled.attempts)
        return True

    def _form(self, waiting: Participant) -> bytes:
        """Sign a new token for each attempt: it lives for two minutes, and its ``jti`` counts once."""
        return render_form(logout_token(self._keys, self._issuer, waiting, self._clock()))

    def _tell(self, address: str, form: bytes) -> Told:
        try:
            reply = self._sender.send(address, form)
        except TransportError as error:
            exchange = error.exchange
            return Told(status=exchange.status, tls=exchange.tls_version, received=b"", why=error.failure)
        told = Told(status=reply.status, tls=reply.exchange.tls_version, received=reply.body, why="confirmed")
        return told if told.ok else Told(status=told.status, tls=told.tls, received=told.received, why="not_confirmed")
