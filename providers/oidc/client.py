"""How we prove to the token endpoint who we are: by certificate (RFC 8705) or by a signed assertion (RFC 7523)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from certs.errors import FileUnusable
from certs.load import load_private_key
from providers.oidc.profile import AssertionSettings, OidcProfile
from providers.wire.jose import SMALLEST_RSA_KEY

ASSERTION_LIFETIME: Final = timedelta(seconds=60)
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class ClientProof(Protocol):
    """What a token request holds to prove who sends it."""

    def parameters(self, token_endpoint: str, now: datetime) -> Mapping[str, str]:
        """Parameters of the form, for a request to this endpoint made now (UTC, aware)."""


@dataclass(frozen=True, slots=True)
class ByCertificate:
    """The TLS handshake proves it; the form only says which client it is (RFC 8705 section 2)."""

    client_id: str

    def parameters(self, token_endpoint: str, now: datetime) -> Mapping[str, str]:
        """The client id."""
        del token_endpoint, now
        return {"client_id": self.client_id}


@dataclass(frozen=True, slots=True)
class ByAssertion:
    """A signed statement proves it, made anew for each request and valid for a minute (``private_key_jwt``)."""

    profile: OidcProfile
    settings: AssertionSettings
    key: ECKey | RSAKey

    def parameters(self, token_endpoint: str, now: datetime) -> Mapping[str, str]:
        """The client id and an assertion of it."""
        at, settings = int(now.timestamp()), self.settings
        claims = {
            "iss": self.profile.client_id,
            "sub": self.profile.client_id,
            "aud": self.profile.issuer if settings.audience == "issuer" else token_endpoint,
            "iat": at,
            "exp": at + int(ASSERTION_LIFETIME.total_seconds()),
            "jti": token_urlsafe(16),
        }
        header = {"alg": settings.algorithm, "kid": settings.kid, "typ": "JWT"}
        signed = jws.serialize_compact(header, json.dumps(claims).encode(), self.key, algorithms=[settings.algorithm])
        return {
            "client_id": self.profile.client_id,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": signed,
        }


def open_client(profile: OidcProfile, problems: list[str]) -> ClientProof:
    """Read the assertion's key where there is one; adds a sentence to ``problems`` when it cannot be used."""
    if profile.assertion is None:
        return ByCertificate(profile.client_id)
    try:
        key = _assertion_key(profile.assertion)
    except (FileUnusable, OSError, ValueError) as error:
        problems.append(f"oidc.assertion.key: {error}")
        return ByCertificate(profile.client_id)
    return ByAssertion(profile, profile.assertion, key)


def _assertion_key(settings: AssertionSettings) -> ECKey | RSAKey:
    private = load_private_key(settings.key)
    if settings.algorithm == "ES256":
        if not isinstance(private, ec.EllipticCurvePrivateKey) or private.curve.name != "secp256r1":
            raise ValueError(f"{settings.key.name} holds no P-256 key, which ES256 needs")
        return ECKey.import_key(_pem(private))
    if not isinstance(private, rsa.RSAPrivateKey) or private.key_size < SMALLEST_RSA_KEY:
        raise ValueError(f"{settings.key.name} holds no RSA key of {SMALLEST_RSA_KEY} bits or more")
    return RSAKey.import_key(_pem(private))


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
