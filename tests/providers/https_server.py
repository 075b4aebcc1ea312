"""A server that answers over mutual TLS exactly what a test tells it to, byte for byte."""

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from certs.dev_pki import DevPki

Answer = bytes | Iterable[bytes]
Script = Callable[[str], Answer]
"""From the path asked for to the bytes of the whole HTTP response; an iterable is sent piece by piece."""


def http(body: bytes = b"", *, status: str = "200 OK", headers: tuple[str, ...] = ()) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class HttpsServer:
    """Listens on a loopback port; every connection has its own thread and is kept alive."""

    def __init__(self, context: ssl.SSLContext, script: Script) -> None:
        self.script = script
        self.requests: list[bytes] = []
        self.connections = 0
        self._context = context
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def drop_connections(self) -> None:
        while self._open:
            with contextlib.suppress(OSError):
                self._open.pop().shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept; closing alone does not
        self._listener.close()
        self.drop_connections()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        plain.settimeout(20)
        with plain, contextlib.suppress(OSError), self._context.wrap_socket(plain, server_side=True) as secured:
            self._open.append(secured)
            self.connections += 1
            while received := self._request(secured):
                self.requests.append(received)
                answer = self.script(received.split(b" ")[1].decode())
                for piece in [answer] if isinstance(answer, bytes) else answer:
                    secured.sendall(piece)

    @staticmethod
    def _request(secured: ssl.SSLSocket) -> bytes:
        """One request, with its body; empty when the peer hung up."""
        request, missing = b"", 1
        while missing > 0:
            received = secured.recv(65536)
            if not received:
                return b""
            request += received
            head, found, body = request.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
            missing = (int(length[1]) if length else 0) - len(body) if found else 1
        return request


def server_context(
    pki: DevPki, certificate: Path, key: Path, *, ask_clients: bool = True, version: ssl.TLSVersion | None = None
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if version is not None:
        context.minimum_version = context.maximum_version = version
    if ask_clients:
        context.load_verify_locations(pki.ca_path("gateway-servers"))
        context.load_verify_locations(pki.crl_path("gateway-servers"))
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_CRL_CHECK_LEAF
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@contextmanager
def https_server(context: ssl.SSLContext, script: Script) -> Iterator[HttpsServer]:
    server = HttpsServer(context, script)
    try:
        yield server
    finally:
        server.close()
