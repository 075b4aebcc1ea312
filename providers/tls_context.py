"""TLS towards a provider's server: whom we trust, who we are, and a deadline that no slow peer can stretch.

Providers that name the same files share a context; it is built once, and again only when one of the files changes
(security.md section 7).
"""

import ssl
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from certs.load import load_crl

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer  # known to type checkers alone

CIPHERS_OF_TLS_1_2 = "ECDHE+AESGCM:ECDHE+CHACHA20"
MOST_CONTEXTS = 1024
"""Kept at a time; a context that is not needed any more gives its place to another."""

Signature = tuple[tuple[int, int, int], ...]


@dataclass(slots=True)
class Call:
    """What one call to a provider has seen so far; its socket writes here."""

    endpoint: str
    """Absolute URL."""
    method: str
    deadline: float
    """Seconds of ``time.monotonic``."""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Beside those of every call."""
    secret: bytes = b""
    """What of the request is not kept as evidence."""
    sent: bytearray = field(default_factory=bytearray)
    received: int = 0
    handshakes: int = 0
    wrong_pin: bool = False
    peer_certificate_sha256: str | None = None
    tls_version: str | None = None

    def remaining(self) -> float:
        """Seconds until the deadline.

        Raises:
            TimeoutError: none are left.
        """
        seconds = self.deadline - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("the call's total deadline has passed")
        return seconds


CURRENT_CALL: ContextVar[Call] = ContextVar("CURRENT_CALL")
"""The call that the running thread is making; set by ``transport`` alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """Absolute paths of the PEM files that a context is made from."""

    ca: Path
    """The one issuing CA that is trusted, as a partial chain."""
    crl: Path | None
    """That CA's revocation list; without a current one no handshake succeeds. None only where the server's key is pinned."""
    certificate: Path | None = None
    """Our client certificate, leaf first; None for a server that asks for none."""
    key: Path | None = None
    """Of ``certificate``."""

    def signature(self) -> Signature:
        """Changes whenever a file is replaced or rewritten; raises ``OSError`` when one is gone."""
        given = (path for path in (self.ca, self.crl, self.certificate, self.key) if path is not None)
        stats = (path.stat() for path in given)
        return tuple((stat.st_ino, stat.st_mtime_ns, stat.st_size) for stat in stats)


class PinnedContext(ssl.SSLContext):
    """A client context that also knows the public keys its peer may have."""

    pins: frozenset[str] = frozenset()
    crl_expires: datetime | None = None


@lru_cache(maxsize=MOST_CONTEXTS)
def shared_context(
    files: TlsFiles,
    pins: frozenset[str],
    signature: Signature,  # noqa: ARG001 - part of the key: other content is another context
) -> PinnedContext:
    """The context for these files as they are now (``files.signature()``); raises what ``open_context`` does.

    A thousand banks behind one certificate authority so cost one context instead of a thousand.
    """
    return open_context(files, pins)


class WrongPin(ssl.SSLError):
    """The peer's certificate verifies, but its public key is not one that was agreed."""


def open_context(files: TlsFiles, pins: frozenset[str] = frozenset()) -> PinnedContext:
    """A context for TLS with one provider, mutual where we have a certificate for it.

    Args:
        files: trust and identity.
        pins: SHA-256 of SubjectPublicKeyInfo, lower-case hexadecimal; the current key's and the next one's. Empty
            means that any key certified by the CA is accepted.

    Raises:
        OSError, ssl.SSLError, certs.errors.FileUnusable: a file is missing or garbled.
        ValueError: neither a revocation list nor pins are given.
    """
    if files.crl is None and not pins:
        raise ValueError("a server without a revocation list must have its key pinned")
    context = PinnedContext(ssl.PROTOCOL_TLS_CLIENT)  # this protocol asks for a certificate and checks the host name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS_OF_TLS_1_2)
    context.hostname_checks_common_name = False
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION | ssl.OP_NO_TICKET
    context.load_verify_locations(cafile=files.ca)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if files.crl is not None:
        context.load_verify_locations(cafile=files.crl)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        context.crl_expires = load_crl(files.crl).next_update_utc
    if files.certificate is not None:
        context.load_cert_chain(files.certificate, files.key)
    context.sslsocket_class = GuardedSocket
    context.pins = pins
    return context


def open_server_context(ca: Path | None) -> PinnedContext:
    """A context for a server that asks for no certificate of ours.

    Args:
        ca: the one CA that is trusted, as a partial chain; None trusts those of the operating system.

    Raises:
        OSError, ssl.SSLError: the file is missing or garbled.
    """
    context = PinnedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS_OF_TLS_1_2)
    context.hostname_checks_common_name = False
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION | ssl.OP_NO_TICKET
    if ca is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(cafile=ca)
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.sslsocket_class = GuardedSocket
    return context


def public_key_sha256(certificate_der: bytes) -> str:
    """The pin of a certificate: SHA-256 of its SubjectPublicKeyInfo, lower-case hexadecimal."""
    public_key = x509.load_der_x509_certificate(certificate_der).public_key()
    return sha256(public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


class GuardedSocket(ssl.SSLSocket):
    """A TLS socket that obeys the running call's deadline on every read and write, and tells it who the peer is."""

    context: PinnedContext
    _peer_sha256: str | None = None

    def do_handshake(self, block: bool = False) -> None:
        """Shake hands within the deadline, then compare the peer's public key with the pins."""
        call = CURRENT_CALL.get()
        self.settimeout(call.remaining())
        super().do_handshake(block)
        call.handshakes += 1
        der = self.getpeercert(binary_form=True) or b""
        self._peer_sha256 = sha256(der).hexdigest()
        self._tell(call)
        if self.context.pins and public_key_sha256(der) not in self.context.pins:
            call.wrong_pin = True
            raise WrongPin("the server's public key is not one of the pinned keys")

    def sendall(self, data: "ReadableBuffer", flags: int = 0) -> None:
        """Send within the deadline and keep what was sent as evidence."""
        call = CURRENT_CALL.get()
        self._tell(call)
        self.settimeout(call.remaining())
        super().sendall(data, flags)
        call.sent += memoryview(data)

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int | None = None, flags: int = 0) -> int:
        """Receive what is there, waiting no longer than the deadline allows."""
        call = CURRENT_CALL.get()
        self.settimeout(call.remaining())
        count = super().recv_into(buffer, nbytes, flags)
        call.received += count
        return count

    def _tell(self, call: Call) -> None:
        call.peer_certificate_sha256 = self._peer_sha256
        call.tls_version = self.version()
