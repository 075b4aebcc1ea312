"""The durable store: logins and audit events in one database, committed together."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from sqlalchemy import make_url

from gateway.audit.event import Correlation
from gateway.broker.login import Digest, Login
from gateway.broker.ports import StorageUnavailable, Unit
from gateway.broker.pushed_request import PushedRequest
from gateway.broker.session_ports import Sessions
from gateway.storage.database import Connection, Database
from gateway.storage.group_commit import GroupCommit
from gateway.storage.identity_seal import IdentitySeal
from gateway.storage.issued import SqlIssued
from gateway.storage.keys import DEFAULT_ORIGIN, StorageKeys
from gateway.storage.recorder import Recorder
from gateway.storage.registrations import SqlRegistrations
from gateway.storage.sqlite import SqliteDatabase
from gateway.storage.times import EPOCH
from gateway.storage.unit import SqlUnit
from gateway.storage.upgrade import upgrade

T = TypeVar("T")


class SqlStorage:
    """Implements ``gateway.broker.ports.Storage`` on SQLite or PostgreSQL."""

    def __init__(self, database: Database, keys: StorageKeys, recorder: Recorder) -> None:
        """Use an upgraded database."""
        self.database = database
        self.keys = keys
        self._recorder = recorder
        self._seal = IdentitySeal(keys.storage)
        self._writer = GroupCommit(database, self._open_unit)

    def commit(self, operation: Callable[[Unit], T]) -> T:
        """Run the operation in one durable transaction (see ``ports.Storage.commit``).

        Raises:
            StorageUnavailable: nothing was saved; the cause is attached.
        """
        return self._writer.run(operation)

    def load(self, login: Correlation) -> Login | None:
        """Find a login outside any transaction."""
        with self._reading() as connection:
            return self._open_unit(connection).load(login)

    def load_by_token(self, token: Digest) -> Login | None:
        """Find the login whose access token this is, outside any transaction."""
        with self._reading() as connection:
            return self._open_unit(connection).load_by_token(token)

    def look(self, question: Callable[[Sessions], T]) -> T:
        """Ask something of sessions outside any transaction; nothing may be changed by it."""
        with self._reading() as connection:
            return question(self._open_unit(connection).sessions)

    def load_pushed(self, reference: Digest) -> PushedRequest | None:
        """Find a pushed request outside any transaction."""
        with self._reading() as connection:
            return self._open_unit(connection).load_pushed(reference)

    def change(self, operation: Callable[[SqlUnit], T]) -> T:
        """Run an operation on registrations in one durable transaction; raises as ``commit`` does."""
        return self._writer.run(operation)

    def look_up(self, question: Callable[[SqlRegistrations], T]) -> T:
        """Ask something of registrations outside any transaction; raises ``StorageUnavailable``."""
        with self._reading() as connection:
            return question(self._open_unit(connection).registrations)

    def look_at_issued(self, node: str, question: Callable[[SqlIssued], T]) -> T:
        """Ask something of what a node issued, outside any transaction; raises ``StorageUnavailable``."""
        with self._reading() as connection:
            return question(self._open_unit(connection).issued(node))

    def sweep(self, now: datetime) -> None:
        """Erase what must not be kept: identities of logins that are over, then logins and spent facts themselves.

        A login whose identity is erased reads back as ``Refused`` with the reason ``expired``, so that an answer to
        it is told from an answer to nothing for another 15 minutes.

        Raises:
            StorageUnavailable: nothing was erased; the next sweep will.
        """
        self._writer.run(lambda unit: unit.sweep(now))

    def ready(self) -> bool:
        """Whether the database answers, and could be written the last time that was tried."""
        try:
            with self._reading() as connection:
                connection.execute(self.database.statements.last_checkpoint)
            if not self._writer.healthy:
                self._writer.run(lambda unit: unit.spend("readiness", "probe", EPOCH))
        except StorageUnavailable:
            return False
        return True

    def close(self) -> None:
        """Close all connections; nothing is pending, as every commit was waited for."""
        self._writer.close()
        self.database.close()

    def _open_unit(self, connection: Connection) -> SqlUnit:
        return SqlUnit(connection, self.database.statements, self._seal, self._recorder)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self.database.reader() as connection:
                yield connection
        except Exception as error:
            if self.database.is_unavailable(error):
                raise StorageUnavailable("nothing can be read just now") from error
            raise


def open_storage(
    url: str,
    keys: Path,
    *,
    node: str,
    config_rev: str,
    clock: Callable[[], datetime],
    origin: str = DEFAULT_ORIGIN,
    counts: bool = False,
) -> SqlStorage:
    """Upgrade the database and open it.

    Args:
        url: ``sqlite:///relative/or//absolute.db`` or ``postgresql+psycopg://…``.
        keys: directory of the key files; missing keys are made.
        node: which node writes, as recorded in every event.
        config_rev: which settings it runs with, as recorded in every event.
        clock: gives aware UTC.
        origin: the log's name, fixed when its key is made.
        counts: whether a signer counts what is issued.
    """
    upgrade(url)
    storage_keys = StorageKeys(keys, origin)
    revision = version("vpm-gateway")
    recorder = Recorder(
        storage_keys, node=node, config_rev=config_rev, software_rev=revision, clock=clock, counts=counts
    )
    return SqlStorage(open_database(url), storage_keys, recorder)


def open_database(url: str) -> Database:
    """Choose the driver by the URL; raises ``ValueError`` for a database that is not supported."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        return SqliteDatabase(Path(parsed.database).absolute())
    if parsed.get_backend_name() == "postgresql":
        from gateway.storage.postgresql import PostgresqlDatabase  # noqa: PLC0415 - only where it is used

        return PostgresqlDatabase(url)
    raise ValueError(f"{parsed.get_backend_name()} is not supported; use sqlite or postgresql+psycopg")
