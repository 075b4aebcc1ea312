"""Pushed authorization requests (RFC 9126, T04): the question comes from server to server, the browser carries a name.

A name works for one minute, for the relying party that pushed the question, until somebody has authenticated for it.
"""

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error

from gateway.broker.begin import LIFETIME as LOGIN_LIFETIME
from gateway.broker.identifiers import digest, new_secret
from gateway.broker.login import Digest
from gateway.broker.pushed_request import PushedRequest
from gateway.broker.relying_party import RelyingParties, SenderConstraint
from gateway.oidc.client_authentication import AuthenticatedClient
from gateway.oidc.dpop import VerifiedProof
from gateway.oidc.errors import OidcError, UntrustedRequest
from gateway.oidc.request import AuthorizationRequest, verify_request

PREFIX: Final = "urn:ietf:params:oauth:request_uri:"
LIFETIME: Final = timedelta(seconds=60)
"""FAPI 2.0 wants less than 600 seconds."""
_CREDENTIALS: Final = frozenset({"client_assertion", "client_assertion_type"})


def push(
    form: dict[str, str],
    client: AuthenticatedClient,
    proof: VerifiedProof | None,
    now: datetime,
    parties: RelyingParties,
) -> tuple[str, PushedRequest]:
    """Check a question as if the browser had brought it (RFC 9126 2.1), and give it a name.

    Returns:
        The ``request_uri``, 256 random bits, and what to remember of it.

    Raises:
        OAuth2Error: with the error code and the sentence that the relying party reads.
    """
    if form.get("client_id") != client.party.id:
        raise InvalidRequestError("client_id is missing, or is not the relying party that sends this")
    if "request_uri" in form:
        raise InvalidRequestError("request_uri cannot stand in a pushed request (RFC 9126 2.1)")
    parameters = urlencode(_bound(_without_credentials(form), client, proof)).encode()
    try:
        verify_request(AuthorizationRequest.parse(parameters), parties, pushed=True)
    except OidcError as refused:
        raise OAuth2Error(refused.description, error=refused.code, status_code=400) from refused
    request_uri = f"{PREFIX}{new_secret()}"
    return request_uri, PushedRequest(
        reference=digest(request_uri),
        relying_party=client.party.id,
        parameters=parameters,
        expires_at=now + LIFETIME,
        kept_until=now + LIFETIME + LOGIN_LIFETIME,
    )


def reference_of(request: AuthorizationRequest) -> Digest | None:
    """Give the digest of the name that a browser brings; None when it brings none of ours."""
    name = request.get("request_uri") or ""
    return digest(name) if name.startswith(PREFIX) else None


def pushed_by(request: AuthorizationRequest, pushed: PushedRequest | None, now: datetime) -> AuthorizationRequest:
    """Give the question that a name stands for; whatever else the browser brought is not read (RFC 9101 6.3).

    Raises:
        UntrustedRequest: the name is unknown, used up, too old, or another relying party's.
    """
    if pushed is None or pushed.relying_party != request.get("client_id") or now > pushed.expires_at:
        raise UntrustedRequest(
            "known_request_uri", "invalid_request_uri", "request_uri is unknown, used up, too old or another's"
        )
    return AuthorizationRequest.parse(pushed.parameters)


def _without_credentials(form: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in form.items() if name not in _CREDENTIALS}


def _bound(form: dict[str, str], client: AuthenticatedClient, proof: VerifiedProof | None) -> dict[str, str]:
    """Bind the code to the key of the proof that came along (RFC 9449 10.1)."""
    if proof is None or client.party.client.sender_constraint is not SenderConstraint.DPOP:
        return form
    if form.get("dpop_jkt", proof.thumbprint) != proof.thumbprint:
        raise InvalidRequestError("dpop_jkt is not the key that signed the DPoP proof")
    return {**form, "dpop_jkt": proof.thumbprint}
