"""What the gateway says of itself to relying parties: exactly what is on, nothing more (RFC 8414, OIDC Discovery)."""

from dataclasses import dataclass

from authlib.oidc.discovery import OpenIDProviderMetadata

from gateway.broker.login import Prompt
from gateway.oidc.dpop import ALGORITHMS as DPOP_ALGORITHMS
from gateway.oidc.jarm import SIGNED_MODES
from gateway.oidc.keys import ALGORITHM
from gateway.oidc.request import SCOPES
from providers.contract import AssuranceLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class BackChannelAddresses:
    """The endpoints for relying parties' servers on one port."""

    base: str

    @property
    def pushed_requests(self) -> str:
        """Where a relying party leaves its question (RFC 9126)."""
        return f"{self.base}/oidc/par"

    @property
    def token(self) -> str:
        """Where a relying party redeems a code."""
        return f"{self.base}/oidc/token"

    @property
    def userinfo(self) -> str:
        """Where a relying party reads the claims again."""
        return f"{self.base}/oidc/userinfo"

    @property
    def revocation(self) -> str:
        """Where a relying party takes an access token back (RFC 7009)."""
        return f"{self.base}/oidc/revoke"

    @property
    def introspection(self) -> str:
        """Where a relying party asks whether an access token counts (RFC 7662)."""
        return f"{self.base}/oidc/introspect"

    def metadata(self) -> dict[str, object]:
        """Give them under the names of RFC 8414, RFC 9126 and OpenID Connect Discovery."""
        return {
            "token_endpoint": self.token,
            "userinfo_endpoint": self.userinfo,
            "pushed_authorization_request_endpoint": self.pushed_requests,
            "revocation_endpoint": self.revocation,
            "introspection_endpoint": self.introspection,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """The gateway's public URLs, from settings alone (T61)."""

    issuer: str
    """``https://host[:port]``, no path."""
    mutual_tls: str
    """Base URL of the port that demands a client certificate."""

    @property
    def authorization(self) -> str:
        """Where the browser brings an authorization request."""
        return f"{self.issuer}/oidc/authorize"

    def back_channel(self, *, mutual_tls: bool) -> "BackChannelAddresses":
        """Where relying parties' servers send their requests: the same endpoints on either port."""
        return BackChannelAddresses(base=self.mutual_tls if mutual_tls else self.issuer)

    @property
    def jwks(self) -> str:
        """Where the gateway's public keys stand."""
        return f"{self.issuer}/oidc/jwks"

    @property
    def sign_out(self) -> str:
        """Where the browser brings a sign-out request."""
        return f"{self.issuer}/oidc/logout"

    def return_url(self, provider: str) -> str:
        """Where a provider's answer must arrive (at most 60 characters: banklink.md rule 18)."""
        return f"{self.issuer}/return/{provider}"


class Metadata(OpenIDProviderMetadata):  # type: ignore[misc] # the library ships no types
    """The library's checks, but for one.

    OpenID Connect Discovery 1.0 wants RS256 on the list; FAPI 2.0 forbids it, and every client library in use here
    verifies ES256, which is what is on (security.md 8.1, performance.md 1.1).
    """

    def validate_id_token_signing_alg_values_supported(self) -> None:
        """The list must be exactly the one algorithm that signs."""
        if self["id_token_signing_alg_values_supported"] != [ALGORITHM]:
            raise ValueError(f"ID tokens are signed with {ALGORITHM} alone")


def _authentication(endpoint: str) -> dict[str, object]:
    """Say how a relying party proves itself at an endpoint; everywhere in the same ways."""
    return {
        f"{endpoint}_endpoint_auth_methods_supported": ["private_key_jwt", "tls_client_auth"],
        f"{endpoint}_endpoint_auth_signing_alg_values_supported": ["ES256", "PS256", "EdDSA", "RS256"],
    }


def discovery_document(addresses: Addresses) -> dict[str, object]:
    """Make the discovery document.

    Raises:
        ValueError: a member contradicts the specification; the gateway must not start.
    """
    document = {
        "issuer": addresses.issuer,
        "authorization_endpoint": addresses.authorization,
        **addresses.back_channel(mutual_tls=False).metadata(),
        "mtls_endpoint_aliases": addresses.back_channel(mutual_tls=True).metadata(),
        "jwks_uri": addresses.jwks,
        "end_session_endpoint": addresses.sign_out,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", *sorted(SIGNED_MODES)],
        "authorization_signing_alg_values_supported": [ALGORITHM],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        **_authentication("token"),
        **_authentication("revocation"),
        **_authentication("introspection"),
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": list(DPOP_ALGORITHMS),
        "tls_client_certificate_bound_access_tokens": True,
        "require_pushed_authorization_requests": False,
        "authorization_response_iss_parameter_supported": True,
        "scopes_supported": sorted(SCOPES),
        "acr_values_supported": [level.uri for level in AssuranceLevel],
        "claim_types_supported": ["normal"],
        "claims_supported": [
            "iss", "sub", "aud", "exp", "iat", "nonce", "sid", "auth_time", "acr", "amr",
            "given_name", "family_name", "personal_code", "provider",
        ],
        "ui_locales_supported": ["lv", "en"],
        "prompt_values_supported": [prompt.value for prompt in Prompt],
        "claims_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }  # fmt: skip
    Metadata(document).validate()
    return document
