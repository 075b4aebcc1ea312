"""Outgoing calls by plain http: to the OCSP responders and revocation lists that the settings name, and to nobody else.

What comes back is signed, which is why it may come without TLS. Like ``transport`` it follows no redirect, uses no
proxy, unpacks nothing, reads up to a limit and ends at a total deadline (eid-providers.md 5 rule 6, 8.4 rule 3, 8.5).
"""

import socket
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from providers.breaker import CircuitBreaker
from providers.call_failures import Failure, TransportError
from providers.contract import BackChannelExchange

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer  # known to type checkers alone

LONGEST_CALL: Final = 5.0
"""Seconds, from the first packet to the last byte."""
LARGEST_ANSWER: Final = 64 * 1024
"""Bytes of an OCSP answer."""
LARGEST_LIST: Final = 1024 * 1024
"""Bytes of a revocation list."""
_OK: Final = 200
_HEADERS: Final = {"Connection": "close", "User-Agent": "vpm-gateway"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainReply:
    """An answer with status 200, complete; nothing in it is believed yet."""

    media_type: str
    """Lower case, without parameters; empty when the server named none."""
    body: bytes
    exchange: BackChannelExchange


def plain_origin(url: str) -> str:
    """The origin of an absolute plain-http address, ``http://host[:port]`` in lower case.

    Raises:
        ValueError: it is no such address, or has a user name or a fragment.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname or not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("the address must be absolute and plain http")
    if parts.username is not None or parts.fragment or "#" in url:
        raise ValueError("the address must have no user name and no fragment")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"http://{host}" if parts.port in {None, 80} else f"http://{host}:{parts.port}"


class PlainHttp:
    """Calls to a few listed servers; threads may share it."""

    def __init__(self, origins: Iterable[str], *, deadline: float = LONGEST_CALL, max_in_flight: int = 16) -> None:
        """Call these and no others.

        Args:
            origins: ``http://host[:port]``.
            deadline: seconds for a whole call.
            max_in_flight: calls to one server at the same time; whoever comes then is refused at once (T57).
        """
        self._servers = {plain_origin(origin): _Server(max_in_flight) for origin in origins}
        self._deadline = deadline

    def reaches(self, url: str) -> bool:
        """Whether an address lies on a listed server; only such a one may be called."""
        try:
            return plain_origin(url) in self._servers
        except ValueError:
            return False

    def get(self, url: str, *, largest: int = LARGEST_LIST) -> PlainReply:
        """Fetch ``url``, at most ``largest`` bytes; see ``post``."""
        return self._call(_Call("GET", url, b"", _HEADERS, largest, time.monotonic() + self._deadline))

    def post(self, url: str, content_type: str, body: bytes, *, largest: int = LARGEST_ANSWER) -> PlainReply:
        """Send ``body`` to ``url``, once, and read an answer of at most ``largest`` bytes.

        Raises:
            TransportError: no answer with status 200 within the deadline.
            KeyError: the server is not listed; nothing was sent. Ask ``reaches`` first.
        """
        headers = {"Content-Type": content_type, **_HEADERS}
        return self._call(_Call("POST", url, body, headers, largest, time.monotonic() + self._deadline))

    def _call(self, call: "_Call") -> PlainReply:
        server = self._servers[plain_origin(call.url)]
        if not server.breaker.admits():
            raise call.failed(Failure.LEFT_ALONE, "it failed too often and is left alone for some seconds")
        if not server.places.acquire(blocking=False):
            raise call.failed(Failure.BUSY, "too many calls to it are waiting already")
        try:
            reply = _exchanged(call)
        except TransportError:
            server.breaker.failed()
            raise
        finally:
            server.places.release()
        server.breaker.succeeded()
        return reply


class _Server:
    """What is remembered of one server between calls."""

    def __init__(self, max_in_flight: int) -> None:
        self.breaker = CircuitBreaker(time.monotonic)
        self.places = BoundedSemaphore(max_in_flight)


@dataclass(frozen=True, slots=True)
class _Call:
    """One question to one server."""

    method: str
    url: str
    body: bytes
    headers: dict[str, str]
    largest: int
    deadline: float
    """Seconds of ``time.monotonic``."""

    def remaining(self) -> float:
        """Seconds until the deadline; raises ``TimeoutError`` when none are left."""
        seconds = self.deadline - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("the call's total deadline has passed")
        return seconds

    def exchange(self, status: int | None = None, received: bytes = b"") -> BackChannelExchange:
        """The call as evidence."""
        return BackChannelExchange(
            method=self.method,
            endpoint=self.url,
            sent=self.body,
            received=received,
            status=status,
            peer_certificate_sha256=None,
            tls_version=None,
        )

    def failed(self, failure: Failure, detail: str, status: int | None = None) -> TransportError:
        """The error for a call that ends here."""
        return TransportError(failure, detail, self.exchange(status))


class _DeadlineSocket(socket.socket):
    """A socket whose every read and write ends at the call's deadline, however busily the peer drips."""

    call: _Call

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int = 0, flags: int = 0) -> int:
        self.settimeout(self.call.remaining())
        return super().recv_into(buffer, nbytes, flags)

    def sendall(self, data: "ReadableBuffer", flags: int = 0) -> None:
        self.settimeout(self.call.remaining())
        super().sendall(data, flags)


class _Connection(HTTPConnection):
    """A connection for one call."""

    def __init__(self, call: _Call) -> None:
        parts = urlsplit(call.url)
        super().__init__(parts.hostname or "", parts.port or 80)
        self._call = call

    def connect(self) -> None:
        """Connect within the deadline."""
        opened = socket.create_connection((self.host, self.port), self._call.remaining())
        self.sock = _DeadlineSocket(opened.family, opened.type, opened.proto, fileno=opened.detach())
        self.sock.call = self._call


def _exchanged(call: _Call) -> PlainReply:
    try:
        with closing(_Connection(call)) as connection:
            connection.request(call.method, _target(call.url), body=call.body or None, headers=call.headers)
            with connection.getresponse() as response:
                return _read(response, call)
    except TimeoutError as error:
        raise call.failed(Failure.TIMED_OUT, "no answer within the deadline") from error
    except (OSError, HTTPException, ValueError) as error:
        raise call.failed(Failure.UNREACHABLE, f"no answer ({type(error).__name__})") from error


def _target(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _read(response: HTTPResponse, call: _Call) -> PlainReply:
    status = response.status
    if 300 <= status < 400:
        raise call.failed(Failure.REDIRECTED, "it answered with a redirect, which is never followed", status)
    if status != _OK:
        raise call.failed(Failure.UNREACHABLE, f"it answered with status {status}", status)
    if response.getheader("Content-Encoding", "identity").lower() != "identity":
        raise call.failed(Failure.ENCODED, "it packed its answer although only identity was asked for", status)
    body = response.read(call.largest + 1)
    if len(body) > call.largest:
        raise call.failed(Failure.TOO_LARGE, f"its answer is longer than {call.largest} bytes", status)
    if response.length:  # what is missing of the length that was announced
        raise call.failed(Failure.UNREACHABLE, "its answer ended before its length", status)
    media_type = response.getheader("Content-Type", "").partition(";")[0].strip().lower()
    return PlainReply(media_type=media_type, body=body, exchange=call.exchange(status, body))
