"""The history of one registration: revisions in a line, at most one of them in force (T43)."""

from dataclasses import dataclass
from datetime import datetime

from gateway.registration.document import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One state of a registration."""

    party: str
    number: int
    """From 1 on, without gaps."""
    document: Document
    changed_at: datetime
    """When it came into force; UTC, aware."""
    ended_at: datetime | None = None
    """When another took its place or the party was disabled; None while it is in force."""
