"""Sign-out everywhere: a session ends, and each relying party that took part is told, one attempt at a time.

The participants of an ended session are the outbox: it is in the database, so that no restart forgets whom to tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from gateway.audit.event import Peer, Verdict
from gateway.broker.ports import Unit
from gateway.broker.relying_party import RelyingParty, RelyingPartyId
from gateway.broker.session import REMEMBERED_FOR, EndedSession, Participant, Session, Standing
from gateway.broker.session_events import SessionEnded, SignOutAnswered, SignOutSent

ATTEMPT_LASTS: Final = timedelta(seconds=30)
"""Nobody else tries while one attempt may still be under way; longer than any call."""
PAUSES: Final = tuple(timedelta(seconds=seconds) for seconds in (2, 10, 60, 300, 900))
"""After each failed attempt but the last; together well within ``REMEMBERED_FOR``."""

CONFIRMED: Final = "confirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Why a session ends, and what the person finds afterwards."""

    why: str
    """For the audit record."""
    by: RelyingPartyId | None
    """The relying party that asked and has ended its own session; None when the person did, or another login."""
    way_back: str | None
    reply: tuple[tuple[str, str], ...] = ()
    """As ``EndedSession.reply``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What came of one attempt to tell a relying party."""

    status: int | None
    """HTTP status; None when no answer came."""
    tls: str | None
    received: bytes
    why: str
    """``confirmed``, or a code for what went wrong."""

    @property
    def ok(self) -> bool:
        """Whether the relying party confirmed (OIDC Back-Channel Logout 2.8: 200, and 204 as some send)."""
        return self.why == CONFIRMED and self.status in {200, 204}


def end_session(
    unit: Unit, session: Session, ending: Ending, parties: Mapping[RelyingPartyId, RelyingParty], now: datetime
) -> EndedSession | None:
    """End a session and put everybody who took part into the outbox.

    Returns:
        None when somebody else ended it first; nothing was changed then.
    """
    ended = EndedSession(
        id=session.id,
        browser=session.browser,
        ended_at=now,
        asked_by=ending.by,
        way_back=ending.way_back,
        reply=ending.reply,
    )
    if not unit.sessions.end(ended, now + REMEMBERED_FOR):
        return None
    unit.record(SessionEnded(corr=session.id, peer=Peer(id=ending.by or ""), verdict=Verdict(ok=True, rule=ending.why)))
    for participant in unit.sessions.participants(session.id):
        unit.sessions.move(participant, _after_the_end(participant, ended, parties.get(participant.relying_party)))
    return ended


def _after_the_end(participant: Participant, ended: EndedSession, party: RelyingParty | None) -> Participant:
    if participant.relying_party == ended.asked_by:
        return replace(participant, standing=Standing.ITSELF)
    if address_of(party) is None:
        return replace(participant, standing=Standing.TO_VISIT if visitable(party) else Standing.NO_ADDRESS)
    return replace(participant, standing=Standing.TO_BE_TOLD, due_at=ended.ended_at)


def address_of(party: RelyingParty | None) -> str | None:
    """Give the registered address for logout tokens; nothing else is ever called (T12)."""
    return party.oidc.backchannel_logout_uri if party is not None and party.oidc is not None else None


def visitable(party: RelyingParty | None) -> bool:
    """Whether the browser can carry a request to end the session there (``gateway.broker.visits``)."""
    return party is not None and party.saml is not None and bool(party.saml.logout)


def take_attempt(
    unit: Unit, waiting: Participant, address: str, token: bytes, signer_kid: str, now: datetime
) -> Participant | None:
    """Claim one attempt by one statement, with the event that says what is about to leave.

    Returns:
        None when another process has claimed it.
    """
    taken = replace(waiting, attempts=waiting.attempts + 1, due_at=now + ATTEMPT_LASTS)
    if not unit.sessions.move(waiting, taken):
        return None
    unit.record(
        SignOutSent(
            corr=waiting.session,
            peer=Peer(id=waiting.relying_party),
            endpoint=address,
            sent=token,
            artefact={"kind": "logout_token", "signer_kid": signer_kid},
        )
    )
    return taken


def settle_attempt(unit: Unit, taken: Participant, address: str, told: Told, now: datetime) -> Participant:
    """Save what came of an attempt: told, to be tried again, or given up."""
    settled = _settled(taken, told, now)
    unit.sessions.move(taken, settled)
    unit.record(
        SignOutAnswered(
            corr=taken.session,
            peer=Peer(id=taken.relying_party),
            endpoint=address,
            status=told.status,
            tls=told.tls,
            received=told.received,
            verdict=Verdict(ok=told.ok, rule=told.why),
        )
    )
    return settled


def give_up(unit: Unit, waiting: Participant) -> None:
    """Note that nobody can be told any more: the registration, or its address, is gone."""
    unit.sessions.move(waiting, replace(waiting, standing=Standing.NO_ADDRESS, due_at=None))


def _settled(taken: Participant, told: Told, now: datetime) -> Participant:
    if told.ok:
        return replace(taken, standing=Standing.TOLD, due_at=None)
    if taken.attempts > len(PAUSES):
        return replace(taken, standing=Standing.UNREACHABLE, due_at=None)
    return replace(taken, due_at=now + PAUSES[taken.attempts - 1])
