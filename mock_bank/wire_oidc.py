"""What the bank says as an OpenID Connect provider: its metadata, its keys, its ID tokens; by joserfc alone.

Written from OpenID Connect Core and Discovery 1.0, RFC 7517, RFC 8705 and RFC 9207. Honest; ``oidc_faults`` bends it.
"""

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey

from mock_bank.confirmations import Authentication
from mock_bank.login_states import Method
from mock_bank.settings import OidcServer

ID_TOKEN_LIFETIME: Final = 300
"""Seconds."""
SUBSTANTIAL: Final = "http://eidas.europa.eu/LoA/substantial"
LOW: Final = "http://eidas.europa.eu/LoA/low"
METHODS: Final = {Method.CALCULATOR: ["pwd", "otp", "mfa"], Method.APP: ["pwd", "swk", "mfa"]}
"""``amr`` (RFC 8176): a password, and a code of a calculator or a key in software on the phone."""
SCOPES: Final = frozenset({"openid", "profile"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a code stands for: one person's login for one partner."""

    client_id: str
    redirect_uri: str
    challenge: str
    """PKCE, S256."""
    nonce: str
    method: Method
    authentication: Authentication
    issued_at: int
    """Epoch seconds."""

    @property
    def subject(self) -> str:
        """Whom the partner knows the person as: the same each time, and saying nothing to others."""
        who = f"{self.client_id} {self.authentication.identity.personal_code} mock bank subject"
        return hashlib.sha256(who.encode()).hexdigest()[:40]


def metadata(server: OidcServer) -> dict[str, Any]:
    """The discovery document."""
    issuer, mutual = server.issuer, server.mutual_tls_url
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{mutual}/oidc/token",
        "userinfo_endpoint": f"{mutual}/oidc/userinfo",
        "jwks_uri": f"{issuer}/jwks",
        "scopes_supported": sorted(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["tls_client_auth", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"],
        "acr_values_supported": [SUBSTANTIAL],
        "claims_supported": ["sub", "acr", "amr", "auth_time", "given_name", "family_name", *CODE_CLAIMS],
        "ui_locales_supported": ["lv", "en"],
        "authorization_response_iss_parameter_supported": True,
        "mtls_endpoint_aliases": {
            "token_endpoint": f"{mutual}/oidc/token",
            "userinfo_endpoint": f"{mutual}/oidc/userinfo",
        },
    }


CODE_CLAIMS: Final = ("nin", "nin_type", "nin_issuing_country")


def public_jwk(key: ec.EllipticCurvePrivateKey, kid: str) -> dict[str, Any]:
    """A signing key as it is published."""
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {**ECKey.import_key(pem).as_dict(private=False), "kid": kid, "use": "sig", "alg": "ES256"}


def person_claims(grant: Grant) -> dict[str, Any]:
    """Who the person is: in the ID token and at the user-info endpoint alike."""
    identity = grant.authentication.identity
    return {
        "sub": grant.subject,
        "given_name": identity.given_name,
        "family_name": identity.family_name,
        "nin": identity.personal_code,
        "nin_type": "PERSON",
        "nin_issuing_country": "LV",
    }


def id_token_claims(grant: Grant, issuer: str, access_token: str, now: int) -> dict[str, Any]:
    """The claims of an honest ID token."""
    return {
        "iss": issuer,
        "aud": grant.client_id,
        "iat": now,
        "exp": now + ID_TOKEN_LIFETIME,
        "auth_time": grant.authentication.at,
        "nonce": grant.nonce,
        "acr": SUBSTANTIAL,
        "amr": METHODS[grant.method],
        "at_hash": half_hash(access_token),
        **person_claims(grant),
    }


def half_hash(text: str) -> str:
    """The left half of SHA-256, base64url without padding (OIDC Core 3.1.3.6)."""
    return urlsafe_b64encode(hashlib.sha256(text.encode("ascii")).digest()[:16]).rstrip(b"=").decode("ascii")


def challenge_of(verifier: str) -> str:
    """PKCE S256 (RFC 7636 4.2)."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii", "replace")).digest()).rstrip(b"=").decode("ascii")
