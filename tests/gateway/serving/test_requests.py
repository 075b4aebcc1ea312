"""Ordinary requests arrive whole and unchanged, on both ports."""

import hashlib

import pytest

from certs.dev_pki import DevPki
from certs.load import fingerprint_sha256
from tests.gateway.serving.ports import Client, Server, StartServer, get, post, read_reply, read_to_the_end


@pytest.fixture(params=["public", "mutual"])
def port(request: pytest.FixtureRequest) -> Server:
    return request.getfixturevalue(request.param)


def test_a_request_is_answered(port: Server, relying_party: Client) -> None:
    reply = relying_party.get(port, "/p%C4%93ter?x=1")
    assert reply.status == 200
    assert reply.json["path"].encode("latin-1").decode() == "/pēter"
    assert reply.json["strings"]["QUERY_STRING"] == "x=1"
    assert reply.json["scheme"] == "https"
    assert reply.json["remote"] == "127.0.0.1"


def test_a_body_arrives_byte_for_byte(port: Server, relying_party: Client) -> None:
    body = bytes(range(256)) * 1024
    reply = relying_party.ask(port, post(body, ("Content-Type: application/x-test",)))
    assert reply.json["body_sha256"] == hashlib.sha256(body).hexdigest()
    assert reply.json["content_type"] == "application/x-test"


def test_a_connection_is_kept_for_further_requests(port: Server, relying_party: Client) -> None:
    with relying_party.connect(port) as connection:
        for number in range(20):
            connection.sendall(post(b"x" * number))
            assert read_reply(connection).json["body"] == number


def test_requests_sent_ahead_are_answered_in_order(port: Server, relying_party: Client) -> None:
    with relying_party.connect(port) as connection:
        connection.sendall(get("/first") + get("/second"))
        received = b""
        while received.count(b'"path"') < 2:
            received += connection.recv(65536)
    assert received.index(b"/first") < received.index(b"/second")


def test_every_header_line_of_an_answer_arrives(port: Server, relying_party: Client) -> None:
    with relying_party.connect(port) as connection:
        connection.sendall(get("/pieces", ("Connection: close",)))
        head = read_to_the_end(connection).partition(b"\r\n\r\n")[0].lower()
    assert head.count(b"set-cookie: ") == 2


def test_repeated_headers_are_joined_and_ambiguous_ones_dropped(port: Server, relying_party: Client) -> None:
    reply = relying_party.get(port, headers=("Accept: a", "Accept: b", "X_Y: z"))
    assert reply.json["strings"]["HTTP_ACCEPT"] == "a,b"
    assert "HTTP_X_Y" not in reply.json["strings"], "an environ could not tell it from X-Y"


def test_a_question_for_the_headers_alone_gets_no_body(port: Server, relying_party: Client) -> None:
    with relying_party.connect(port) as connection:
        connection.sendall(get().replace(b"GET", b"HEAD") + get("/next", ("Connection: close",)))
        answers = read_to_the_end(connection)
    assert answers.count(b"HTTP/1.1 200") == 2
    assert answers.count(b'"path"') == 1


def test_a_body_that_waits_to_be_asked_for_is_asked_for(port: Server, relying_party: Client) -> None:
    with relying_party.connect(port) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"abc")
        assert read_reply(connection).json["body"] == 3


def test_a_failing_application_is_answered_with_500_and_logs_no_personal_data(
    port: Server, relying_party: Client
) -> None:
    assert relying_party.get(port, "/failure").status == 500
    log = port.log.read_text()
    assert "RuntimeError" in log
    assert "49001-11111" not in log


@pytest.mark.parametrize("kind", ["public", "mutual"])
def test_an_answer_in_pieces_arrives_whole_and_is_closed(
    start_server: StartServer, relying_party: Client, kind: str
) -> None:
    single = start_server(kind)
    with relying_party.connect(single) as connection:
        connection.sendall(get("/pieces"))
        reply = read_reply(connection)
        assert reply.body == b"x" * 3_000_000
        connection.sendall(get("/built"))
        assert read_reply(connection).json["closed"] == 1


def test_the_certificate_of_the_connection_reaches_the_application(
    mutual: Server, relying_party: Client, pki: DevPki
) -> None:
    """T31: identity is the leaf of the handshake."""
    expected = fingerprint_sha256(pki.find("auctions").certificate).replace(":", "").lower()
    assert relying_party.get(mutual).json["certificate"] == expected


def test_the_public_port_knows_no_certificate(public: Server, relying_party: Client) -> None:
    assert relying_party.get(public).json["certificate"] is None
