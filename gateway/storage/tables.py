"""The tables, as SQLAlchemy Core knows them; migrations make them, and a test proves the two equal.

Instants are whole microseconds since 1970-01-01T00:00:00Z. A login is one row through all its states.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

metadata: Final = MetaData()

_Counter: Final = BigInteger().with_variant(Integer, "sqlite")


def _sparse_index(name: str, *columns: str, where: str | None = None, unique: bool = True) -> Index:
    """Index what is set; most states of a login have no code and no token."""
    present = text(f"{where or columns[-1]} IS NOT NULL")
    return Index(name, *columns, unique=unique, sqlite_where=present, postgresql_where=present)


login: Final = Table(
    "login",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("state", String(12), nullable=False),
    Column("relying_party", Text, nullable=False),
    Column("question", LargeBinary, nullable=False),
    Column("browser", String(64), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("provider", Text),
    Column("reference", Text),
    Column("left_at", BigInteger),
    Column("memory", LargeBinary),
    Column("changes", Integer),
    Column("why", Text),
    Column("identity", LargeBinary),
    Column("code", String(64)),
    Column("code_expires_at", BigInteger),
    Column("token", String(64)),
    Column("token_expires_at", BigInteger),
    Column("holder", Text),
    Column("due_at", BigInteger, nullable=False),
    _sparse_index("login_reference", "provider", "reference"),
    _sparse_index("login_code", "code"),
    _sparse_index("login_token", "token"),
    Index("login_expiry", "expires_at"),
    _sparse_index("login_identity", "expires_at", where="identity", unique=False),
)
"""``identity`` and ``memory`` are sealed; ``due_at`` is when it must be erased, or without one when the row must be forgotten.

``due_at`` has no index, for it changes at every step; ``expires_at`` never changes and narrows every sweep enough.
"""

session: Final = Table(
    "session",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("key", String(64)),
    Column("sign_on_group", Text, nullable=False),
    Column("browser", String(64), nullable=False),
    Column("identity", LargeBinary),
    Column("started_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("idle_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("asked_by", Text),
    Column("way_back", Text),
    Column("reply", Text),
    _sparse_index("session_key", "key"),
    Index("session_idle", "idle_at"),
)
"""Used where relying parties share a group, and never otherwise. ``identity`` is sealed, and NULL once the session has
ended; ``idle_at`` is when it ends unless it is used, then when the row must be forgotten."""

session_party: Final = Table(
    "session_party",
    metadata,
    Column("session", String(26), primary_key=True),
    Column("relying_party", Text, primary_key=True),
    Column("sid", String(64), primary_key=True),
    Column("subject", Text, nullable=False),
    Column("standing", String(12), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", BigInteger),
    Column("request", String(64)),
    Index(
        "session_party_due",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
)
"""Who took part in a session; once that has ended, the outbox of logout tokens."""

pushed_request: Final = Table(
    "pushed_request",
    metadata,
    Column("reference", String(64), primary_key=True),
    Column("relying_party", Text, nullable=False),
    Column("parameters", LargeBinary, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("kept_until", BigInteger, nullable=False),
    Index("pushed_request_due", "kept_until"),
)
"""``parameters`` are sealed."""

single_use: Final = Table(
    "single_use",
    metadata,
    Column("kind", String(32), primary_key=True),
    Column("digest", LargeBinary(32), primary_key=True),
    Column("expires_at", BigInteger, nullable=False),
    Index("single_use_expiry", "expires_at"),
    sqlite_with_rowid=False,
)

place: Final = Table(
    "place",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("login", String(26)),
    Column("expires_at", BigInteger, nullable=False),
    _sparse_index("place_login", "login", unique=False),
    Index("place_expiry", "expires_at"),
)
"""Who may have a telephone ring (T40): the name holds a keyed digest of the person."""

registration: Final = Table(
    "registration",
    metadata,
    Column("relying_party", Text, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Index(
        "registration_in_force",
        "relying_party",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)
"""Every revision of every relying party registered by command; the one without an end is in force (T43)."""

registry: Final = Table(
    "registry",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False),
)
"""One row: how often anything in ``registration`` was changed. Whoever changes something counts up first."""

key_use: Final = Table(
    "key_use",
    metadata,
    Column("relying_party", Text, primary_key=True),
    Column("kid", Text, primary_key=True),
    Column("used_at", BigInteger, nullable=False),
)
"""When each key of a relying party last proved it, to within some minutes."""

issued: Final = Table(
    "issued",
    metadata,
    Column("corr", String(26), primary_key=True),
    Column("node", Text, nullable=False),
    Column("kid", Text, nullable=False),
    Column("signatures", SmallInteger, nullable=False),
    Column("unsigned", SmallInteger, nullable=False),
    Column("issued_at", String(24), nullable=False),
    Index("issued_window", "node", "issued_at"),
)
"""Where a signer counts: each result that may be signed, in the transaction of its event. ``signatures`` is what it stands
for, ``unsigned`` what of that was never asked for; ``issued_at`` is the event's ``time``, to the letter."""

signing_account: Final = Table(
    "signing_account",
    metadata,
    Column("node", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("looked_at", BigInteger, nullable=False),
)
"""One row a node: how far its signer's count was compared with what was issued, and what came of it, as JSON."""

audit_event: Final = Table(
    "audit_event",
    metadata,
    Column("id", _Counter, primary_key=True, autoincrement=True),
    Column("corr", String(26).with_variant(String(26, collation="C"), "postgresql"), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("audit_event_corr", "corr"),
)
"""Insert only (security.md 6.1)."""

audit_unsealed: Final = Table(
    "audit_unsealed", metadata, Column("event_id", BigInteger, primary_key=True, autoincrement=False)
)
"""On PostgreSQL only, filled by a trigger: what the sealer has not taken yet. On SQLite events become visible in the
order of their ids, so that the last sealed id says the same."""

audit_leaf: Final = Table(
    "audit_leaf",
    metadata,
    Column("seq", _Counter, primary_key=True, autoincrement=False),
    Column("event_id", BigInteger, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("leaf_hash", LargeBinary(32), nullable=False),
    Index("audit_leaf_event", "event_id", unique=True),
)
"""Insert only, no gaps; written by the sealer."""

audit_node: Final = Table(
    "audit_node",
    metadata,
    Column("level", SmallInteger, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("hash", LargeBinary(32), nullable=False),
)
"""Insert only: hashes of complete subtrees at every fourth level; levels 8, 16, … are those of C2SP tiles."""

checkpoint: Final = Table(
    "checkpoint",
    metadata,
    Column("size", _Counter, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
)
"""Insert only: signed notes."""

evidence: Final = Table(
    "evidence",
    metadata,
    Column("exchange", String(32), primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("corr", String(26), nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
)
"""Insert only: exact bytes, encrypted under the exchange's own key; ``kind`` is ``request`` or ``response``."""

evidence_key: Final = Table(
    "evidence_key",
    metadata,
    Column("exchange", String(32), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""The key of each exchange, wrapped; never updated. Deleting a row erases the evidence and leaves the tree whole."""

INSERT_ONLY: Final = ("audit_event", "audit_leaf", "audit_node", "checkpoint", "evidence")
LOG_TABLES: Final = (*INSERT_ONLY, "evidence_key")
