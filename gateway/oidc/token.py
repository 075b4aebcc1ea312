"""The token endpoint: grammar and grant by Authlib, strictness and atomicity by us.

Authlib authenticates, looks up, saves and deletes in that order, each with its own statement; here everything that
reads or writes happens inside one transaction, in which the code is spent by one statement (T01).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientMixin,
    InvalidGrantError,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.models import AuthorizationCodeMixin
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7636.challenge import compare_s256_code_challenge

from gateway.broker.deliver import TOKEN_LIFETIME, Redemption, redeem, revoke
from gateway.broker.identifiers import digest, new_secret
from gateway.broker.login import Delivered, Redeemed
from gateway.broker.ports import Unit
from gateway.broker.relying_party import RelyingParty, SenderConstraint
from gateway.oidc.back_channel import BackChannelRequest
from gateway.oidc.dpop import ProofRefused
from gateway.oidc.holder import holder_of
from gateway.oidc.keys import SigningKeys
from gateway.signing.signer import Signer


class Client(ClientMixin):  # type: ignore[misc] # the library ships no types
    """A relying party, as Authlib wants to see it."""

    def __init__(self, party: RelyingParty) -> None:
        self.party = party

    def check_grant_type(self, grant_type: str) -> bool:
        """The authorization code is the only grant; there are no refresh tokens."""
        return grant_type == "authorization_code"


class TokenRequest(OAuth2Request):  # type: ignore[misc] # the library ships no types
    """A request at the token endpoint whose sender is proven, inside the transaction of ``unit``."""

    def __init__(self, sent: BackChannelRequest, unit: Unit, signer: Signer) -> None:
        super().__init__("POST", sent.endpoint)
        self.sent = sent
        self.unit = unit
        self.signer = signer
        self.payload = BasicOAuth2Payload(sent.form)
        self.client = Client(sent.client.party)
        self.redeemed: Redeemed | None = None

    @property
    def form(self) -> dict[str, str]:
        """The parameters of the body; the query string is never read."""
        return self.sent.form


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
            revoke(self.request.unit, login, self.request.sent.peer)
        now = self.server.clock()
        return IssuedCode(login) if isinstance(login, Delivered) and now <= login.code_expires_at else None

    def authenticate_user(self, authorization_code: IssuedCode) -> Any:
        """The person the code speaks of; nobody, where the code is bound to another key than the request is.

        Raises:
            InvalidGrantError: the proof's key is not the one the code was asked with (RFC 9449 10).
        """
        bound_to = authorization_code.reply.get("dpop_jkt")
        proof = self.request.sent.proof
        if bound_to is not None and (proof is None or proof.thumbprint != bound_to):
            raise InvalidGrantError("the code is bound to another key (dpop_jkt)")
        return authorization_code.login.identity

    def delete_authorization_code(self, authorization_code: IssuedCode) -> None:
        """Nothing is left to delete: ``save_token`` spent the code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A redeemed code and the tokens for it; they may leave once the transaction is durable."""

    login: Redeemed
    party: RelyingParty
    access_token: str
    token_type: str
    """``Bearer``, also where a certificate must come with it (RFC 8705 3), or ``DPoP``."""
    signer: Signer
    """The key whose ``kid`` was recorded; the ID token is signed with it, whatever is rotated meanwhile (T64)."""


class TokenServer(AuthorizationServer):  # type: ignore[misc] # the library ships no types
    """Answers token requests of relying parties that have proven themselves."""

    def __init__(self, *, keys: SigningKeys, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self.keys = keys
        self.clock = clock
        self.register_grant(CodeGrant, [S256Only(required=True)])

    def redeem(self, unit: Unit, sent: BackChannelRequest) -> Granted:
        """Exchange the code inside the transaction; may run again when a neighbour in the same commit failed.

        Raises:
            OAuth2Error: why not; to be recorded in the same transaction, for a code that came twice took tokens back.
        """
        sent.spend(unit)
        if sent.proof is None and sent.client.party.client.sender_constraint is SenderConstraint.DPOP:
            raise ProofRefused("registered for DPoP: a token request needs a proof in the header DPoP")
        request = TokenRequest(sent, unit, self.keys.current)
        grant = self.get_token_grant(request)
        grant.validate_token_request()
        _, token, _ = grant.create_token_response()
        return Granted(
            login=cast(Redeemed, request.redeemed),
            party=sent.client.party,
            access_token=token["access_token"],
            token_type=token["token_type"],
            signer=request.signer,
        )

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
        sent = request.sent
        constraint = sent.client.party.client.sender_constraint
        if sent.proof is not None:
            token["token_type"] = "DPoP"  # noqa: S105 - a type, not a token
        redemption = Redemption(
            code=request.authorization_code.login.code,
            token=digest(token["access_token"]),
            holder=holder_of(constraint, sent.credentials.certificate_sha256, sent.proof),
            peer=sent.peer,
            endpoint=sent.endpoint,
            received=sent.body,
            signer_kid=str(request.signer.public.kid),
        )
        request.redeemed = redeem(request.unit, request.authorization_code.login, redemption, self.clock())
        if request.redeemed is None:
            raise InvalidGrantError("the code was used before")

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens; what happened stands in the audit log."""
