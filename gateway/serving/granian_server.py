"""Granian, with one listening socket that all worker processes share and every successor inherits.

On Linux Granian gives each worker a socket of its own (SO_REUSEPORT). When a worker is replaced, the connections that
wait in its queue are reset: a reload under load would lose requests. With one socket the next worker takes them.
"""

import logging
import os
import signal
import socket
import threading
from functools import partial
from pathlib import Path
from typing import Any, Final

from granian._granian import ListenerSpec as SocketSpec  # granian.net gives it this name, untyped
from granian.constants import HTTPModes, SSLProtocols
from granian.http import HTTP1Settings
from granian.server import MPServer

from gateway.serving.descriptors import room_for
from gateway.serving.settings import HEAD_LIMIT, Deadlines, PublicPort, ServerIdentity
from gateway.serving.trust import signature_of

log = logging.getLogger(__name__)

_BACKLOG: Final = 2048
_OVERLAP: Final = 2.0
"""Seconds for which a worker and its successor both serve, so that the application is built before it is needed."""


class SharedSocketServer(MPServer):
    """Granian's process-per-worker server on one inherited socket."""

    # The five attributes are Granian's own, and typed by it only as they are before they are set.
    _shd: Any
    _sfd: Any
    _ssp: Any
    _sso: socket.socket

    def _init_shared_socket(self) -> None:
        if self.bind_uds:
            super()._init_shared_socket()  # type: ignore[no-untyped-call]  # a Unix socket is shared already
            return
        self._shd = SocketSpec(self.bind_addr, self.bind_port, self.backlog).build()
        self._sfd = self._shd.get_fd()
        self._ssp = None
        self._sso = socket.socket(fileno=self._sfd)
        self._sso.set_inheritable(True)


def granian_options(*, workers: int, connections: int, deadlines: Deadlines) -> dict[str, Any]:
    """What every port of ours tells Granian."""
    return {
        "workers": workers,
        "backlog": _BACKLOG,
        "backpressure": room_for(connections),
        "http": HTTPModes.http1,
        "websockets": False,
        "http1_settings": HTTP1Settings(
            header_read_timeout=round(deadlines.head * 1000),
            max_buffer_size=HEAD_LIMIT,
        ),
        "log_level": "warning",
        "respawn_failed_workers": True,
        "respawn_interval": _OVERLAP,
        "workers_kill_timeout": round(deadlines.stop),
    }


def tls_options(port: PublicPort) -> dict[str, Any]:
    """The server's side of TLS: 1.2 and 1.3; rustls knows only suites with ephemeral keys and AEAD."""
    return {
        "address": port.host,
        "port": port.port,
        "ssl_cert": port.identity.certificate,
        "ssl_key": port.identity.key,
        "ssl_protocol_min": SSLProtocols.tls12,
    }


def follow_identity(identity: ServerIdentity) -> None:
    """Watch the server's certificate from a thread, and reload the workers when it was renewed."""
    files = (identity.certificate, identity.key)
    watch = partial(_reload_on_change, files, signature_of(files), identity.poll)
    threading.Thread(target=watch, daemon=True).start()


def _reload_on_change(files: tuple[Path, Path], seen: object, poll: float) -> None:
    pause = threading.Event()
    while not pause.wait(poll):
        now = signature_of(files)
        if now != seen:
            seen = now
            os.kill(os.getpid(), signal.SIGHUP)
