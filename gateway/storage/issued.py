"""What was issued while a signer counts, and how far that was compared: rows of ``issued`` and ``signing_account``."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.expression import Executable

from gateway.signer.account import Account, Issued, LoggedEvent
from gateway.storage.database import Connection
from gateway.storage.tables import audit_event, issued, signing_account
from gateway.storage.times import to_micros


class IssuedStatements:
    """The statements of one dialect, as text for its driver with named parameters."""

    def __init__(self, dialect: Dialect) -> None:
        """Compile all of them."""
        self._dialect = dialect
        row, account = issued.c, signing_account.c
        ours = (row.node == bindparam("node"), row.issued_at <= bindparam("until"))
        sums = select(row.kid, func.sum(row.signatures), func.sum(row.unsigned)).where(*ours).group_by(row.kid)
        self.sums = self._text(sums)
        window = select(row.corr, row.kid, row.signatures, row.unsigned)
        self.window = self._text(window.where(*ours, row.issued_at > bindparam("after")))
        self.leave_unsigned = self._text(
            update(issued).where(row.corr == bindparam("old_corr")).values(unsigned=bindparam("unsigned"))
        )
        event = audit_event.c
        self.events = self._text(select(event.id, event.body).where(event.id > bindparam("after")).order_by(event.id))
        self.events_of = self._text(select(event.body).where(event.corr == bindparam("corr")))
        this = account.node == bindparam("this_node")
        self.account = self._text(select(account.account).where(this))
        self.save = self._text(update(signing_account).where(this).values(account=bindparam("account")))
        due = account.looked_at <= bindparam("due")
        self.is_due = self._text(select(account.node).where(this, due))
        self.claim = self._text(update(signing_account).where(this, due).values(looked_at=bindparam("looked_at")))
        self.begin = self._text(self._begin())

    def _begin(self) -> Executable:
        insert = sqlite.insert if self._dialect.name == "sqlite" else postgresql.insert
        row: dict[str, Any] = {column.name: bindparam(column.name) for column in signing_account.columns}
        return insert(signing_account).values(row).on_conflict_do_nothing()

    def _text(self, statement: Executable) -> str:
        return str(statement.compile(dialect=self._dialect))  # type: ignore[attr-defined]  # every one here compiles


@cache
def issued_statements(dialect_name: str) -> IssuedStatements:
    """Give the statements of a dialect, compiled once in a process."""
    if dialect_name == "sqlite":
        return IssuedStatements(sqlite.dialect(paramstyle="named"))
    from sqlalchemy.dialects.postgresql import psycopg  # noqa: PLC0415 - only where PostgreSQL is used

    return IssuedStatements(psycopg.dialect())  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped


class SqlIssued:
    """Everything that is kept of signing, for one node, on one connection."""

    def __init__(self, connection: Connection, dialect_name: str, node: str) -> None:
        """Work on a connection; changes need one that is in a transaction."""
        self._connection = connection
        self._sql = issued_statements(dialect_name)
        self._node = node

    def begin(self) -> None:
        """Open the node's account, if it has none."""
        row = {"node": self._node, "account": json.dumps(asdict(Account())), "looked_at": 0}
        self._connection.execute(self._sql.begin, row)

    def is_due(self, due: datetime) -> bool:
        """Whether nobody has compared since."""
        row = {"this_node": self._node, "due": to_micros(due)}
        return self._connection.execute(self._sql.is_due, row).fetchone() is not None

    def claim(self, now: datetime, due: datetime) -> bool:
        """Take the turn to compare, if nobody has since ``due``; one UPDATE decides between all workers."""
        row = {"this_node": self._node, "due": to_micros(due), "looked_at": to_micros(now)}
        return self._connection.execute(self._sql.claim, row).rowcount == 1

    def account(self) -> Account:
        """Give how far everything was compared."""
        row = self._connection.execute(self._sql.account, {"this_node": self._node}).fetchone()
        return Account(**json.loads(row[0])) if row else Account()

    def save(self, account: Account) -> None:
        """Keep the account."""
        self._connection.execute(self._sql.save, {"this_node": self._node, "account": json.dumps(asdict(account))})

    def sums(self, until: str) -> dict[str, tuple[int, int]]:
        """Give for each key what all results up to an instant stand for, and what of it was never signed."""
        found = self._connection.execute(self._sql.sums, {"node": self._node, "until": until})
        return {kid: (int(signatures), int(unsigned)) for kid, signatures, unsigned in found}

    def window(self, after: str, until: str) -> list[Issued]:
        """Give the results of a window."""
        inside = {"node": self._node, "after": after, "until": until}
        return [Issued._make(row) for row in self._connection.execute(self._sql.window, inside)]

    def leave_unsigned(self, corr: str, count: int) -> None:
        """Note that signatures were never asked for: whoever was to get them was not reached any more."""
        self._connection.execute(self._sql.leave_unsigned, {"old_corr": corr, "unsigned": count})

    def events_behind(self, number: int) -> Iterator[LoggedEvent]:
        """Give the log's events behind the one of a number."""
        for found, body in self._connection.execute(self._sql.events, {"after": number}):
            event = orjson.loads(bytes(body))
            artefact = event.get("artefact", {}) if event["node"] == self._node else {}
            signatures = int(artefact.get("signatures", 0))
            yield LoggedEvent(found, event["time"], artefact.get("signer_kid", ""), signatures)

    def events_of(self, corr: str) -> list[bytes]:
        """Give the bodies of the events of a login, session or incident."""
        return [bytes(row[0]) for row in self._connection.execute(self._sql.events_of, {"corr": corr})]
