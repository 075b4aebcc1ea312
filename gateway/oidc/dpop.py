"""A relying party proves, with each request, that it holds the key its token is bound to (RFC 9449, T09)."""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import OAuth2Error
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.oidc.dpop_nonce import Nonces
from gateway.oidc.strict_json import claims_of, is_identifier, seconds_of, unverified_header

Key: TypeAlias = ECKey | OKPKey | RSAKey

ALGORITHMS: Final = ("ES256", "PS256", "EdDSA", "Ed25519")
"""Asymmetric only (RFC 9449 4.3, 11.6); ``Ed25519`` is the newer name of ``EdDSA`` with that curve (RFC 9864)."""
MAX_AGE: Final = timedelta(seconds=60)
MAX_AHEAD: Final = timedelta(seconds=60)
_HEADERS: Final = frozenset({"alg", "jwk", "typ"})
_PUBLIC: Final = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}
_TOLERATED: Final = frozenset({"alg", "use", "kid", "key_ops", "ext"})
"""Members of a public key that some libraries write; they change nothing."""
_PROBABLE_KEYS: Final = {"ES256": ("EC", "P-256"), "EdDSA": ("OKP", "Ed25519"), "Ed25519": ("OKP", "Ed25519")}
_RSA_BITS: Final = range(2048, 4097)
"""Smaller is weak, larger costs us more than the sender."""


class ProofRefused(OAuth2Error):  # type: ignore[misc] # the library ships no types
    """A proof is missing or broke a rule (RFC 9449 5 and 7.1)."""

    error = "invalid_dpop_proof"


class NonceNeeded(OAuth2Error):  # type: ignore[misc] # the library ships no types
    """A proof is good but for its nonce: the sender shall make another with the nonce we give it (RFC 9449 8)."""

    error = "use_dpop_nonce"
    description = "make the proof again with the nonce in the header DPoP-Nonce"


class _WithKeyInHeader(jws.JWSRegistry):
    """The library's rules, with room in the header for an RSA key of 4096 bits."""

    max_header_length = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """The request that a proof must have been made for."""

    method: str
    url: str
    """Absolute, without query and fragment, as published in the metadata."""
    access_token: str | None = None
    """What came with the proof, at user info."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedProof:
    """A proof that passed every check but one: its ``jti`` must still be spent, in the caller's transaction."""

    thumbprint: str
    """Of the key that signed it (RFC 7638, SHA-256), 43 base64url characters: the ``jkt`` of RFC 9449 6."""
    jti: str
    spent_until: datetime
    """A minute later than the proof is accepted, for nodes whose clocks differ."""

    @property
    def single_use(self) -> str:
        """What is spent: ids of two keys may be equal by chance."""
        return f"{self.thumbprint}\0{self.jti}"


def verify_proof(proofs: Sequence[str], occasion: Occasion, nonces: Nonces, now: datetime) -> VerifiedProof:
    """Check the one proof of a request.

    Args:
        proofs: every ``DPoP`` header that came.
        occasion: the request they came with.
        nonces: knows which nonce the proof must carry.
        now: UTC, aware.

    Raises:
        ProofRefused: with a sentence for the portal's developer.
        NonceNeeded: nothing else is wrong with it.
    """
    if len(proofs) != 1:
        raise ProofRefused("the request needs one DPoP header, with one proof")
    key, claims = _verified_claims(proofs[0])
    for refused, sentence in _rules(claims, occasion, now.timestamp()):
        if refused():
            raise ProofRefused(sentence)
    if not nonces.knows(claims.get("nonce")):
        raise NonceNeeded
    made = datetime.fromtimestamp(seconds_of(claims, "iat"), tz=now.tzinfo)
    return VerifiedProof(thumbprint=key.thumbprint(), jti=str(claims["jti"]), spent_until=made + MAX_AGE + MAX_AHEAD)


