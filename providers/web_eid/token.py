"""The authentication token of the Web eID extension, and whether its signature holds (eid-providers.md 7.1, 7.3)."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import new as new_hash
from typing import Any, Final, NoReturn, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from providers.errors import AssertionRejected
from providers.refusals import Reason
from providers.wire.jose import without_repeats

SHORTEST: Final = 100
LONGEST: Final = 10_000
"""Characters of a whole token."""
_FORMAT: Final = re.compile(r"web-eid:1(\.[0-9]+)?", re.ASCII)
_MEMBERS: Final = ("unverifiedCertificate", "algorithm", "signature", "format")
Digest: TypeAlias = hashes.SHA256 | hashes.SHA384 | hashes.SHA512
_DIGESTS: Final[Mapping[str, Digest]] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
ALGORITHMS: Final = frozenset(f"{family}{bits}" for family in ("ES", "PS", "RS") for bits in _DIGESTS)
_CURVES: Final = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token of the right form; nothing in it is believed yet."""

    certificate: bytes
    """DER, unverified."""
    algorithm: str
    """One of ``ALGORITHMS``."""
    signature: bytes


def parse_token(text: bytes) -> Token:
    """Read a token (7.4 step 1); members that nobody knows are ignored, ``appVersion`` among them.

    Raises:
        AssertionRejected: ``malformed``.
    """
    members = _members(text)
    if not _FORMAT.fullmatch(members["format"]):
        _malformed("the token's format is not web-eid:1")
    if members["algorithm"] not in ALGORITHMS:
        _malformed("the token's algorithm is none of those agreed")
    return Token(
        certificate=_decoded(members["unverifiedCertificate"]),
        algorithm=members["algorithm"],
        signature=_decoded(members["signature"]),
    )


def _members(text: bytes) -> dict[str, str]:
    try:
        characters = text.decode("utf-8")
        if not SHORTEST <= len(characters) <= LONGEST:
            _malformed(f"the token must have {SHORTEST} to {LONGEST} characters")
        content: Any = json.loads(characters, object_pairs_hook=without_repeats)
    except (ValueError, RecursionError):
        _malformed("the token is no JSON object with each member once")
    if not isinstance(content, dict):
        _malformed("the token is no JSON object")
    if not all(isinstance(content.get(name), str) and content[name] for name in _MEMBERS):
        _malformed("a member of the token is missing, empty or no string")
    return {name: content[name] for name in _MEMBERS}


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        _malformed("a member of the token is no base64")


def signed_bytes(origin: str, nonce: str, algorithm: str) -> bytes:
    """What the card signs, before the algorithm's own hash: the digests of origin and nonce, joined (7.3).

    Args:
        origin: ours, ``https://host[:port]``.
        nonce: its characters, not what they decode to.
        algorithm: names the digest by its last three digits.
    """
    name = _digest(algorithm).name
    return new_hash(name, origin.encode()).digest() + new_hash(name, nonce.encode()).digest()


def verify_signature(
    token: Token, key: object, *, origin: str, nonce: str, curves: frozenset[str] = frozenset()
) -> None:
    """See that the key signed our origin and this nonce (7.4 steps 7 and 9).

    Args:
        token: as parsed.
        key: the public key of the certificate, whose kind and size were judged before.
        origin: ours; never from a request.
        nonce: of this login.
        curves: further curves that ``ES384`` is taken with, for cards that name it whatever their curve is.

    Raises:
        AssertionRejected: ``bad_signature``.
    """
    data = signed_bytes(origin, nonce, token.algorithm)
    try:
        _verify(token, key, data, curves)
    except InvalidSignature:
        _unsigned("the card's signature does not verify over our origin and the login's nonce")


def _verify(token: Token, key: object, data: bytes, curves: frozenset[str]) -> None:
    family, digest = token.algorithm[:2], _digest(token.algorithm)
    if isinstance(key, rsa.RSAPublicKey) and family == "RS":
        key.verify(token.signature, data, padding.PKCS1v15(), digest)
    elif isinstance(key, rsa.RSAPublicKey) and family == "PS":
        key.verify(token.signature, data, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    elif isinstance(key, ec.EllipticCurvePublicKey) and _fits(token.algorithm, key.curve.name, curves):
        key.verify(_as_der(token.signature, key), data, ec.ECDSA(digest))
    else:
        _unsigned("the token's algorithm does not fit the key of the certificate")


def _digest(algorithm: str) -> Digest:
    return _DIGESTS[algorithm[2:]]


def _fits(algorithm: str, curve: str, curves: frozenset[str]) -> bool:
    return _CURVES.get(algorithm) == curve or (algorithm == "ES384" and curve in curves)


def _as_der(signature: bytes, key: ec.EllipticCurvePublicKey) -> bytes:
    """The two numbers, each as long as the curve's order, as the library wants them."""
    size = (key.curve.key_size + 7) // 8
    if len(signature) != 2 * size:
        _unsigned("the signature is not two numbers of the curve's length")
    halves = signature[:size], signature[size:]
    return encode_dss_signature(*(int.from_bytes(half, "big") for half in halves))


def _malformed(detail: str) -> NoReturn:
    raise AssertionRejected(Reason.MALFORMED, detail)


def _unsigned(detail: str) -> NoReturn:
    raise AssertionRejected(Reason.BAD_SIGNATURE, detail)
