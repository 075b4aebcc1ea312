"""One writer per process: callers that wait while a commit runs share the next one (performance.md section 5).

There is no timer and no thread of its own. The first caller who comes leads: it runs its operation and those of all
who queued up meanwhile, commits once, and passes the lead to the next in the queue. A lone caller thus commits without
a change of threads, and many callers pay for one disk synchronisation together.
"""

from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Any, Final, TypeVar

from gateway.broker.ports import StorageUnavailable
from gateway.storage.database import Connection, Database
from gateway.storage.recorder import Records
from gateway.storage.unit import SqlUnit

T = TypeVar("T")
LARGEST_BATCH: Final = 128
_ATTEMPTS: Final = 5


class _Job:
    """One caller's operation, and the lock it waits on until the operation is done or it must lead itself."""

    __slots__ = ("done", "error", "operation", "result", "wake")

    def __init__(self, operation: Callable[[SqlUnit], Any]) -> None:
        self.operation = operation
        self.result: Any = None
        self.error: BaseException | None = None
        self.done = False
        self.wake = Lock()
        self.wake.acquire()

    def finish(self, *, result: Any = None, error: BaseException | None = None) -> None:
        self.result, self.error, self.done = result, error, True

    def outcome(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.result


class GroupCommit:
    """Runs operations in shared transactions on one connection."""

    def __init__(self, database: Database, open_unit: Callable[[Connection], SqlUnit]) -> None:
        """Connect at the first commit."""
        self._database = database
        self._open_unit = open_unit
        self._connection: Connection | None = None
        self._guard = Lock()
        self._waiting: deque[_Job] = deque()
        self._led = False
        self.healthy = True
        """False from a failed commit to the next that succeeds."""

    def run(self, operation: Callable[[SqlUnit], T]) -> T:
        """Give the operation's result once it is durable; raises what it raised, or ``StorageUnavailable``."""
        job = _Job(operation)
        with self._guard:
            self._waiting.append(job)
            leads, self._led = not self._led, True
        if not leads:
            job.wake.acquire()
        if not job.done:
            self._lead()
        result: T = job.outcome()
        return result

    def close(self) -> None:
        """Close the connection; the next operation would open another."""
        with self._guard:
            self._drop_connection()

    def _lead(self) -> None:
        batch: list[_Job] = []
        try:
            self._commit(batch)
        finally:
            self._pass_on(batch or self._fill(batch))

    def _fill(self, batch: list[_Job]) -> list[_Job]:
        with self._guard:
            batch += [self._waiting.popleft() for _ in range(min(len(self._waiting), LARGEST_BATCH))]
        return batch

    def _pass_on(self, batch: list[_Job]) -> None:
        """Wake those who are done, then the next leader: who asks again at once still shares its commit."""
        for job in batch:
            if not job.done:
                job.finish(error=StorageUnavailable("the commit was interrupted"))
        for job in batch:
            job.wake.release()
        with self._guard:
            self._led = bool(self._waiting)
            if self._led:
                self._waiting[0].wake.release()

    def _commit(self, batch: list[_Job]) -> None:
        """Commit all together; if one of them fails, each alone, so that none is hurt by its neighbour.

        An empty batch is filled once the transaction has begun: whoever came while it waited for its turn comes along.
        """
        try:
            results = self._transact(batch)
        except Exception as error:  # noqa: BLE001 - every error is handed to the callers it belongs to
            self._settle_failed(batch or self._fill(batch), error)
        else:
            self.healthy = True
            for job, result in zip(batch, results, strict=True):
                job.finish(result=result)

    def _settle_failed(self, batch: list[_Job], error: Exception) -> None:
        if self._database.is_unavailable(error):
            self._give_up(batch, error)
        elif len(batch) > 1:
            for job in batch:
                self._commit([job])
        elif self._database.is_conflict(error):
            self._try_again(batch[0])
        else:
            batch[0].finish(error=error)

    def _try_again(self, job: _Job) -> None:
        for _ in range(_ATTEMPTS):
            try:
                (result,) = self._transact([job])
            except Exception as error:  # noqa: BLE001 - handed to the caller
                job.error = error
                if not self._database.is_conflict(error):
                    break
            else:
                job.finish(result=result)
                return
        self._give_up([job], job.error)

    def _give_up(self, batch: list[_Job], cause: BaseException | None) -> None:
        """Drop the connection: what a failed synchronisation left in its memory must never be trusted (R2)."""
        self.healthy = False
        self._drop_connection()
        for job in batch:
            unavailable = StorageUnavailable("nothing can be saved just now; nothing was")
            unavailable.__cause__ = cause
            job.finish(error=unavailable)

    def _transact(self, batch: list[_Job]) -> list[Any]:
        if self._connection is None:
            self._connection = self._database.connect()
        results, records = [], Records()
        with self._database.transaction(self._connection):
            for job in batch or self._fill(batch):
                unit = self._open_unit(self._connection)
                results.append(job.operation(unit))
                records.extend(unit.records)
            self._insert(self._connection, records)
        return results

    def _insert(self, connection: Connection, records: Records) -> None:
        statements = self._database.statements
        for sql, rows in (
            (statements.add_event, records.events),
            (statements.add_evidence, records.evidence),
            (statements.add_evidence_key, records.keys),
            (statements.add_issued, records.issued),
        ):
            if rows:
                self._database.insert(connection, sql, rows)

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
