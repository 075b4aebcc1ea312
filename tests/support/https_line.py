"""One kept-alive TLS connection that speaks just enough HTTP/1.1, so that a driver costs less than what it drives."""

import select
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

TIMEOUT: Final = 30.0
"""Seconds for each read and write."""
_FORM: Final = "application/x-www-form-urlencoded"
_CHUNK: Final = 64 * 1024


class Broken(ConnectionError):
    """The connection ended before an answer was whole: whether the request was carried out is not known."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, whole."""

    status: int
    fields: Sequence[tuple[str, str]]
    """Header fields in order, names in lower case."""
    body: bytes

    def header(self, name: str) -> str:
        """Give the first value of a header field; empty where there is none."""
        return next((value for known, value in self.fields if known == name), "")

    def all(self, name: str) -> list[str]:
        """Give every value of a header field."""
        return [value for known, value in self.fields if known == name]

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode()


class Line:
    """A connection to one origin, opened when first used and opened anew when the server had closed it meanwhile."""

    def __init__(self, origin: str, context: ssl.SSLContext, *, timeout: float = TIMEOUT) -> None:
        """Prepare; nothing is opened yet."""
        parts = urlsplit(origin)
        self._address = (parts.hostname or "", parts.port or 443)
        self._host = parts.netloc
        self._context = context
        self._timeout = timeout
        self._socket: ssl.SSLSocket | None = None
        self.opened = 0
        """How many connections were needed until now."""

    def get(self, target: str, headers: Mapping[str, str] | None = None) -> Reply:
        """Ask for a path with its query."""
        return self.ask("GET", target, headers or {})

    def post(self, target: str, body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
        """Send a form."""
        return self.ask("POST", target, {"Content-Type": _FORM, **(headers or {})}, body)

    def ask(self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """Send a request and read the answer.

        Raises:
            Broken: the connection ended first; a request is never sent twice.
        """
        self.send(method, target, headers, body)
        return self.receive()

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> None:
        """Send a request alone; ``receive`` reads its answer."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self._host}", *(f"{k}: {v}" for k, v in headers.items())]
        if method == "POST":
            lines.append(f"Content-Length: {len(body)}")
        try:
            self._open().sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        except OSError as error:
            raise self._broken(error) from error

    def receive(self) -> Reply:
        """Read the answer to what was sent."""
        if self._socket is None:
            raise Broken("nothing was sent")
        try:
            reply = _read(self._socket)
        except OSError as error:
            raise self._broken(error) from error
        if reply.header("connection").lower() == "close":
            self.close()
        return reply

    def open(self) -> None:
        """Shake hands now."""
        try:
            self._open()
        except OSError as error:
            raise self._broken(error) from error

    @property
    def port(self) -> int:
        """The port at the other end."""
        return self._address[1]

    def close(self) -> None:
        """Hang up."""
        connection, self._socket = self._socket, None
        if connection is not None:
            connection.close()

    def _open(self) -> ssl.SSLSocket:
        if self._socket is not None and _is_over(self._socket):
            self.close()
        if self._socket is None:
            self._socket = _shaken(self._context, self._address, self._timeout)
            self.opened += 1
        return self._socket

    def _broken(self, error: OSError) -> Broken:
        self.close()
        return Broken(f"{type(error).__name__}: {error}")


class BriefLine(Line):
    """A connection for each request.

    Where workers are replaced, an idle connection may be closed in the moment in which a request is sent on it, and
    nobody may send a form twice (RFC 9112 section 9.3.1); a new connection is always served.
    """

    def receive(self) -> Reply:
        """Read the answer, and hang up."""
        reply = super().receive()
        self.close()
        return reply


def _shaken(context: ssl.SSLContext, address: tuple[str, int], timeout: float) -> ssl.SSLSocket:
    plain = socket.create_connection(address, timeout=timeout)
    try:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return context.wrap_socket(plain, server_hostname=address[0])
    except OSError as error:
        plain.close()
        _close_half_made(error)
        raise


def _close_half_made(error: OSError) -> None:
    """Close what ``wrap_socket`` forgets when the peer resets between connect and handshake: its traceback has it."""
    trace = error.__traceback__
    while trace is not None:
        made = trace.tb_frame.f_locals.get("self")
        if isinstance(made, ssl.SSLSocket):
            made.close()
        trace = trace.tb_next


def _is_over(connection: ssl.SSLSocket) -> bool:
    """Whether the server has closed a resting connection: between two requests it has nothing else to say."""
    readable, _, _ = select.select([connection], [], [], 0)
    if not readable:
        return False
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except ssl.SSLWantReadError:  # a session ticket of TLS 1.3: swallowed
        return False
    except OSError:
        return True
    finally:
        with suppress(OSError):
            connection.settimeout(TIMEOUT)


def _read(connection: ssl.SSLSocket) -> Reply:
    received = bytearray()
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += _some(connection)
    first, *lines = received[:end].decode("latin-1").split("\r\n")
    fields = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    length = next((int(value) for name, value in fields if name == "content-length"), None)
    if length is None and first.split()[1] not in {"204", "304"}:
        raise Broken(f"an answer without a length: {first}")
    body = received[end + 4 :]
    while len(body) < (length or 0):
        body += _some(connection)
    return Reply(int(first.split()[1]), fields, bytes(body))


def _some(connection: ssl.SSLSocket) -> bytes:
    piece = connection.recv(_CHUNK)
    if not piece:
        raise Broken("the connection ended before the answer was whole")
    return piece
