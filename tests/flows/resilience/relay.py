"""A relay between the gateway and a bank's back channel: TLS goes through it unopened, as fast as the test says."""

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Final, Self

_PIECE: Final = 16 * 1024


class Relay:
    """Forwards both ways; may be held, made to drip, or closed as if the server were gone."""

    def __init__(self, target_port: int) -> None:
        """Listen on a port of its own."""
        self._usual = self._target = ("127.0.0.1", target_port)
        self._flows = Event()
        self._flows.set()
        self._drip = 0.0
        self._lock = Lock()
        self._open: set[socket.socket] = set()
        self.answered = 0
        """Bytes that came from the bank."""
        self.connections = 0
        """How many were ever accepted."""
        self._listener = self._listen(0)
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._flows.set()
        self.close()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def hold(self) -> None:
        """Let nothing through, and keep what is open open."""
        self._flows.clear()

    def release(self) -> None:
        """Let everything through again."""
        self._drip = 0.0
        self._flows.set()

    def drip(self, seconds: float) -> None:
        """Give the gateway one byte in so many seconds."""
        self._drip = seconds

    def close(self) -> None:
        """Refuse connections and break those that are open, as a server does that has ended."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()

    def lead_to(self, port: int | None) -> None:
        """Lead to another port, or with None to the usual one; what is open is broken."""
        self._target = ("127.0.0.1", port) if port else self._usual
        self.hang_up()

    def hang_up(self) -> None:
        """Break what is open."""
        with self._lock:
            broken, self._open = self._open, set()
        for one in broken:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def reopen(self) -> None:
        """Listen on the same port again."""
        self._listener = self._listen(self.port)

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port), backlog=128)
        Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                self.connections += 1
                Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(self._target, timeout=30)
        except OSError:
            near.close()
            return
        far.settimeout(None)
        with self._lock:
            self._open |= {near, far}
        Thread(target=self._pump, args=(near, far, self._send), daemon=True).start()
        self._pump(far, near, self._give)

    def _pump(self, source: socket.socket, sink: socket.socket, send: Callable[[socket.socket, bytes], None]) -> None:
        with suppress(OSError):
            while piece := source.recv(_PIECE):
                self._flows.wait()
                send(sink, piece)
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _send(sink: socket.socket, piece: bytes) -> None:
        sink.sendall(piece)

    def _give(self, sink: socket.socket, piece: bytes) -> None:
        self.answered += len(piece)
        if not self._drip:
            sink.sendall(piece)
            return
        for at in range(len(piece)):
            sink.sendall(piece[at : at + 1])
            if self._drip:
                time.sleep(self._drip)
