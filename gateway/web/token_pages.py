"""What relying parties' servers may ask, on the port that demands their certificate."""

import re
from hashlib import sha256
from typing import Final

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
        header = request.headers.get("Authorization", "")
        claims = use_cases.claims(_bearer(header), certificate_sha256())
        return json_response(claims) if claims is not None else _refused(header)

    return pages


def certificate_sha256() -> str | None:
    """Give the fingerprint of the certificate that the server verified in this connection's handshake (T31)."""
    der = request.environ.get(CLIENT_CERTIFICATE)
    return sha256(der).hexdigest() if isinstance(der, bytes) else None


_BEARER: Final = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.ASCII | re.IGNORECASE)


def _bearer(header: str) -> str | None:
    """Read a token from the header only, the scheme in any case (RFC 6750 2.1)."""
    found = _BEARER.fullmatch(header)
    return found[1] if found else None


def _refused(header: str) -> Response:
    """Say why: no token was brought, or something that is none, or one that does not count (RFC 6750 3.1)."""
    if header.partition(" ")[0].lower() != "bearer":
        return json_response({}, 401, WWW_Authenticate="Bearer")
    error, status = ("invalid_token", 401) if _bearer(header) else ("invalid_request", 400)
    return json_response({"error": error}, status, WWW_Authenticate=f'Bearer error="{error}"')
