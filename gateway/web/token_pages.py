"""What relying parties' servers may ask: the same endpoints on the public port and on the mutual-TLS port."""

import re
from hashlib import sha256
from http import HTTPStatus
from typing import Final

from flask import Blueprint, Response, request

from gateway.broker.login import incident_number
from gateway.broker.relying_party import ClientAuthentication
from gateway.oidc.back_channel import NotGranted
from gateway.oidc.client_authentication import Credentials
from gateway.oidc.dpop import ALGORITHMS, Occasion
from gateway.oidc.par import LIFETIME
from gateway.oidc.userinfo import ClaimsRefused, PresentedToken, Scheme
from gateway.serving.client_certificate import CLIENT_CERTIFICATE
from gateway.use_cases import UseCases
from gateway.web.access import Access, may_enter
from gateway.web.responses import json_response

BY_CERTIFICATE: Final = ClientAuthentication.TLS


class TokenPages:
    """The views of one port."""

    def __init__(self, use_cases: UseCases, *, mutual_tls: bool) -> None:
        self._use_cases = use_cases
        self._addresses = use_cases.addresses.back_channel(mutual_tls=mutual_tls)
        self._methods = [method for method in ClientAuthentication if mutual_tls or method is not BY_CERTIFICATE]

    @property
    def blueprint(self) -> Blueprint:
        """The routes."""
        pages = Blueprint("tokens", __name__)
        pages.add_url_rule("/oidc/par", "push", self.push, methods=["POST"])
        pages.add_url_rule("/oidc/token", "token", self.token, methods=["POST"])
        pages.add_url_rule("/oidc/revoke", "revoke", self.revoke, methods=["POST"])
        pages.add_url_rule("/oidc/introspect", "introspect", self.introspect, methods=["POST"])
        pages.add_url_rule("/oidc/userinfo", "userinfo", self.userinfo, methods=["GET", "POST"])
        return pages

    @may_enter(Access.PROVEN_RELYING_PARTY)
    def push(self) -> Response:
        """Take a question (RFC 9126 2)."""
        outcome = self._use_cases.push(request.get_data(cache=False), credentials())
        if isinstance(outcome, NotGranted):
            return self._refused(outcome)
        seconds = int(LIFETIME.total_seconds())
        return self._with_nonce(json_response({"request_uri": outcome, "expires_in": seconds}, 201))

    @may_enter(Access.PROVEN_RELYING_PARTY)
    def token(self) -> Response:
        """Exchange a code (RFC 6749 4.1.3)."""
        outcome = self._use_cases.redeem(request.get_data(cache=False), credentials())
        return self._refused(outcome) if isinstance(outcome, NotGranted) else self._with_nonce(json_response(outcome))

    @may_enter(Access.PROVEN_RELYING_PARTY)
    def revoke(self) -> Response:
        """Take a token back; the answer is the same where there was none (RFC 7009 2.2)."""
        outcome = self._use_cases.revoke(request.get_data(cache=False), credentials())
        return self._refused(outcome) if isinstance(outcome, NotGranted) else self._with_nonce(json_response({}))

    @may_enter(Access.PROVEN_RELYING_PARTY)
    def introspect(self) -> Response:
        """Say whether a token counts (RFC 7662 2.2)."""
        outcome = self._use_cases.inspect(request.get_data(cache=False), credentials())
        return self._refused(outcome) if isinstance(outcome, NotGranted) else self._with_nonce(json_response(outcome))

    @may_enter(Access.PROVEN_RELYING_PARTY)
    def userinfo(self) -> Response:
        """Give the claims again (OIDC Core 5.3)."""
        scheme, token = _presented(request.headers.get("Authorization", ""))
        occasion = Occasion(method=request.method, url=self._addresses.userinfo, access_token=token)
        outcome = self._use_cases.claims(
            PresentedToken(scheme=scheme or Scheme.BEARER, token=token, occasion=occasion, credentials=credentials())
        )
        if isinstance(outcome, ClaimsRefused):
            return self._with_nonce(_challenge(scheme, token, outcome))
        return self._with_nonce(json_response(outcome))

    def _refused(self, outcome: NotGranted) -> Response:
        """Say why (RFC 6749 5.2, RFC 9126 2.3, RFC 9449 5)."""
        description = f"{outcome.description} (incident {incident_number(outcome.corr)})".lstrip()
        response = json_response({"error": outcome.code, "error_description": description}, outcome.status)
        if outcome.status == HTTPStatus.UNAUTHORIZED:
            for method in self._methods:
                challenge = f'{method} realm="{self._use_cases.addresses.issuer}"'
                response.headers.add("WWW-Authenticate", challenge)
        return self._with_nonce(response)

    def _with_nonce(self, response: Response) -> Response:
        """Give whoever sent a proof the nonce of the next one (RFC 9449 8.2)."""
        if "DPoP" in request.headers:
            response.headers["DPoP-Nonce"] = self._use_cases.nonces.current()
        return response


def credentials() -> Credentials:
    """Give what this request brings to show who sends it."""
    return Credentials(certificate_sha256=certificate_sha256(), proofs=tuple(request.headers.getlist("DPoP")))


def certificate_sha256() -> str | None:
    """Give the fingerprint of the certificate that the server verified in this connection's handshake (T31)."""
    der = request.environ.get(CLIENT_CERTIFICATE)
    return sha256(der).hexdigest() if isinstance(der, bytes) else None


_TOKEN: Final = re.compile(r" +([A-Za-z0-9._~+/-]+=*)", re.ASCII)
_SCHEMES: Final = {scheme.lower(): scheme for scheme in Scheme}


def _presented(header: str) -> tuple[Scheme | None, str | None]:
    """Read a token from the header only, the scheme in any case (RFC 6750 2.1, RFC 9449 7.1)."""
    name = header.partition(" ")[0]
    scheme = _SCHEMES.get(name.lower())
    found = _TOKEN.fullmatch(header[len(name) :])
    return scheme, found[1] if scheme and found else None


def _challenge(scheme: Scheme | None, presented: str | None, outcome: ClaimsRefused) -> Response:
    """Say why: no token was brought, or something that is none, or one that does not count (RFC 6750 3.1)."""
    if scheme is None:
        response = json_response({}, 401, WWW_Authenticate=Scheme.BEARER)
        response.headers.add("WWW-Authenticate", f'{Scheme.DPOP} algs="{" ".join(ALGORITHMS)}"')
        return response
    error, status = (outcome.code, 401) if presented is not None else ("invalid_request", 400)
    parts = [f'error="{error}"']
    if outcome.description and presented is not None:
        parts.append(f'error_description="{outcome.description}"')
    if scheme is Scheme.DPOP:
        parts.append(f'algs="{" ".join(ALGORITHMS)}"')
    return json_response({"error": error}, status, WWW_Authenticate=f"{scheme} {', '.join(parts)}")
