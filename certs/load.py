"""Keys, certificates and revocation lists from PEM files.

Parsing a private key costs far more than using it: callers load once, when they start or when a file changes, and
keep the parsed value. Nothing here caches.
"""

import os
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from certs.errors import FileUnusable

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_OTHERS = 0o077


def load_private_key(path: Path, *, passphrase: bytes | None = None) -> PrivateKey:
    """The private key in a PEM file that only its owner may read.

    Raises:
        FileUnusable: missing, readable by group or world (security.md section 7), garbled, or no EC or RSA key.
            The text says what to do and never holds a byte of the file.
    """
    try:
        key = serialization.load_pem_private_key(_secret_content(path), passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise FileUnusable(
            f"{path} holds no private key in PEM that can be opened with the passphrase given"
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise FileUnusable(f"{path} holds a key that is neither EC nor RSA")
    return key


def load_certificate(path: Path) -> x509.Certificate:
    """The first certificate in a PEM file: the leaf, where a chain follows.

    Raises:
        FileUnusable: missing, or no certificate.
    """
    return load_chain(path)[0]


def load_chain(path: Path) -> tuple[x509.Certificate, ...]:
    """Every certificate in a PEM file, in the file's order; at least one.

    Raises:
        FileUnusable: missing, or no certificate.
    """
    try:
        return tuple(x509.load_pem_x509_certificates(_content(path)))
    except ValueError as error:
        raise FileUnusable(f"{path} holds no certificate in PEM") from error


def load_crl(path: Path) -> x509.CertificateRevocationList:
    """The revocation list in a PEM file; its signature and age are not looked at, see ``certs.revocation``.

    Raises:
        FileUnusable: missing, or no revocation list.
    """
    try:
        return x509.load_pem_x509_crl(_content(path))
    except ValueError as error:
        raise FileUnusable(f"{path} holds no revocation list in PEM") from error


def load_identity(certificate_path: Path, key_path: Path) -> tuple[x509.Certificate, PrivateKey]:
    """A leaf certificate and the private key that belongs to it.

    Raises:
        FileUnusable: as the loaders above, or the key belongs to another certificate.
    """
    certificate, key = load_certificate(certificate_path), load_private_key(key_path)
    if certificate.public_key() != key.public_key():
        raise FileUnusable(f"the key in {key_path} does not belong to the certificate in {certificate_path}")
    return certificate, key


def fingerprint_sha256(certificate: x509.Certificate) -> str:
    """The SHA-256 digest of the whole certificate, 64 lower-case hexadecimal digits: a peer's identity (T31)."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def _secret_content(path: Path) -> bytes:
    """What the file holds, after its own permissions (not those of a file put in its place) were looked at."""
    try:
        with path.open("rb") as file:
            _refuse_if_others_may_read(path, os.fstat(file.fileno()).st_mode)
            return file.read()
    except OSError as error:
        raise FileUnusable(f"{path} cannot be read: {error.strerror}") from error


def _refuse_if_others_may_read(path: Path, mode: int) -> None:
    if mode & _OTHERS:
        raise FileUnusable(
            f"{path} is a private key that other accounts of this machine may use "
            f"(permissions {mode & 0o777:04o}); run: chmod 600 {path}"
        )


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileUnusable(f"{path} cannot be read: {error.strerror}") from error
