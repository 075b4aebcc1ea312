"""All ports in one process, by cheroot: connections wait in its selector, so a silent client costs no thread.

cheroot's own pyOpenSSL adapter sleeps ten milliseconds whenever a socket is not ready and names no client
certificate; the adapter here waits on the socket itself, gives the handshake a deadline and names the certificate.
"""

import logging
import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from cheroot import errors
from cheroot.makefile import StreamReader, StreamWriter
from cheroot.ssl import Adapter
from cheroot.wsgi import Server
from cryptography.hazmat.primitives.hashes import SHA256
from OpenSSL import SSL

from mock_bank.app import create_public_app
from mock_bank.back_channel import PEER, create_back_channel_app
from mock_bank.bank import Bank
from mock_bank.eid.status_app import create_status_app
from mock_bank.settings import EidSettings, Listen
from mock_bank.smart_id.ocsp import create_responder_app
from mock_bank.smart_id.service import SmartId
from mock_bank.tls_port import HELLO_BYTES, TlsPort

HANDSHAKE_SECONDS: Final = 5.0
REQUEST_SECONDS: Final = 15
LOG: Final = logging.getLogger("mock_bank")
Result = TypeVar("Result")


class TlsSocket:
    """A socket-like object over TLS; the handshake happens at the first read, in the thread that serves it."""

    def __init__(self, raw: socket.socket, port: TlsPort) -> None:
        """Take a freshly accepted socket; nothing is read yet."""
        raw.setblocking(False)
        self._raw = raw
        self._port = port
        self._tls: SSL.Connection | None = None
        self._timeout = float(REQUEST_SECONDS)
        self.family = raw.family

    def _connection(self) -> SSL.Connection:
        if self._tls is None:
            deadline = time.monotonic() + HANDSHAKE_SECONDS
            self._wait(select.POLLIN, deadline)
            with suppress(BlockingIOError):
                hello = self._raw.recv(HELLO_BYTES, socket.MSG_PEEK)
                self._tls = self._shaken(hello, deadline)
        if self._tls is None:
            raise errors.FatalSSLAlert("nothing to read")
        return self._tls

    def _shaken(self, hello: bytes, deadline: float) -> SSL.Connection:
        if hello[:1] not in {b"\x16", b""}:
            raise errors.NoSSLError
        tls = SSL.Connection(self._port.context(hello), self._raw)
        tls.set_accept_state()
        self._until(tls.do_handshake, deadline)
        return tls

    def _until(self, act: Callable[[], Result], deadline: float) -> Result:
        """Repeat a TLS operation until it is done; raises ``FatalSSLAlert`` when it fails, ``TimeoutError`` when late."""
        while True:
            try:
                return act()
            except SSL.WantReadError:
                self._wait(select.POLLIN, deadline)
            except SSL.WantWriteError:
                self._wait(select.POLLOUT, deadline)
            except SSL.Error as error:
                raise errors.FatalSSLAlert(*error.args) from error

    def _wait(self, event: int, deadline: float) -> None:
        poller = select.poll()
        poller.register(self._raw.fileno(), event)
        if not poller.poll(max(0, int((deadline - time.monotonic()) * 1000))):
            raise TimeoutError("timed out")

    def recv_into(self, buffer: memoryview) -> int:
        """Read into the buffer; 0 at the end of the stream."""
        tls, deadline = self._connection(), time.monotonic() + self._timeout
        try:
            return int(self._until(lambda: tls.recv_into(buffer), deadline))
        except errors.FatalSSLAlert as error:
            if isinstance(error.__cause__, SSL.ZeroReturnError | SSL.SysCallError):
                return 0
            raise

    def send(self, data: bytes) -> int:
        """Write some of the bytes; how many."""
        tls, deadline = self._connection(), time.monotonic() + self._timeout
        return int(self._until(lambda: tls.send(data), deadline))

    def pending(self) -> int:
        """Decrypted bytes waiting inside the TLS object."""
        return self._tls.pending() if self._tls else 0

    def peer_fingerprint(self) -> str | None:
        """SHA-256 of the client certificate, lower-case hexadecimal; None without one."""
        certificate = self._tls.get_peer_certificate(as_cryptography=True) if self._tls else None
        return certificate.fingerprint(SHA256()).hex() if certificate else None

    def settimeout(self, seconds: float | None) -> None:
        """How long one read or write may take; the socket itself never blocks."""
        self._timeout = seconds if seconds is not None else float(REQUEST_SECONDS)

    def gettimeout(self) -> float:
        """As set."""
        return self._timeout

    def fileno(self) -> int:
        """The socket's descriptor, for the selector."""
        return self._raw.fileno()

    def getsockname(self) -> Any:
        """The local address."""
        return self._raw.getsockname()

    def sock_shutdown(self, how: int) -> None:
        """Say goodbye in TLS, then close the TCP stream."""
        with suppress(SSL.Error):
            if self._tls is not None:
                self._tls.shutdown()
        self._raw.shutdown(how)

    shutdown = sock_shutdown

    def close(self) -> None:
        """Release the socket."""
        self._raw.close()

    def _decref_socketios(self) -> None:
        """The file objects of this socket do not own it; cheroot closes it itself."""


