"""What a request may weigh, and what is no request (security.md T56, T62)."""

import contextlib
import ssl
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import StartServer
from ports import Client, Closed, Reply, Server, get, post, read_reply, read_to_the_end

LIMIT = 256 * 1024
MARK = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(params=["public", "mutual"])
def port(request: pytest.FixtureRequest) -> Server:
    return request.getfixturevalue(request.param)


def test_a_body_of_the_limit_is_taken_and_a_byte_more_is_not(port: Server, relying_party: Client) -> None:
    assert relying_party.ask(port, post(b"x" * LIMIT)).json["body"] == LIMIT
    assert relying_party.ask(port, post(b"x" * (LIMIT + 1))).status == 413


def test_a_long_body_is_refused_before_it_is_sent(port: Server, relying_party: Client) -> None:
    announcement = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999999\r\n\r\n"
    assert relying_party.ask(port, announcement).status == 413


def test_a_refused_body_ends_the_connection(port: Server, relying_party: Client) -> None:
    """Whatever of it still comes must not be read as a request."""
    with relying_party.connect(port) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\n" + MARK)
        assert b"/smuggled" not in read_to_the_end(connection)


@pytest.mark.parametrize(
    "request_bytes",
    [
        get(headers=("X-Long: " + "x" * 40_000,)),
        get(headers=tuple(f"X-{number}: {'x' * 300}" for number in range(200))),
        get(headers=tuple(f"X-{number}: 1" for number in range(1_000))),
        get("/" + "x" * 70_000),
    ],
    ids=["one long header", "long headers", "many headers", "long target"],
)
def test_oversize_headers_are_refused(port: Server, relying_party: Client, request_bytes: bytes) -> None:
    assert status_of(relying_party, port, request_bytes) in {400, 414, 431, None}


def status_of(client: Client, port: Server, request_bytes: bytes) -> int | None:
    """The status of the answer; None where the connection was closed without one."""
    try:
        return client.ask(port, request_bytes).status
    except (Closed, OSError, ssl.SSLError):
        return None


