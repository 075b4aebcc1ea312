"""The user info endpoint: a token works in the hands it was made for, within its five minutes (T08).

OIDC Core 5.3, RFC 6750 2.1 and 3, RFC 8705 3, RFC 9449 7.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from authlib.oauth2.rfc6749 import OAuth2Error

from gateway.audit.event import Verdict
from gateway.broker.login import Login, Redeemed
from gateway.broker.ports import Unit
from gateway.broker.relying_party import OidcClient, RelyingParties, RelyingParty, SenderConstraint
from gateway.oidc.back_channel import spend_proof
from gateway.oidc.client_authentication import Credentials
from gateway.oidc.dpop import Occasion, ProofRefused, VerifiedProof, verify_proof
from gateway.oidc.dpop_nonce import Nonces
from gateway.oidc.holder import holder_of


class Scheme(StrEnum):
    """How a token is presented in the ``Authorization`` header."""

    BEARER = "Bearer"
    DPOP = "DPoP"


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentedToken:
    """A token as a request brings it."""

    scheme: Scheme
    token: str | None
    """None where the header holds none, or something that is none."""
    occasion: Occasion
    """The request itself; its ``access_token`` is the one presented."""
    credentials: Credentials


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsRefused:
    """Why the claims are not given."""

    code: str
    """``invalid_token`` (the token is unknown, over, taken back or in other hands; which, is nobody's business), or
    one of RFC 9449 7.1 and 9."""
    description: str = ""
    party: None = None

    @property
    def verdict(self) -> Verdict:
        """What the audit record says."""
        return Verdict(ok=False, rule=self.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whoever was given the token; the proof it made must still be spent."""

    login: Redeemed
    party: RelyingParty
    proof: VerifiedProof | None

    @property
    def verdict(self) -> Verdict:
        """What the audit record says."""
        return Verdict(ok=True, rule="token_valid_for_its_holder")

    def having_spent(self, unit: Unit) -> "Holder | ClaimsRefused":
        """Consume the proof, in the transaction that records the reading."""
        try:
            spend_proof(unit, self.proof)
        except ProofRefused as error:
            return ClaimsRefused(code=error.error, description=error.description)
        return self


def verify_holder(
    presented: PresentedToken, login: Login | None, parties: RelyingParties, nonces: Nonces, now: datetime
) -> Holder | ClaimsRefused:
    """Check that a token is valid, and in the hands of whom it was given to.

    Args:
        presented: what came.
        login: the one whose token it is; None when there is none.
        parties: who is registered now.
        nonces: knows which nonce a proof must carry.
        now: UTC, aware.
    """
    not_valid = ClaimsRefused(code="invalid_token")
    if not isinstance(login, Redeemed) or now > login.token_expires_at:
        return not_valid
    party = parties.oidc_client(login.asked.question.relying_party)
    if party is None or not _fits(party.client, presented):
        return not_valid
    proof = None
    if presented.scheme is Scheme.DPOP:
        try:
            proof = verify_proof(presented.credentials.proofs, presented.occasion, nonces, now)
        except OAuth2Error as error:
            return ClaimsRefused(code=error.error, description=error.description)
    if login.holder != holder_of(party.client.sender_constraint, presented.credentials.certificate_sha256, proof):
        return not_valid
    return Holder(login=login, party=party, proof=proof)


def _fits(oidc: OidcClient, presented: PresentedToken) -> bool:
    """The scheme must be the registered one, and no certificate but its own may come with a token (T08)."""
    by_key = oidc.sender_constraint is SenderConstraint.DPOP
    by_certificate = oidc.sender_constraint is SenderConstraint.MUTUAL_TLS
    certificate = presented.credentials.certificate_sha256
    if (presented.scheme is Scheme.DPOP) is not by_key:
        return False
    return certificate in oidc.certificates or (certificate is None and not by_certificate)
