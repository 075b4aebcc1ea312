"""Everything the outside may ask of the gateway.

Each use-case is one step of a login: it judges, saves state and audit events in one transaction, and returns what
happened. Refusals are outcomes, not exceptions; ``StorageUnavailable`` alone goes through, for nothing was decided.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final, TypeAlias

from gateway.attending import Attending
from gateway.audit.event import Correlation, Peer, Verdict
from gateway.broker import begin as beginning
from gateway.broker import complete as completing
from gateway.broker import deliver as delivering
from gateway.broker import sign_on
from gateway.broker.begin import Origin
from gateway.broker.claims import claims_for
from gateway.broker.events import ClaimsRead, PushRefused, RequestPushed, RequestRefused, SignOutRequested, TokenRefused
from gateway.broker.front_door import BrowserAnswer, FrontDoor, Handover
from gateway.broker.identifiers import digest, new_correlation, new_reference
from gateway.broker.login import (
    Answered,
    Arrived,
    Asked,
    Asserted,
    AtProvider,
    BrowserMark,
    Delivered,
    Door,
    Login,
    Prompt,
    Question,
    Refusal,
    Refused,
    asked_of,
)
from gateway.broker.ports import Storage, Unit
from gateway.broker.relying_party import RelyingParties, RelyingParty
from gateway.broker.session import Lifetimes
from gateway.broker.sign_on import Proofs
from gateway.broker.sign_out import Ending
from gateway.group_sessions import GroupSessions, NewSecret, SignedOut
from gateway.oidc import par
from gateway.oidc.back_channel import BackChannel, BackChannelRequest, NotGranted
from gateway.oidc.client_authentication import Credentials
from gateway.oidc.dpop_nonce import Nonces
from gateway.oidc.errors import OidcError, SignOutRefused
from gateway.oidc.errors import RequestRefused as OidcRefused
from gateway.oidc.front_door import OidcDoor
from gateway.oidc.keys import SigningKeys, id_token_claims, sign_compact
from gateway.oidc.metadata import Addresses, BackChannelAddresses
from gateway.oidc.release import asked_at_userinfo, asked_in_id_token
from gateway.oidc.request import AuthorizationRequest, verify_request
from gateway.oidc.response import Responder
from gateway.oidc.sign_out import SignOut, verify_sign_out
from gateway.oidc.token import Granted, TokenServer
from gateway.oidc.token_care import inspect_token, revoke_token
from gateway.oidc.userinfo import ClaimsRefused, Holder, PresentedToken, verify_holder
from providers.contract import (
    ATTENDED,
    Answer,
    Arrival,
    AttendedProvider,
    AuthenticationRequest,
    BackChannelExchange,
    Concluded,
    Departure,
    Language,
    Page,
    Provider,
    ProviderId,
    Reference,
)
from providers.errors import ProviderError


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """The person may leave for a provider: the intent is durable."""

    login: AtProvider
    departure: Departure


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """A message or request that led nowhere; no login is shown to whoever sent it."""

    corr: Correlation
    why: str
    login: Correlation | None = None
    """The login that the message named, when it was authentic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """A result may leave for the relying party: the event that says so is durable."""

    login: Delivered | Asserted
    answer: BrowserAnswer
    secret: NewSecret | None = None
    """For the cookie of the relying party's group, when the login opened a session."""


Begun: TypeAlias = Asked | Leaving | Login
"""A login that waits for a choice, leaves at once, or is over already: answered from a session, or without hope."""

NOTHING: Final[Proofs] = MappingProxyType({})
DEFAULT_LIFETIMES: Final = Lifetimes()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOutAnswer:
    """What came of a relying party's sign-out request."""

    party: RelyingParty
    location: str | None
    """Where to send the person; None when the relying party named no address."""
    signed_out: SignedOut | None = None
    """The session that ended by it; None when the browser has none of the group."""
    must_confirm: bool = False
    """The browser's session is not the one that the ID token speaks of: the person decides (T15)."""


