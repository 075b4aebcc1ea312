"""What may be asked of sessions: to take part in one, to see one's own, to end it, and whom that told.

Only for relying parties of a group; see ``docs/decisions/0006-sessions-belong-to-groups.md``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.broker.identifiers import new_secret
from gateway.broker.login import Answered, BrowserMark
from gateway.broker.ports import Storage, Unit
from gateway.broker.relying_party import RelyingParties, RelyingPartyId
from gateway.broker.session import (
    EndedSession,
    Lifetimes,
    Participant,
    Session,
    SessionId,
    Standing,
    session_key,
)
from gateway.broker.sign_on import Entry, Proofs, join
from gateway.broker.sign_out import Ending, end_session
from gateway.broker.subject import pairwise_subject


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSecret:
    """What the browser's cookie of one group must hold from now on."""

    group: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """A session of this browser, and who takes part in it."""

    session: Session
    participants: Sequence[Participant]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOut:
    """A session that ended, and how it stands with each that took part."""

    session: EndedSession
    participants: Sequence[Participant]

    @property
    def concerns_others(self) -> bool:
        """Whether anybody took part but the relying party that asked for the end."""
        return any(participant.standing is not Standing.ITSELF for participant in self.participants)


class GroupSessions:
    """Sessions of groups, as the outside sees them."""

    def __init__(
        self,
        storage: Storage,
        parties: RelyingParties,
        *,
        subject_key: bytes,
        clock: Callable[[], datetime],
        lifetimes: Lifetimes,
    ) -> None:
        self.lifetimes = lifetimes
        self._storage = storage
        self._parties = parties
        self._subject_key = subject_key
        self._clock = clock
        self.on_end: Callable[[], None] = lambda: None
        """Called after the commit of an end: somebody may wait in the outbox."""

    def group_of(self, party: RelyingPartyId) -> str | None:
        """Give the group of a relying party; None when it has none, or is registered no more."""
        registered = self._parties.get(party)
        return registered.group if registered is not None else None

    def admit(self, unit: Unit, login: Answered, proofs: Proofs, secret: NewSecret, now: datetime) -> None:
        """Let the relying party of a login take part in the browser's session."""
        party = self._parties[login.asked.question.relying_party]
        entry = Entry(
            party=party,
            group=secret.group,
            subject=pairwise_subject(self._subject_key, party.sector, login.identity),
            shown=proofs.get(secret.group),
            new_key=session_key(secret.value),
            lifetimes=self.lifetimes,
        )
        join(unit, login, entry, self._parties, now)

    def new_secret_for(self, party: RelyingPartyId) -> NewSecret | None:
        """Draw a secret for the cookie of a relying party's group; None when it has no group."""
        group = self.group_of(party)
        return NewSecret(group=group, value=new_secret()) if group is not None else None

    def mine(self, proofs: Proofs) -> Sequence[OpenSession]:
        """List the sessions that a browser proves, without those whose time is over."""
        now = self._clock()
        found = (self._find(group, proofs) for group in sorted(proofs))
        return [shown for shown in found if shown is not None and shown.session.in_time(now)]

    def find_of(self, party: RelyingPartyId, proofs: Proofs) -> OpenSession | None:
        """Find the browser's session of a relying party's group."""
        group = self.group_of(party)
        return self._find(group, proofs) if group is not None else None

    def end(self, group: str, proofs: Proofs, ending: Ending) -> SignedOut | None:
        """End the browser's session of one group; everybody who took part will be told.

        Returns:
            None when there is none any more.
        """
        found = self._find(group, proofs)
        if found is None:
            return None
        now = self._clock()
        self._storage.commit(lambda unit: end_session(unit, found.session, ending, self._parties, now))
        self.on_end()
        return self.outcome(found.session.id, found.session.browser)

    def outcome(self, session: SessionId, browser: BrowserMark | None) -> SignedOut | None:
        """Say whom an ended session told, to the browser that was signed in by it and to no other."""
        ended = self._storage.look(lambda sessions: sessions.find_ended(session, browser or BrowserMark("")))
        if ended is None:
            return None
        return SignedOut(
            session=ended, participants=self._storage.look(lambda sessions: sessions.participants(session))
        )

    def _find(self, group: str, proofs: Proofs) -> OpenSession | None:
        key = proofs.get(group)
        session = self._storage.look(lambda sessions: sessions.find(key)) if key is not None else None
        if session is None or session.group != group:
            return None
        participants = self._storage.look(lambda sessions: sessions.participants(session.id))
        return OpenSession(session=session, participants=participants)
