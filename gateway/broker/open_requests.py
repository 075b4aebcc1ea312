"""How often one person's telephone may ring: three requests in five minutes, one at a time (T40).

A place is a row under a unique name that one statement takes; it stands in the database, so that every node and every
restart counts the same.
"""

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Final

from gateway.audit.event import Correlation
from gateway.broker.ports import Unit
from providers.contract import ProviderId
from providers.personal_code import PersonalCode

MOST: Final = 3
WITHIN: Final = timedelta(minutes=5)
UNANSWERED: Final = timedelta(minutes=3)
"""How long a request counts as open whose end nobody saw: the app gives up sooner."""


def person_key(key: bytes, provider: ProviderId, person: PersonalCode) -> str:
    """Name a person at a provider, so that nobody without the key can say who it is.

    Returns:
        64 lower-case hexadecimal digits.
    """
    return hmac.digest(key, f"open-request\0{provider}\0{person.semantics}".encode(), hashlib.sha256).hex()


def may_ring(unit: Unit, person: str, login: Correlation, now: datetime) -> bool:
    """Take a place for one more request to a person.

    Args:
        unit: the transaction that makes the intent durable.
        person: from ``person_key``.
        login: the login that asks; ``answered`` gives its place back.
        now: UTC, aware.

    Returns:
        False when another request is open, or three were made in the last five minutes; then nothing is taken.
    """
    if not unit.take_place(f"{person}:open", now, now + UNANSWERED, login):
        return False
    if any(unit.take_place(f"{person}:{number}", now, now + WITHIN) for number in range(MOST)):
        return True
    answered(unit, login)
    return False


def answered(unit: Unit, login: Correlation) -> None:
    """The person has answered, or the provider has said that they will not: another request may be made."""
    unit.leave_place(login)
