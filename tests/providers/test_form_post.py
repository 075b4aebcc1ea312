"""Forms to registered addresses: as hardened as the calls to providers (T12, T57)."""

import socket
from collections.abc import Iterator
from pathlib import Path
from ssl import SSLContext

import pytest

from certs.dev_pki import DevPki
from providers.call_failures import Failure, TransportError
from providers.form_post import FormPost
from tests.providers.https_server import HttpsServer, http, https_server, server_context

FORM = b"logout_token=a.b.c"


def open_to_all(pki: DevPki, name: str) -> SSLContext:
    own = pki.find(name)
    return server_context(pki, own.certificate_path, own.key_path, ask_clients=False)


@pytest.fixture
def server(pki: DevPki) -> Iterator[HttpsServer]:
    with https_server(open_to_all(pki, "bank"), lambda _path: http(b"done")) as listening:
        yield listening


@pytest.fixture
def trusted(pki: DevPki) -> Path:
    return pki.ca_path("provider-endpoints")


def failure(sender: FormPost, address: str) -> Failure:
    with pytest.raises(TransportError) as caught:
        sender.send(address, FORM)
    return caught.value.failure


def test_a_form_arrives_as_one_and_the_answer_is_read(server: HttpsServer, trusted: Path) -> None:
    reply = FormPost(trusted).send(f"{server.url}/logout?x=1", FORM)
    assert (reply.status, reply.body) == (200, b"done")
    assert reply.exchange.tls_version == "TLSv1.3"
    head = server.requests[0].decode()
    assert head.startswith("POST /logout?x=1 HTTP/1.1\r\n")
    assert "Content-Type: application/x-www-form-urlencoded" in head
    assert f"Content-Length: {len(FORM)}" in head
    assert "Cookie" not in head


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_t12_no_redirect_is_followed(server: HttpsServer, trusted: Path, status: str) -> None:
    server.script = lambda _path: http(status=status, headers=("Location: https://localhost:1/",))
    assert failure(FormPost(trusted), server.url) is Failure.REDIRECTED
    assert len(server.requests) == 1


def test_an_answer_without_end_is_not_read(server: HttpsServer, trusted: Path) -> None:
    server.script = lambda _path: http(b"x" * (1024 * 1024 + 1))
    assert failure(FormPost(trusted), server.url) is Failure.TOO_LARGE


def test_a_portal_that_says_nothing_is_left_at_the_deadline(server: HttpsServer, trusted: Path) -> None:
    server.script = lambda _path: iter(())
    assert failure(FormPost(trusted, deadline=0.3), server.url) is Failure.TIMED_OUT


def test_a_portal_that_another_ca_certified_is_not_told(server: HttpsServer, pki: DevPki) -> None:
    other = FormPost(pki.ca_path("gateway-servers"))
    assert failure(other, server.url) is Failure.TLS_REFUSED
    assert server.requests == []


def test_without_a_ca_of_its_own_the_systems_are_trusted_and_a_made_up_one_is_not(server: HttpsServer) -> None:
    assert failure(FormPost(), server.url) is Failure.TLS_REFUSED


def test_the_name_in_the_certificate_counts(pki: DevPki, trusted: Path) -> None:
    pki.issue("provider-server", "elsewhere", dns=["elsewhere.test"])
    with https_server(open_to_all(pki, "elsewhere"), lambda _path: http(b"done")) as other:
        assert failure(FormPost(trusted), other.url) is Failure.TLS_REFUSED
        assert other.requests == []


def test_plain_http_has_no_way_out(trusted: Path) -> None:
    with pytest.raises(TransportError):
        FormPost(trusted).send("http://localhost:1/", FORM)


def test_nobody_there_is_said_so(trusted: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        assert failure(FormPost(trusted), f"https://localhost:{held.getsockname()[1]}/") is Failure.UNREACHABLE


def test_a_proxy_of_the_environment_is_not_used(
    server: HttpsServer, trusted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert FormPost(trusted).send(server.url, FORM).status == 200


def test_a_ca_that_is_gone_is_said_at_the_start_and_at_the_call(server: HttpsServer, tmp_path: Path) -> None:
    sender = FormPost(tmp_path / "gone.pem")
    with pytest.raises(OSError, match="No such file"):
        sender.check_files()
    assert failure(sender, server.url) is Failure.TRUST_UNREADABLE
