"""A request from a relying party's server: read, and its sender proven, before any transaction begins.

Signatures take their time; what they prove is spent afterwards, together with what the request asks for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from authlib.oauth2.rfc6749 import OAuth2Error

from gateway.audit.event import Correlation, Peer, Verdict
from gateway.broker.events import PushRefused, TokenRefused
from gateway.broker.identifiers import new_correlation
from gateway.broker.key_use import KeyUses
from gateway.broker.ports import Storage, Unit
from gateway.broker.relying_party import OidcClient, RelyingParties, RelyingParty, RelyingPartyId, SenderConstraint
from gateway.oidc.client_authentication import Addressee, AuthenticatedClient, Credentials, authenticate
from gateway.oidc.dpop import Occasion, ProofRefused, VerifiedProof, verify_proof
from gateway.oidc.dpop_nonce import Nonces
from gateway.oidc.form import parse_form

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class BackChannelRequest:
    """A form whose sender is proven; what proved it must still be spent."""

    endpoint: str
    body: bytes
    form: dict[str, str]
    credentials: Credentials
    client: AuthenticatedClient
    proof: VerifiedProof | None

    @property
    def peer(self) -> Peer:
        """Who sent it, for the audit record."""
        return Peer(id=self.client.party.id, cert_sha256=self.credentials.certificate_sha256)

    def spend(self, unit: Unit) -> None:
        """Consume assertion and proof (T07, T09).

        Raises:
            OAuth2Error: one of them was used before.
        """
        self.client.spend(unit)
        spend_proof(unit, self.proof)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotGranted:
    """A refused request of a relying party's server, recorded."""

    code: str
    """An error code of RFC 6749 5.2, RFC 9126 2.3 or RFC 9449 5."""
    description: str
    corr: Correlation

    @property
    def status(self) -> int:
        """The HTTP status: 401 where the sender is not proven."""
        return 401 if self.code == "invalid_client" else 400


class BackChannel:
    """Reads what relying parties' servers send, on either port."""

    def __init__(
        self,
        storage: Storage,
        parties: RelyingParties,
        *,
        issuer: str,
        nonces: Nonces,
        clock: Callable[[], datetime],
    ) -> None:
        self._storage = storage
        self.parties = parties
        self.nonces = nonces
        self._issuer = issuer
        self._clock = clock
        self._key_uses = KeyUses()

    def answer(
        self,
        endpoint: str,
        body: bytes,
        credentials: Credentials,
        operation: Callable[[Unit, BackChannelRequest], T],
        refusal: type[PushRefused | TokenRefused],
    ) -> T | NotGranted:
        """Prove who sent a form, then do what it asks in one transaction, in which a refusal is recorded as well.

        Args:
            endpoint: the address it came to, as published.
            body: exactly as received.
            credentials: what came beside it.
            operation: raises ``OAuth2Error`` where it refuses; what it has spent until then stays spent.
            refusal: the event that says so.
        """

        def refused(unit: Unit, error: OAuth2Error, peer: Peer) -> NotGranted:
            corr, verdict = new_correlation(), Verdict(ok=False, rule=error.error)
            unit.record(refusal(corr=corr, peer=peer, endpoint=endpoint, received=body, verdict=verdict))
            return NotGranted(code=error.error, description=error.description or "", corr=corr)

        def work(unit: Unit) -> T | NotGranted:
            if isinstance(sent, OAuth2Error):
                return refused(unit, sent, self.peer_of(credentials))
            if noted:
                unit.note_key_use(*noted)
            try:
                return operation(unit, sent)
            except OAuth2Error as error:
                return refused(unit, error, sent.peer)

        sent = self._read(endpoint, body, credentials)
        noted = self._key_use_due(sent)
        outcome = self._storage.commit(work)
        if noted:
            self._key_uses.noted(*noted)
        return outcome

    def _key_use_due(self, sent: BackChannelRequest | OAuth2Error) -> tuple[RelyingPartyId, str, datetime] | None:
        if isinstance(sent, OAuth2Error) or sent.client.key_id is None:
            return None
        used = sent.client.party.id, sent.client.key_id, self._clock()
        return used if self._key_uses.is_due(*used) else None

    def _read(self, endpoint: str, body: bytes, credentials: Credentials) -> BackChannelRequest | OAuth2Error:
        now = self._clock()
        try:
            form = parse_form(body)
            client = authenticate(form, credentials, self.parties, Addressee(self._issuer, endpoint), now)
            proof = self._proof(client.party.client, credentials, endpoint, now)
        except OAuth2Error as error:
            return error
        return BackChannelRequest(
            endpoint=endpoint, body=body, form=form, credentials=credentials, client=client, proof=proof
        )

    def peer_of(self, credentials: Credentials, party: RelyingParty | None = None) -> Peer:
        """Say who sent a request; where that is not proven, what the certificate of its connection says."""
        certificate = credentials.certificate_sha256
        party = party or self.parties.by_certificate(certificate)
        return Peer(id=party.id if party else "", cert_sha256=certificate)

    def _proof(self, oidc: OidcClient, credentials: Credentials, endpoint: str, now: datetime) -> VerifiedProof | None:
        """Verify a proof that came, whether or not it is needed here; only a token request needs one."""
        if not credentials.proofs:
            return None
        if oidc.sender_constraint is not SenderConstraint.DPOP:
            raise ProofRefused("this relying party is not registered for DPoP")
        return verify_proof(credentials.proofs, Occasion(method="POST", url=endpoint), self.nonces, now)


def spend_proof(unit: Unit, proof: VerifiedProof | None) -> None:
    """Consume a proof.

    Raises:
        ProofRefused: it was used before.
    """
    if proof is not None and not unit.spend("dpop", proof.single_use, proof.spent_until):
        raise ProofRefused("jti was used before")
