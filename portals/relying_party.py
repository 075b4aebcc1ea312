"""An ordinary OpenID Connect relying party: how any portal connects to the gateway.

Authorization code with PKCE (S256), ``iss`` in the answer (RFC 9207), ``private_key_jwt`` (RFC 7523) over mutual TLS
at the token endpoint, RP-initiated logout: the *baseline* profile of ``security.md`` section 8.1. Authlib writes the
protocol's messages; what may be believed is decided here and in ``id_token``.

A portal keeps each ``SignIn`` on its server, bound to the browser's session, and hands it back once.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import ECKey

from portals.back_channel import BackChannel
from portals.errors import CodeRefused, ForeignAnswer, GatewayUnavailable, SignInDeclined, UnsolicitedAnswer
from portals.gateway_directory import Clock, GatewayDirectory
from portals.id_token import Expectation, VerifiedIdentity, verify_id_token
from portals.logout_token import LogoutExpectation, VerifiedLogout, verify_logout_token
from portals.settings import PortalSettings

AUTHLIB_CLIENT: Final[Any] = OAuth2Session  # the library carries no types
SCOPE: Final = "openid identity"
CLIENT_AUTHENTICATION: Final = "private_key_jwt"
ASSERTION_LIFETIME: Final = 60
"""Seconds; ``security.md`` T07 allows at most 300."""


def utc_now() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """One question to the gateway: what the answer and the ID token must fit. The verifier is a secret."""

    state: str
    nonce: str
    code_verifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The parameters the browser brought back to the redirect URI; an empty string where there was none."""

    state: str
    issuer: str
    code: str
    error: str
    error_description: str


def parse_answer(parameters: Mapping[str, list[str]]) -> Answer:
    """The gateway's answer in the query of the redirect URI.

    Raises:
        UnsolicitedAnswer: there is no ``state``, or a parameter is there twice (RFC 6749 section 3.1).
    """
    if any(len(values) > 1 for values in parameters.values()) or not parameters.get("state"):
        raise UnsolicitedAnswer("an answer without state, or with a parameter twice")
    first = {name: values[0] for name, values in parameters.items() if values}
    return Answer(
        state=first["state"],
        issuer=first.get("iss", ""),
        code=first.get("code", ""),
        error=first.get("error", ""),
        error_description=first.get("error_description", ""),
    )


