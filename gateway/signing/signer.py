"""A private key of ours as one small promise: what it is known by, and that it signs."""

from typing import Any, Final, Protocol, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey, RSAKey

PublicKey: TypeAlias = ECKey | RSAKey
COORDINATE: Final = 32
"""Bytes of a number on P-256."""


class Signer(Protocol):
    """A private key, wherever it is kept; the kind of key decides the algorithm."""

    @property
    def public(self) -> PublicKey:
        """Its public half, with its ``kid``."""

    def sign(self, message: bytes, about: str, document: bytes = b"") -> bytes:
        """Sign by ES256 (two numbers side by side, 64 bytes; RFC 7518 3.4), with an RSA key by RS256.

        Args:
            message: what the signature covers.
            about: the correlation of a committed audit event that says why (security.md 5.6).
            document: the element whose digest stands in the message, where the message is a ``SignedInfo``.
        """


class MemorySigner:
    """A private key in this process."""

    def __init__(self, key: PublicKey) -> None:
        """Take a private key that has a ``kid``."""
        private = key.private_key
        if private is None:
            raise ValueError("a public key signs nothing")
        self._private: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = private
        self.public = public_half(key.as_dict(private=False), str(key.kid))

    def sign(self, message: bytes, about: str, document: bytes = b"") -> bytes:
        """Sign; whoever has the key in memory answers for the reason."""
        del about, document
        if isinstance(self._private, rsa.RSAPrivateKey):
            return self._private.sign(message, padding.PKCS1v15(), SHA256())
        r, s = decode_dss_signature(self._private.sign(message, ec.ECDSA(SHA256())))
        return r.to_bytes(COORDINATE, "big") + s.to_bytes(COORDINATE, "big")


def public_half(jwk: dict[str, Any], kid: str) -> PublicKey:
    """Read a public key as a ring holds it.

    Raises:
        ValueError: it is neither EC nor RSA.
    """
    match jwk.get("kty"):
        case "EC":
            return ECKey.import_key(jwk, {"kid": kid})
        case "RSA":
            return RSAKey.import_key(jwk, {"kid": kid})
        case _:
            raise ValueError(f"the key {kid} is neither EC nor RSA")
