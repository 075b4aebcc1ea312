"""Faults of the bank as an OpenID Connect provider (conformance-catalogue.md 8.5, 8.9): on documents, claims, tokens."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc import jws
from joserfc.jwk import ECKey
from joserfc.util import urlsafe_b64encode

from mock_bank.faults import ActiveFaults
from mock_bank.wire_oidc import LOW, half_hash

Claims = dict[str, Any]
Document = dict[str, Any]


def bent_metadata(document: Document, faults: ActiveFaults) -> Document:
    """The discovery document as it is served."""
    if "oid.issuer-mismatch" in faults:
        document["issuer"] += "/"
    if "oid.metadata-http" in faults:
        document["token_endpoint"] = document["token_endpoint"].replace("https:", "http:")
        document["mtls_endpoint_aliases"] = {}
    if "oid.advertises-none" in faults:
        document["id_token_signing_alg_values_supported"] = ["ES256", "none"]
    if "oid.no-iss-param" in faults:
        document["authorization_response_iss_parameter_supported"] = False
    return document


def bent_keys(jwk: Document, key: ec.EllipticCurvePrivateKey, faults: ActiveFaults) -> Document:
    """The key set as it is served."""
    if "oid.jwks-private" in faults:
        jwk |= {name: value for name, value in _with_private_half(key).items() if name == "d"}
    twice = "oid.jwks-dup-kid" in faults
    return {"keys": [jwk, _other_key() | {"kid": jwk["kid"]}] if twice else [jwk]}


def _with_private_half(key: ec.EllipticCurvePrivateKey) -> Document:
    return dict(
        ECKey.import_key(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())).as_dict(private=True)
    )


def _other_key() -> Document:
    return {**ECKey.generate_key("P-256").as_dict(private=False), "use": "sig", "alg": "ES256"}


def _put(**changes: Any) -> Callable[[Claims], None]:
    return lambda claims: claims.update(changes)


def _drop(*names: str) -> Callable[[Claims], None]:
    def bend(claims: Claims) -> None:
        for name in names:
            claims.pop(name, None)

    return bend


CLAIMS: Final[Mapping[str, Callable[[Claims], None]]] = {
    "oid.nonce-drop": _drop("nonce"),
    "oid.wrong-iss": _put(iss="https://elsewhere.example/oidc"),
    "oid.wrong-aud": _put(aud="OTHERCLIENT"),
    "oid.no-exp": _drop("exp"),
    "oid.iat-future": lambda claims: claims.update(iat=claims["iat"] + 3600, exp=claims["exp"] + 3600),
    "oid.wrong-at-hash": _put(at_hash=half_hash("another token")),
    "oid.auth-time-missing": _drop("auth_time"),
    "mfa.no-acr": _drop("acr", "amr"),
    "mfa.low-acr": _put(acr=LOW),
    "mfa.single-amr": _put(amr=["pwd"]),
    "mfa.unknown-method": _put(acr="urn:nobody:described:this"),
    "mfa.fresh-authtime": lambda claims: claims.update(auth_time=claims["iat"]),
}


def bent_id_token(claims: Claims, key: ec.EllipticCurvePrivateKey, kid: str, faults: ActiveFaults) -> str:
    """Claims as the bank sends them: bent, signed, and bent again."""
    for name, bend in CLAIMS.items():
        if name in faults:
            bend(claims)
    payload = json.dumps(claims, ensure_ascii=False).encode()
    header: Document = {"alg": "ES256", "kid": "a-kid-nobody-published" if "oid.unknown-kid" in faults else kid}
    if "oid.alg-none" in faults:
        return f"{_segment({'alg': 'none'})}.{urlsafe_b64encode(payload).decode()}."
    if "oid.alg-hs256" in faults:
        return _hmac_signed(payload, key, kid)
    if "oid.embedded-jwk" in faults:
        return _signed_by_embedded_key(header, payload)
    signed = jws.serialize_compact(header, payload, _imported(key), algorithms=["ES256"])
    return _one_bit_flipped(signed) if "oid.bad-signature" in faults else signed


def _imported(key: ec.EllipticCurvePrivateKey) -> ECKey:
    return ECKey.import_key(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _hmac_signed(payload: bytes, key: ec.EllipticCurvePrivateKey, kid: str) -> str:
    """Signed with the published key, taken as a shared secret."""
    secret = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = f"{_segment({'alg': 'HS256', 'kid': kid})}.{urlsafe_b64encode(payload).decode()}"
    mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{urlsafe_b64encode(mac).decode()}"


def _signed_by_embedded_key(header: Document, payload: bytes) -> str:
    stranger = ec.generate_private_key(ec.SECP256R1())
    registry = jws.JWSRegistry(algorithms=["ES256"])
    header["jwk"] = _imported(stranger).as_dict(private=False)
    return jws.serialize_compact(header, payload, _imported(stranger), registry=registry)


def _one_bit_flipped(signed: str) -> str:
    head, _, signature = signed.rpartition(".")
    return f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def _segment(value: Document) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode("ascii")