def token_hash(access_token: str) -> str:
    """Give the ``ath`` of a token (RFC 9449 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest()).rstrip(b"=").decode()


def _verified_claims(proof: str) -> tuple[Key, dict[str, object]]:
    """Verify the signature with the key in the header: here alone that is what the header is for."""
    try:
        header = unverified_header(proof)
        algorithm = _allowed_algorithm(header)
        key = _public_key(header.get("jwk"), algorithm)
        verified = jws.deserialize_compact(proof, key, registry=_WithKeyInHeader(algorithms=[algorithm]))
        return key, claims_of(verified.payload)
    except (JoseError, ValueError, TypeError) as error:
        raise ProofRefused("the proof cannot be read, or its signature does not verify") from error


def _allowed_algorithm(header: dict[str, object]) -> str:
    algorithm = header.get("alg")
    if header.get("typ") != "dpop+jwt":
        raise ProofRefused("typ must be dpop+jwt")
    if algorithm not in ALGORITHMS:
        raise ProofRefused(f"alg must be one of {' '.join(ALGORITHMS)}")
    if not _HEADERS.issuperset(header):
        raise ProofRefused("the header may hold alg, jwk and typ only")
    return str(algorithm)


def _public_key(jwk: object, algorithm: str) -> Key:
    """Take what makes the public key, and nothing else, out of the header."""
    if not isinstance(jwk, dict) or jwk.get("kty") not in _PUBLIC:
        raise ProofRefused("jwk must be a public EC, OKP or RSA key")
    needed = _PUBLIC[jwk["kty"]]
    if not _TOLERATED.union(needed).issuperset(jwk):
        raise ProofRefused("jwk must hold a public key alone: no private member, no certificate, no reference")
    members = {name: jwk.get(name) for name in needed}
    if not all(isinstance(value, str) and len(value) <= 1024 for value in members.values()):
        raise ProofRefused("jwk is incomplete")
    return _fitting_key(members, algorithm)


def _fitting_key(members: dict[str, object], algorithm: str) -> Key:
    wrong = ProofRefused(f"jwk is no key for {algorithm}")
    if algorithm == "PS256":
        if members["kty"] != "RSA" or members["e"] != "AQAB" or _bits(str(members["n"])) not in _RSA_BITS:
            raise wrong
        return RSAKey.import_key(members)  # type: ignore[arg-type] # strings, as just asked
    if (members["kty"], members.get("crv")) != _PROBABLE_KEYS[algorithm]:
        raise wrong
    made = ECKey if algorithm == "ES256" else OKPKey
    return made.import_key(members)  # type: ignore[arg-type] # strings, as just asked


def _bits(number: str) -> int:
    return int.from_bytes(
        base64.b64decode(number + "=" * (-len(number) % 4), altchars=b"-_", validate=True)
    ).bit_length()


def _rules(claims: dict[str, object], occasion: Occasion, now: float) -> tuple[tuple[Callable[[], bool], str], ...]:
    moment = partial(seconds_of, claims)
    expected = token_hash(occasion.access_token) if occasion.access_token is not None else None
    return (
        (lambda: claims.get("htm") != occasion.method, f"htm must be {occasion.method}"),
        (lambda: _without_query(claims.get("htu")) != _without_query(occasion.url), f"htu must be {occasion.url}"),
        (lambda: not moment("iat") >= now - MAX_AGE.total_seconds(), "iat is missing, or more than 60 seconds ago"),
        (lambda: not moment("iat") <= now + MAX_AHEAD.total_seconds(), "iat lies in the future"),
        (lambda: not is_identifier(claims.get("jti")), "jti must be a string of 16 to 256 printable characters"),
        (lambda: expected is not None and claims.get("ath") != expected, "ath must be the hash of the access token"),
    )


def _without_query(url: object) -> str | None:
    """Normalise as far as RFC 9449 4.3 wants: scheme and host in lower case, no default port, no query or fragment."""
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port not in {None, 443} else ""
    except ValueError:
        return None
    if parts.username is not None or parts.hostname is None:
        return None
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"
