"""A person stays signed in at the gateway, for the relying parties of one group and nobody else.

Off unless a registration names a ``group``: without one no code here runs. A session answers a later question of the
same group instead of a provider, when every rule of ``RULES`` allows it; what it releases is the identity that the
provider vouched for, with the time of that login. Open → ended; a session that ended says only whom to tell.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NewType

from gateway.audit.event import Correlation
from gateway.broker.login import BrowserMark, Digest, Prompt, Question
from gateway.broker.relying_party import RelyingPartyId
from providers.contract import VerifiedIdentity

SessionId = Correlation
"""The id of the login that began it; no secret."""

SessionKey = NewType("SessionKey", str)
"""SHA-256, in hexadecimal, of the secret in the browser's cookie of one group; the secret itself is never stored."""

REMEMBERED_FOR: Final = timedelta(hours=1)
"""How long after its end it is known whom it told, and who could not be reached."""
ROUND_LASTS: Final = timedelta(minutes=15)
"""How long after its end the browser may visit those whom only it can tell, and bring their answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """How long a session lasts."""

    longest: timedelta = timedelta(hours=8)
    idle: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody is signed in, in one browser and for one group."""

    id: SessionId
    key: SessionKey
    group: str
    browser: BrowserMark
    identity: VerifiedIdentity
    started_at: datetime
    expires_at: datetime
    """The end, however much it is used."""
    idle_at: datetime
    """The end unless it is used before, never after ``expires_at``; the exact instant still counts as in time."""

    def in_time(self, now: datetime) -> bool:
        """Whether it is still alive."""
        return now <= self.idle_at

    def rotated(self, new: "Session") -> "Session":
        """Go on after the same person signed in anew: a new key and new times, the same relying parties."""
        return replace(new, id=self.id)

    def belongs_to(self, identity: VerifiedIdentity) -> bool:
        """Whether this is the same person; country and code alone decide, never the name."""
        mine, other = self.identity, identity
        return (mine.country, mine.personal_code.key) == (other.country, other.personal_code.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedSession:
    """A session that is over; the identity is gone, what remains says whom it told."""

    id: SessionId
    browser: BrowserMark
    ended_at: datetime
    asked_by: RelyingPartyId | None
    """Which relying party asked for the end; None when the person did."""
    way_back: str | None
    """A registered address to go on to, with the state that was sent; None when there is none."""
    reply: tuple[tuple[str, str], ...] = ()
    """What the answer to ``asked_by`` must hold, as its front door wrote it down; empty where none is owed."""

    def round_in_time(self, now: datetime) -> bool:
        """Whether the browser may still visit those who took part; the exact instant still counts as in time."""
        return now <= self.ended_at + ROUND_LASTS


class Standing(StrEnum):
    """How it stands between an ended session and one relying party that took part."""

    JOINED = "joined"
    """The session goes on."""
    ITSELF = "itself"
    """It asked for the end, so that it needs not be told."""
    TO_BE_TOLD = "to-be-told"
    TOLD = "told"
    """It confirmed that it ended its own session."""
    UNREACHABLE = "unreachable"
    """It was asked as often as is agreed, and never confirmed."""
    NO_ADDRESS = "no-address"
    """Nothing is registered that could be told."""
    TO_VISIT = "to-visit"
    """Only the browser can tell it, and has not been there."""
    VISITED = "visited"
    """The browser left for it with our request, and brought no answer yet."""
    DECLINED = "declined"
    """It answered that it did not end its own session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """A relying party that knows the person by a session."""

    session: SessionId
    relying_party: RelyingPartyId
    sid: str
    """The name of the session towards this relying party alone."""
    subject: str
    """The pairwise subject it knows the person by."""
    standing: Standing = Standing.JOINED
    attempts: int = 0
    due_at: datetime | None = None
    """When to try next; set in ``TO_BE_TOLD`` alone."""
    request: Digest | None = None
    """Of the ID of the request that the browser carried there; set from ``VISITED`` on."""


def session_key(secret: str) -> SessionKey:
    """Give what is kept of a cookie's secret."""
    return SessionKey(hashlib.sha256(b"session\0" + secret.encode()).hexdigest())


def sid_of(session: SessionId, party: RelyingPartyId) -> Digest:
    """Name a session towards one relying party, so that two of them cannot compare (OIDC Back-Channel Logout 2.1)."""
    return Digest(hashlib.sha256(f"sid\0{session}\0{party}".encode()).hexdigest())


# --- may a session answer a question? ---


def of_the_same_group(session: Session, _question: Question, group: str, _now: datetime) -> bool:
    """Groups are apart: what one is signed in to says nothing to another."""
    return session.group == group


def not_over(session: Session, _question: Question, _group: str, now: datetime) -> bool:
    """Neither idle for too long nor too old."""
    return session.in_time(now)


def strong_enough(session: Session, question: Question, _group: str, _now: datetime) -> bool:
    """The first login must have been at least as strong as is asked for now (``acr_values``, essential ``acr``)."""
    return session.identity.assurance >= question.minimum_assurance


def fresh_enough(session: Session, question: Question, _group: str, now: datetime) -> bool:
    """``max_age`` counts from the moment the person authenticated at the provider (OIDC Core 3.1.2.1)."""
    return question.max_age is None or now - session.identity.authenticated_at <= question.max_age


def no_page_asked_for(_session: Session, question: Question, _group: str, _now: datetime) -> bool:
    """``login``, ``consent`` and ``select_account`` all ask that the person sees the page and decides."""
    return not question.prompt & {Prompt.LOGIN, Prompt.CONSENT, Prompt.SELECT_ACCOUNT}


def through_the_provider_asked_for(session: Session, question: Question, _group: str, _now: datetime) -> bool:
    """Who asks for one provider beforehand does not want another one's word."""
    return question.preselected in {None, session.identity.provider}


Rule = Callable[[Session, Question, str, datetime], bool]

RULES: Final[Sequence[Rule]] = (
    of_the_same_group,
    not_over,
    strong_enough,
    fresh_enough,
    no_page_asked_for,
    through_the_provider_asked_for,
)


def may_answer(session: Session, question: Question, group: str, now: datetime) -> bool:
    """Whether a session may answer a question in place of a provider."""
    return all(rule(session, question, group, now) for rule in RULES)
