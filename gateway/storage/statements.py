"""Every statement of a login, written in SQLAlchemy Core and compiled once to the driver's SQL.

A login costs some thirty statements. Compiled text on the driver's own cursor costs a fifth of what executing the Core
objects would, which is what keeps storage within its share of the time (performance.md 8, row 1).
"""

from functools import cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Executable,
    Integer,
    Select,
    Table,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    literal_column,
    null,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from gateway.storage.tables import (
    audit_event,
    audit_leaf,
    audit_node,
    audit_unsealed,
    checkpoint,
    evidence,
    evidence_key,
    issued,
    login,
    place,
    pushed_request,
    single_use,
)

LOGIN_COLUMNS: Final = tuple(column.name for column in login.columns if column.name != "due_at")


class Statements:
    """The statements of one dialect, as text for its driver with named parameters."""

    def __init__(self, dialect: Dialect) -> None:
        """Compile everything that does not depend on the states of a login."""
        self._dialect = dialect
        self._moves: dict[tuple[tuple[str, ...], tuple[str, ...]], str] = {}
        self._compile_login()
        self._compile_log()
        self._compile_sweep()

    @property
    def dialect_name(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._dialect.name

    def move(self, conditions: tuple[str, ...], assignments: tuple[str, ...]) -> str:
        """Give the one UPDATE that takes a login from a state to the next (``old_…`` and ``new_…`` parameters)."""
        key = (conditions, assignments)
        if key not in self._moves:
            self._moves[key] = self._text(_move(conditions, assignments))
        return self._moves[key]

    def _compile_login(self) -> None:
        columns = [login.c[name] for name in LOGIN_COLUMNS]
        by = select(*columns)
        self.login_by_id = self._text(by.where(login.c.id == bindparam("id")))
        self.login_by_reference = self._text(
            by.where(login.c.provider == bindparam("provider"), login.c.reference == bindparam("reference"))
        )
        self.login_by_code = self._text(by.where(login.c.code == bindparam("code")))
        self.login_by_token = self._text(by.where(login.c.token == bindparam("token")))
        asked = ("id", "state", "relying_party", "question", "browser", "started_at", "expires_at", "due_at")
        self.add_login = self._text(_insert(login, asked))
        self.spend = self._text(self._insert_or_nothing(single_use))
        self.take_place = self._text(self._insert_or_replace_over())
        self.leave_place = self._text(delete(place).where(place.c.login == bindparam("login")))
        this_one = pushed_request.c.reference == bindparam("reference")
        self.push = self._text(_insert(pushed_request))
        self.pushed = self._text(select(pushed_request).where(this_one))
        self.spend_pushed = self._text(delete(pushed_request).where(this_one))

    def _compile_log(self) -> None:
        self.add_event = self._text(_insert(audit_event, ("corr", "body")))
        self.add_evidence = self._text(_insert(evidence))
        self.add_evidence_key = self._text(_insert(evidence_key))
        self.add_issued = self._text(_insert(issued))
        self.add_leaf = self._text(_insert(audit_leaf))
        self.add_node = self._text(_insert(audit_node))
        self.add_checkpoint = self._text(_insert(checkpoint))
        self.last_checkpoint = self._text(_last(checkpoint.c.size))
        self.last_leaf = self._text(_last(audit_leaf.c.seq))
        self._compile_sealing()
        self._compile_reading()
        self._compile_evidence()

    def _compile_sealing(self) -> None:
        """What is not sealed yet, in order, and how to say that it now is."""
        events = select(audit_event.c.id, audit_event.c.body).order_by(audit_event.c.id)
        stray = select(audit_event.c.id).where(_without_leaf()).order_by(audit_event.c.id)
        if self._dialect.name == "sqlite":
            self.unsealed = self._text(_limited(events.where(audit_event.c.id > bindparam("after"))))
            self.mark_sealed = None
            queued = audit_event.c.id > select(func.max(audit_leaf.c.event_id)).scalar_subquery()
        else:
            queue = audit_unsealed.c.event_id
            self.unsealed = self._text(_limited(events.where(queue == audit_event.c.id)))
            ids = bindparam("ids", type_=postgresql.ARRAY(BigInteger()))
            self.mark_sealed = self._text(delete(audit_unsealed).where(queue == func.any(ids)))
            queued = audit_event.c.id.in_(select(queue))
        self.unsealed_count = self._text(select(func.count()).select_from(audit_event).where(_without_leaf()))
        self.stray_events = self._text(stray.where(~queued))

    def _compile_reading(self) -> None:
        leaf, event, node = audit_leaf.c, audit_event.c, audit_node.c
        beside = audit_leaf.outerjoin(audit_event, event.id == leaf.event_id)
        columns = (leaf.seq, leaf.event_id, leaf.leaf, leaf.leaf_hash, event.corr, event.body)
        rows = select(*columns).select_from(beside).where(leaf.seq >= bindparam("first")).order_by(leaf.seq)
        self.leaves = self._text(rows)
        self.checkpoints = self._text(select(checkpoint).order_by(checkpoint.c.size))
        last_leaf = (node.position + literal_column("1")).op("<<")(cast(node.level, Integer))
        self.nodes = self._text(select(audit_node).order_by(last_leaf, node.level))
        inside: tuple[Any, Any] = (bindparam("first"), bindparam("last"))
        self.leaf_hashes = self._text(select(leaf.leaf_hash).where(leaf.seq.between(*inside)).order_by(leaf.seq))
        of_level = select(node.hash).where(node.level == bindparam("level"), node.position.between(*inside))
        self.node_hashes = self._text(of_level.order_by(node.position))
        found = select(event.id, event.corr, event.body, leaf.seq, leaf.leaf, leaf.leaf_hash)
        beside_event = audit_event.outerjoin(audit_leaf, event.id == leaf.event_id)
        of_login = found.select_from(beside_event).where(event.corr.between(*inside))
        self.events_of_login = self._text(of_login.order_by(event.id))
        newest = found.select_from(beside_event).order_by(event.id.desc())
        self.newest_events = self._text(_limited(newest))

    def _compile_evidence(self) -> None:
        kept = evidence.outerjoin(evidence_key, evidence.c.exchange == evidence_key.c.exchange)
        columns = (evidence.c.exchange, evidence.c.kind, evidence.c.corr, evidence.c.ciphertext, evidence_key.c.wrapped)
        rows = select(*columns).select_from(kept)
        self.evidence_of = self._text(
            rows.where(evidence.c.exchange == bindparam("exchange")).order_by(evidence.c.kind)
        )
        self.evidence_index = self._text(select(evidence.c.exchange, evidence.c.kind).order_by(*evidence.primary_key))
        self.evidence_keys = self._text(select(evidence_key.c.exchange).order_by(evidence_key.c.exchange))
        self.erase_evidence = self._text(delete(evidence_key).where(evidence_key.c.exchange == bindparam("exchange")))

    def _compile_sweep(self) -> None:
        overdue = login.c.due_at < bindparam("now")
        self.erase_identities = self._text(
            update(login)
            .where(overdue, login.c.identity.is_not(null()))
            .values(
                {
                    "state": bindparam("refused"),
                    "why": bindparam("why"),
                    "identity": null(),
                    "code": null(),
                    "token": null(),
                    "due_at": _forget_at(),
                }
            )
        )
        over = login.c.expires_at < bindparam("now")  # what is forgotten has expired before; this one has an index
        self.forget_logins = self._text(delete(login).where(over, overdue, login.c.identity.is_(null())))
        self.forget_pushed = self._text(delete(pushed_request).where(pushed_request.c.kept_until < bindparam("now")))
        self.forget_places = self._text(delete(place).where(place.c.expires_at < bindparam("now")))
        self.forget_single_use = self._text(delete(single_use).where(single_use.c.expires_at < bindparam("now")))

    def _insert_or_nothing(self, table: Table) -> Executable:
        insert = sqlite.insert if self._dialect.name == "sqlite" else postgresql.insert
        values: dict[str, object] = {column.name: bindparam(column.name) for column in table.columns}
        return insert(table).values(values).on_conflict_do_nothing()

    def _insert_or_replace_over(self) -> Executable:
        """A place that nobody holds, or whose time is over."""
        insert = sqlite.insert if self._dialect.name == "sqlite" else postgresql.insert
        taking = insert(place).values({column.name: bindparam(column.name) for column in place.columns})
        return taking.on_conflict_do_update(
            index_elements=[place.c.name],
            set_={"login": taking.excluded.login, "expires_at": taking.excluded.expires_at},
            where=place.c.expires_at < bindparam("now"),
        )

    def _text(self, statement: Executable) -> str:
        return str(statement.compile(dialect=self._dialect))  # type: ignore[attr-defined]  # every one here compiles


@cache
def sqlite_statements() -> Statements:
    """The statements for ``sqlite3``."""
    return Statements(sqlite.dialect(paramstyle="named"))


@cache
def postgresql_statements() -> Statements:
    """The statements for psycopg 3."""
    from sqlalchemy.dialects.postgresql import psycopg  # noqa: PLC0415 - only where PostgreSQL is used

    return Statements(psycopg.dialect())  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped


def _insert(table: Table, names: tuple[str, ...] = ()) -> Executable:
    chosen = names or tuple(column.name for column in table.columns)
    return table.insert().values({name: bindparam(name) for name in chosen})


def _limited(rows: "Select[Any]") -> Executable:
    return rows.limit(bindparam("limit", type_=Integer())).offset(literal_column("0"))


def _without_leaf() -> ColumnElement[bool]:
    return ~select(audit_leaf.c.seq).where(audit_leaf.c.event_id == audit_event.c.id).exists()


def _last(counter: "Column[int]") -> Executable:
    largest = select(func.max(counter)).scalar_subquery()
    return select(counter.table).where(counter == largest)


def _move(conditions: tuple[str, ...], assignments: tuple[str, ...]) -> Executable:
    where = and_(*(_still(login.c[name]) for name in conditions))
    return update(login).where(where).values({name: bindparam(f"new_{name}") for name in assignments})


def _still(column: "Column[object]") -> ColumnElement[bool]:
    old = bindparam(f"old_{column.name}", type_=column.type)
    return column.is_not_distinct_from(old) if column.nullable else column == old


def _forget_at() -> ColumnElement[int]:
    """Once the identity is erased, the row stays for as long as any login is remembered after its end."""
    last = case((login.c.due_at > login.c.expires_at, login.c.due_at), else_=login.c.expires_at)
    return last + bindparam("remembered", type_=login.c.due_at.type)
