"""One TLS connection that never blocks while it waits, and never waits without an end while it writes."""

import contextlib
import select
import selectors
import socket
import time
from datetime import UTC, datetime
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from gateway.serving.settings import BODY_LIMIT, HEAD_LIMIT

_PIECE: Final = 16 * 1024
_BUFFER_LIMIT: Final = HEAD_LIMIT + BODY_LIMIT + _PIECE
"""Bytes kept per connection: one request of the largest kind; what follows stays in the kernel."""


class PeerGone(OSError):
    """The peer closed the connection, broke the protocol, or failed the handshake."""


class TlsConnection:
    """A peer: the socket, its TLS state, and the bytes received and not yet used."""

    def __init__(
        self, context: SSL.Context, plain: socket.socket, *, send_deadline: float, demands_certificate: bool = True
    ) -> None:
        plain.setblocking(False)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = bytearray()
        self.client_certificate = b""
        """The peer's certificate (DER), as the handshake proved it; empty before that, and where none was shown."""
        self.shook_hands = False
        self._demands_certificate = demands_certificate
        self._certificate_ends = datetime.min.replace(tzinfo=UTC)
        self._plain = plain
        self._send_deadline = send_deadline
        self._tls = SSL.Connection(context, plain)
        self._tls.set_accept_state()

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._plain.fileno()

    def shake_hands(self) -> int:
        """Go on with the handshake: 0 once it is complete, else the ``selectors`` event to wait for.

        Raises ``PeerGone`` when it failed.
        """
        try:
            self._tls.do_handshake()
        except SSL.WantReadError:
            return selectors.EVENT_READ
        except SSL.WantWriteError:
            return selectors.EVENT_WRITE
        except SSL.Error as error:
            raise PeerGone("handshake") from error
        self._keep_certificate()
        return 0

    def _keep_certificate(self) -> None:
        certificate = self._tls.get_peer_certificate(as_cryptography=True)
        self.shook_hands = True
        if certificate is None and not self._demands_certificate:
            return
        if certificate is None:
            raise PeerGone("no client certificate")
        self.client_certificate = certificate.public_bytes(Encoding.DER)
        self._certificate_ends = certificate.not_valid_after_utc

    def certificate_ended_by(self, now: datetime) -> bool:
        """Whether the peer's certificate has expired since the handshake, or there was none yet."""
        return now >= self._certificate_ends

    def receive(self) -> None:
        """Take in what has arrived, up to one request of the largest kind. Raises ``PeerGone``."""
        try:
            while len(self.received) < _BUFFER_LIMIT:
                self.received += self._tls.recv(_PIECE)
        except (SSL.WantReadError, SSL.WantWriteError):
            return
        except SSL.Error as error:
            raise PeerGone("while receiving") from error

    def take(self, length: int) -> bytes:
        """The first bytes received, which are used with this."""
        taken = bytes(self.received[:length])
        del self.received[:length]
        return taken

    def sendall(self, piece: bytes) -> None:
        """Send, waiting for the peer to read. Raises ``TimeoutError`` at the deadline, ``PeerGone`` when it left."""
        until = time.monotonic() + self._send_deadline
        rest = memoryview(piece)
        while rest:
            rest = rest[self._send_some(rest, until) :]

    def _send_some(self, piece: memoryview, until: float) -> int:
        try:
            return self._tls.send(piece)
        except SSL.WantWriteError:
            self._wait(select.POLLOUT, until)
        except SSL.WantReadError:
            self._wait(select.POLLIN, until)
        except SSL.Error as error:
            raise PeerGone("while sending") from error
        return 0

    def _wait(self, event: int, until: float) -> None:
        poll = select.poll()
        poll.register(self._plain, event)
        if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
            raise TimeoutError("the peer does not read its answer")

    def send_at_once(self, piece: bytes) -> None:
        """Send a short answer from the event loop; what does not fit the kernel's buffer is lost."""
        with contextlib.suppress(SSL.Error):
            self._tls.send(piece)

    def finish_sending(self) -> None:
        """Tell the peer that nothing more comes (close_notify, then the end of the stream)."""
        with contextlib.suppress(SSL.Error, OSError):
            self._tls.shutdown()
            self._plain.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Let the peer go."""
        self._plain.close()
