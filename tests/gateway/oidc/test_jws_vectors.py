"""T10: forged signatures through the project's own checks, made like Wycheproof's JWS vectors, from one good token.

PyPI has no package of those vectors, so they are made here: each group says which kind it stands for.
"""

import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from authlib.oauth2.rfc6749 import OAuth2Error
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.broker.relying_party import AssertionKey
from gateway.oidc.client_assertion import verify_assertion
from tests.support.fapi import Fapi
from tests.support.gateway_parts import ISSUER, PORTAL
from tests.support.proofs import b64, signed

Key = ECKey | RSAKey | OKPKey
KEYS: dict[str, Key] = {
    "ES256": ECKey.generate_key("P-256"),
    "PS256": RSAKey.generate_key(2048),
    "RS256": RSAKey.generate_key(2048),
    "EdDSA": OKPKey.generate_key("Ed25519"),
}
STRANGERS: dict[str, Key] = {
    "ES256": ECKey.generate_key("P-256"),
    "PS256": RSAKey.generate_key(2048),
    "RS256": RSAKey.generate_key(2048),
    "EdDSA": OKPKey.generate_key("Ed25519"),
}
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
GATEWAY = Fapi()

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


def claims(**changed: Any) -> bytes:
    now = int(GATEWAY.clock().timestamp())
    good = {"iss": PORTAL, "sub": PORTAL, "aud": ISSUER, "iat": now, "exp": now + 60, "jti": "0123456789abcdef"}
    return json.dumps({**good, **changed}).encode()


def good(algorithm: str) -> str:
    return signed({"alg": algorithm, "kid": "k"}, claims(), KEYS[algorithm])


def accepted(token: str, algorithm: str) -> bool:
    registered = AssertionKey(kid="k", algorithm=algorithm, key=KEYS[algorithm])
    try:
        verify_assertion(token, PORTAL, [registered], ISSUER, GATEWAY.clock())
    except OAuth2Error:
        return False
    return True


def other_algorithms(algorithm: str) -> Iterator[tuple[str, str]]:
    """The algorithm of the header is not the key's: none, HMAC with the public key, another of the same key."""
    payload = b64(claims())
    for spelling in ("none", "None", "NONE", "nOnE", "", " none", "HS256", "HS512", "RS1", "ES256K", "ES384", "PS512"):
        header = b64(json.dumps({"alg": spelling, "kid": "k"}).encode())
        yield f"alg {spelling}", f"{header}.{payload}."
        yield f"alg {spelling} with its signature", f"{header}.{payload}.{good(algorithm).split('.')[2]}"
    for secret in (
        KEYS[algorithm].as_pem(private=False),
        b"",
        json.dumps(KEYS[algorithm].as_dict(private=False)).encode(),
    ):
        header = b64(b'{"alg":"HS256","kid":"k"}')
        mac = hmac.digest(secret, f"{header}.{payload}".encode(), "sha256")
        yield f"HMAC with {secret[:12]!r}", f"{header}.{payload}.{b64(mac)}"
    for other in KEYS.keys() - {algorithm}:
        yield f"signed by {other}", signed({"alg": other, "kid": "k"}, claims(), KEYS[other])


def header_tricks(algorithm: str) -> Iterator[tuple[str, str]]:
    """A header that would bring its own key, or change how the rest is read."""
    stranger = STRANGERS[algorithm]
    for more in (
        {"jwk": stranger.as_dict(private=False)},
        {"jku": "https://evil.test/jwks"},
        {"x5u": "https://evil.test/cert"},
        {"x5c": ["MIIB"]},
        {"x5t": "AAAA"},
        {"crit": ["exp"], "exp": 1},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"b64": False},
        {"zip": "DEF"},
        {"cty": "JWT"},
        {"kid": "../../etc/passwd"},
        {"kid": "k' OR '1'='1"},
        {"kid": ["k"]},
        {"kid": None},
        {"typ": 7},
    ):
        header = {"alg": algorithm, "kid": "k", **more}
        yield f"{sorted(more)} by a stranger", signed(header, claims(), stranger)
        if more != {"kid": None}:
            yield f"{more} by the party itself", signed(header, claims(), KEYS[algorithm])
    yield "a stranger's signature", signed({"alg": algorithm, "kid": "k"}, claims(), stranger)
    head, payload, signature = good(algorithm).split(".")
    twice = b64(f'{{"alg":"{algorithm}","alg":"none","kid":"k"}}'.encode())
    yield "a member twice", f"{twice}.{payload}.{signature}"
    yield "no object", f"{b64(b'[]')}.{payload}.{signature}"
    yield "another payload", f"{head}.{b64(claims(jti='fedcba9876543210'))}.{signature}"


