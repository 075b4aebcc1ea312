"""A login begins: somebody asks, and the person leaves for a provider."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gateway.audit.event import Correlation, Peer
from gateway.broker.events import LoginRequested, ProviderAsked
from gateway.broker.login import Asked, AtProvider, BrowserMark, Question
from gateway.broker.ports import Unit
from providers.contract import Departure

LIFETIME: Final = timedelta(minutes=15)
"""How long a login may take from start to code (VPM-INT-16)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """How a request reached us: what the audit record says of it."""

    endpoint: str
    received: bytes
    """The query string or body, exactly."""


def begin(corr: Correlation, question: Question, browser: BrowserMark, now: datetime) -> Asked:
    """Start a login for the browser that carries the mark."""
    return Asked(id=corr, question=question, browser=browser, started_at=now, expires_at=now + LIFETIME)


def remember(unit: Unit, asked: Asked, origin: Origin) -> None:
    """Save a new login, and that it was asked for."""
    unit.add(asked)
    unit.record(
        LoginRequested(
            corr=asked.id,
            peer=Peer(id=asked.question.relying_party),
            endpoint=origin.endpoint,
            received=origin.received,
        )
    )


def depart(unit: Unit, asked: Asked, leaving: AtProvider, departure: Departure) -> bool:
    """Save that the person leaves, with the intent event, before the browser is told where to go.

    Returns:
        False when the login is not waiting for a choice any more.
    """
    if not unit.replace(asked, leaving):
        return False
    unit.record(
        ProviderAsked(
            corr=asked.id, peer=Peer(id=leaving.provider), endpoint=departure.endpoint, sent=departure.message
        )
    )
    return True
