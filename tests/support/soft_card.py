"""A card as the Web eID application sees it: signs origin and nonce, and makes the token around it.

Written from eid-providers.md 7 alone; shares no code with the adapter or the mock bank.
"""

import base64
import hashlib
import json
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.support.eid_authority import Held

HASHES: dict[str, Any] = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def data_of(origin: str, nonce: str, algorithm: str) -> bytes:
    name = f"sha{algorithm[2:]}"
    return hashlib.new(name, origin.encode()).digest() + hashlib.new(name, nonce.encode()).digest()


def sign(card: Held, data: bytes, algorithm: str) -> bytes:
    digest = HASHES[algorithm[2:]]()
    if isinstance(card.key, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
        return card.key.sign(data, padding.PKCS1v15() if algorithm.startswith("RS") else pss, digest)
    size = (card.key.curve.key_size + 7) // 8
    r, s = decode_dss_signature(card.key.sign(data, ec.ECDSA(digest)))
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def token_of(card: Held, origin: str, nonce: str, by: str = "ES384", **changes: Any) -> str:
    """The token; ``changes`` replace members, None drops one."""
    members = {
        "unverifiedCertificate": b64(card.der),
        "algorithm": by,
        "signature": b64(sign(card, data_of(origin, nonce, by), by)),
        "format": "web-eid:1.0",
        "appVersion": "https://web-eid.eu/web-eid-app/releases/v2.6.0",
        **changes,
    }
    return json.dumps({name: value for name, value in members.items() if value is not None})
