"""The provider's signed journal of a stretch of time, for daily reconciliation (design.md section 4).

Authentication ids are blinded with a salt that both sides derive per day, so that a journal in the wrong hands links
nothing: ``salt(day) = HMAC-SHA-256(shared secret, "vpm-journal " + YYYY-MM-DD)`` over the UTC day, and
``blinded id = HMAC-SHA-256(salt, authentication id)`` in lower-case hexadecimal.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

from providers.errors import AssertionRejected
from providers.refusals import SENTENCES, Reason
from providers.vpm_confirmation import CLOCK_TOLERANCE

MOST_ENTRIES = 10_000
"""In one journal; ask for shorter stretches when a day holds more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One authentication as the provider recorded it."""

    blinded_id: str
    """64 lower-case hexadecimal digits."""
    at: datetime
    """UTC, aware."""
    outcome: str
    """``succeeded`` or ``refused``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """What a provider says happened from ``start`` (included) to ``end`` (not included)."""

    start: datetime
    end: datetime
    entries: tuple[JournalEntry, ...]


def journal_salt(secret: bytes, day: date) -> bytes:
    """The blinding salt of a UTC day: 32 bytes."""
    return hmac.digest(secret, f"vpm-journal {day.isoformat()}".encode(), sha256)


def blinded_id(authentication_id: str, salt: bytes) -> str:
    """An authentication id as it stands in a journal: 64 lower-case hexadecimal digits."""
    return hmac.new(salt, authentication_id.encode(), sha256).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalQuestion:
    """Whose journal was asked for, by whom, about which time, and when."""

    sender: str
    recipient: str
    start: datetime
    end: datetime
    now: datetime


def read_journal(claims: Mapping[str, Any], question: JournalQuestion) -> Journal:
    """Judge the payload of a journal whose signature verified.

    Raises:
        AssertionRejected: ``journal_refused``; the detail says which member is not as agreed.
    """
    try:
        _check_frame(claims, question)
        entries = tuple(_entry(entry, question) for entry in claims["entries"])
    except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
        raise AssertionRejected(
            Reason.JOURNAL_REFUSED, f"{SENTENCES[Reason.JOURNAL_REFUSED]} Not as agreed: {error}"
        ) from error
    return Journal(start=question.start, end=question.end, entries=entries)


def _check_frame(claims: Mapping[str, Any], question: JournalQuestion) -> None:
    agreed = {
        "iss": question.sender,
        "aud": question.recipient,
        "from": int(question.start.timestamp()),
        "to": int(question.end.timestamp()),
        "count": len(claims["entries"]),
    }
    for member, value in agreed.items():
        if claims[member] != value:
            raise ValueError(member)
    if abs(_moment(claims["iat"]) - question.now) > CLOCK_TOLERANCE:
        raise ValueError("iat")
    if len(claims["entries"]) > MOST_ENTRIES:
        raise ValueError("entries")


def _entry(entry: Mapping[str, Any], question: JournalQuestion) -> JournalEntry:
    at = _moment(entry["at"])
    if not question.start <= at < question.end + timedelta(seconds=1):
        raise ValueError("entries.at")
    digest = entry["id"]
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise ValueError("entries.id")
    if entry["outcome"] not in {"succeeded", "refused"}:
        raise ValueError("entries.outcome")
    return JournalEntry(blinded_id=digest, at=at, outcome=entry["outcome"])


def _moment(value: Any) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("a moment is whole seconds since 1970")
    return datetime.fromtimestamp(value, UTC)
