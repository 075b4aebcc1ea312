"""Whom a port trusts and who it is, read from files (security.md section 7).

What was read is frozen; new files are read into new values. Trust that cannot be read is no trust.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Self, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import crypto

from gateway.serving.settings import ClientTrust, ServerIdentity

Read = TypeVar("Read")

_STORE_FLAGS: Final = (
    crypto.X509StoreFlags.CRL_CHECK | crypto.X509StoreFlags.PARTIAL_CHAIN | crypto.X509StoreFlags.X509_STRICT
)


class TrustUnusable(Exception):
    """A file is missing, unreadable or contradicts another; the text names the file and says what is wrong."""


@dataclass(frozen=True, slots=True)
class Anchors:
    """The issuing CAs whose client certificates count, and their revocation lists."""

    cas: tuple[x509.Certificate, ...]
    crls: tuple[x509.CertificateRevocationList, ...]

    @classmethod
    def load(cls, trust: ClientTrust) -> Self:
        """Read both PEM files. Raises ``TrustUnusable``."""
        cas = _read(trust.ca, x509.load_pem_x509_certificates)
        crls = _read(trust.crl, lambda pem: [x509.load_pem_x509_crl(pem)])
        return cls(tuple(cas), tuple(crls))

    @property
    def crl_number(self) -> int:
        """The highest number of the lists (RFC 5280 5.2.3); -1 for lists without one."""
        return max((_crl_number(crl) for crl in self.crls), default=-1)

    def lapsed_at(self, now: datetime) -> bool:
        """Whether a list is past its ``nextUpdate``, or has none: then nobody is let in."""
        return any(crl.next_update_utc is None or crl.next_update_utc <= now for crl in self.crls)

    def past_half_at(self, now: datetime) -> bool:
        """Whether a list is past half its life, when its successor is overdue."""
        return any(
            crl.next_update_utc is not None
            and now >= crl.last_update_utc + (crl.next_update_utc - crl.last_update_utc) / 2
            for crl in self.crls
        )

    def fill(self, store: crypto.X509Store) -> None:
        """Make an OpenSSL store trust exactly these: the issuing CA is enough, and its list decides about the leaf."""
        for ca in self.cas:
            store.add_cert(crypto.X509.from_cryptography(ca))
        for crl in self.crls:
            store.add_crl(crl)
        store.set_flags(_STORE_FLAGS)


@dataclass(frozen=True, slots=True)
class Identity:
    """The server's own certificate, its key, and the CAs it sends along."""

    leaf: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

    @classmethod
    def load(cls, files: ServerIdentity) -> Self:
        """Read both PEM files. Raises ``TrustUnusable``, also for a key that belongs to another certificate."""
        leaf, *chain = _read(files.certificate, x509.load_pem_x509_certificates)
        key = _read(files.key, lambda pem: load_pem_private_key(pem, password=None))
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise TrustUnusable(f"{files.key}: neither an RSA nor an elliptic-curve key")
        if key.public_key() != leaf.public_key():
            raise TrustUnusable(f"{files.key}: not the key of {files.certificate}")
        return cls(leaf, tuple(chain), key)


def is_client_certificate(certificate: x509.Certificate) -> bool:
    """Whether the certificate says that it is for TLS clients: OpenSSL lets one pass that says nothing (T32)."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return ExtendedKeyUsageOID.CLIENT_AUTH in usage


def signature_of(files: Iterable[Path]) -> tuple[tuple[int, int, int] | None, ...]:
    """What tells whether a file was written or replaced: time, size and inode of each; None where it is missing."""
    return tuple(_signature(file) for file in files)


def _signature(file: Path) -> tuple[int, int, int] | None:
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _read(file: Path, parse: Callable[[bytes], Read]) -> Read:
    try:
        return parse(file.read_bytes())
    except OSError as error:
        raise TrustUnusable(f"{file}: cannot be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise TrustUnusable(f"{file}: not the PEM file that is expected") from error


def _crl_number(crl: x509.CertificateRevocationList) -> int:
    try:
        return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound:
        return -1