CONTENT = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = b"0\r\n\r\n"
SHAPES = {
    "length and chunked": CONTENT + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED + MARK,
    "chunked and length": CONTENT + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + CHUNKED + MARK,
    "chunked": CONTENT + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKED + MARK,
    "CHUNKED": CONTENT + b"TRANSFER-ENCODING: CHUNKED\r\n\r\n" + CHUNKED + MARK,
    "chunked twice": CONTENT + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED + MARK,
    "chunked, identity": CONTENT + b"Transfer-Encoding: chunked, identity\r\n\r\n" + CHUNKED + MARK,
    "identity": CONTENT + b"Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\n" + CHUNKED + MARK,
    "gzip, chunked": CONTENT + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNKED + MARK,
    "xchunked": CONTENT + b"Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\n" + CHUNKED + MARK,
    "chunked after tab": CONTENT + b"Transfer-Encoding:\tchunked\r\nContent-Length: 5\r\n\r\n" + CHUNKED + MARK,
    "chunked after vertical tab": CONTENT + b"Transfer-Encoding: \x0bchunked\r\nContent-Length: 5\r\n\r\n" + MARK,
    "chunked in quotes": CONTENT + b'Transfer-Encoding: "chunked"\r\nContent-Length: 5\r\n\r\n' + CHUNKED + MARK,
    "space before colon": CONTENT + b"Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n" + CHUNKED + MARK,
    "space before name": CONTENT + b" Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + CHUNKED + MARK,
    "folded": CONTENT + b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n\r\n" + CHUNKED + MARK,
    "folded length": CONTENT + b"Content-Length:\r\n 5\r\n\r\nabcde" + MARK,
    "name with NUL": CONTENT + b"Transfer-Encoding\x00: chunked\r\nContent-Length: 5\r\n\r\n" + CHUNKED + MARK,
    "value with NUL": CONTENT + b"Transfer-Encoding: chunked\x00\r\nContent-Length: 5\r\n\r\n" + CHUNKED + MARK,
    "bare line feed": CONTENT + b"X: 1\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + CHUNKED + MARK,
    "bare carriage return": CONTENT + b"X: 1\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + CHUNKED + MARK,
    "two lengths": CONTENT + b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + MARK,
    "two equal lengths": CONTENT + b"Content-Length: 44\r\nContent-Length: 44\r\n\r\n" + MARK,
    "length list": CONTENT + b"Content-Length: 0, 44\r\n\r\n" + MARK,
    "length with plus": CONTENT + b"Content-Length: +44\r\n\r\n" + MARK,
    "length with minus": CONTENT + b"Content-Length: -1\r\n\r\n" + MARK,
    "length in hex": CONTENT + b"Content-Length: 0x2c\r\n\r\n" + MARK,
    "length with underscore": CONTENT + b"Content-Length: 4_4\r\n\r\n" + MARK,
    "length with fraction": CONTENT + b"Content-Length: 44.0\r\n\r\n" + MARK,
    "length in other digits": CONTENT + "Content-Length: ٤٤\r\n\r\n".encode() + MARK,
    "length empty": CONTENT + b"Content-Length: \r\n\r\n" + MARK,
    "length too long a number": CONTENT + b"Content-Length: 18446744073709551660\r\n\r\n" + MARK,
    "space in length": CONTENT + b"Content-Length: 4 4\r\n\r\n" + MARK,
    "space before length's colon": CONTENT + b"Content-Length : 44\r\n\r\n" + MARK,
    "header without colon": CONTENT + b"Content-Length 44\r\n\r\n" + MARK,
    "header without name": CONTENT + b": 44\r\n\r\n" + MARK,
    "no version": b"GET /\r\n\r\n",
    "version 0.9": b"GET / HTTP/0.9\r\nHost: localhost\r\n\r\n",
    "version 2.0": b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n",
    "version 1.1x": b"GET / HTTP/1.1x\r\nHost: localhost\r\n\r\n",
    "HTTP/2 without asking": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "space in target": b"GET / x HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_request_that_can_be_read_in_two_ways_is_refused(port: Server, relying_party: Client, shape: str) -> None:
    """T62: refused, and nothing behind it is taken for a request."""
    with relying_party.connect(port, timeout=3) as connection:
        connection.sendall(SHAPES[shape])
        answer = read_to_the_end(connection)
    assert b"/smuggled" not in answer
    assert b" 200 " not in answer


def test_no_upgrade_to_http_2_is_taken(port: Server, relying_party: Client) -> None:
    """T62: no h2c."""
    headers = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")
    assert relying_party.get(port, headers=headers).status == 200


@pytest.mark.parametrize("kind", ["public", "mutual"])
def test_requests_beyond_what_can_be_served_in_time_are_told_to_come_back(
    start_server: StartServer, relying_party: Client, kind: str
) -> None:
    """T56: admitted requests are served, the others get 503 with Retry-After, and the port recovers at once."""
    small = start_server(kind, threads=2, deadlines={"queue": 0.5})
    with ThreadPoolExecutor(30) as callers:
        replies = list(callers.map(lambda _number: relying_party.get(small, "/?sleep=0.4"), range(30)))
    statuses = [reply.status for reply in replies]
    assert set(statuses) == {200, 503}
    assert all(reply.headers["retry-after"] for reply in replies if reply.status == 503)
    assert relying_party.get(small).status == 200


def test_a_queue_that_is_full_refuses_at_once(start_server: StartServer, browser: Client) -> None:
    small = start_server("public", threads=1, waiting=2)
    begun = time.monotonic()
    first_refusal: list[float] = []

    def call(_number: int) -> Reply:
        reply = browser.get(small, "/?sleep=1")
        if reply.status == 503 and not first_refusal:
            first_refusal.append(time.monotonic() - begun)
        return reply

    with ThreadPoolExecutor(10) as callers:
        statuses = sorted(reply.status for reply in callers.map(call, range(10)))
    assert statuses[:3] == [200, 200, 200]
    assert statuses.count(503) >= 6
    assert first_refusal[0] < 0.9


def test_a_peer_that_does_not_read_its_answers_holds_nobody_up(mutual: Server, relying_party: Client) -> None:
    with relying_party.connect(mutual, timeout=2) as unread, contextlib.suppress(TimeoutError):
        unread.sendall(get() * 20_000)
        assert relying_party.get(mutual).status == 200
    assert relying_party.get(mutual).status == 200


def test_a_connection_that_is_told_to_close_is_closed(port: Server, relying_party: Client) -> None:
    with relying_party.connect(port) as connection:
        connection.sendall(get(headers=("Connection: close",)))
        assert read_reply(connection).status == 200
        assert read_to_the_end(connection) == b""
