"""One peer of the mutual-TLS port: which part of an exchange it is in, and until when.

A peer goes round: handshake, head, body, (answered by a thread), rest, head, … Each part has one deadline for all of
it, set when the part begins, so that dripping bytes buys no time.
"""

import selectors
import socket
import time
from datetime import datetime
from enum import Enum, auto
from typing import Final

from cryptography.x509 import load_der_x509_certificate
from OpenSSL import SSL

from gateway.serving.framing import BUSY, Frame, parse_frame
from gateway.serving.settings import Deadlines
from gateway.serving.tls_connection import TlsConnection
from gateway.serving.trust import Trust

_GO_ON: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_LEAVE: Final = 2.0
"""How long a dismissed peer may take to read its answer and close, in seconds."""


class Step(Enum):
    """What the event loop does next with a peer."""

    WAIT = auto()
    REQUEST_COMPLETE = auto()


class Part(Enum):
    """The part of an exchange a peer is in."""

    HANDSHAKE = auto()
    REST = auto()
    HEAD = auto()
    BODY = auto()
    LEAVING = auto()


class Peer(TlsConnection):
    """A connection with its place in the exchange. ``sock``, ``client`` and ``server`` are what gunicorn asks for."""

    def __init__(
        self,
        context: SSL.Context,
        anchor: Trust,
        plain: socket.socket,
        address: tuple[str, int],
        server: tuple[str, int],
        deadlines: Deadlines,
    ) -> None:
        super().__init__(context, plain, send_deadline=deadlines.send, demands_certificate=anchor.demands_certificate)
        self._anchor = anchor
        self.sock = self
        self.client = address
        self.server = server
        self.waits_for = selectors.EVENT_READ
        self.deadline = 0.0
        """On the monotonic clock, in seconds."""
        self._deadlines = deadlines
        self._frame: Frame | None = None
        self._complete_since = 0.0
        self._begin(Part.HANDSHAKE, deadlines.handshake)

    def _begin(self, part: Part, seconds: float) -> None:
        self._part = part
        self.deadline = time.monotonic() + seconds

    def go_on(self) -> Step:
        """Do what can be done without waiting. Raises ``PeerGone``, and ``RequestRefused`` for what is no request."""
        if self._part is Part.HANDSHAKE:
            self.waits_for = self.shake_hands() or selectors.EVENT_READ
            if not self.shook_hands:
                return Step.WAIT
            self._begin(Part.HEAD, self._deadlines.head)
        self.receive()
        if self._part is Part.LEAVING:
            self.received.clear()
            return Step.WAIT
        return self._look_for_request()

    def _look_for_request(self) -> Step:
        if self.received and self._part is Part.REST:
            self._begin(Part.HEAD, self._deadlines.head)
        if self._frame is None:
            self._frame = parse_frame(self.received)
            if self._frame is None:
                return Step.WAIT
            self._expect_body(self._frame)
        if len(self.received) < self._frame.length:
            return Step.WAIT
        self._complete_since = time.monotonic()
        return Step.REQUEST_COMPLETE

    def is_vouched_for_by(self, anchor: Trust | None, now: datetime) -> bool:
        """Whether the peer may still be served; judged anew where the trust has changed since it was let in (T33)."""
        if anchor is not None and not anchor.demands_certificate:
            return True  # a card is judged by the application, which says what is wrong with it
        if anchor is None or self.certificate_ended_by(now):
            return False
        if anchor is not self._anchor:
            if not anchor.vouches_for(load_der_x509_certificate(self.client_certificate), now):
                return False
            self._anchor = anchor
        return True

    def waited_longer_than(self, seconds: float) -> bool:
        """Whether the complete request has waited so long for a thread."""
        return time.monotonic() - self._complete_since > seconds

    def _expect_body(self, frame: Frame) -> None:
        self._begin(Part.BODY, self._deadlines.body)
        if frame.awaits_continue and len(self.received) < frame.length:
            self.send_at_once(_GO_ON)

    def take_request(self) -> bytes:
        """The bytes of the complete request."""
        if self._frame is None:
            raise LookupError("there is no complete request")
        length, self._frame = self._frame.length, None
        return self.take(length)

    def rest(self) -> None:
        """Wait for a next request."""
        self._begin(Part.REST, self._deadlines.idle)

    def refuse(self, status: str) -> None:
        """Say why this is no request, and take leave: where a next one would begin is unknown."""
        self.answer(status)
        self.take_leave()

    def answer(self, status: str) -> None:
        """Send an answer of our own, without a body; the connection must be closed after it."""
        retry = "Retry-After: 1\r\n" if status == BUSY else ""
        self.send_at_once(f"HTTP/1.1 {status}\r\n{retry}Connection: close\r\nContent-Length: 0\r\n\r\n".encode())

    def take_leave(self) -> None:
        """Send no more, and read on for a moment: closing at once could destroy the answer on its way (RFC 9112 9.6)."""
        self.finish_sending()
        self.received.clear()
        self._begin(Part.LEAVING, _LEAVE)
