"""What relying parties' servers may ask, on the port that demands their certificate."""

from hashlib import sha256

from flask import Blueprint, Response, request

from gateway.broker.login import incident_number
from gateway.oidc.token import NotGranted
from gateway.serving.client_certificate import CLIENT_CERTIFICATE
from gateway.use_cases import UseCases
from gateway.web.access import Access, may_enter
from gateway.web.responses import json_response


def token_pages(use_cases: UseCases) -> Blueprint:
    """Make the routes of the mutual-TLS port."""
    pages = Blueprint("tokens", __name__)

    @pages.post("/oidc/token")
    @may_enter(Access.CLIENT_CERTIFICATE)
    def token() -> Response:
        outcome = use_cases.redeem(request.get_data(cache=False), certificate_sha256())
        if not isinstance(outcome, NotGranted):
            return json_response(outcome)
        description = f"{outcome.description} (incident {incident_number(outcome.corr)})".lstrip()
        status = 401 if outcome.code == "invalid_client" else outcome.status
        return json_response({"error": outcome.code, "error_description": description}, status)

    @pages.get("/oidc/userinfo")
    @pages.post("/oidc/userinfo")
    @may_enter(Access.CLIENT_CERTIFICATE)
    def userinfo() -> Response:
        claims = use_cases.claims(_bearer(request.headers.get("Authorization", "")), certificate_sha256())
        if claims is None:
            return json_response({"error": "invalid_token"}, 401, WWW_Authenticate='Bearer error="invalid_token"')
        return json_response(claims)

    return pages


def certificate_sha256() -> str | None:
    """Give the fingerprint of the certificate that the server verified in this connection's handshake (T31)."""
    der = request.environ.get(CLIENT_CERTIFICATE)
    return sha256(der).hexdigest() if isinstance(der, bytes) else None


def _bearer(header: str) -> str | None:
    """Read a token from the header only, the scheme in any case (RFC 6750 2.1)."""
    scheme, _, token = header.partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
