"""Who sends a request to the back channel: proven in the one way that is registered (RFC 7523, RFC 8705 2; T07).

A relying party registered for mutual TLS gets nothing on the port that asks for no certificate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from authlib.oauth2.rfc6749 import InvalidClientError

from gateway.broker.ports import Unit
from gateway.broker.relying_party import (
    AssertionAudience,
    ClientAuthentication,
    OidcClient,
    RelyingParties,
    RelyingParty,
    SenderConstraint,
)
from gateway.oidc.client_assertion import VerifiedAssertion, claimed_client, is_assertion, verify_assertion


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a request brings beside its parameters to show who sends it."""

    certificate_sha256: str | None = None
    """Of the certificate verified in the handshake, lower-case hexadecimal; None on the public port."""
    proofs: Sequence[str] = ()
    """Every ``DPoP`` header of the request."""


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom an assertion must be addressed to."""

    issuer: str
    endpoint: str
    """The URL at which the request came in."""

    def audience_for(self, oidc: OidcClient) -> str:
        """Give the one audience accepted of a relying party."""
        old_rule = oidc.assertion_audience is AssertionAudience.TOKEN_ENDPOINT
        return self.endpoint if old_rule else self.issuer


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticatedClient:
    """A relying party that proved itself; a ``jti`` it used must still be spent, in the caller's transaction."""

    party: RelyingParty
    assertion: VerifiedAssertion | None

    @property
    def key_id(self) -> str | None:
        """The ``kid`` of the key that proved it; None where a certificate did."""
        return self.assertion.key.kid if self.assertion is not None else None

    def spend(self, unit: Unit) -> None:
        """Consume the assertion.

        Raises:
            InvalidClientError: it was used before, at this endpoint or another (T07).
        """
        used = self.assertion
        if used is not None and not unit.spend("jti", f"{self.party.id}\0{used.jti}", used.spent_until):
            raise InvalidClientError(description="jti was used before")


def authenticate(
    form: dict[str, str], credentials: Credentials, parties: RelyingParties, addressee: Addressee, now: datetime
) -> AuthenticatedClient:
    """Prove who sends a form.

    Raises:
        InvalidClientError: with a sentence for the portal's developer.
    """
    certificate = credentials.certificate_sha256
    party = _named(form, certificate, parties)
    if party is None:
        raise InvalidClientError(description="client_id names no registered OpenID Connect relying party")
    _check_transport(party.client, certificate)
    if "client_secret" in form:
        raise InvalidClientError(description="client_secret proves nothing here; no secret is shared with anybody")
    return AuthenticatedClient(party=party, assertion=_assertion(form, party, addressee, now))


def _named(form: dict[str, str], certificate: str | None, parties: RelyingParties) -> RelyingParty | None:
    """Find who it claims to be; a certificate that somebody else registered decides before any claim."""
    owner = parties.by_certificate(certificate)
    claimed = form.get("client_id") or claimed_client(form.get("client_assertion", "")) or (owner and owner.id)
    if owner is not None and claimed != owner.id:
        raise InvalidClientError(description="client_id is not the one this client certificate belongs to")
    return parties.oidc_client(claimed or "")


def _check_transport(oidc: OidcClient, certificate: str | None) -> None:
    if certificate is not None and certificate not in oidc.certificates:
        raise InvalidClientError(description="the client certificate is not registered for this relying party")
    if certificate is None and needs_mutual_tls(oidc):
        raise InvalidClientError(
            description="registered for mutual TLS; use the endpoints in mtls_endpoint_aliases, with a certificate"
        )


def needs_mutual_tls(oidc: OidcClient) -> bool:
    """Whether a relying party can do nothing without its client certificate."""
    by_certificate = oidc.authentication is ClientAuthentication.TLS
    return by_certificate or oidc.sender_constraint is SenderConstraint.MUTUAL_TLS


def _assertion(
    form: dict[str, str], party: RelyingParty, addressee: Addressee, now: datetime
) -> VerifiedAssertion | None:
    if party.client.authentication is ClientAuthentication.TLS:
        if "client_id" not in form:
            raise InvalidClientError(description="client_id is missing; tls_client_auth needs it (RFC 8705 2)")
        return None
    if not is_assertion(form):
        raise InvalidClientError(description="client_assertion is missing; private_key_jwt is registered")
    audience = addressee.audience_for(party.client)
    return verify_assertion(form["client_assertion"], party.id, party.client.assertion_keys, audience, now)
