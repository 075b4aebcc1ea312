"""Starts the servers under test and talks to them over plain TLS sockets."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from certs.dev_pki import DevPki
from certs.order import Issued

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PATIENCE = 20.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """A server process; ``address`` is a host and port, or the path of a Unix socket."""

    process: subprocess.Popen[bytes]
    address: tuple[str, int] | str
    log: Path

    @classmethod
    def start(cls, kind: str, settings: dict[str, Any], log: Path, *, workers: int = 1) -> "Server":
        address = settings.get("unix_socket") or (settings["host"], settings["port"])
        command = [sys.executable, str(HERE / "run_port.py"), kind, repr(settings), str(workers)]
        environment = os.environ | {"PYTHONPATH": f"{HERE}{os.pathsep}{ROOT}"}
        with log.open("ab") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, env=environment, cwd=ROOT)
        server = cls(process, address, log)
        server.wait_until_listening()
        return server

    def wait_until_listening(self) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with suppress(OSError), self.connect():
                return
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        raise TimeoutError(self.log.read_text())

    def connect(self, timeout: float = PATIENCE) -> socket.socket:
        if isinstance(self.address, str):
            return _connect_unix(self.address, timeout)
        return socket.create_connection(self.address, timeout=timeout)

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


def _connect_unix(path: str, timeout: float) -> socket.socket:
    plain = socket.socket(socket.AF_UNIX)
    plain.settimeout(timeout)
    try:
        plain.connect(path)
    except OSError:
        plain.close()
        raise
    return plain


StartServer = Callable[..., Server]
"""``start_server("public", workers=2, threads=4)``: the kind of port, and settings that differ from the usual."""


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Closed(ConnectionError):
    """The server closed the connection where a reply was expected."""


def read_reply(connection: socket.socket) -> Reply:
    received = b""
    while b"\r\n\r\n" not in received:
        received += _some(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if status_line.split()[1] == "100":
        return read_reply(connection)
    while len(body) < int(headers.get("content-length", "0")):
        body += _some(connection)
    return Reply(int(status_line.split()[1]), headers, body)


def _some(connection: socket.socket) -> bytes:
    piece = connection.recv(65536)
    if not piece:
        raise Closed("no reply")
    return piece


def read_to_the_end(connection: socket.socket) -> bytes:
    """Everything the server still sends; a reset counts as the end."""
    received = b""
    with suppress(OSError):
        while piece := connection.recv(65536):
            received += piece
    return received


class Client:
    """A TLS client that trusts the development root, with or without a certificate."""

    def __init__(self, pki: DevPki, issued: Issued | None = None) -> None:
        self.context = ssl.create_default_context(cafile=pki.root_path)
        if issued is not None:
            self.context.load_cert_chain(issued.certificate_path, issued.key_path)

    def connect(
        self, server: Server, timeout: float = PATIENCE, session: ssl.SSLSession | None = None
    ) -> ssl.SSLSocket:
        return self.context.wrap_socket(server.connect(timeout), server_hostname="localhost", session=session)

    def ask(self, server: Server, request: bytes, timeout: float = PATIENCE) -> Reply:
        with self.connect(server, timeout) as connection:
            connection.sendall(request)
            return read_reply(connection)

    def get(self, server: Server, path: str = "/", headers: tuple[str, ...] = (), timeout: float = PATIENCE) -> Reply:
        return self.ask(server, get(path, headers), timeout)


def get(path: str = "/", headers: tuple[str, ...] = ()) -> bytes:
    lines = "".join(f"{header}\r\n" for header in headers)
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode("latin-1")


def post(body: bytes, headers: tuple[str, ...] = ()) -> bytes:
    lines = "".join(f"{header}\r\n" for header in headers)
    return f"POST / HTTP/1.1\r\nHost: localhost\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body
