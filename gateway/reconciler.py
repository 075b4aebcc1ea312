"""Each hour: what the signer counted, what the log says was issued and what the database recorded must be one (T25)."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar

import structlog

from gateway.audit.canonical import utc_text
from gateway.broker.identifiers import new_correlation
from gateway.broker.ports import StorageUnavailable
from gateway.signer.account import Account, never_signed
from gateway.signer.client import SignerClient, SignerRefused
from gateway.signer.ledger import Summary
from gateway.signing.events import DriftAccepted, DriftFound
from gateway.storage.issued import SqlIssued
from gateway.storage.sql_storage import SqlStorage
from gateway.storage.unit import SqlUnit

EVERY: Final = timedelta(hours=1)
SETTLED: Final = timedelta(minutes=10)
"""How far back the comparison ends: longer than the signer takes an event for new, and than clocks differ."""
LOOK: Final = 5.0
"""Seconds between two looks at what came of it, in every worker."""
T = TypeVar("T")

log = structlog.get_logger("gateway")


class Reconciler:
    """Compares the counts of one node; a thread of each worker sees to it, and one of them does it."""

    def __init__(
        self,
        storage: SqlStorage,
        signer: SignerClient,
        *,
        node: str,
        clock: Callable[[], datetime],
        settled: timedelta = SETTLED,
        every: timedelta = EVERY,
        look: float = LOOK,
    ) -> None:
        self._storage = storage
        self._signer = signer
        self._node = node
        self._clock = clock
        self._settled = settled
        self._every = every
        self._look = look
        self._drift: list[str] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reconciler", daemon=True)

    def start(self) -> None:
        """Open the node's account, and start looking.

        Raises:
            StorageUnavailable: the database cannot be written.
        """
        self._storage.change(lambda unit: self._issued(unit).begin())
        self._drift = self._ask(SqlIssued.account).drift
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._thread.join()

    def problems(self) -> list[str]:
        """Name what keeps the gateway from signing, or from being believed."""
        return [*self._signer.problems(), *(f"signatures and issued results differ: {line}" for line in self._drift)]

    def reconcile(self, now: datetime) -> Account:
        """Compare now.

        Raises:
            StorageUnavailable: database or signer do not answer; nothing was changed.
        """
        before, read, signed, unsigned = self._read(now)

        def operation(unit: SqlUnit) -> Account:
            issued = self._issued(unit)
            for corr, count in unsigned.items():
                issued.leave_unsigned(corr, count)
            after = read.compared(issued.sums(read.until), signed)
            issued.save(after)
            if after.drift != before.drift and after.drift:
                artefact = {"kind": "signing_drift", "found": "; ".join(after.drift)}
                unit.record(DriftFound(corr=new_correlation(), artefact=artefact))
            return after

        account = self._storage.change(operation)
        if unsigned:
            log.warning("signing.never-asked-for", results=len(unsigned))
        for sentence in account.drift:
            log.error("signing.drift", found=sentence)
        self._drift = account.drift
        return account

    def accept(self, now: datetime, actor: str, why: str) -> Account:
        """Take the differences of this moment as looked into; recorded with who says so, and why.

        Raises:
            StorageUnavailable: as ``reconcile``.
        """
        _, read, signed, unsigned = self._read(now)

        def operation(unit: SqlUnit) -> Account:
            issued = self._issued(unit)
            for corr, count in unsigned.items():
                issued.leave_unsigned(corr, count)
            after = read.accepting(issued.sums(read.until), signed)
            issued.save(after)
            artefact = {"kind": "signing_drift", "why": why}
            unit.record(DriftAccepted(corr=new_correlation(), actor={"id": actor}, artefact=artefact))
            return after

        account = self._storage.change(operation)
        self._drift = account.drift
        return account

    def _read(self, now: datetime) -> tuple[Account, Account, Summary, dict[str, int]]:
        """Read the next window: the account before and after, the signer's count, what was never asked for."""
        with self._storage.database.snapshot() as connection:
            issued = SqlIssued(connection, self._storage.database.statements.dialect_name, self._node)
            before = issued.account()
            until = max(before.until, utc_text(now - self._settled))  # never back: a clock may have been wrong
            read = before.read_on(issued.events_behind(before.behind), until)
            window = issued.window(before.until, until)
        signed = self._signer.summary(before.until, until)
        return before, read, signed, never_signed(window, signed.made)

    def _ask(self, question: Callable[[SqlIssued], T]) -> T:
        return self._storage.look_at_issued(self._node, question)

    def _issued(self, unit: SqlUnit) -> SqlIssued:
        return unit.issued(self._node)

    def _run(self) -> None:
        while not self._stopping.wait(self._look):
            try:
                self._look_once(self._clock())
            except (StorageUnavailable, SignerRefused) as error:
                log.warning("reconciliation.postponed", reason=str(error))

    def _look_once(self, now: datetime) -> None:
        due = now - self._every
        if self._ask(lambda issued: issued.is_due(due)) and self._take_turn(now, due):
            self.reconcile(now)
        else:
            self._drift = self._ask(SqlIssued.account).drift

    def _take_turn(self, now: datetime, due: datetime) -> bool:
        return self._storage.change(lambda unit: self._issued(unit).claim(now, due))
