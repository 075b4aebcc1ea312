"""What relying parties may ask in SAML: begin a login, sign out, read our metadata."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gateway.audit.event import Correlation, Peer, Verdict
from gateway.broker.begin import Origin
from gateway.broker.events import SignOutRequested
from gateway.broker.front_door import BrowserAnswer, PostForm
from gateway.broker.identifiers import digest, new_correlation
from gateway.broker.login import BrowserMark, Refusal
from gateway.broker.ports import Unit
from gateway.broker.relying_party import RelyingParty
from gateway.broker.sign_on import Proofs
from gateway.broker.sign_out import Ending
from gateway.broker.visits import all_reached, next_visit
from gateway.group_sessions import SignedOut as EndedEverywhere
from gateway.saml.addresses import SamlAddresses
from gateway.saml.errors import SamlRequestError, SamlRequestRefused, UntrustedSamlRequest
from gateway.saml.front_door import SamlDoor
from gateway.saml.keys import MessagesAbout
from gateway.saml.logout import LogoutReply, LogoutWriter, subject_of, verify_logout_request
from gateway.saml.metadata import OwnMetadata
from gateway.saml.request import verify_request
from gateway.saml.sender import FRESH, SKEW, Signed, take_out
from gateway.saml.sign_out_round import SignOutRound
from gateway.signing.events import MetadataSigned
from gateway.use_cases import NOTHING, Begun, UseCases
from providers.contract import Language
from providers.saml.bindings import Carried


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOut:
    """A LogoutRequest was recorded, and this is the answer to it."""

    party: RelyingParty
    answer: BrowserAnswer | None
    """None while the browser has others to visit first."""
    ended: EndedEverywhere | None = None
    """The session of the relying party's group in this browser that ended by it; None when none did."""


class SamlDesk:
    """The use-cases of SAML, over the same logins as every other language."""

    def __init__(
        self,
        *,
        use_cases: UseCases,
        addresses: SamlAddresses,
        messages: MessagesAbout,
        door: SamlDoor,
        metadata: OwnMetadata,
    ) -> None:
        self.use_cases = use_cases
        self.addresses = addresses
        self._writer = LogoutWriter(messages=messages)
        self.round = SignOutRound(use_cases=use_cases, addresses=addresses, writer=self._writer)
        self._door = door
        self._metadata = metadata

    def metadata(self) -> bytes:
        """Give our signed metadata."""
        return self._metadata.document(self.use_cases.clock(), self._announce)

    def _announce(self, kid: str) -> str:
        corr = new_correlation()
        event = MetadataSigned(corr=corr, artefact={"kind": "saml_metadata", "signer_kid": kid})
        self.use_cases.storage.commit(lambda unit: unit.record(event))
        return corr

    def authenticate(
        self,
        received: bytes,
        read: Callable[[bytes], Carried],
        browser: BrowserMark,
        language: Language,
        proofs: Proofs = NOTHING,
    ) -> Begun:
        """Begin a login from an AuthnRequest.

        Args:
            received: the query string or form, exactly.
            read: takes the message out of it, as its binding demands.
            browser: the browser that brought it.
            language: what the person reads.
            proofs: the sessions of groups that the browser proves.

        Raises:
            SamlRequestError: the request broke a rule; that is recorded, under the number in ``corr`` of the error.
        """
        origin = Origin(endpoint=self.addresses.sign_on, received=received)
        corr = new_correlation()
        asks = self.use_cases
        try:
            carried = take_out(received, read, "SAMLRequest")
            question = verify_request(carried, asks.parties, origin.endpoint, language, asks.clock())
        except SamlRequestError as error:
            asks.record_refused_request(corr, error.relying_party, origin, error.rule)
            error.corr = corr
            raise
        return asks.begin(corr, question, browser, origin, proofs)

    def refusal_of(self, refused: SamlRequestRefused) -> PostForm:
        """Tell the relying party that its request was refused, after that was recorded."""
        return self._door.refusal_of(refused.reply, refused.error, refused.description, refused.corr or "")

    def sign_out(self, received: bytes, read: Callable[[bytes], Carried], proofs: Proofs = NOTHING) -> SignedOut:
        """Check and record a LogoutRequest, end the browser's session of the group, then answer; each counts once.

        Raises:
            UntrustedSamlRequest: it is not proven, or was answered before; recorded under ``corr``.
        """
        corr = new_correlation()
        now = self.use_cases.clock()
        try:
            carried = take_out(received, read, "SAMLRequest")
            signed = verify_logout_request(carried, self.use_cases.parties, self.addresses.logout, now)
        except UntrustedSamlRequest as error:
            event = self._sign_out_event(corr, error.relying_party, received, Verdict(ok=False, rule=error.rule))
            self.use_cases.storage.commit(lambda unit: unit.record(event))
            error.corr = corr
            raise
        self._spend(corr, signed, received, now)
        ended = self._end_session(signed, proofs)
        participants = ended.participants if ended is not None else ()
        if next_visit(participants):
            return SignedOut(party=signed.party, answer=None, ended=ended)
        partial = not all_reached(participants)
        answer = self._writer.answer(corr, signed.provider, _reply_to(signed), now, partial=partial)
        return SignedOut(party=signed.party, answer=answer, ended=ended)

    def _end_session(self, signed: Signed, proofs: Proofs) -> EndedEverywhere | None:
        """End the session that the relying party takes part in under the subject it names, and no other (T15)."""
        party, sessions = signed.party, self.use_cases.sessions
        found = sessions.find_of(party.id, proofs)
        if found is None or party.group is None:
            return None
        subject = subject_of(signed)
        if all((party.id, subject) != (known.relying_party, known.subject) for known in found.participants):
            return None
        reply = _reply_to(signed).pairs()
        ending = Ending(why="asked_by_relying_party", by=party.id, way_back=None, reply=reply)
        return sessions.end(party.group, proofs, ending)

    def _spend(self, corr: Correlation, signed: Signed, received: bytes, now: datetime) -> None:
        fact = digest(f"{signed.provider.entity_id} {signed.id}")

        def operation(unit: Unit) -> bool:
            fresh = unit.spend("saml-logout", fact, now + FRESH + 2 * SKEW)
            verdict = Verdict(ok=fresh, rule="authentic" if fresh else Refusal.REPLAYED)
            unit.record(self._sign_out_event(corr, signed.party.id, received, verdict))
            return fresh

        if not self.use_cases.storage.commit(operation):
            error = UntrustedSamlRequest(Refusal.REPLAYED, "this request was answered before")
            error.corr = corr
            raise error

    def _sign_out_event(self, corr: Correlation, party: str, received: bytes, verdict: Verdict) -> SignOutRequested:
        return SignOutRequested(
            corr=corr, peer=Peer(id=party), endpoint=self.addresses.logout, received=received, verdict=verdict
        )


def _reply_to(signed: Signed) -> LogoutReply:
    return LogoutReply(in_response_to=signed.id, relay_state=signed.relay_state)
