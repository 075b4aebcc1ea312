"""Ordinary requests arrive whole and unchanged, on both ports."""

import hashlib

import pytest
from ports import Client, Server, get, post, read_reply

from certs.dev_pki import DevPki
from certs.load import fingerprint_sha256


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


def test_the_certificate_of_the_connection_reaches_the_application(
    mutual: Server, relying_party: Client, pki: DevPki
) -> None:
    """T31: identity is the leaf of the handshake."""
    expected = fingerprint_sha256(pki.find("auctions").certificate).replace(":", "").lower()
    assert relying_party.get(mutual).json["certificate"] == expected


def test_the_public_port_knows_no_certificate(public: Server, relying_party: Client) -> None:
    assert relying_party.get(public).json["certificate"] is None
