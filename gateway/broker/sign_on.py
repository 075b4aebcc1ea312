"""Single sign-on of one group: a session is opened by a login, and answers later ones in place of a provider.

A relying party without a group never gets here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.audit.event import Peer
from gateway.broker.begin import Origin, remember
from gateway.broker.complete import end
from gateway.broker.login import Answered, Asked, BrowserMark, Login, Question, Refusal
from gateway.broker.ports import Unit
from gateway.broker.relying_party import RelyingParty, RelyingPartyId
from gateway.broker.session import (
    Lifetimes,
    Participant,
    Session,
    SessionId,
    SessionKey,
    may_answer,
    sid_of,
)
from gateway.broker.session_events import IdentityReleased, SessionOpened
from gateway.broker.sign_out import Ending, end_session

Proofs = Mapping[str, SessionKey]
"""What the browser proves: the key of its session, by group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is needed to let a relying party take part in a session."""

    party: RelyingParty
    group: str
    subject: str
    """The pairwise subject that the relying party is told."""
    shown: SessionKey | None
    """What the browser brought for the group; None when it brought nothing."""
    new_key: SessionKey
    """Of the secret that the browser is given, if this login opens or rotates a session."""
    lifetimes: Lifetimes


def session_for(unit: Unit, question: Question, group: str, proofs: Proofs, now: datetime) -> Session | None:
    """Find the session that may answer a question in place of a provider."""
    key = proofs.get(group)
    session = unit.sessions.find(key) if key is not None else None
    return session if session is not None and may_answer(session, question, group, now) else None


def answer_from(unit: Unit, asked: Asked, session: Session, origin: Origin) -> Login:
    """Save a login that a session answers, with the event that says so.

    Returns:
        ``Answered``; or ``Refused`` when somebody has authenticated for this pushed request already (T04).
    """
    known = replace(asked, question=replace(asked.question, session=session.id))
    answered, identity = Answered(asked=known, identity=session.identity), session.identity
    remember(unit, known, origin)
    pushed = asked.question.pushed
    if pushed is not None and not unit.spend_pushed(pushed):
        return end(unit, known, Refusal.REPLAYED)
    unit.replace(known, answered)
    unit.record(
        IdentityReleased(
            corr=asked.id,
            peer=Peer(id=asked.question.relying_party),
            person=identity.country + identity.personal_code.key,
            loa=identity.assurance.name.lower(),
            artefact=_named(session.id),
        )
    )
    return answered


def still_signed_in(unit: Unit, login: Login, browser: BrowserMark, now: datetime, lifetimes: Lifetimes) -> Login:
    """Use the session that a login was answered from, once, as its result leaves; end the login if that is over."""
    if not isinstance(login, Answered) or login.asked.question.session is None or login.asked.browser != browser:
        return login
    if unit.sessions.use(login.asked.question.session, now, now + lifetimes.idle):
        return login
    return end(unit, login, Refusal.SESSION_ENDED)


def join(
    unit: Unit, login: Answered, entry: Entry, parties: Mapping[RelyingPartyId, RelyingParty], now: datetime
) -> None:
    """Let a relying party take part: in the session that answered, or in one that this login opens or renews."""
    session = login.asked.question.session or _signed_in(unit, login, entry, parties, now)
    unit.sessions.join(
        Participant(
            session=session,
            relying_party=entry.party.id,
            sid=sid_in(login.asked, entry.party.id),
            subject=entry.subject,
        )
    )


def sid_in(asked: Asked, party: RelyingPartyId) -> str:
    """Give the name of the session in the ID token of a login; only for a relying party of a group."""
    return sid_of(asked.question.session or asked.id, party)


def _signed_in(
    unit: Unit, login: Answered, entry: Entry, parties: Mapping[RelyingPartyId, RelyingParty], now: datetime
) -> SessionId:
    """Renew the browser's session for the same person (T14: under a new key); another person's ends here."""
    new = _new_session(login, entry, now)
    known = unit.sessions.find(entry.shown) if entry.shown is not None else None
    if known is not None and known.group == entry.group and known.in_time(now):
        if not known.belongs_to(login.identity):
            end_session(unit, known, Ending(why="another_person", by=None, way_back=None), parties, now)
        elif unit.sessions.rotate(known, known.rotated(new)):
            _record_opened(unit, login, known.id)
            return known.id
    unit.sessions.open(new)
    _record_opened(unit, login, new.id)
    return new.id


def _new_session(login: Answered, entry: Entry, now: datetime) -> Session:
    return Session(
        id=login.asked.id,
        key=entry.new_key,
        group=entry.group,
        browser=login.asked.browser,
        identity=login.identity,
        started_at=now,
        expires_at=now + entry.lifetimes.longest,
        idle_at=now + entry.lifetimes.idle,
    )


def _record_opened(unit: Unit, login: Answered, session: SessionId) -> None:
    peer = Peer(id=login.asked.question.relying_party)
    unit.record(SessionOpened(corr=login.asked.id, peer=peer, artefact=_named(session)))


def _named(session: SessionId) -> dict[str, str]:
    return {"kind": "session", "commit": session}
