"""A little OpenID Connect provider of our own for tests, over mutual TLS; it signs by cryptography alone.

It shares no code with what it tests. Every document, claim and header can be changed for the next login.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from certs.dev_pki import DevPki
from providers.contract import Arrival
from tests.providers.https_server import Answer, HttpsServer, http, server_context

CLIENT_ID, KID = "vpm-gateway", "little-op-2026"
SUBSTANTIAL = "http://eidas.europa.eu/LoA/substantial"
PERSON = {
    "given_name": "Līga Anna",
    "family_name": "Paraudziņa-Ķēra",
    "nin": "321234-56789",
    "nin_type": "PERSON",
    "nin_issuing_country": "LV",
}
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
Changes = Mapping[str, Any]
"""None takes a member away."""
NONE: Changes = MappingProxyType({})


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def number(value: int, size: int | None = None) -> str:
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8))


def changed(members: Mapping[str, Any], changes: Changes) -> dict[str, Any]:
    return {name: value for name, value in {**members, **changes}.items() if value is not None}


def signature_of(key: PrivateKey, alg: str, signed: bytes) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(signed)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        size = key.key_size // 8
        r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA384() if size == 48 else hashes.SHA256())))
        return r.to_bytes(size) + s.to_bytes(size)
    digest = hashes.SHA256()
    return key.sign(signed, padding.PSS(padding.MGF1(digest), 32) if alg == "PS256" else padding.PKCS1v15(), digest)


def jwt(key: PrivateKey | bytes | None, header: Mapping[str, Any], payload: bytes) -> str:
    """A compact JWS: by a private key, by a shared secret (HS256), or with an empty signature."""
    signed = f"{b64(json.dumps(header).encode())}.{b64(payload)}"
    if key is None:
        return f"{signed}."
    if isinstance(key, bytes):
        return f"{signed}.{b64(hmac.new(key, signed.encode(), hashlib.sha256).digest())}"
    return f"{signed}.{b64(signature_of(key, str(header.get('alg')), signed.encode()))}"


def jwk(key: PrivateKey, kid: str | None = KID, **changes: Any) -> dict[str, Any]:
    members: dict[str, Any] = {"use": "sig", "kid": kid}
    match key.public_key():
        case ec.EllipticCurvePublicKey() as public:
            point, size = public.public_numbers(), public.key_size // 8
            curve = {32: "P-256", 48: "P-384"}[size]
            members |= {"kty": "EC", "crv": curve, "x": number(point.x, size), "y": number(point.y, size)}
        case ed25519.Ed25519PublicKey() as public:
            members |= {"kty": "OKP", "crv": "Ed25519", "x": b64(public.public_bytes_raw())}
        case rsa.RSAPublicKey() as public:
            members |= {"kty": "RSA", "n": number(public.public_numbers().n), "e": number(public.public_numbers().e)}
    return changed(members, changes)


def json_answer(content: Any, status: str = "200 OK") -> bytes:
    return http(json.dumps(content).encode(), status=status, headers=("Content-Type: application/json",))


@dataclass
class LittleOp:
    """A provider with its keys, its server, and a memory of who signed in."""

    pki: DevPki
    folder: Path
    key: PrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    alg: str = "ES256"
    metadata_changes: dict[str, Any] = field(default_factory=dict)
    claim_changes: dict[str, Any] = field(default_factory=dict)
    header_changes: dict[str, Any] = field(default_factory=dict)
    userinfo_changes: dict[str, Any] = field(default_factory=dict)
    answer_changes: dict[str, Any] = field(default_factory=dict)
    """To the answer of the token endpoint."""
    published: list[dict[str, Any]] | None = None
    """Instead of the one key."""
    make_token: Callable[[dict[str, Any]], str] | None = None
    """Makes the ID token of its claims, instead of signing them."""
    instead: dict[str, Answer] = field(default_factory=dict)
    """Whole HTTP answers, by path."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    """The authorization request behind each code."""
    server: HttpsServer = field(init=False)

    def __post_init__(self) -> None:
        issued = self.pki.issue("provider-server", "bank", dns=["localhost"], ip=["127.0.0.1"])
        context = server_context(self.pki, issued.certificate_path, issued.key_path)
        self.server = HttpsServer(context, self._answer)

    @property
    def issuer(self) -> str:
        return f"{self.server.url}/op"

    def forget(self) -> None:
        """Be as at first; the keys stay."""
        for one in (
            self.metadata_changes, self.claim_changes, self.header_changes, self.userinfo_changes, self.answer_changes,
            self.instead, self.codes,
        ):  # fmt: skip
            one.clear()
        self.published = self.make_token = None
        self.server.requests.clear()

    def close(self) -> None:
        self.server.close()

    def asked_for(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(1 for request in list(self.server.requests) if request.split(b" ")[1] == path.encode())

    def entry(
        self, *, top: Changes = NONE, claims: Changes = NONE, server: Changes = NONE, **changes: Any
    ) -> dict[str, Any]:
        """A settings entry for it."""
        issued = self.pki.issue("gateway-client", "gateway")
        tls = {
            "origin": self.server.url,
            "ca_file": str(self.pki.ca_path("provider-endpoints")),
            "crl_file": str(self.pki.crl_path("provider-endpoints")),
            "client_certificate": str(issued.certificate_path),
            "client_key": str(issued.key_path),
            "deadline_seconds": 2,
        }
        profile = {
            "issuer": self.issuer,
            "client_id": CLIENT_ID,
            "authentication": "tls_client_auth",
            "id_token_algorithm": self.alg,
            "levels": {SUBSTANTIAL: "substantial", "http://eidas.europa.eu/LoA/low": "low"},
            "factors_of_amr": {"pwd": ["knowledge"], "otp": ["possession"], "face": ["inherence"]},
            "claims": changed(
                {
                    "personal_code": "nin",
                    "country": "nin_issuing_country",
                    "type": {"claim": "nin_type", "value": "PERSON"},
                },
                claims,
            ),
            "servers": [changed(tls, server)],
        }
        entry = {
            "id": "little-op",
            "names": {"lv": "Mazais nodrošinātājs", "en": "Little provider"},
            "kind": "bank",
            "assurance": "substantial",
            "assurance_ground": "made up for this test",
            "environment": "test",
            "protocol": "oidc",
            "oidc": changed(profile, changes),
        }
        return changed(entry, top)

    def signed_in(self, location: str, **changes: Any) -> bytes:
        """Somebody signed in for this authorization request; gives the query that comes back."""
        request = dict(parse_qsl(urlsplit(location).query, strict_parsing=True))
        code = f"code-{len(self.codes)}"
        self.codes[code] = request
        return urlencode(changed({"code": code, "state": request["state"], "iss": self.issuer}, changes)).encode()

    def metadata(self) -> dict[str, Any]:
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [self.alg],
            "authorization_response_iss_parameter_supported": True,
        }
        return changed(document, self.metadata_changes)

    def claims(self, nonce: str, access_token: str) -> dict[str, Any]:
        now = int(time.time())
        hashed = hashlib.sha384 if self.alg == "ES384" else hashlib.sha256
        digest = hashed(access_token.encode()).digest()
        claims: dict[str, Any] = {
            "iss": self.issuer, "aud": CLIENT_ID, "sub": "s-1", "iat": now, "exp": now + 300, "auth_time": now - 5,
            "nonce": nonce, "acr": SUBSTANTIAL, "amr": ["pwd", "otp"], "at_hash": b64(digest[: len(digest) // 2]),
        }  # fmt: skip
        return changed(claims, self.claim_changes)

    def id_token(self, claims: Mapping[str, Any]) -> str:
        if self.make_token is not None:
            return self.make_token(dict(claims))
        header = changed({"alg": self.alg, "kid": KID, "typ": "JWT"}, self.header_changes)
        return jwt(self.key, header, json.dumps(claims).encode())

    def _answer(self, path: str) -> Answer:
        if path in self.instead:
            return self.instead[path]
        match path:
            case "/op/.well-known/openid-configuration":
                return json_answer(self.metadata())
            case "/op/jwks":
                return json_answer({"keys": self.published if self.published is not None else [jwk(self.key)]})
            case "/op/token":
                return self._token()
            case "/op/userinfo":
                return json_answer(changed({"sub": "s-1", **PERSON}, self.userinfo_changes))
            case _:
                return http(b"", status="404 Not Found")

    def _token(self) -> bytes:
        sent = next(one for one in self.server.requests[::-1] if one.startswith(b"POST "))
        form = parse_qs(sent.partition(b"\r\n\r\n")[2].decode(), strict_parsing=True)
        asked = self.codes.pop(form["code"][0], None)
        if asked is None or form["redirect_uri"] != [asked["redirect_uri"]]:
            return json_answer({"error": "invalid_grant"}, "400 Bad Request")
        verifier = form["code_verifier"][0]
        if b64(hashlib.sha256(verifier.encode()).digest()) != asked["code_challenge"]:
            return json_answer({"error": "invalid_grant"}, "400 Bad Request")
        token = f"access-{len(self.server.requests)}"
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": 300}
        answer["id_token"] = self.id_token(self.claims(asked["nonce"], token))
        return json_answer(changed(answer, self.answer_changes))


def arrived(query: bytes, at: datetime | None = None) -> Arrival:
    return Arrival(method="GET", content_type="", body=b"", query=query, received_at=at or datetime.now(UTC))
