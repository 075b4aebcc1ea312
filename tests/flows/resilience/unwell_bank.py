"""A back channel that answers every call, but not as agreed: one fault at a time, on a port of its own."""

import gzip
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Thread
from types import TracebackType
from typing import Final, Self

from certs.bad_certificates import BadCertificates
from certs.dev_pki import DevPki
from gateway.demo.places import Places

GIBIBYTE: Final = 1 << 30
BLOCK: Final = b"A" * 65536


class UnwellBank:
    """A TLS server on the bank's address; ``fault`` names what it does, one of ``FAULTS``."""

    def __init__(self, places: Places) -> None:
        """Make a certificate for each kind of handshake, and listen."""
        self.fault = "garbage"
        self._contexts = _contexts(places)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._listener.getsockname()[1])
        Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                plain, _ = self._listener.accept()
                Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        plain.settimeout(20)
        with plain, suppress(OSError):
            if self.fault == "no TLS at all":
                plain.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                return
            context = self._contexts.get(self.fault, self._contexts["honest"])
            with context.wrap_socket(plain, server_side=True) as connection:
                _read_head(connection)
                FAULTS[self.fault](connection)


def _contexts(places: Places) -> Mapping[str, ssl.SSLContext]:
    pki = DevPki.open(places.pki)
    bad = BadCertificates(pki, "provider-server", "unwell", dns=("bank.test",), ip=("127.0.0.1",))
    chosen = {
        "honest": pki.find("bank"),
        "certificate of another name": pki.issue("provider-server", "elsewhere", dns=("elsewhere.test",)),
        "certificate of another authority": bad.make("other-ca"),
        "expired certificate": bad.make("expired"),
        "revoked certificate": bad.make("revoked"),
    }
    contexts = {}
    for name, issued in chosen.items():
        contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[name].load_cert_chain(issued.certificate_path, issued.key_path)
    return contexts


def _read_head(connection: ssl.SSLSocket) -> None:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(4096)
        if not piece:
            raise ConnectionError("nothing was asked")
        received += piece


def _answer(status: str, headers: str, body: bytes) -> Callable[[ssl.SSLSocket], None]:
    head = f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode()
    return lambda connection: connection.sendall(head + body)


def _huge(connection: ssl.SSLSocket) -> None:
    connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {GIBIBYTE}\r\n\r\n".encode())
    for _ in range(GIBIBYTE // len(BLOCK)):
        connection.sendall(BLOCK)


def _endless_head(connection: ssl.SSLSocket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-More: " + BLOCK + b"\r\n")


def _half(connection: ssl.SSLSocket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/jwt\r\nContent-Length: 1000\r\n\r\neyJ")


def _bomb() -> bytes:
    return gzip.compress(bytes(64 * 1024 * 1024))


FAULTS: Final[Mapping[str, Callable[[ssl.SSLSocket], None]]] = {
    "garbage": _answer("200 OK", "Content-Type: application/jwt\r\n", bytes(range(256)) * 4),
    "a page instead of a signature": _answer("200 OK", "Content-Type: text/html\r\n", b"<h1>Maintenance</h1>"),
    "status 500": _answer("500 Internal Server Error", "", b"not well"),
    "no HTTP at all": lambda connection: connection.sendall(bytes(range(256)) * 16),
    "no TLS at all": lambda connection: None,
    "1 GiB": _huge,
    "endless headers": _endless_head,
    "half an answer": _half,
    "a redirect": _answer("302 Found", "Location: /vpm/v1/status\r\n", b""),
    "gzip bomb": _answer("200 OK", "Content-Type: application/jwt\r\nContent-Encoding: gzip\r\n", _bomb()),
    "certificate of another name": _half,
    "certificate of another authority": _half,
    "expired certificate": _half,
    "revoked certificate": _half,
}
"""Every fault, with what is answered once the handshake succeeded and the question was read."""
