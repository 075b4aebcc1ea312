"""The tables of the auction portal, as they are after the newest migration. Times are ISO 8601 text in UTC."""

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint

METADATA: Final = MetaData()

entries: Final = Table(
    "entries",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("country", Text, nullable=False),
    Column("code_digits", Text, nullable=False),
    Column("given_name", Text, nullable=False),
    Column("family_name", Text, nullable=False),
    Column("declared_address", Text),
    Column("actual_address", Text),
    Column("document_type", Text),
    Column("document_number", Text),
    Column("account", Text),
    Column("email", Text),
    Column("telephone", Text),
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    UniqueConstraint("country", "code_digits"),
)
"""The participants' register; no column of ``details`` is filled while an entry is incomplete."""

subjects: Final = Table(
    "subjects",
    METADATA,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("entry_id", Text, ForeignKey("entries.id"), nullable=False),
    Column("first_seen_at", Text, nullable=False),
)
"""Under which pairwise identifiers the gateway knows the person of an entry."""

changes: Final = Table(
    "changes",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("entry_id", Text, nullable=False, index=True),
    Column("at", Text, nullable=False),
    Column("author_kind", Text, nullable=False),
    Column("author_subject", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("earlier", Text, nullable=False),
    Column("later", Text, nullable=False),
)
"""Who changed what and when, with the earlier value; only grows (AUC-REG-11)."""

sessions: Final = Table(
    "sessions",
    METADATA,
    Column("id_digest", LargeBinary, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False, index=True),
)
"""Browsers' sessions: the content is encrypted under a key that only the browser's cookie completes. Epoch seconds."""

sign_ins: Final = Table(
    "sign_ins",
    METADATA,
    Column("state", Text, primary_key=True),
    Column("session_digest", LargeBinary, nullable=False, index=True),
    Column("nonce", Text, nullable=False),
    Column("code_verifier", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False, index=True),
)
"""Questions the gateway has not answered yet; a row is deleted by the answer that uses it. Epoch seconds."""

signed_in: Final = Table(
    "signed_in",
    METADATA,
    Column("session_digest", LargeBinary, primary_key=True),
    Column("gateway_session", Text, nullable=False, index=True),
    Column("subject", Text, nullable=False, index=True),
    Column("noted_at", BigInteger, nullable=False, index=True),
    Column("ended_at", BigInteger),
)
"""Which session at the gateway a browser's session came from, so that the gateway can end it. Epoch seconds.

A row that ended stays, so that a session which is stored only after its end is none."""

logout_tokens: Final = Table(
    "logout_tokens",
    METADATA,
    Column("identifier", Text, primary_key=True),
    Column("expires_at", BigInteger, nullable=False, index=True),
)
"""Logout tokens that were used, until they would have expired anyway. Epoch seconds."""