class RelyingParty:
    """A portal's side of signing in.

    Args:
        settings: the portal's settings; keys and certificates are read here, once.
        clock: the time now, with a zone.
    """

    def __init__(self, settings: PortalSettings, *, clock: Clock = utc_now) -> None:
        gateway = settings.gateway
        self._settings = settings
        self._clock = clock
        self._assertion_key = ECKey.import_key(gateway.assertion_key.read_bytes())
        self._back_channel = BackChannel(gateway)
        self._directory = GatewayDirectory(gateway.issuer, self._back_channel.fetch_json, clock)

    def begin(self, *, language: str, provider: str = "") -> tuple[SignIn, str]:
        """A new sign-in, and the address at the gateway where the browser goes next.

        Args:
            language: ``lv`` or ``en``, for the gateway's pages.
            provider: the identifier of a provider to select beforehand, or an empty string.

        Raises:
            GatewayUnavailable, GatewayMisconfigured: the gateway's metadata cannot be had or used.
        """
        metadata = self._directory.metadata()
        sign_in = SignIn(
            state=secrets.token_urlsafe(24), nonce=secrets.token_urlsafe(24), code_verifier=secrets.token_urlsafe(48)
        )
        more = {"nonce": sign_in.nonce, "ui_locales": language} | ({"provider": provider} if provider else {})
        url, _ = self._client().create_authorization_url(
            metadata.authorization_endpoint, state=sign_in.state, code_verifier=sign_in.code_verifier, **more
        )
        return sign_in, str(url)

    def complete(self, answer: Answer, sign_in: SignIn) -> VerifiedIdentity:
        """The person the gateway vouches for in its answer to this sign-in.

        Raises:
            ForeignAnswer: ``iss`` is missing or not our gateway; checked before anything else is believed.
            SignInDeclined: the gateway answered with an error.
            UnsolicitedAnswer: neither a code nor an error, or the answer to another sign-in.
            CodeRefused: the token endpoint answered with an error.
            IdTokenRejected: a check of the ID token failed.
            GatewayUnavailable, GatewayMisconfigured: the gateway could not be asked.
        """
        self._check_sender(answer, sign_in)
        token = self._redeem(answer.code, sign_in)
        expected = Expectation(
            issuer=self._settings.gateway.issuer,
            client_id=self._settings.gateway.client_id,
            nonce=sign_in.nonce,
            access_token=str(token.get("access_token", "")),
            now=self._clock(),
        )
        return verify_id_token(str(token.get("id_token", "")), find_key=self._directory.signing_key, expected=expected)

    def sign_out_url(self, *, id_token: str, state: str, language: str) -> str:
        """The address that ends the sign-in at the gateway (OpenID Connect RP-Initiated Logout 1.0).

        Raises:
            GatewayUnavailable, GatewayMisconfigured: the gateway's metadata cannot be had or used.
        """
        parameters = {
            "id_token_hint": id_token,
            "client_id": self._settings.gateway.client_id,
            "post_logout_redirect_uri": self._settings.post_logout_redirect_uri,
            "state": state,
            "ui_locales": language,
        }
        return f"{self._directory.metadata().end_session_endpoint}?{urlencode(parameters)}"

    def verify_logout(self, token: str) -> VerifiedLogout:
        """What the gateway's server says of a session that is over.

        Raises:
            LogoutTokenRejected: a check failed.
            GatewayUnavailable, GatewayMisconfigured: the gateway's keys cannot be had.
        """
        gateway = self._settings.gateway
        expected = LogoutExpectation(issuer=gateway.issuer, client_id=gateway.client_id, now=self._clock())
        return verify_logout_token(token, find_key=self._directory.signing_key, expected=expected)

    def close(self) -> None:
        """Let go of every connection to the gateway."""
        self._back_channel.close()

    def _check_sender(self, answer: Answer, sign_in: SignIn) -> None:
        # (1) Whose answer it is, before any word of it is shown to anybody.
        if not secrets.compare_digest(answer.state.encode(), sign_in.state.encode()):
            raise UnsolicitedAnswer("the answer to another sign-in")
        # (2) Who answers: errors carry iss as well.
        if answer.issuer != self._settings.gateway.issuer:
            raise ForeignAnswer("the answer does not name our gateway")
        # (3) What it says.
        if answer.error:
            raise SignInDeclined(answer.error, answer.error_description)
        if not answer.code:
            raise UnsolicitedAnswer("an answer with neither code nor error")

    def _redeem(self, code: str, sign_in: SignIn) -> Mapping[str, Any]:
        """The token response; the authorization code is spent whatever happens."""
        endpoint = self._directory.metadata().token_endpoint
        try:
            token: Mapping[str, Any] = self._client().fetch_token(
                endpoint,
                grant_type="authorization_code",
                code=code,
                redirect_uri=self._settings.redirect_uri,
                code_verifier=sign_in.code_verifier,
                allow_redirects=False,
            )
        except OAuthError as error:
            raise CodeRefused(str(error.error)) from error
        except (requests.RequestException, ValueError) as error:
            raise GatewayUnavailable(f"no usable token response ({type(error).__name__})") from error
        return token

    def _client(self) -> Any:
        """Authlib's client for one exchange, over the shared connections; never closed, as those outlive it."""
        client = AUTHLIB_CLIENT(
            client_id=self._settings.gateway.client_id,
            scope=SCOPE,
            redirect_uri=self._settings.redirect_uri,
            code_challenge_method="S256",
            token_endpoint_auth_method=CLIENT_AUTHENTICATION,
        )
        client.register_client_auth_method((CLIENT_AUTHENTICATION, self._authenticate))
        return self._back_channel.equip(client)

    def _authenticate(self, _auth: object, _method: str, uri: str, headers: Any, body: Any) -> tuple[str, Any, str]:
        """Add the client assertion to a token request; Authlib's own addresses it to the endpoint, not the issuer."""
        parameters = {
            "client_id": self._settings.gateway.client_id,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self._assertion(),
        }
        text = f"{body.decode() if isinstance(body, bytes) else body}&{urlencode(parameters)}"
        return uri, headers, text

    def _assertion(self) -> str:
        """A client assertion for one request: ``aud`` is the issuer as one string (``security.md`` T07)."""
        now = int(self._clock().timestamp())
        client_id = self._settings.gateway.client_id
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": self._settings.gateway.issuer,
            "iat": now,
            "exp": now + ASSERTION_LIFETIME,
            "jti": secrets.token_urlsafe(24),
        }
        header = {"alg": "ES256", "kid": self._settings.gateway.assertion_kid, "typ": "JWT"}
        return jwt.encode(header, claims, self._assertion_key, algorithms=["ES256"])
