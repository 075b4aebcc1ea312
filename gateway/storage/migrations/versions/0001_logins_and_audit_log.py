"""Logins, single-use facts, the audit log, its tree and its evidence."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NEVER_CHANGED = ("audit_event", "audit_leaf", "audit_node", "checkpoint", "evidence")
COUNTER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _make_login_tables()
    _make_session_tables()
    _make_registration_tables()
    _make_signing_tables()
    _make_audit_tables()
    _make_evidence_tables()
    if op.get_bind().dialect.name == "postgresql":
        _protect_on_postgresql()
        _queue_for_the_sealer()
    else:
        _protect_on_sqlite()


def downgrade() -> None:
    raise NotImplementedError("an audit log is never taken down")


def _make_login_tables() -> None:
    op.create_table(
        "login",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("relying_party", sa.Text, nullable=False),
        sa.Column("question", sa.LargeBinary, nullable=False),
        sa.Column("browser", sa.String(64), nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("provider", sa.Text),
        sa.Column("reference", sa.Text),
        sa.Column("left_at", sa.BigInteger),
        sa.Column("memory", sa.LargeBinary),
        sa.Column("changes", sa.Integer),
        sa.Column("why", sa.Text),
        sa.Column("identity", sa.LargeBinary),
        sa.Column("code", sa.String(64)),
        sa.Column("code_expires_at", sa.BigInteger),
        sa.Column("token", sa.String(64)),
        sa.Column("token_expires_at", sa.BigInteger),
        sa.Column("holder", sa.Text),
        sa.Column("due_at", sa.BigInteger, nullable=False),
    )
    _make_sparse_index("login_reference", ["provider", "reference"])
    _make_sparse_index("login_code", ["code"])
    _make_sparse_index("login_token", ["token"])
    op.create_index("login_expiry", "login", ["expires_at"])
    sealed = sa.text("identity IS NOT NULL")
    op.create_index("login_identity", "login", ["expires_at"], sqlite_where=sealed, postgresql_where=sealed)
    op.create_table(
        "pushed_request",
        sa.Column("reference", sa.String(64), primary_key=True),
        sa.Column("relying_party", sa.Text, nullable=False),
        sa.Column("parameters", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("kept_until", sa.BigInteger, nullable=False),
    )
    op.create_index("pushed_request_due", "pushed_request", ["kept_until"])
    op.create_table(
        "single_use",
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("single_use_expiry", "single_use", ["expires_at"])
    op.create_table(
        "place",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("login", sa.String(26)),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    _make_sparse_index("place_login", ["login"], table="place", unique=False)
    op.create_index("place_expiry", "place", ["expires_at"])


def _make_session_tables() -> None:
    op.create_table(
        "session",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("key", sa.String(64)),
        sa.Column("sign_on_group", sa.Text, nullable=False),
        sa.Column("browser", sa.String(64), nullable=False),
        sa.Column("identity", sa.LargeBinary),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("idle_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("asked_by", sa.Text),
        sa.Column("way_back", sa.Text),
        sa.Column("reply", sa.Text),
    )
    _make_sparse_index("session_key", ["key"], table="session")
    op.create_index("session_idle", "session", ["idle_at"])
    op.create_table(
        "session_party",
        sa.Column("session", sa.String(26), primary_key=True),
        sa.Column("relying_party", sa.Text, primary_key=True),
        sa.Column("sid", sa.String(64), primary_key=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("standing", sa.String(12), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", sa.BigInteger),
        sa.Column("request", sa.String(64)),
    )
    _make_sparse_index("session_party_due", ["due_at"], table="session_party", unique=False)


def _make_sparse_index(name: str, columns: list[str], *, table: str = "login", unique: bool = True) -> None:
    present = sa.text(f"{columns[-1]} IS NOT NULL")
    op.create_index(name, table, columns, unique=unique, sqlite_where=present, postgresql_where=present)


def _make_registration_tables() -> None:
    op.create_table(
        "registration",
        sa.Column("relying_party", sa.Text, primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
    )
    in_force = sa.text("ended_at IS NULL")
    op.create_index(
        "registration_in_force",
        "registration",
        ["relying_party"],
        unique=True,
        sqlite_where=in_force,
        postgresql_where=in_force,
    )
    op.create_table(
        "registry",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
    )
    op.execute("INSERT INTO registry (id, revision) VALUES (1, 0)")
    op.create_table(
        "key_use",
        sa.Column("relying_party", sa.Text, primary_key=True),
        sa.Column("kid", sa.Text, primary_key=True),
        sa.Column("used_at", sa.BigInteger, nullable=False),
    )


def _make_signing_tables() -> None:
    op.create_table(
        "issued",
        sa.Column("corr", sa.String(26), primary_key=True),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("kid", sa.Text, nullable=False),
        sa.Column("signatures", sa.SmallInteger, nullable=False),
        sa.Column("unsigned", sa.SmallInteger, nullable=False),
        sa.Column("issued_at", sa.String(24), nullable=False),
    )
    op.create_index("issued_window", "issued", ["node", "issued_at"])
    op.create_table(
        "signing_account",
        sa.Column("node", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("looked_at", sa.BigInteger, nullable=False),
    )


def _make_audit_tables() -> None:
    op.create_table(
        "audit_event",
        sa.Column("id", COUNTER, primary_key=True, autoincrement=True),
        sa.Column("corr", sa.String(26).with_variant(sa.String(26, collation="C"), "postgresql"), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("audit_event_corr", "audit_event", ["corr"])
    op.create_table(
        "audit_leaf",
        sa.Column("seq", COUNTER, primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.BigInteger, nullable=False),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(32), nullable=False),
    )
    op.create_index("audit_leaf_event", "audit_leaf", ["event_id"], unique=True)
    op.create_table(
        "audit_node",
        sa.Column("level", sa.SmallInteger, primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
    )
    op.create_table(
        "checkpoint",
        sa.Column("size", COUNTER, primary_key=True, autoincrement=False),
        sa.Column("note", sa.Text, nullable=False),
    )


def _make_evidence_tables() -> None:
    op.create_table(
        "evidence",
        sa.Column("exchange", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(8), primary_key=True),
        sa.Column("corr", sa.String(26), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "evidence_key",
        sa.Column("exchange", sa.String(32), primary_key=True),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )


def _protect_on_sqlite() -> None:
    for table in NEVER_CHANGED:
        for change in ("UPDATE", "DELETE"):
            _refuse_on_sqlite(table, change)
    _refuse_on_sqlite("evidence_key", "UPDATE")


def _refuse_on_sqlite(table: str, change: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_refuses_{change.lower()} BEFORE {change} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is insert only'); END"
    )


def _protect_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is insert only', TG_TABLE_NAME; END $$"
    )
    for table in NEVER_CHANGED:
        _refuse_on_postgresql(table, "UPDATE OR DELETE OR TRUNCATE")
    _refuse_on_postgresql("evidence_key", "UPDATE OR TRUNCATE")


def _refuse_on_postgresql(table: str, changes: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_refuses_change BEFORE {changes} ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _queue_for_the_sealer() -> None:
    """On PostgreSQL numbers may become visible out of order, so that the sealer needs a list of what is unsealed."""
    op.create_table("audit_unsealed", sa.Column("event_id", sa.BigInteger, primary_key=True, autoincrement=False))
    op.execute(
        "CREATE FUNCTION queue_for_the_sealer() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN INSERT INTO audit_unsealed SELECT id FROM added; RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_event_is_queued AFTER INSERT ON audit_event REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION queue_for_the_sealer()"
    )
