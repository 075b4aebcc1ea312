"""What can be done with the participants' register; each use is one transaction with its record of changes."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from portals.auctions.details import Details
from portals.auctions.domain import (
    Author,
    AuthorKind,
    Change,
    Entry,
    EntryId,
    Identity,
    InvalidIdentity,
    changes_between,
    new_entry,
)
from portals.auctions.storage import EntryRows, reading, writing
from portals.gateway_directory import Clock

OpenMatters = Callable[[EntryId], Sequence[str]]


class NoSuchEntry(Exception):
    """The entry was deleted, or never was."""


class EntryInUse(Exception):
    """The entry cannot be deleted while an auction, payment or refund of its person is open (AUC-INT-34).

    Args:
        matters: what is open, in words for people.
    """

    def __init__(self, matters: Sequence[str]) -> None:
        super().__init__(f"{len(matters)} matters are open")
        self.matters = tuple(matters)


def nothing_open(_entry_id: EntryId) -> Sequence[str]:
    """What is open for a person while the portal holds no auctions: nothing."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """The participants' register.

    Args:
        engine: the portal's database.
        clock: the time now, with a zone.
        open_matters: which auctions, payments and refunds of a person are open.
    """

    engine: Engine
    clock: Clock
    open_matters: OpenMatters = nothing_open

    def admit(self, identity: Identity) -> Entry:
        """The entry of the person who just signed in: made at the first login, the same one ever after.

        A name that changed since is taken over, the earlier one kept (AUC-REG-02, AUC-INT-34).

        Raises:
            InvalidIdentity: the gateway used this subject for another person before.
        """
        at, author = self.clock(), Author(kind=AuthorKind.LOGIN, subject=identity.subject)
        with writing(self.engine) as connection:
            rows = EntryRows(connection)
            earlier = rows.by_person(identity.personal_code)
            self._check_subject(rows, identity, earlier)
            entry = (
                earlier.named_by(identity, at=at) if earlier else new_entry(EntryId(uuid.uuid4().hex), identity, at=at)
            )
            if earlier is None:
                rows.add(entry)
            else:
                rows.save(entry)
            rows.note_subject(entry.id, identity, at=at)
            rows.record(changes_between(earlier, entry, author=author, at=at))
        return entry

    def entry(self, entry_id: EntryId) -> Entry:
        """The entry with this identifier.

        Raises:
            NoSuchEntry: there is none, any more.
        """
        with reading(self.engine) as connection:
            return _found(EntryRows(connection).by_id(entry_id))

    def amend(self, entry_id: EntryId, details: Details, *, subject: str) -> Entry:
        """The entry after its person wrote these details; the identity stays what the login said.

        Raises:
            NoSuchEntry: there is none, any more.
        """
        at, author = self.clock(), Author(kind=AuthorKind.PERSON, subject=subject)
        with writing(self.engine) as connection:
            rows = EntryRows(connection)
            earlier = _found(rows.by_id(entry_id))
            entry = earlier.with_details(details, at=at)
            rows.save(entry)
            rows.record(changes_between(earlier, entry, author=author, at=at))
        return entry

    def delete(self, entry_id: EntryId, *, subject: str) -> None:
        """Delete an entry at its person's request; the record of its changes stays.

        Raises:
            NoSuchEntry: there is none, any more.
            EntryInUse: something of the person's is open.
        """
        author = Author(kind=AuthorKind.PERSON, subject=subject)
        with writing(self.engine) as connection:
            rows = EntryRows(connection)
            entry = _found(rows.by_id(entry_id))
            if matters := self.open_matters(entry_id):
                raise EntryInUse(matters)
            rows.remove(entry)
            rows.record(changes_between(entry, None, author=author, at=self.clock()))

    def changes_of(self, entry_id: EntryId) -> list[Change]:
        """The record of an entry's changes, oldest first; also after its deletion."""
        with reading(self.engine) as connection:
            return EntryRows(connection).changes_of(entry_id)

    @staticmethod
    def _check_subject(rows: EntryRows, identity: Identity, entry: Entry | None) -> None:
        known = rows.entry_of_subject(identity)
        if known is not None and (entry is None or entry.id != known):
            raise InvalidIdentity("the subject belongs to another person's entry")


def _found(entry: Entry | None) -> Entry:
    if entry is None:
        raise NoSuchEntry
    return entry
