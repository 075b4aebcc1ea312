"""All SQL of the auction portal: SQLite in WAL mode with every commit on the disk before it counts.

Writing transactions take the write lock at their start, so that reading and writing inside one cannot be undone by
another process in between.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, create_engine, delete, event, insert, select, update
from sqlalchemy.dialects import sqlite

from portals.auctions.details import Details, DocumentType
from portals.auctions.domain import Author, AuthorKind, Change, Entry, EntryId, Identity, Operation, PersonalCode
from portals.auctions.migrations import migrate
from portals.auctions.tables import changes, entries, subjects

LOCK_PATIENCE: Final = 5000
"""Milliseconds a transaction waits for another one's write lock."""


def open_engine(path: Path) -> Engine:
    """The database in this file, made or brought to the newest version of its tables."""
    engine = create_engine(f"sqlite:///{path}", hide_parameters=True)  # errors must not carry names
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    migrate(engine)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute(f"PRAGMA busy_timeout={LOCK_PATIENCE}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the database and changes nothing."""
    with engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that holds the write lock from the start; committed at the end, undone by an exception."""
    with engine.execution_options(writes=True).begin() as connection:
        yield connection


class EntryRows:
    """Entries, their subjects and their changes inside one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def by_id(self, entry_id: EntryId) -> Entry | None:
        """The entry with this identifier."""
        row = self._connection.execute(select(entries).where(entries.c.id == entry_id)).one_or_none()
        return _entry(row) if row else None

    def by_person(self, code: PersonalCode) -> Entry | None:
        """The one entry of a person: unique by country and digits of the code."""
        asked = (entries.c.country == code.country) & (entries.c.code_digits == code.digits)
        row = self._connection.execute(select(entries).where(asked)).one_or_none()
        return _entry(row) if row else None

    def add(self, entry: Entry) -> None:
        """Store a new entry."""
        self._connection.execute(insert(entries).values(_row(entry)))

    def save(self, entry: Entry) -> None:
        """Store what an entry has become."""
        self._connection.execute(update(entries).where(entries.c.id == entry.id).values(_row(entry)))

    def remove(self, entry: Entry) -> None:
        """Delete an entry and the subjects it was known by; the record of its changes stays (AUC-REG-11)."""
        self._connection.execute(delete(subjects).where(subjects.c.entry_id == entry.id))
        self._connection.execute(delete(entries).where(entries.c.id == entry.id))

    def entry_of_subject(self, identity: Identity) -> EntryId | None:
        """The entry this subject signed in to before."""
        asked = (subjects.c.issuer == identity.issuer) & (subjects.c.subject == identity.subject)
        found = self._connection.execute(select(subjects.c.entry_id).where(asked)).scalar_one_or_none()
        return EntryId(found) if found else None

    def note_subject(self, entry_id: EntryId, identity: Identity, *, at: datetime) -> None:
        """Remember under which subject the gateway knows the person of an entry."""
        noted = {
            "entry_id": entry_id,
            "issuer": identity.issuer,
            "subject": identity.subject,
            "first_seen_at": _text(at),
        }
        self._connection.execute(sqlite.insert(subjects).values(noted).on_conflict_do_nothing())

    def record(self, made: Iterable[Change]) -> None:
        """Add to the record of changes, which only grows."""
        rows = [_change_row(change) for change in made]
        if rows:
            self._connection.execute(insert(changes), rows)

    def changes_of(self, entry_id: EntryId) -> list[Change]:
        """Every recorded change of an entry, oldest first; also after its deletion."""
        asked = select(changes).where(changes.c.entry_id == entry_id).order_by(changes.c.number)
        return [_change(row) for row in self._connection.execute(asked)]


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _row(entry: Entry) -> dict[str, str | None]:
    blank: dict[str, str | None] = dict.fromkeys(Details.__dataclass_fields__)
    return blank | {
        "id": entry.id,
        "country": entry.personal_code.country,
        "code_digits": entry.personal_code.digits,
        "given_name": entry.given_name,
        "family_name": entry.family_name,
        "created_at": _text(entry.created_at),
        "updated_at": _text(entry.updated_at),
        **(entry.details.as_fields() if entry.details else {}),
    }


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        id=EntryId(row.id),
        personal_code=PersonalCode(country=row.country, digits=row.code_digits),
        given_name=row.given_name,
        family_name=row.family_name,
        details=_details(row),
        created_at=datetime.fromisoformat(row.created_at),
        updated_at=datetime.fromisoformat(row.updated_at),
    )


def _details(row: Row[Any]) -> Details | None:
    if row.document_type is None:
        return None
    written = {name: getattr(row, name) for name in Details.__dataclass_fields__}
    return Details(**{**written, "document_type": DocumentType(row.document_type)})


def _change_row(change: Change) -> dict[str, str]:
    return {
        "entry_id": change.entry_id,
        "at": _text(change.at),
        "author_kind": change.author.kind,
        "author_subject": change.author.subject,
        "operation": change.operation,
        "field": change.field,
        "earlier": change.earlier,
        "later": change.later,
    }


def _change(row: Row[Any]) -> Change:
    return Change(
        entry_id=EntryId(row.entry_id),
        at=datetime.fromisoformat(row.at),
        author=Author(kind=AuthorKind(row.author_kind), subject=row.author_subject),
        operation=Operation(row.operation),
        field=row.field,
        earlier=row.earlier,
        later=row.later,
    )
