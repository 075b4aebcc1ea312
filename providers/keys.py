"""Public keys of providers from PEM files; private keys are read by ``certs.load``."""

from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


class KeyUnusable(ValueError):
    """A file holds no key that can be used; the message says what to do."""


def load_public_key(path: Path) -> PublicKey:
    """The public key in a PEM file: SubjectPublicKeyInfo, or a certificate taken as a mere container.

    Nothing of a certificate but its key is looked at (banklink.md 4.4).

    Raises:
        KeyUnusable: missing, garbled, or neither EC nor RSA.
    """
    try:
        key = _key_in(path.read_bytes())
    except OSError as error:
        raise KeyUnusable(f"{path.name} cannot be read: {error.strerror}") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusable(
            f"{path.name} holds no public key; store the bank's key as PUBLIC KEY if its certificate is refused"
        ) from error
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise KeyUnusable(f"{path.name} holds a key that is neither EC nor RSA")
    return key


def _key_in(pem: bytes) -> object:
    if b"BEGIN CERTIFICATE" in pem:
        return x509.load_pem_x509_certificate(pem).public_key()
    return load_pem_public_key(pem)
