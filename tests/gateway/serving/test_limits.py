"""What a request may weigh, and what is no request (security.md T56, T62)."""

import contextlib
import ssl
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.gateway.serving.ports import (
    Client,
    Closed,
    Reply,
    Server,
    StartServer,
    get,
    post,
    read_reply,
    read_to_the_end,
)
from tests.gateway.serving.shapes import LIMIT, MARK, SHAPES


@pytest.fixture(params=["public", "mutual"])
def port(request: pytest.FixtureRequest) -> Server:
    return request.getfixturevalue(request.param)


def test_a_body_of_the_limit_is_taken_and_a_byte_more_is_not(port: Server, relying_party: Client) -> None:
    assert relying_party.ask(port, post(b"x" * LIMIT)).json["body"] == LIMIT
    # It is refused by its announced length: the connection may end while the body is still being sent.
    assert status_of(relying_party, port, post(b"x" * (LIMIT + 1))) in {413, None}


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
