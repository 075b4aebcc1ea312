"""Compact JWS with exactly one allowed algorithm per key (security.md section 9).

joserfc verifies the signature. What it leaves open is closed here: one spelling of base64url, a short list of header
members, an agreed ``typ``, no member twice, a size limit. Keys are parsed once, when a verifier is opened.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from providers.keys import KeyUnusable, load_public_key

Algorithm = Literal["ES256", "PS256"]

_HEADER_MEMBERS = frozenset({"alg", "kid", "typ"})
SMALLEST_RSA_KEY = 2048


class JwsFault(StrEnum):
    """What is wrong with a JWS."""

    MALFORMED = "malformed"
    """It is no JWS of the agreed form."""
    BAD_SIGNATURE = "bad_signature"
    """Unknown key, another algorithm than the key's, or the signature does not verify."""


class JwsRefused(ValueError):
    """A text is not a JWS that a registered key signed; nothing in it may be believed."""

    def __init__(self, fault: JwsFault, sentence: str) -> None:
        """Say what is wrong in a sentence that repeats nothing of the content."""
        super().__init__(sentence)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A provider's public key for signed statements and the one algorithm it may be used with."""

    algorithm: str
    """As a JWS header names it."""
    key: ECKey | RSAKey | OKPKey


def load_signing_key(path: Path, algorithm: Algorithm) -> SigningKey:
    """The key in a PEM file: P-256 for ES256, RSA of 2048 bits or more for PS256.

    Raises:
        KeyUnusable: no public key, or not one for this algorithm.
    """
    public = load_public_key(path)
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    if algorithm == "ES256" and isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name == "secp256r1":
        return SigningKey(algorithm, ECKey.import_key(pem))
    if algorithm == "PS256" and isinstance(public, rsa.RSAPublicKey) and public.key_size >= SMALLEST_RSA_KEY:
        return SigningKey(algorithm, RSAKey.import_key(pem))
    raise KeyUnusable(f"{path.name} holds no key for {algorithm} (P-256 for ES256, RSA 2048 or more for PS256)")


class JwsVerifier:
    """Verifies what one provider signed; threads may share it."""

    def __init__(self, keys: Mapping[str, SigningKey], *, typ: str, largest: int) -> None:
        """Accept statements of type ``typ``, at most ``largest`` bytes long, signed by one of ``keys`` (by kid)."""
        self._keys = dict(keys)
        self._typ = typ
        self._largest = largest
        self._registries = {kid: registry_for(key.algorithm, largest) for kid, key in self._keys.items()}

    def verify(self, compact: bytes) -> dict[str, Any]:
        """The payload of a JWS whose signature verified.

        Raises:
            JwsRefused: the size, form, header or signature is not as agreed.
        """
        header_segment, payload_segment, _ = split_compact(compact, self._largest)
        kid = self._known_kid(read_object(header_segment, "header"))
        # (1) The signature first: nothing of the payload is looked at before.
        verify_signature(compact, self._keys[kid], self._registries[kid], kid)
        return read_object(payload_segment, "payload")

    def _known_kid(self, header: dict[str, Any]) -> str:
        if not header.keys() <= _HEADER_MEMBERS:
            raise JwsRefused(JwsFault.MALFORMED, "the header may hold alg, kid and typ, and nothing else")
        if header.get("typ") != self._typ:
            raise JwsRefused(JwsFault.MALFORMED, f"the header's typ must be {self._typ}")
        kid = header.get("kid")
        if not isinstance(kid, str) or kid not in self._keys:
            raise JwsRefused(JwsFault.BAD_SIGNATURE, "the header's kid names no registered key")
        if header.get("alg") != self._keys[kid].algorithm:
            raise JwsRefused(
                JwsFault.BAD_SIGNATURE, f"the key {kid} is registered for {self._keys[kid].algorithm} alone"
            )
        return kid


def split_compact(compact: bytes, largest: int) -> tuple[bytes, bytes, bytes]:
    """Header, payload and signature of a compact JWS, each still encoded.

    Raises:
        JwsRefused: it is longer than ``largest`` bytes, or is not three parts in the one spelling that base64url has.
    """
    if len(compact) > largest:
        raise JwsRefused(JwsFault.MALFORMED, f"the JWS is longer than {largest} bytes")
    segments = compact.split(b".")
    if len(segments) != 3 or not all(_is_canonical(segment) for segment in segments):
        raise JwsRefused(JwsFault.MALFORMED, "a compact JWS is three parts of base64url without padding")
    return segments[0], segments[1], segments[2]


def verify_signature(compact: bytes, key: SigningKey, registry: jws.JWSRegistry, name: str) -> None:
    """Let joserfc verify a compact JWS with one key, by the one algorithm that the key may be used with.

    Args:
        compact: as ``split_compact`` accepted it.
        key: the key.
        registry: of ``registry_for`` the key's algorithm.
        name: what the key is called in a refusal.

    Raises:
        JwsRefused: the signature does not verify.
    """
    try:
        jws.deserialize_compact(compact, key.key, algorithms=[key.algorithm], registry=registry)
    except (JoseError, ValueError) as error:
        raise JwsRefused(JwsFault.BAD_SIGNATURE, f"the signature does not verify with key {name}") from error


def registry_for(algorithm: str, largest: int) -> jws.JWSRegistry:
    """Joserfc's rules for one algorithm and payloads of ``largest`` bytes at most."""
    registry = jws.JWSRegistry(algorithms=[algorithm])
    registry.max_payload_length = largest
    return registry


def _is_canonical(segment: bytes) -> bool:
    """Whether a part is base64url in the only spelling its bytes have; others would make two texts of one message."""
    try:
        return urlsafe_b64encode(urlsafe_b64decode(segment)) == segment
    except ValueError:
        return False


def read_object(segment: bytes, part: str) -> dict[str, Any]:
    """The JSON object in an encoded part; ``part`` is what it is called in a refusal.

    Raises:
        JwsRefused: it is no JSON object, or a member occurs twice.
    """
    try:
        value = json_with_each_member_once(urlsafe_b64decode(segment))
    except (ValueError, RecursionError) as error:
        raise JwsRefused(JwsFault.MALFORMED, f"the {part} is no JSON object with each member once") from error
    if not isinstance(value, dict):
        raise JwsRefused(JwsFault.MALFORMED, f"the {part} is no JSON object")
    return value


def json_with_each_member_once(text: bytes) -> Any:
    """What JSON says, where no object names a member twice and no number is NaN or infinite.

    Raises:
        ValueError, RecursionError: it is no such JSON.
    """
    return json.loads(text, object_pairs_hook=without_repeats, parse_constant=_no_such_number)


def without_repeats(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which no member occurs twice, for ``json.loads``; raises ``ValueError`` (eid-providers.md 5.5)."""
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise ValueError("a member occurs twice")
        members[name] = value
    return members


def _no_such_number(text: str) -> None:
    raise ValueError(f"{text} is not a number in JSON")
