"""Calls by plain http against real servers that misbehave (eid-providers.md 8.4 rule 3, 8.5; T12, T57)."""

import time
from collections.abc import Callable, Iterator

import pytest

from providers.call_failures import Failure, TransportError
from providers.plain_http import LARGEST_ANSWER, PlainHttp, plain_origin
from tests.support.plain_server import Answer, PlainServer, Script, http


@pytest.fixture
def serve() -> Iterator[Callable[[Script], PlainServer]]:
    servers: list[PlainServer] = []

    def start(script: Script) -> PlainServer:
        servers.append(PlainServer(script))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


Serve = Callable[[Script], PlainServer]


def failure(plain: PlainHttp, url: str) -> TransportError:
    with pytest.raises(TransportError) as caught:
        plain.post(url, "text/plain", b"question")
    return caught.value


def test_path_and_query_are_asked_for_and_the_answer_comes_whole(serve: Serve) -> None:
    server = serve(lambda path, body: http(path.encode() + b" " + body, kind="Text/Plain; charset=utf-8"))
    reply = PlainHttp({server.url}).post(f"{server.url}/a/b?c=d", "text/plain", b"question")
    assert (reply.body, reply.media_type) == (b"/a/b?c=d question", "text/plain")
    assert (reply.exchange.sent, reply.exchange.received) == (b"question", reply.body)
    assert PlainHttp({server.url}).get(server.url).body == b"/ "


def test_an_answer_in_chunks_comes_whole(serve: Serve) -> None:
    server = serve(
        lambda _p, _b: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    assert PlainHttp({server.url}).get(server.url).body == b"abcde"


def dripping() -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    while True:
        time.sleep(0.05)
        yield b"X-Drip: 1\r\n"


def dripping_body() -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n"
    while True:
        time.sleep(0.05)
        yield b"x"


@pytest.mark.parametrize("drip", [dripping, dripping_body])
def test_a_dripping_server_is_left_at_the_total_deadline(serve: Serve, drip: Callable[[], Iterator[bytes]]) -> None:
    """Each byte would buy more time from a deadline that begins anew with every read."""
    server = serve(lambda _p, _b: drip())
    begun = time.monotonic()
    assert failure(PlainHttp({server.url}, deadline=0.4), server.url).failure is Failure.TIMED_OUT
    assert time.monotonic() - begun < 20


BAD: dict[str, tuple[Answer, Failure]] = {
    "redirect": (http(status="301 Moved", headers=("Location: /",)), Failure.REDIRECTED),
    "error": (http(status="500 Oops"), Failure.UNREACHABLE),
    "not modified": (http(status="204 No Content"), Failure.UNREACHABLE),
    "packed": (http(headers=("Content-Encoding: gzip",)), Failure.ENCODED),
    "too long by its length": (http(b"x" * (LARGEST_ANSWER + 1)), Failure.TOO_LARGE),
    "too long without length": (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (LARGEST_ANSWER + 1), Failure.TOO_LARGE),
    "cut short": (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", Failure.UNREACHABLE),
    "no http": (b"SSH-2.0-x\r\n\r\n", Failure.UNREACHABLE),
    "endless header": (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", Failure.UNREACHABLE),
    "nothing": (b"", Failure.UNREACHABLE),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_answer_is_no_answer(serve: Serve, name: str) -> None:
    answer, expected = BAD[name]
    server = serve(lambda _p, _b: answer)
    assert failure(PlainHttp({server.url}), server.url).failure is expected
    assert len(server.requests) == 1


def test_only_listed_servers_are_reached(serve: Serve) -> None:
    server = serve(lambda _p, _b: http(b"yes"))
    plain = PlainHttp({server.url})
    others = ("http://localhost/", server.url.replace("http:", "https:"), "file:///etc/passwd", "", "http://a b/",
              server.url.replace("//", "//user@"), f"{server.url}/#x", f"{server.url}\n")  # fmt: skip
    for url in others:
        assert not plain.reaches(url)
        with pytest.raises((KeyError, ValueError)):
            plain.get(url)
    assert server.requests == []


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://OCSP.test/x", "http://ocsp.test"),
        ("http://ocsp.test:80/", "http://ocsp.test"),
        ("http://ocsp.test:8080", "http://ocsp.test:8080"),
        ("http://[::1]:9/x", "http://[::1]:9"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert plain_origin(url) == origin


def test_a_server_that_fails_again_and_again_is_left_alone(serve: Serve) -> None:
    """T57."""
    server = serve(lambda _p, _b: http(status="500 Oops"))
    plain = PlainHttp({server.url})
    for _ in range(5):
        assert failure(plain, server.url).failure is Failure.UNREACHABLE
    assert failure(plain, server.url).failure is Failure.LEFT_ALONE
    assert len(server.requests) == 5


def test_nobody_listening_is_an_answer_of_its_own() -> None:
    closed = PlainServer(lambda _p, _b: b"")
    url = closed.url
    closed.close()
    assert failure(PlainHttp({url}), url).failure is Failure.UNREACHABLE
