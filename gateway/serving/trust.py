"""Whose client certificates a port takes, as read from its files; frozen (security.md section 7)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Final, Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import crypto

from certs.peer import PeerRefused, verify_peer

_STORE_FLAGS: Final = (
    crypto.X509StoreFlags.CRL_CHECK | crypto.X509StoreFlags.PARTIAL_CHAIN | crypto.X509StoreFlags.X509_STRICT
)


class Trust(Protocol):
    """Whom a port lets in."""

    @property
    def demands_certificate(self) -> bool:
        """Whether a peer without a certificate is turned away in the handshake."""

    @property
    def authorities(self) -> tuple[x509.Certificate, ...]:
        """Whose certificates peers are asked for."""

    def completes(self, certificate: x509.Certificate, now: datetime, *, verified: bool) -> bool:
        """Whether a handshake may complete with this leaf; ``verified`` is what OpenSSL thinks of it."""

    def vouches_for(self, certificate: x509.Certificate, now: datetime) -> bool:
        """Whether a peer that was let in may still be served."""

    def fill(self, store: crypto.X509Store) -> None:
        """Make an OpenSSL store trust exactly this."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The issuing CA and its revocation list, which was verified when it was read."""

    ca: x509.Certificate
    crl: x509.CertificateRevocationList
    demands_certificate: ClassVar[bool] = True

    @property
    def authorities(self) -> tuple[x509.Certificate, ...]:
        """The one CA."""
        return (self.ca,)

    def completes(self, certificate: x509.Certificate, now: datetime, *, verified: bool) -> bool:
        """Only what both OpenSSL and we believe: it takes a leaf that states no purpose, and a CA's certificate."""
        return verified and self.vouches_for(certificate, now)

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


@dataclass(frozen=True, slots=True)
class CardAnchors:
    """The CAs whose cards are asked for.

    A handshake completes with any card of theirs, expired or revoked, and without one: what is wrong with it is said
    on a page, by the application, which judges the card in full (eid-providers.md 12.1).
    """

    authorities: tuple[x509.Certificate, ...]
    demands_certificate: ClassVar[bool] = False

    def completes(self, certificate: x509.Certificate, now: datetime, *, verified: bool) -> bool:
        """Whether one of the CAs signed it, whatever its dates and purposes."""
        del now, verified
        return any(_signed_by(certificate, ca) for ca in self.authorities)

    def vouches_for(self, certificate: x509.Certificate, now: datetime) -> bool:
        """As long as its CA is asked for."""
        return self.completes(certificate, now, verified=False)

    def fill(self, store: crypto.X509Store) -> None:
        """The CAs themselves; their lists are the application's."""
        for ca in self.authorities:
            store.add_cert(crypto.X509.from_cryptography(ca))
        store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)


def _signed_by(certificate: x509.Certificate, ca: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(ca)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def signature_of(files: Iterable[Path]) -> tuple[tuple[int, int, int] | None, ...]:
    """What tells whether a file was written or replaced: time, size and inode of each; None where it is missing."""
    return tuple(_signature(file) for file in files)


def _signature(file: Path) -> tuple[int, int, int] | None:
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