def encodings(algorithm: str) -> Iterator[tuple[str, str]]:
    """The same bytes written in another way, or not written whole."""
    token = good(algorithm)
    yield from {
        "padding": token + "=",
        "two of it": token + "==",
        "a line end": token + "\n",
        "a space before": " " + token,
        "a space inside": token.replace(".", ". ", 1),
        "a null": token + "\0",
        "a part more": token + ".",
        "five parts": token + ".x.y",
        "a part less": token.rpartition(".")[0],
        "an empty signature": token.rpartition(".")[0] + ".",
        "nothing": "",
        "dots": "..",
        "standard alphabet": token.replace("-", "+").replace("_", "/") + "+",
        "in parentheses": f"({token})",
        "as JSON": json.dumps(dict(zip(("protected", "payload", "signature"), token.split("."), strict=True))),
        "no ASCII": token + "\u200b",
        "longer than is looked at": token + "A" * 20_000,
    }.items()
    for part in range(3):
        parts = token.split(".")
        last = ALPHABET.index(parts[part][-1])
        if len(parts[part]) % 4:
            for bit in range(1, 4 if len(parts[part]) % 4 == 3 else 16):
                yield (
                    f"unused bits {bit} of part {part}",
                    ".".join([*parts[:part], parts[part][:-1] + ALPHABET[last ^ bit], *parts[part + 1 :]]),
                )


def signatures(algorithm: str) -> Iterator[tuple[str, str]]:
    """Signature values that a careless implementation takes."""
    head, payload, signature = good(algorithm).split(".")
    raw = _raw(signature)
    values = {
        "zeros": bytes(len(raw)),
        "ones": b"\xff" * len(raw),
        "cut": raw[:-1],
        "cut in front": raw[1:],
        "longer": raw + b"\0",
        "longer in front": b"\0" + raw,
        "halves swapped": raw[len(raw) // 2 :] + raw[: len(raw) // 2],
        "twice": raw + raw,
        "one byte": b"\0",
        **{f"bit {bit} turned": _turned(raw, bit) for bit in range(0, len(raw) * 8, max(1, len(raw) // 4))},
    }
    if algorithm == "ES256":
        r, s = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])
        values["DER"] = encode_dss_signature(r, s)
        edges = (0, 1, ORDER - 1, ORDER, ORDER + 1, 2**256 - 1)
        pairs = [(left, right) for left in (*edges, r) for right in (*edges, s)]
        values |= {
            f"r {left:x} s {right:x}": left.to_bytes(32) + right.to_bytes(32)
            for left, right in pairs
            if (left, right) != (r, s)
        }
        values["r plus the order"] = (r + ORDER).to_bytes(33) + s.to_bytes(32)
    for name, value in values.items():
        yield f"signature {name}", f"{head}.{payload}.{b64(value)}"


def _raw(part: str) -> bytes:
    import base64

    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _turned(raw: bytes, bit: int) -> bytes:
    changed = bytearray(raw)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def vectors(algorithm: str) -> list[tuple[str, str]]:
    groups = (other_algorithms, header_tricks, encodings, signatures)
    return [vector for group in groups for vector in group(algorithm)]


@pytest.mark.parametrize("algorithm", KEYS)
def test_t10_no_forged_token_is_accepted(algorithm: str) -> None:
    made = vectors(algorithm)
    assert len(made) >= 100
    assert len({token for _, token in made}) > len(made) * 0.9
    assert [name for name, token in made if accepted(token, algorithm)] == []
    assert accepted(good(algorithm), algorithm), "and the honest one is"


def test_t10_there_are_as_many_vectors_as_wycheproof_has_for_signatures() -> None:
    assert sum(len(vectors(algorithm)) for algorithm in KEYS) >= 401


def test_t10_a_key_verifies_by_its_one_algorithm_alone() -> None:
    """RS256 and PS256 use the same RSA key; what one signed is nothing to the other."""
    rsa = KEYS["PS256"]
    token = signed({"alg": "RS256", "kid": "k"}, claims(), rsa)
    registered = AssertionKey(kid="k", algorithm="PS256", key=rsa)
    with pytest.raises(OAuth2Error):
        verify_assertion(token, PORTAL, [registered], ISSUER, GATEWAY.clock())
    verify_assertion(token, PORTAL, [replace(registered, algorithm="RS256")], ISSUER, GATEWAY.clock())
