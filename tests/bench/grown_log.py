"""A long log in the final formats, written fast: real bodies, leaves, subtree hashes, signed checkpoints."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from gateway.audit.checkpoint import Checkpoint
from gateway.audit.tree import Frontier
from gateway.broker.identifiers import new_correlation
from gateway.demo.places import Places
from gateway.storage.recorder import Recorder, Records
from gateway.storage.sealer import Head, _extend
from gateway.storage.sql_storage import SqlStorage, open_storage
from tests.support.logins import SomethingHappened

BATCH: Final = 20_000
_CACHE_KIB: Final = 512 * 1024


@contextmanager
def opened_log(places: Places) -> Iterator[SqlStorage]:
    """The gateway's own store, opened beside it or before it starts."""
    folder = places.settings("gateway").parent
    storage = open_storage(
        f"sqlite:///{folder}/gateway.db", folder / "keys", node="bench", config_rev="bench", clock=now
    )
    try:
        yield storage
    finally:
        storage.close()


def now() -> datetime:
    return datetime.now(UTC)


def grow_log(places: Places, events: int) -> None:
    """Give an empty store so many sealed events; not durable until the end, which a synthetic log need not be."""
    with opened_log(places) as storage, closing(_quick(places)) as connection:
        head, body = Head(Frontier()), _body(storage)
        for first in range(0, events, BATCH):
            numbers = range(first + 1, min(first + BATCH, events) + 1)
            _append(connection, storage, head, [_event(body, number) for number in numbers])


def _quick(places: Places) -> sqlite3.Connection:
    connection = sqlite3.connect(Path(places.settings("gateway").parent, "gateway.db"), isolation_level=None)
    for pragma in ("synchronous=OFF", f"cache_size=-{_CACHE_KIB}", "wal_autocheckpoint=100000"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _body(storage: SqlStorage) -> tuple[bytes, bytes]:
    """What a gateway writes of one event, cut open where the login's id stands."""
    records, event = Records(), SomethingHappened(corr=new_correlation(), personal_code="32345678901")
    Recorder(storage.keys, node="bench", config_rev="bench", software_rev="bench", clock=now).record(event, records)
    body: Any = records.events[0]["body"]
    before, _, after = body.partition(event.corr.encode())
    return before, after


def _event(body: tuple[bytes, bytes], number: int) -> dict[str, object]:
    corr = new_correlation()
    return {"id": number, "corr": corr, "body": body[0] + corr.encode() + body[1]}


def _append(connection: sqlite3.Connection, storage: SqlStorage, head: Head, events: list[dict[str, Any]]) -> None:
    sql = storage.database.statements
    leaves, nodes = _extend(head, [(event["id"], event["body"]) for event in events])
    signer = storage.keys.signer
    note = Checkpoint(signer.name, head.frontier.size, head.frontier.root()).signed_by(signer)
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO audit_event (id, corr, body) VALUES (:id, :corr, :body)", events)
    connection.executemany(sql.add_leaf, leaves)
    connection.executemany(sql.add_node, [node._asdict() for node in nodes])
    connection.execute(sql.add_checkpoint, {"size": head.frontier.size, "note": note})
    connection.execute("COMMIT")
