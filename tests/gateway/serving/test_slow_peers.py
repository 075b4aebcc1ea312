"""Five hundred peers that stall cost the others nothing (security.md T56; performance.md section 8 row 13)."""

import resource
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import pytest

from tests.gateway.serving.ports import Client, Server, StartServer, post, read_to_the_end

PEERS = 500
FAST_ENOUGH = 0.5
"""Seconds; the requirement is 5, the aim 0.1: on a busy machine a handshake alone may take that."""

DEADLINES = {"handshake": 3.0, "head": 3.0, "body": 3.0, "idle": 3.0}
LONGEST_LIFE = 11.5
"""Granian's deadline for the handshake is its own: 10 seconds."""

Open = Callable[[Server, Client], socket.socket]


@pytest.fixture(scope="module", autouse=True)
def enough_descriptors() -> None:
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))


@pytest.fixture(scope="module")
def hasty_public(start_server: StartServer) -> Server:
    return start_server("public", workers=2, threads=8, deadlines=DEADLINES)


@pytest.fixture(scope="module")
def hasty_mutual(start_server: StartServer) -> Server:
    return start_server("mutual", workers=2, threads=8, deadlines=DEADLINES)


def silent(server: Server, _client: Client) -> socket.socket:
    return server.connect()


def two_bytes(server: Server, _client: Client) -> socket.socket:
    plain = server.connect()
    plain.sendall(b"\x16\x03")
    return plain


def after_client_hello(server: Server, client: Client) -> socket.socket:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = client.context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    plain = server.connect()
    plain.sendall(outgoing.read())
    return plain


def idle(server: Server, client: Client) -> socket.socket:
    return client.connect(server)


def half_a_head(server: Server, client: Client) -> socket.socket:
    connection = client.connect(server)
    connection.sendall(b"GET / HTTP/1.1\r\nHost: local")
    return connection


def half_a_body(server: Server, client: Client) -> socket.socket:
    connection = client.connect(server)
    connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nab")
    return connection


class Dripping:
    """Sends a byte on each connection every half second, in a thread, until it is closed."""

    def __init__(self, connections: list[socket.socket]) -> None:
        self._connections = connections
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._drip)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_exc: object) -> None:
        self._stop.set()
        self._thread.join()

    def _drip(self) -> None:
        while not self._stop.wait(0.5):
            for connection in self._connections:
                with suppress(OSError):
                    connection.send(b"a")


@pytest.fixture(params=["public", "mutual"])
def port(request: pytest.FixtureRequest) -> Server:
    return request.getfixturevalue(f"hasty_{request.param}")


@pytest.fixture(params=[silent, two_bytes, after_client_hello, idle, half_a_head, half_a_body])
def stalled(request: pytest.FixtureRequest, port: Server, relying_party: Client) -> Iterator[list[socket.socket]]:
    open_one: Open = request.param
    with ExitStack() as stack:
        yield [stack.enter_context(open_one(port, relying_party)) for _ in range(PEERS)]


def test_a_good_client_is_answered_at_once_beside_500_stalled_peers(
    port: Server, relying_party: Client, stalled: list[socket.socket]
) -> None:
    assert len(stalled) == PEERS
    assert slowest_of_five(port, relying_party) < FAST_ENOUGH


def test_stalled_peers_are_let_go_at_their_deadline(
    port: Server, relying_party: Client, stalled: list[socket.socket]
) -> None:
    until = time.monotonic() + LONGEST_LIFE
    for connection in stalled:
        connection.settimeout(max(0.1, until - time.monotonic()))
        read_to_the_end(connection)
        assert time.monotonic() < until
    assert relying_party.ask(port, post(b"ab")).status == 200


@pytest.mark.parametrize("open_one", [half_a_head, half_a_body])
def test_dripping_peers_neither_stop_others_nor_buy_time(port: Server, relying_party: Client, open_one: Open) -> None:
    with ExitStack() as stack:
        peers = [stack.enter_context(open_one(port, relying_party)) for _ in range(PEERS)]
        begun = time.monotonic()
        with Dripping(peers):
            assert slowest_of_five(port, relying_party) < FAST_ENOUGH
            peers[-1].settimeout(LONGEST_LIFE)
            read_to_the_end(peers[-1])
        assert time.monotonic() - begun < LONGEST_LIFE


def slowest_of_five(port: Server, client: Client) -> float:
    return max(seconds_for_one(port, client) for _ in range(5))


def seconds_for_one(port: Server, client: Client) -> float:
    begun = time.monotonic()
    assert client.ask(port, post(b"ab")).status == 200
    return time.monotonic() - begun
