"""The token endpoint: grammar and grant by Authlib, strictness and atomicity by us.

Authlib authenticates, looks up, saves and deletes in that order, each with its own statement; here everything that
reads or writes happens inside one transaction, in which the code is spent by one statement (T01).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientMixin,
    InvalidClientError,
    InvalidGrantError,
    InvalidRequestError,
    OAuth2Error,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.models import AuthorizationCodeMixin
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7636.challenge import compare_s256_code_challenge

from gateway.audit.event import Correlation, Peer, Verdict
from gateway.broker.deliver import TOKEN_LIFETIME, Redemption, redeem, revoke
from gateway.broker.events import TokenRefused
from gateway.broker.identifiers import digest, new_correlation, new_secret
from gateway.broker.login import Delivered, Redeemed
from gateway.broker.ports import Unit
from gateway.broker.relying_party import ClientAuthentication, RelyingParties, RelyingParty
from gateway.oidc.client_assertion import VerifiedAssertion, is_assertion, verify_assertion

MAX_FIELDS: Final = 32


class Client(ClientMixin):  # type: ignore[misc] # the library ships no types
    """A relying party, as Authlib wants to see it."""

    def __init__(self, party: RelyingParty) -> None:
        self.party = party

    def check_grant_type(self, grant_type: str) -> bool:
        """The authorization code is the only grant; there are no refresh tokens."""
        return grant_type == "authorization_code"


class TokenRequest(OAuth2Request):  # type: ignore[misc] # the library ships no types
    """A request at the token endpoint, with the certificate of the connection it came through."""

    def __init__(self, endpoint: str, body: bytes, certificate_sha256: str | None) -> None:
        super().__init__("POST", endpoint)
        self.body_bytes = body
        self.certificate_sha256 = certificate_sha256
        self.parameters: dict[str, str] = {}
        self.assertion: VerifiedAssertion | None = None
        self.unit: Unit | None = None
        self.redeemed: Redeemed | None = None

    def parse(self) -> None:
        """Read the form.

        Raises:
            InvalidRequestError: it is no ASCII form, or a parameter occurs twice.
        """
        self.parameters = _form(self.body_bytes)
        self.payload = BasicOAuth2Payload(self.parameters)

    @property
    def form(self) -> dict[str, str]:
        """The parameters of the body; the query string is never read."""
        return self.parameters


class IssuedCode(AuthorizationCodeMixin):  # type: ignore[misc] # the library ships no types
    """A code that waits to be redeemed."""

    def __init__(self, login: Delivered) -> None:
        self.login = login
        self.reply = dict(login.asked.question.reply)
        self.code_challenge = self.reply["code_challenge"]
        self.code_challenge_method = "S256"

    def get_redirect_uri(self) -> str:
        """The redirect URI that the code was sent to."""
        return self.reply["redirect_uri"]

    def get_scope(self) -> str:
        """The scopes that were asked for."""
        return self.reply["scope"]


class S256Only(CodeChallenge):  # type: ignore[misc] # the library ships no types
    """PKCE without ``plain`` (T02): the library's default method would be the weak one."""

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)
    CODE_CHALLENGE_METHODS: Final = {"S256": compare_s256_code_challenge}


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc] # the library ships no types
    """The authorization code grant, inside the transaction of ``request.unit``."""

    def authenticate_token_endpoint_client(self) -> Client:
        """The relying party was proven before the transaction began, since that takes a signature check."""
        return cast(Client, self.request.client)

    def query_authorization_code(self, code: str, client: Client) -> IssuedCode | None:
        """Find an unspent code of this relying party; a spent one takes its tokens back (T01)."""
        login = self.request.unit.load_by_code(digest(code))
        if login is None or login.asked.question.relying_party != client.party.id:
            return None
        if isinstance(login, Redeemed):
            revoke(self.request.unit, login, self.server.peer_of(self.request))
        now = self.server.clock()
        return IssuedCode(login) if isinstance(login, Delivered) and now <= login.code_expires_at else None

    def authenticate_user(self, authorization_code: IssuedCode) -> Any:
        """The person the code speaks of."""
        return authorization_code.login.identity

    def delete_authorization_code(self, authorization_code: IssuedCode) -> None:
        """Nothing is left to delete: ``save_token`` spent the code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A redeemed code and the tokens for it; they may leave once the transaction is durable."""

    login: Redeemed
    party: RelyingParty
    access_token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotGranted:
    """A refused token request, recorded."""

    status: int
    code: str
    description: str
    corr: Correlation


