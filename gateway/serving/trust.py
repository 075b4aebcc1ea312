"""Whose client certificates a port takes, as read from its files; frozen (security.md section 7)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import crypto

from certs.peer import PeerRefused, verify_peer

_STORE_FLAGS: Final = (
    crypto.X509StoreFlags.CRL_CHECK | crypto.X509StoreFlags.PARTIAL_CHAIN | crypto.X509StoreFlags.X509_STRICT
)


@dataclass(frozen=True, slots=True)
class Anchor:
    """The issuing CA and its revocation list, which was verified when it was read."""

    ca: x509.Certificate
    crl: x509.CertificateRevocationList

    def lapsed_at(self, now: datetime) -> bool:
        """Whether the list is past its ``nextUpdate``: then nobody is let in (T33)."""
        ends = self.crl.next_update_utc
        return ends is None or ends <= now

    def vouches_for(self, certificate: x509.Certificate, now: datetime) -> bool:
        """Whether the certificate is a TLS client's, directly below the CA, in force and not revoked (T32, T33)."""
        try:
            verify_peer(certificate, anchor=self.ca, crl=self.crl, purpose=ExtendedKeyUsageOID.CLIENT_AUTH, now=now)
        except PeerRefused:
            return False
        return True

    def fill(self, store: crypto.X509Store) -> None:
        """Make an OpenSSL store trust exactly this: the issuing CA is enough, and its list decides about the leaf."""
        store.add_cert(crypto.X509.from_cryptography(self.ca))
        store.add_crl(self.crl)
        store.set_flags(_STORE_FLAGS)


def signature_of(files: Iterable[Path]) -> tuple[tuple[int, int, int] | None, ...]:
    """What tells whether a file was written or replaced: time, size and inode of each; None where it is missing."""
    return tuple(_signature(file) for file in files)


def _signature(file: Path) -> tuple[int, int, int] | None:
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
