"""A server that answers plain http exactly what a test tells it to, byte for byte."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable

Answer = bytes | Iterable[bytes]
Script = Callable[[str, bytes], Answer]
"""From path and body of a request to the bytes of the whole response; an iterable is sent piece by piece."""


def http(body: bytes = b"", *, status: str = "200 OK", kind: str = "", headers: tuple[str, ...] = ()) -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Length: {len(body)}",
        *([f"Content-Type: {kind}"] if kind else []),
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class PlainServer:
    """Listens on a loopback port; every connection has its own thread and one request."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[tuple[str, bytes]] = []
        """Path and body, in the order in which they came."""
        self.heads: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://localhost:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        peer.settimeout(20)
        with peer, contextlib.suppress(OSError):
            head, body = self._request(peer)
            if head:
                path = head.split(b" ")[1].decode()
                self.heads.append(head)
                self.requests.append((path, body))
                answer = self.script(path, body)
                for piece in [answer] if isinstance(answer, bytes) else answer:
                    peer.sendall(piece)

    @staticmethod
    def _request(peer: socket.socket) -> tuple[bytes, bytes]:
        received = b""
        while b"\r\n\r\n" not in received:
            piece = peer.recv(65536)
            if not piece:
                return b"", b""
            received += piece
        head, _, body = received.partition(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        while len(body) < length:
            body += peer.recv(65536)
        return head, body
