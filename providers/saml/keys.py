"""Pinned keys of the other side: one algorithm each, decided by what the key is, never by what a message says (T22)."""

from dataclasses import dataclass
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from providers.saml.names import ECDSA_SHA256, RSA_SHA256

PublicKey: TypeAlias = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
MIN_RSA_BITS: Final = 2048
COORDINATE: Final = 32
"""Bytes of a number on P-256."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyingKey:
    """A pinned public key and the one algorithm that it verifies."""

    algorithm: str
    """URI of XML Signature."""
    pem: bytes
    """SubjectPublicKeyInfo."""
    public: PublicKey

    @classmethod
    def of(cls, public: object) -> "VerifyingKey":
        """Pin a key.

        Raises:
            ValueError: it is neither RSA of 2048 bits or more nor EC on P-256.
        """
        algorithm = algorithm_for(public)
        assert isinstance(public, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)  # noqa: S101 - algorithm_for refused others
        return cls(
            algorithm=algorithm,
            pem=public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            public=public,
        )

    def verify_bytes(self, signature: bytes, content: bytes) -> bool:
        """Check a signature over bytes (HTTP-Redirect binding).

        ECDSA signatures are the two numbers side by side, as XML Signature writes them (RFC 4051 2.3.6).
        """
        try:
            if isinstance(self.public, rsa.RSAPublicKey):
                self.public.verify(signature, content, padding.PKCS1v15(), SHA256())
            else:
                self.public.verify(_as_der(signature), content, ec.ECDSA(SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True


def algorithm_for(public: object) -> str:
    """Say which algorithm a key is used with.

    Raises:
        ValueError: with none.
    """
    if isinstance(public, rsa.RSAPublicKey) and public.key_size >= MIN_RSA_BITS:
        return RSA_SHA256
    if isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, ec.SECP256R1):
        return ECDSA_SHA256
    raise ValueError(f"a SAML key must be RSA of {MIN_RSA_BITS} bits or more, or EC on P-256")


def _as_der(signature: bytes) -> bytes:
    if len(signature) != 2 * COORDINATE:
        raise ValueError("not two coordinates")
    return encode_dss_signature(
        int.from_bytes(signature[:COORDINATE], "big"), int.from_bytes(signature[COORDINATE:], "big")
    )
