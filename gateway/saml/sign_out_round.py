"""The round of a sign-out: the browser visits each SAML relying party that took part, with a LogoutRequest of ours.

It begins at the page of an ended session and comes back to ``/saml/logout`` with each answer. Where it stands is in the
database, for the browser that was signed in and for ``ROUND_LASTS``; it ends with the LogoutResponse to the relying
party that began it, or at the page of the session. The person may end it at any time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gateway.audit.event import Correlation, Peer, Verdict
from gateway.broker.front_door import BrowserAnswer, PostForm, Redirect
from gateway.broker.identifiers import digest, new_correlation
from gateway.broker.login import BrowserMark, Refusal
from gateway.broker.ports import Unit
from gateway.broker.relying_party import RelyingParty, ServiceProvider
from gateway.broker.session import ROUND_LASTS, Participant, SessionId
from gateway.broker.session_events import SignOutAnswered
from gateway.broker.sign_out import CONFIRMED, give_up
from gateway.broker.visits import Carried as CarriedAway
from gateway.broker.visits import all_reached, asked_by, depart, next_visit, settle
from gateway.group_sessions import SignedOut
from gateway.saml.addresses import SamlAddresses
from gateway.saml.errors import UntrustedSamlRequest
from gateway.saml.logout import LogoutReply, LogoutResponse, LogoutWriter, verify_logout_response
from gateway.saml.messages import LogoutQuestion, new_id
from gateway.saml.sender import SKEW, take_out
from gateway.use_cases import UseCases
from providers.saml.bindings import Carried


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Where the browser goes next, and what it carries there."""

    party: RelyingParty
    answer: BrowserAnswer


class SignOutRound:
    """Leads the browser round, one relying party at a time."""

    def __init__(self, *, use_cases: UseCases, addresses: SamlAddresses, writer: LogoutWriter) -> None:
        self._use_cases = use_cases
        self._addresses = addresses
        self._writer = writer

    def under_way(self, session: SessionId | None, browser: BrowserMark | None) -> SignedOut | None:
        """Find a round that this browser may go on with; None when there is none, or its time is over."""
        found = self._use_cases.sessions.outcome(session, browser) if session is not None else None
        return found if found is not None and found.session.round_in_time(self._use_cases.clock()) else None

    def go_on(self, session: SessionId, browser: BrowserMark | None) -> Step | None:
        """Leave for the next relying party; None when nobody is left to visit."""
        while found := self.under_way(session, browser):
            rows = next_visit(found.participants)
            if not rows:
                return None
            step = self._visit(rows)  # None: another tab was faster, or it is registered no more; neither comes again
            if step is not None:
                return step
        return None

    def finish(self, session: SessionId, browser: BrowserMark | None) -> Step | None:
        """Answer the relying party that began, whoever was not reached; None when no LogoutResponse is owed."""
        found = self.under_way(session, browser)
        if found is None or not found.session.reply:
            return None
        party = self._use_cases.parties.get(found.session.asked_by) if found.session.asked_by is not None else None
        provider = _visited(party)
        if party is None or provider is None:
            return None
        reply, partial = LogoutReply.of(found.session.reply), not all_reached(found.participants)
        now = self._use_cases.clock()
        return Step(party=party, answer=self._writer.answer(session, provider, reply, now, partial=partial))

    def take_answer(
        self,
        received: bytes,
        read: Callable[[bytes], Carried],
        session: SessionId | None,
        browser: BrowserMark | None,
    ) -> None:
        """Judge and record a LogoutResponse; each counts once, from whom was asked, in the browser that was sent there.

        Raises:
            UntrustedSamlRequest: it counts for nothing; recorded under ``corr``, and the round is as it was.
        """
        found, now = self.under_way(session, browser), self._use_cases.clock()
        corr = found.session.id if found is not None else new_correlation()
        try:
            carried = take_out(received, read, "SAMLResponse")
            response = verify_logout_response(carried, self._use_cases.parties, self._addresses.logout, now)
            rows = _asked(found, response)
        except UntrustedSamlRequest as error:
            refused = self._event(corr, error.relying_party, received, Verdict(ok=False, rule=error.rule))
            self._use_cases.storage.commit(lambda unit: unit.record(refused))
            error.corr = corr
            raise
        if not self._use_cases.storage.commit(lambda unit: self._settle(unit, rows, response, received, now)):
            replayed = UntrustedSamlRequest(Refusal.REPLAYED, "this answer was taken before")
            replayed.corr = corr
            raise replayed

    def _settle(
        self, unit: Unit, rows: tuple[Participant, ...], response: LogoutResponse, received: bytes, now: datetime
    ) -> bool:
        fact = digest(f"{response.signed.provider.entity_id} {response.in_response_to}")
        fresh = unit.spend("saml-logout-answer", fact, now + ROUND_LASTS + SKEW)
        if fresh:
            settle(unit, rows, confirmed=response.confirmed)
        rule = Refusal.REPLAYED if not fresh else CONFIRMED if response.confirmed else "not_confirmed"
        verdict = Verdict(ok=fresh and response.confirmed, rule=rule)
        unit.record(self._event(rows[0].session, response.signed.party.id, received, verdict))
        return fresh

    def _visit(self, rows: tuple[Participant, ...]) -> Step | None:
        party = self._use_cases.parties.get(rows[0].relying_party)
        provider = _visited(party)
        if party is None or provider is None:
            self._use_cases.storage.commit(lambda unit: _give_up_all(unit, rows))
            return None
        question = LogoutQuestion(
            id=new_id(),
            destination=provider.logout[0].location,
            audience=provider.entity_id,
            subject=rows[0].subject,
            session_indexes=tuple(row.sid for row in rows),
        )
        signed = self._writer.question(rows[0].session, provider, question, self._use_cases.clock())
        carried = CarriedAway(
            id=question.id,
            address=question.destination,
            content=_content(signed.carried),
            signer_kid=signed.signer_kid,
        )
        gone = self._use_cases.storage.commit(lambda unit: depart(unit, rows, carried))
        return Step(party=party, answer=signed.carried) if gone else None

    def _event(self, corr: Correlation, party: str, received: bytes, verdict: Verdict) -> SignOutAnswered:
        return SignOutAnswered(
            corr=corr,
            peer=Peer(id=party),
            endpoint=self._addresses.logout,
            status=None,
            tls=None,
            received=received,
            verdict=verdict,
        )


def _asked(found: SignedOut | None, response: LogoutResponse) -> tuple[Participant, ...]:
    """Find what a relying party was asked about: by us, in this round, by the request that it answers."""
    party = response.signed.party.id
    if found is None:
        raise UntrustedSamlRequest("round_under_way", "no sign-out of this browser waits for it", relying_party=party)
    rows = asked_by(found.participants, response.in_response_to, party)
    if not rows:
        raise UntrustedSamlRequest("answers_our_request", "InResponseTo is no request to you", relying_party=party)
    return rows


def _give_up_all(unit: Unit, rows: tuple[Participant, ...]) -> None:
    for row in rows:
        give_up(unit, row)


def _visited(party: RelyingParty | None) -> ServiceProvider | None:
    return party.saml if party is not None and party.saml is not None and party.saml.logout else None


def _content(answer: BrowserAnswer) -> bytes:
    match answer:
        case Redirect(location=location):
            return location.partition("?")[2].encode()
        case PostForm(fields=fields):
            return dict(fields)["SAMLRequest"].encode()