class UseCases:
    """The steps of a login, in the order in which they happen."""

    def __init__(
        self,
        *,
        storage: Storage,
        providers: Mapping[ProviderId, Provider],
        parties: RelyingParties,
        addresses: Addresses,
        keys: SigningKeys,
        subject_key: bytes,
        nonces: Nonces,
        clock: Callable[[], datetime],
        lifetimes: Lifetimes = DEFAULT_LIFETIMES,
        doors: Mapping[Door, FrontDoor] = MappingProxyType({}),
    ) -> None:
        self.storage = storage
        self.providers = providers
        self.parties = parties
        self.addresses = addresses
        self.keys = keys
        self.clock = clock
        self._subject_key = subject_key
        self.sessions = GroupSessions(storage, parties, subject_key=subject_key, clock=clock, lifetimes=lifetimes)
        self.responder = Responder(addresses.issuer, keys, clock)
        self._doors: dict[Door, FrontDoor] = {Door.OIDC: OidcDoor(self.responder), **doors}
        self.nonces = nonces
        self._back_channel = BackChannel(storage, parties, issuer=addresses.issuer, nonces=nonces, clock=clock)
        self._tokens = TokenServer(keys=keys, clock=clock)
        self._attending = Attending(storage, subject_key, clock, self._conclude)

    # --- a relying party asks ---

    def authorize(self, query: bytes, browser: BrowserMark, proofs: Proofs = NOTHING) -> Begun:
        """Begin a login from an OpenID Connect authorization request.

        Args:
            query: the query string, exactly as it came.
            browser: who brought it.
            proofs: which sessions the browser proves; they count for the group of the relying party alone.

        Raises:
            OidcError: the request broke a rule; that is recorded, under the number in ``corr`` of the error.
        """
        origin = Origin(endpoint=self.addresses.authorization, received=query)
        corr = new_correlation()
        try:
            question = self._question(AuthorizationRequest.parse(query))
        except OidcError as error:
            party = error.reply_to.relying_party if isinstance(error, OidcRefused) else ""
            self.record_refused_request(corr, party, origin, error.rule)
            error.corr = corr
            raise
        return self.begin(corr, question, browser, origin, proofs)

    def _question(self, request: AuthorizationRequest) -> Question:
        reference = par.reference_of(request)
        if reference is None:
            return verify_request(request, self.parties)
        pushed = par.pushed_by(request, self.storage.load_pushed(reference), self.clock())
        return replace(verify_request(pushed, self.parties, pushed=True), pushed=reference)

    def begin(
        self, corr: Correlation, question: Question, browser: BrowserMark, origin: Origin, proofs: Proofs = NOTHING
    ) -> Begun:
        """Begin a login for a question whose relying party is proven, whatever language it was asked in."""
        now = self.clock()
        asked = beginning.begin(corr, question, browser, now)
        group = self.sessions.group_of(question.relying_party)
        leaves = self.offers(question, question.preselected) and Prompt.NONE not in question.prompt
        leaving = self._prepare(asked, question.preselected, question.language) if leaves else None

        def operation(unit: Unit) -> Begun:
            session = sign_on.session_for(unit, question, group, proofs, now) if group is not None else None
            if session is not None and self.offers(question, session.identity.provider):
                return sign_on.answer_from(unit, asked, session, origin)
            beginning.remember(unit, asked, origin)
            if why := self._hopeless(question):
                return completing.end(unit, asked, why)
            if leaving is None:
                return asked
            if isinstance(leaving, ProviderError):
                return completing.end(unit, asked, leaving.reason)
            beginning.depart(unit, asked, leaving.login, leaving.departure)
            return leaving

        return self.storage.commit(operation)

    def _hopeless(self, question: Question) -> Refusal | None:
        """Say why no page of ours could help: none may be shown, or nobody here vouches at the level asked for."""
        if Prompt.NONE in question.prompt:
            return Refusal.LOGIN_REQUIRED
        reachable = not self.providers or any(self.offers(question, provider) for provider in self.providers)
        return None if reachable else Refusal.ASSURANCE_TOO_LOW

    def offers(self, question: Question, provider: ProviderId | None) -> bool:
        """Whether a provider is here and can reach the level asked for (OIDC Core 5.5.1.1).

        Nobody is sent to another, and no session that another vouched for counts.
        """
        known = self.providers.get(provider) if provider is not None else None
        return known is not None and known.assurance >= question.minimum_assurance

    def record_refused_request(self, corr: Correlation, party: str, origin: Origin, rule: str) -> None:
        """Record that a request broke a rule.

        Args:
            corr: the number of the incident.
            party: whoever is proven to have asked; empty when nobody is.
            origin: the request.
            rule: the name of the check.
        """
        event = RequestRefused(
            corr=corr,
            peer=Peer(id=party),
            endpoint=origin.endpoint,
            received=origin.received,
            verdict=Verdict(ok=False, rule=rule),
        )
        self.storage.commit(lambda unit: unit.record(event))

    # --- the person chooses ---

    def find(self, login: Correlation, browser: BrowserMark | None) -> Login | None:
        """Show a login to the browser that began it, and to no other."""
        found = self.storage.load(login)
        return found if found is not None and asked_of(found).browser == browser else None

    def choose(self, login: Asked, provider: ProviderId, language: Language) -> Leaving | Login | None:
        """The person goes to a provider; the intent is durable before the browser leaves.

        Returns:
            The login as it is now when it is not waiting for a choice any more.
        """
        if not login.in_time(self.clock()):
            return self._end(login, Refusal.EXPIRED)
        leaving = self._prepare(login, provider, language)
        if isinstance(leaving, ProviderError):
            return self._end(login, leaving.reason)
        gone = self.storage.commit(lambda unit: beginning.depart(unit, login, leaving.login, leaving.departure))
        return leaving if gone else self.storage.load(login.id)

    def start_again(self, login: Login) -> Login:
        """Let the person choose anew, for the same question, within the time of the first attempt.

        Returns:
            The new login; or the first one as it is now, when its time is over or its result was handed over meanwhile.
        """
        first = asked_of(login)
        if not first.in_time(self.clock()):
            return self._end(login, Refusal.EXPIRED)
        again = Asked(
            id=new_correlation(),
            question=replace(first.question, session=None),
            browser=first.browser,
            started_at=first.started_at,
            expires_at=first.expires_at,
        )
        origin = Origin(endpoint=f"{self.addresses.issuer}/login", received=first.id.encode())

        def operation(unit: Unit) -> Login:
            ended = completing.end(unit, unit.load(first.id) or login, Refusal.CANCELLED)
            if not isinstance(ended, Refused):
                return ended
            beginning.remember(unit, again, origin)
            return again

        return self.storage.commit(operation)

    def cancel(self, login: Login) -> Login:
        """The person gives up; the relying party will be told."""
        return self._end(login, Refusal.CANCELLED)

    def _end(self, login: Login, why: str) -> Login:
        return self.storage.commit(lambda unit: completing.end(unit, login, why))

    def _prepare(self, asked: Asked, provider: ProviderId | None, language: Language) -> Leaving | ProviderError:
        """Make what the browser carries to a provider; or say why that provider cannot be asked."""
        chosen = self.providers[provider or ProviderId("")]
        login = asked.leaves_for(chosen.id, new_reference(), self.clock())
        try:
            departure = chosen.depart(self._request(login, language))
        except ProviderError as error:
            return error
        return Leaving(login=replace(login, memory=departure.memory), departure=departure)

    def _request(self, login: AtProvider, language: Language) -> AuthenticationRequest:
        party = self.parties[login.asked.question.relying_party]
        return login.request(self.addresses.return_url(login.provider), language, party.names[language])

    # --- the person proves themselves on a page of ours ---

    def attend(self, login: AtProvider, language: Language, said: Mapping[str, str]) -> Page | None:
        """The person's browser shows our page, or asks it for news.

        Args:
            login: as it was found for this browser.
            language: that the person reads.
            said: the fields of the page's form, when the person sent it.

        Returns:
            What to show; None when the login does not wait for that: it has ended, or another provider was chosen.
        """
        provider, now = self.providers.get(login.provider), self.clock()
        if not isinstance(provider, AttendedProvider):
            return None
        if not login.asked.in_time(now):
            self._end(login, Refusal.EXPIRED)
            return None
        return self._attending.visit(provider, login, self._request(login, language), said)

    def _conclude(self, provider: Provider, _login: AtProvider, concluded: Concluded) -> None:
        arrival = Arrival(method=ATTENDED, content_type="", body=concluded.answer, received_at=self.clock())
        self.complete(provider, arrival)

    # --- the provider answers ---

    def complete(
        self, provider: Provider, arrival: Arrival, browser: BrowserMark | None = None
    ) -> Correlation | Turned:
        """Judge a provider's answer.

        Args:
            provider: at whose return address it arrived.
            arrival: the answer.
            browser: who brought it. What comes as a query must come with the cookie of the browser that began the login,
                which every browser sends along (T03, T40); a form from another site comes without.

        Returns:
            The login it belongs to, whose outcome waits for the browser that began it; or why the message led nowhere.
        """
        origin = Origin(endpoint=self.addresses.return_url(provider.id), received=arrival.message)
        try:
            answer = provider.receive(arrival)
        except ProviderError as refused:
            return self._turned(provider.id, origin, refused)
        now = self.clock()

        def arrive(unit: Unit) -> Arrived | Turned:
            taken = self._take(unit, answer, provider.id, origin, now, {browser} if arrival.method == "GET" else None)
            if isinstance(taken, Arrived) and not answer.asks_back_channel:
                completing.settle(unit, taken, *_judged(answer, taken))  # nobody is waited for: one commit is enough
            return taken

        taken = self.storage.commit(arrive)
        if isinstance(taken, Turned):
            return taken
        if answer.asks_back_channel:
            outcome, exchanges = _judged(answer, taken)
            self.storage.commit(lambda unit: completing.settle(unit, taken, outcome, exchanges))
        return taken.asked.id

    def _take(
        self,
        unit: Unit,
        answer: Answer,
        provider: ProviderId,
        origin: Origin,
        now: datetime,
        browsers: set[BrowserMark | None] | None,
    ) -> Arrived | Turned:
        login, why = completing.take(unit, answer, provider, origin, now, browsers)
        if why is None and isinstance(login, Arrived):
            return login
        corr = asked_of(login).id if login is not None else new_correlation()
        completing.refuse_answer(unit, corr, provider, origin, why or Refusal.REPLAYED)
        shown = login is not None and why != Refusal.WRONG_BROWSER
        return Turned(corr=corr, why=why or Refusal.REPLAYED, login=corr if shown else None)

    def _turned(self, provider: ProviderId, origin: Origin, refused: ProviderError) -> Correlation | Turned:
        """Record a refused message; an authentic one ends the login that it names (banklink.md section 8)."""

        def operation(unit: Unit) -> Correlation | Turned:
            login = self._named(unit, provider, refused.reference)
            corr = asked_of(login).id if login is not None else new_correlation()
            completing.refuse_answer(unit, corr, provider, origin, refused.reason)
            if login is None:
                return Turned(corr=corr, why=refused.reason)
            completing.end(unit, login, refused.reason)
            return corr

        return self.storage.commit(operation)

    @staticmethod
    def _named(unit: Unit, provider: ProviderId, reference: Reference | None) -> AtProvider | None:
        login = unit.load_by_reference(provider, reference) if reference else None
        return login if isinstance(login, AtProvider) else None

    # --- the browser comes back, the relying party is told ---

    def resume(
        self, login: Correlation, browser: BrowserMark | None, proofs: Proofs = NOTHING
    ) -> HandedOver | Login | None:
        """Hand the result over, to the browser that began the login.

        Returns:
            ``HandedOver`` once; otherwise the login as it is, or None when it is unknown or another browser's.
        """
        now, mark = self.clock(), browser or BrowserMark("")

        def operation(unit: Unit) -> tuple[Handover | Login | None, NewSecret | None]:
            found = unit.load(login)
            if found is None:
                return None, None
            alive = sign_on.still_signed_in(unit, found, mark, now, self.sessions.lifetimes)
            outcome = delivering.deliver(unit, alive, mark, self.door_of(alive), now)
            if not isinstance(outcome, Handover) or not isinstance(alive, Answered):
                return outcome, None
            return outcome, self._admit(unit, alive, proofs, now)

        outcome, secret = self.storage.commit(operation)
        if isinstance(outcome, Handover):
            return HandedOver(login=outcome.becomes, answer=outcome.answer(), secret=secret)
        return outcome

    def _admit(self, unit: Unit, login: Answered, proofs: Proofs, now: datetime) -> NewSecret | None:
        """Let a relying party of a group take part in a session.

        Returns:
            The secret of a session that a provider's answer opened or renewed; None when a session answered.
        """
        secret = self.sessions.new_secret_for(login.asked.question.relying_party)
        if secret is None:
            return None
        self.sessions.admit(unit, login, proofs, secret, now)
        return secret if login.asked.question.session is None else None

    def tell_refusal(self, refused: Refused, error: str, description: str) -> BrowserAnswer:
        """Record that the relying party is told of a refusal, then give what the browser carries there."""
        door = self.door_of(refused)
        endpoint = door.reply_address(refused.asked)
        self.storage.commit(lambda unit: delivering.deliver_refusal(unit, refused, endpoint))
        return door.refusal(refused, error, description)

    def door_of(self, login: Login) -> FrontDoor:
        """Give the front door that a login came in by; its outcome leaves by the same."""
        return self._doors[asked_of(login).question.door]

    # --- a relying party's server asks ---

    def push(self, body: bytes, credentials: Credentials) -> str | NotGranted:
        """Take a question from a relying party's server; give the ``request_uri`` that the browser shall bring."""

        def take(unit: Unit, sent: BackChannelRequest) -> str:
            sent.spend(unit)
            name, pushed = par.push(sent.form, sent.client, sent.proof, self.clock(), self.parties)
            unit.push(pushed)
            artefact = {"kind": "request_uri", "commit": pushed.reference}
            corr, endpoint = new_correlation(), sent.endpoint
            unit.record(RequestPushed(corr=corr, peer=sent.peer, endpoint=endpoint, received=body, artefact=artefact))
            return name

        endpoint = self._addressed(credentials).pushed_requests
        return self._back_channel.answer(endpoint, body, credentials, take, PushRefused)

    def redeem(self, body: bytes, credentials: Credentials) -> dict[str, object] | NotGranted:
        """Answer a token request with tokens, or with the reason why not."""
        endpoint = self._addressed(credentials).token
        granted = self._back_channel.answer(endpoint, body, credentials, self._tokens.redeem, TokenRefused)
        return granted if isinstance(granted, NotGranted) else self._tokens_for(granted)

    def revoke(self, body: bytes, credentials: Credentials) -> bool | NotGranted:
        """Take an access token back from whoever holds it (RFC 7009)."""
        endpoint = self._addressed(credentials).revocation
        return self._back_channel.answer(endpoint, body, credentials, revoke_token, TokenRefused)

    def inspect(self, body: bytes, credentials: Credentials) -> dict[str, object] | NotGranted:
        """Say whether an access token counts (RFC 7662)."""

        def inspected(unit: Unit, sent: BackChannelRequest) -> dict[str, object]:
            return inspect_token(unit, sent, self.clock(), self.addresses.issuer)

        endpoint = self._addressed(credentials).introspection
        return self._back_channel.answer(endpoint, body, credentials, inspected, TokenRefused)

    def _addressed(self, credentials: Credentials) -> BackChannelAddresses:
        """On which of the two ports a request came."""
        return self.addresses.back_channel(mutual_tls=credentials.certificate_sha256 is not None)

    def _tokens_for(self, granted: Granted) -> dict[str, object]:
        reply = dict(granted.login.asked.question.reply)
        claims = id_token_claims(
            issuer=self.addresses.issuer,
            audience=granted.party.id,
            claims=claims_for(
                granted.party,
                granted.login.identity,
                self._subject_key,
                asked_in_id_token(granted.login.asked.question),
            ),
            nonce=reply.get("nonce"),
            now=self.clock(),
        )
        if granted.party.group is not None:
            claims["sid"] = sign_on.sid_in(granted.login.asked, granted.party.id)
        return {
            "access_token": granted.access_token,
            "token_type": granted.token_type,
            "expires_in": int(delivering.TOKEN_LIFETIME.total_seconds()),
            "scope": reply["scope"],
            "id_token": sign_compact(granted.signer, claims, granted.login.asked.id),
        }

    def claims(self, presented: PresentedToken) -> dict[str, object] | ClaimsRefused:
        """Give the claims again to the relying party that holds the token, with its certificate or key (T08)."""
        login = self.storage.load_by_token(digest(presented.token)) if presented.token else None
        judged = verify_holder(presented, login, self.parties, self.nonces, self.clock())
        outcome = self.storage.commit(lambda unit: self._record_reading(unit, presented, login, judged))
        if isinstance(outcome, ClaimsRefused):
            return outcome
        wanted = asked_at_userinfo(outcome.login.asked.question)
        return claims_for(outcome.party, outcome.login.identity, self._subject_key, wanted)

    def _record_reading(
        self, unit: Unit, presented: PresentedToken, login: Login | None, judged: Holder | ClaimsRefused
    ) -> Holder | ClaimsRefused:
        outcome = judged.having_spent(unit) if isinstance(judged, Holder) else judged
        unit.record(
            ClaimsRead(
                corr=asked_of(login).id if login else new_correlation(),
                peer=self._back_channel.peer_of(presented.credentials, outcome.party),
                endpoint=self._addressed(presented.credentials).userinfo,
                verdict=outcome.verdict,
            )
        )
        return outcome

    def sign_out(self, query: bytes, proofs: Proofs = NOTHING) -> SignOutAnswer:
        """Check and record a sign-out request, and end the session that its ID token speaks of.

        Raises:
            SignOutRefused: it cannot be tied to a registered relying party.
        """
        corr = new_correlation()
        try:
            sign_out = verify_sign_out(query, self.parties, self.keys, self.addresses.issuer)
        except SignOutRefused as error:
            self._record_sign_out(corr, "", query, Verdict(ok=False, rule=error.rule))
            error.corr = corr
            raise
        self._record_sign_out(corr, sign_out.party.id, query, Verdict(ok=True, rule="id_token_hint_is_ours"))
        return self._sign_out(sign_out, proofs)

    def _sign_out(self, sign_out: SignOut, proofs: Proofs) -> SignOutAnswer:
        party, answer = sign_out.party, SignOutAnswer(party=sign_out.party, location=sign_out.location)
        found = self.sessions.find_of(party.id, proofs)
        if found is None or party.group is None:
            return answer
        if all((party.id, sign_out.sid) != (known.relying_party, known.sid) for known in found.participants):
            return replace(answer, must_confirm=True)
        ending = Ending(why="asked_by_relying_party", by=party.id, way_back=sign_out.location)
        return replace(answer, signed_out=self.sessions.end(party.group, proofs, ending))

    def _record_sign_out(self, corr: Correlation, party: str, query: bytes, verdict: Verdict) -> None:
        event = SignOutRequested(
            corr=corr, peer=Peer(id=party), endpoint=self.addresses.sign_out, received=query, verdict=verdict
        )
        self.storage.commit(lambda unit: unit.record(event))


def _judged(answer: Answer, arrived: Arrived) -> tuple[Answered | Refused, tuple[BackChannelExchange, ...]]:
    """Ask who the person is, and say what comes of it."""
    try:
        identity = answer.identify(arrived.expectation)
    except ProviderError as error:
        return completing.refusal_of(arrived, error), error.exchanges
    return arrived.answered_by(identity), identity.exchanges