class TokenServer(AuthorizationServer):  # type: ignore[misc] # the library ships no types
    """Answers token requests of relying parties that came through mutual TLS."""

    def __init__(
        self,
        parties: RelyingParties,
        *,
        issuer: str,
        endpoint: str,
        signer_kid: str,
        clock: Any,
    ) -> None:
        super().__init__()
        self.issuer = issuer
        self.endpoint = endpoint
        self.signer_kid = signer_kid
        self.clock = clock
        self.parties = parties
        self.register_grant(CodeGrant, [S256Only(required=True)])

    def refusal_before_the_code(self, request: TokenRequest, now: datetime) -> OAuth2Error | None:
        """Read the form and prove the relying party, before any transaction: signatures take their time."""
        try:
            request.parse()
            self._authenticate(request, now)
        except OAuth2Error as error:
            return error
        return None

    def _authenticate(self, request: TokenRequest, now: datetime) -> None:
        """Prove the relying party: by its certificate always, and by an assertion where that is registered."""
        party = self.parties.by_certificate(request.certificate_sha256)
        if party is None:
            raise InvalidClientError(description="the client certificate is not registered for any relying party")
        if request.parameters.get("client_id", party.id) != party.id:
            raise InvalidClientError(description="client_id is not the one this client certificate belongs to")
        if "client_secret" in request.parameters:
            raise InvalidClientError(description="client_secret proves nothing here; no secret is shared with anybody")
        request.assertion = self._assertion(request, party, now)
        request.client = Client(party)

    def redeem(self, unit: Unit, request: TokenRequest) -> Granted | NotGranted:
        """Exchange the code inside the transaction; may run again when a neighbour in the same commit failed."""
        request.unit = unit
        assertion = request.assertion
        party: RelyingParty = request.client.party
        if assertion is not None and not unit.spend("jti", f"{party.id}\0{assertion.jti}", assertion.spent_until):
            return self.refuse(unit, request, InvalidClientError(description="jti was used before"))
        try:
            grant = self.get_token_grant(request)
            grant.validate_token_request()
            _, token, _ = grant.create_token_response()
        except OAuth2Error as error:
            return self.refuse(unit, request, error)
        return Granted(login=cast(Redeemed, request.redeemed), party=party, access_token=token["access_token"])

    def refuse(self, unit: Unit, request: TokenRequest, error: OAuth2Error) -> NotGranted:
        """Record a refusal."""
        corr = new_correlation()
        unit.record(
            TokenRefused(
                corr=corr,
                peer=self.peer_of(request),
                endpoint=self.endpoint,
                received=request.body_bytes,
                verdict=Verdict(ok=False, rule=error.error),
            )
        )
        return NotGranted(status=error.status_code, code=error.error, description=error.description or "", corr=corr)

    def peer_of(self, request: TokenRequest) -> Peer:
        """Say who asked, by the certificate of the connection."""
        party = self.parties.by_certificate(request.certificate_sha256)
        return Peer(id=party.id if party else "", cert_sha256=request.certificate_sha256)

    def generate_token(self, grant_type: str, client: Client, **kwargs: Any) -> dict[str, Any]:
        """Make the access token; ID tokens are signed after the commit."""
        del grant_type, client
        return {
            "access_token": new_secret(),
            "token_type": "Bearer",
            "expires_in": int(TOKEN_LIFETIME.total_seconds()),
            "scope": kwargs["scope"],
        }

    def save_token(self, token: dict[str, Any], request: TokenRequest) -> None:
        """Spend the code by one statement.

        Raises:
            InvalidGrantError: somebody else was faster.
        """
        redemption = Redemption(
            code=request.authorization_code.login.code,
            token=digest(token["access_token"]),
            peer=self.peer_of(request),
            endpoint=self.endpoint,
            received=request.body_bytes,
            signer_kid=self.signer_kid,
        )
        request.redeemed = redeem(cast(Unit, request.unit), request.authorization_code.login, redemption, self.clock())
        if request.redeemed is None:
            raise InvalidGrantError("the code was used before")

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens; what happened stands in the audit log."""

    def _assertion(self, request: TokenRequest, party: RelyingParty, now: datetime) -> VerifiedAssertion | None:
        if party.client.authentication is ClientAuthentication.TLS:
            if "client_id" not in request.parameters:
                raise InvalidClientError(description="client_id is missing; tls_client_auth needs it (RFC 8705 2)")
            return None
        if not is_assertion(request.parameters):
            raise InvalidClientError(description="client_assertion is missing; private_key_jwt is registered")
        return verify_assertion(request.parameters["client_assertion"], party, self.issuer, now)


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except (UnicodeDecodeError, ValueError) as error:
        raise InvalidRequestError("the body must be an application/x-www-form-urlencoded form") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise InvalidRequestError("a parameter was sent more than once")
    return form
