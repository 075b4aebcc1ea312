"""Reload, stop, and what is done once only (performance.md section 8 rows 14 and 15)."""

import ctypes
import os
import signal
import ssl
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509

from certs.dev_pki import DevPki
from tests.gateway.serving.ports import Client, Closed, Server, StartServer, get, post, read_reply

IN_OPEN = 0x20


@pytest.fixture(params=["public", "mutual"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Load:
    """Callers who ask without pause, each request on a new connection or on a kept one."""

    def __init__(self, server: Server, client: Client, *, callers: int = 4) -> None:
        self.pids: set[int] = set()
        self.answered = 0
        self._server = server
        self._client = client
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(callers)
        self._futures = [self._pool.submit(self._call, kept=number % 2 == 0) for number in range(callers)]

    def finish(self) -> None:
        """Stop, and raise whatever any caller met."""
        self._stop.set()
        for future in self._futures:
            future.result()
        self._pool.shutdown()

    def _call(self, *, kept: bool) -> None:
        while not self._stop.is_set():
            with self._client.connect(self._server) as connection:
                self._exchange(connection, first=True)
                while kept and not self._stop.is_set() and self._exchange(connection, first=False):
                    pass

    def _exchange(self, connection: ssl.SSLSocket, *, first: bool) -> bool:
        """False when a kept connection was closed before it answered, which a client must expect (RFC 9112 9.3.1)."""
        try:
            connection.sendall(get("/?sleep=0.01"))
            reply = read_reply(connection)
        except (Closed, ConnectionError, ssl.SSLError):
            if first:
                raise
            return False
        assert reply.status == 200
        self.pids.add(reply.json["pid"])
        self.answered += 1
        return reply.headers.get("connection") != "close"


def test_a_reload_under_load_loses_no_request(start_server: StartServer, relying_party: Client, kind: str) -> None:
    server = start_server(kind, workers=2)
    load = Load(server, relying_party)
    time.sleep(1)
    before = set(load.pids)
    server.reload()
    until = time.monotonic() + 20
    while not (time.monotonic() > until or len(load.pids - before) >= 2):
        time.sleep(0.1)
    time.sleep(4)
    load.finish()
    assert len(load.pids - before) >= 2, "both workers were replaced"
    assert load.answered > 20, "there was a load"


def test_a_request_under_way_is_finished_before_the_port_stops(
    start_server: StartServer, relying_party: Client, kind: str
) -> None:
    server = start_server(kind, workers=2)
    with relying_party.connect(server) as connection:
        connection.sendall(get("/?sleep=1.5"))
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        assert read_reply(connection).status == 200
    assert server.process.wait(20) == 0
    with pytest.raises(ConnectionRefusedError):
        server.connect()


def test_idle_connections_do_not_delay_the_stop(start_server: StartServer, relying_party: Client, kind: str) -> None:
    server = start_server(kind)
    with relying_party.connect(server) as connection:
        connection.sendall(get())
        read_reply(connection)
        begun = time.monotonic()
        assert server.stop() == 0
    assert time.monotonic() - begun < 5


def test_a_worker_that_dies_is_replaced(start_server: StartServer, relying_party: Client, kind: str) -> None:
    server = start_server(kind, workers=2)
    killed = relying_party.get(server).json["pid"]
    os.kill(killed, signal.SIGKILL)
    time.sleep(2)
    pids = {relying_party.get(server).json["pid"] for _ in range(40)}
    assert killed not in pids
    assert server.process.poll() is None


def test_the_public_port_shows_a_renewed_certificate_by_itself(
    start_server: StartServer, browser: Client, pki: DevPki
) -> None:
    before = pki.issue("gateway-server", "renewing-public", dns=["localhost"], ip=["127.0.0.1"])
    identity = {"certificate": str(before.certificate_path), "key": str(before.key_path), "poll": 0.3}
    server = start_server("public", identity=identity)
    assert serial_shown(server, browser) == before.certificate.serial_number
    renewed = pki.renew("renewing-public").certificate.serial_number
    until = time.monotonic() + 15
    while serial_shown(server, browser) != renewed:
        assert time.monotonic() < until
        time.sleep(0.2)


def serial_shown(server: Server, client: Client) -> int:
    with client.connect(server) as connection:
        return x509.load_der_x509_certificate(connection.getpeercert(binary_form=True) or b"").serial_number


class OpenCount:
    """Counts how often any process opens the files, as the kernel sees it (inotify)."""

    def __init__(self, files: list[Path]) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._events = libc.inotify_init1(os.O_NONBLOCK)
        for file in files:
            assert libc.inotify_add_watch(self._events, bytes(file), IN_OPEN) > 0

    def take(self) -> int:
        try:
            read = os.read(self._events, 1 << 16)
        except BlockingIOError:
            return 0
        size, count, offset = struct.calcsize("iIII"), 0, 0
        while offset < len(read):
            *_rest, name_length = struct.unpack_from("iIII", read, offset)
            offset += size + name_length
            count += 1
        return count

    def close(self) -> None:
        os.close(self._events)


def test_nothing_is_parsed_or_built_per_request_or_connection(
    start_server: StartServer, relying_party: Client, pki: DevPki, kind: str
) -> None:
    """Row 15: over 100 requests, half on connections of their own, no key or list is read and no context is built."""
    server = start_server(kind)
    gateway = pki.find("gateway")
    opened = OpenCount([gateway.key_path, gateway.certificate_path, pki.ca_path("relying-parties")])
    before = relying_party.get(server, "/built").json
    opened.take()
    with relying_party.connect(server) as kept:
        for _ in range(50):
            kept.sendall(post(b"a=b"))
            read_reply(kept)
            relying_party.get(server)
    assert relying_party.get(server, "/built").json == before
    assert opened.take() == 0
    gateway.key_path.read_bytes()
    assert opened.take() == 1, "the counter counts"
    opened.close()
    assert before["applications"] == 1
    assert before["ssl_contexts"] + before["contexts"] == {"public": 0, "mutual": 1}[kind]