class _Reader(StreamReader):
    """Knows of bytes that are decrypted but not read, so that a pipelined request is not forgotten."""

    def __init__(self, sock: TlsSocket, mode: str, bufsize: int) -> None:
        super().__init__(sock, mode, bufsize)
        self._sock = sock

    def has_data(self) -> bool:
        buffered = super().has_data()  # type: ignore[no-untyped-call]  # cheroot's stubs leave it untyped
        return bool(buffered) or self._sock.pending() > 0


class _TlsAdapter(Adapter):
    """Hands each accepted socket to the port's TLS, without touching the wire in the accepting thread."""

    def __init__(self, port: TlsPort) -> None:
        self._port = port

    def bind(self, sock: socket.socket) -> socket.socket:
        return sock

    def wrap(self, sock: socket.socket) -> tuple[TlsSocket, dict[str, Any]]:
        tls = TlsSocket(sock, self._port)
        return tls, self.get_environ() | {PEER: tls.peer_fingerprint}

    def get_environ(self) -> dict[str, Any]:
        return {"wsgi.url_scheme": "https", "HTTPS": "on"}

    def makefile(self, sock: TlsSocket, mode: str = "r", bufsize: int = -1) -> StreamReader | StreamWriter:
        return _Reader(sock, mode, bufsize) if "r" in mode else StreamWriter(sock, mode, bufsize)


class _PatientServer(Server):
    """Gives a connection to a thread only once it has something to say."""

    def process_conn(self, conn: Any) -> None:
        if conn.last_used is None:
            self._connections.put(conn)  # type: ignore[attr-defined]  # missing from cheroot's stubs
        else:
            super().process_conn(conn)

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        """Errors of our own are logged; how a connection ended is the other side's business."""
        if level >= logging.ERROR:
            LOG.error("%s", msg, exc_info=traceback)


@dataclass(slots=True)
class Running:
    """A bank that is being served."""

    bank: Bank
    servers: tuple[Server, ...]
    threads: tuple[threading.Thread, ...]

    @property
    def public_port(self) -> int:
        """The port that was bound, also when the settings said 0."""
        return int(self.servers[0].bind_addr[1])

    @property
    def mutual_port(self) -> int:
        """The mutual-TLS port that was bound."""
        return int(self.servers[1].bind_addr[1])

    def stop(self) -> None:
        """Stop every port and let the journal finish."""
        for server in self.servers:
            server.stop()
        for thread in self.threads:
            thread.join(timeout=10)
        self.bank.close()


def _server(listen: Listen, app: Any, bank: Bank) -> Server:
    server = _PatientServer(
        (listen.address, listen.port), app, numthreads=bank.settings.threads, request_queue_size=256,
        timeout=REQUEST_SECONDS, shutdown_timeout=2,
    )  # fmt: skip
    server.ssl_adapter = _TlsAdapter(TlsPort(listen, bank.faults_for))
    server.max_request_body_size = 2 * 1024 * 1024
    server.prepare()
    return server


def _responder(smart_id: SmartId) -> Server:
    """The plain port of a Smart-ID service's authority."""
    listen = smart_id.entry.ocsp
    server = Server((listen.address, listen.port), create_responder_app(smart_id), numthreads=2, shutdown_timeout=2)
    server.prepare()
    smart_id.ocsp_port = int(server.bind_addr[1])
    return server


def _plain_server(listen: EidSettings, app: Any, bank: Bank) -> Server:
    server = _PatientServer(
        (listen.address, listen.port), app, numthreads=bank.settings.threads, timeout=REQUEST_SECONDS,
        shutdown_timeout=2,
    )  # fmt: skip
    server.max_request_body_size = 64 * 1024
    server.prepare()
    return server


def start(bank: Bank) -> Running:
    """Bind every port and serve it in a thread; returns once all accept connections.

    Raises:
        OSError: a port is taken, or may not be used by this user.
    """
    servers: tuple[Server, ...] = (
        _server(bank.settings.public, create_public_app(bank), bank),
        _server(bank.settings.mutual_tls, create_back_channel_app(bank), bank),
        *([_responder(bank.smart_id)] if bank.smart_id is not None else []),
    )
    if bank.settings.eid is not None and bank.card_desk is not None:
        app = create_status_app(bank, bank.card_desk)
        servers = (*servers, _plain_server(bank.settings.eid, app, bank))
    threads = tuple(
        threading.Thread(target=each.serve, name=f"bank:{each.bind_addr[1]}", daemon=True) for each in servers
    )
    for thread in threads:
        thread.start()
    return Running(bank, servers, threads)
