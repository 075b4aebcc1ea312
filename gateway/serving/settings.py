"""What a listening port is told before it opens."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

BODY_LIMIT: Final = 256 * 1024
"""The longest request body, in bytes (security.md T56)."""

HEAD_LIMIT: Final = 32 * 1024
"""The longest request line and headers together, in bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """How long each part of an exchange may take in all, in seconds, however busily the peer drips.

    On the public port Granian keeps the handshake (10 s) by itself, and ``head`` is also how long a connection may rest.
    Behind a front only ``head`` and ``stop`` apply: the rest is the front's.
    """

    handshake: float = 5.0
    head: float = 5.0
    """From the end of the handshake, or from a later request's first byte, to the end of the headers."""
    body: float = 10.0
    """From the end of the headers to the end of the body."""
    idle: float = 30.0
    """How long a kept-alive connection may rest between two requests."""
    send: float = 10.0
    """For one piece of the answer to leave the process."""
    queue: float = 5.0
    """How long a complete request may wait for a thread before it is refused with 503."""
    stop: float = 15.0
    """How long requests under way may run on after SIGTERM or SIGHUP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerIdentity:
    """The certificate a port shows: PEM files, the leaf first, then its issuing CA; the key unencrypted PKCS#8."""

    certificate: Path
    key: Path
    poll: float = 10.0
    """Seconds between two looks at the files, so that a renewed certificate is shown without anybody's doing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTrust:
    """Whose client certificates a port takes: the issuing CA alone, and its revocation list (security.md T32, T33)."""

    ca: Path
    crl: Path
    poll: float = 2.0
    """Seconds between two looks at the files; revocation must work within 60."""
    seen_lists: Path | None = None
    """Where the newest list ever believed is remembered, so that a restart takes no older one (T34); None: in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardTrust:
    """Whose cards a port asks browsers for; the application judges each card in full, revocation included."""

    cas: tuple[Path, ...]
    """The issuing CAs, PEM; browsers offer no other certificate."""
    poll: float = 10.0
    """Seconds between two looks at the files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicPort:
    """The port for browsers. TLS ends in the process; no client certificate is asked for."""

    host: str
    port: int
    identity: ServerIdentity
    threads: int = 32
    """Threads for the application, in each worker process."""
    waiting: int = 256
    """Complete requests that may wait for a thread, in each worker process, before more are refused with 503."""
    connections: int = 8192
    """Open connections, in each worker process."""
    deadlines: Deadlines = field(default_factory=Deadlines)


@dataclass(frozen=True, slots=True, kw_only=True)
class MutualTlsPort:
    """A port that asks for a certificate in the handshake: relying parties show one or are not heard, people may."""

    host: str
    port: int
    identity: ServerIdentity
    clients: ClientTrust | CardTrust
    threads: int = 32
    """Threads for the application, in each worker process."""
    connections: int = 4096
    """Open connections, in each worker process."""
    deadlines: Deadlines = field(default_factory=Deadlines)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontedPort:
    """A Unix socket behind a front such as nginx, which ends TLS and keeps slow peers off."""

    unix_socket: Path
    clients: ClientTrust | None = None
    """Set where the front demands client certificates and hands each on as ``Client-Cert`` (RFC 9440).

    The certificate is judged again here, so that a revocation needs no reload of the front.
    """
    permissions: int = 0o660
    """Of the socket file: whoever may connect to it is believed about client certificates."""
    threads: int = 32
    connections: int = 2048
    deadlines: Deadlines = field(default_factory=Deadlines)
