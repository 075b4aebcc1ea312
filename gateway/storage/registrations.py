"""Registrations made by command: rows of ``registration``, ``registry`` and ``key_use``."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gateway.registration.document import Document
from gateway.registration.revision import Revision
from gateway.storage.database import Connection, Parameters
from gateway.storage.registration_statements import RegistrationStatements
from gateway.storage.times import from_micros, to_micros


class SqlRegistrations:
    """Everything that is kept of registrations, on one connection."""

    def __init__(self, connection: Connection, statements: RegistrationStatements) -> None:
        """Work on a connection; changes need one that is in a transaction."""
        self._connection = connection
        self._statements = statements

    def count(self) -> int:
        """How often anything was changed; another number than before says that it is worth looking."""
        row = self._connection.execute(self._statements.count).fetchone()
        return int(row[0]) if row else 0

    def count_up(self) -> None:
        """Say that something changes; until the commit no other transaction can say so, thus all changes queue here."""
        self._connection.execute(self._statements.count_up)

    def in_force(self) -> Sequence[Revision]:
        """Give what is in force, by party."""
        return self._revisions(self._statements.in_force)

    def newest(self) -> Sequence[Revision]:
        """Give the newest revision of every party, in force or not."""
        return self._revisions(self._statements.newest)

    def history(self, party: str) -> Sequence[Revision]:
        """Give every revision of a party, the oldest first."""
        return self._revisions(self._statements.history, {"relying_party": party})

    def add(self, revision: Revision) -> None:
        """Keep a revision; the unique index refuses a second one in force."""
        row = {
            "relying_party": revision.party,
            "revision": revision.number,
            "document": revision.document.text,
            "changed_at": to_micros(revision.changed_at),
            "ended_at": None,
        }
        self._connection.execute(self._statements.add, row)

    def end(self, party: str, number: int, at: datetime) -> bool:
        """End a revision, if it is in force.

        Returns:
            False when it is not: somebody else was faster.
        """
        row = {"relying_party": party, "old_revision": number, "ended_at": to_micros(at)}
        return self._connection.execute(self._statements.end, row).rowcount == 1

    def uses(self, party: str) -> dict[str, datetime]:
        """Say when each of a party's keys was last seen in use, by ``kid``."""
        rows = self._connection.execute(self._statements.uses, {"relying_party": party}).fetchall()
        return {kid: from_micros(used_at) for kid, used_at in rows}

    def note_use(self, party: str, kid: str, at: datetime) -> None:
        """Note that a key was seen in use."""
        self._connection.execute(
            self._statements.note_use, {"relying_party": party, "kid": kid, "used_at": to_micros(at)}
        )

    def _revisions(self, sql: str, parameters: Parameters | None = None) -> Sequence[Revision]:
        return [_revision(*row) for row in self._connection.execute(sql, parameters or {}).fetchall()]


def _revision(party: str, number: int, document: str, changed_at: int, ended_at: Any) -> Revision:
    return Revision(
        party=party,
        number=number,
        document=Document.parse(document),
        changed_at=from_micros(changed_at),
        ended_at=from_micros(ended_at) if ended_at is not None else None,
    )
