"""The only outgoing sockets, tried against real servers that misbehave (T12, T57, security.md section 7, client side)."""

import gzip
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from certs.bad_certificates import BadCertificates
from certs.dev_pki import DevPki
from certs.load import fingerprint_sha256
from providers.call_failures import Failure, TransportError
from providers.tls_context import TlsFiles, open_context, public_key_sha256
from providers.transport import LARGEST_ANSWER, Transport
from tests.providers.https_server import Answer, HttpsServer, Script, http, https_server, server_context

OK = http(b'{"state": "up"}', headers=("Content-Type: Application/JSON; charset=utf-8",))
OTHER_KEY = "0" * 64


def files_of(pki: DevPki, certificate: Path | None = None, key: Path | None = None) -> TlsFiles:
    client = pki.find("gateway")
    return TlsFiles(
        ca=pki.ca_path("provider-endpoints"),
        crl=pki.crl_path("provider-endpoints"),
        certificate=certificate or client.certificate_path,
        key=key or client.key_path,
    )


def transport_to(server: HttpsServer, pki: DevPki, **settings: Any) -> Transport:
    chosen = {"files": files_of(pki), "clock": lambda: datetime.now(UTC), **settings}
    return Transport(chosen.pop("base_url", server.url), chosen.pop("files"), **chosen)


@pytest.fixture
def serve(pki: DevPki) -> Iterator[Callable[..., HttpsServer]]:
    servers: list[HttpsServer] = []

    def start(script: Script, **context: Any) -> HttpsServer:
        own = pki.find(context.pop("name", "bank"))
        paths = context.pop("paths", (own.certificate_path, own.key_path))
        servers.append(HttpsServer(server_context(pki, *paths, **context), script))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def refusal(transport: Transport, path: str = "/vpm/v1/status") -> TransportError:
    with pytest.raises(TransportError) as caught:
        transport.get(path)
    return caught.value


def test_a_good_answer_comes_with_the_exchange_as_evidence(serve: Callable[..., HttpsServer], pki: DevPki) -> None:
    server = serve(lambda _: OK)
    reply = transport_to(server, pki).get("/vpm/v1/status")
    assert (reply.status, reply.media_type, reply.body) == (200, "application/json", b'{"state": "up"}')
    assert reply.exchange.sent == server.requests[0]
    assert reply.exchange.endpoint == f"{server.url}/vpm/v1/status"
    assert reply.exchange.received == reply.body
    assert reply.exchange.peer_certificate_sha256 == fingerprint_sha256(pki.find("bank").certificate)
    assert reply.exchange.tls_version == "TLSv1.3"


def test_a_post_carries_its_body_and_keeps_the_password_out_of_the_evidence(
    serve: Callable[..., HttpsServer], pki: DevPki
) -> None:
    server = serve(lambda _: OK)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": "Basic c2VjcmV0"}
    exchange = transport_to(server, pki).request("POST", "/token", b"code=1", headers).exchange
    sent = server.requests[0]
    assert sent.startswith(b"POST /token HTTP/1.1\r\n")
    assert sent.endswith(b"\r\n\r\ncode=1")
    assert b"Authorization: Basic c2VjcmV0\r\n" in sent
    assert exchange.method == "POST"
    assert exchange.sent == sent.replace(b"Basic c2VjcmV0", b"(not kept)")


def test_a_server_without_a_revocation_list_is_called_when_its_key_is_pinned_and_needs_no_certificate_of_ours(
    serve: Callable[..., HttpsServer], pki: DevPki
) -> None:
    server = serve(lambda _: OK, ask_clients=False)
    files = TlsFiles(ca=pki.ca_path("provider-endpoints"), crl=None)
    pin = public_key_sha256(pki.find("bank").certificate.public_bytes(Encoding.DER))
    assert transport_to(server, pki, files=files, pins=frozenset({pin})).get("/").status == 200
    wrong = transport_to(server, pki, files=files, pins=frozenset({OTHER_KEY}))
    assert refusal(wrong).failure is Failure.WRONG_PIN
    with pytest.raises(ValueError, match="pinned"):
        transport_to(server, pki, files=files).check_files()


def test_the_request_asks_for_no_packing_and_holds_nothing_more_than_it_must(
    serve: Callable[..., HttpsServer], pki: DevPki, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    server = serve(lambda _: http(b"{}", headers=("Set-Cookie: a=b; Path=/",)))
    transport = transport_to(server, pki)
    transport.get("/x")
    transport.get("/x")
    names = {line.split(b":")[0].lower() for line in server.requests[1].split(b"\r\n")[1:] if line}
    assert names == {b"host", b"accept-encoding", b"user-agent"}
    assert b"accept-encoding: identity" in server.requests[1].lower()


def test_one_connection_is_kept_and_used_again(serve: Callable[..., HttpsServer], pki: DevPki) -> None:
    server = serve(lambda _: OK)
    transport = transport_to(server, pki)
    peers = {transport.get("/x").exchange.peer_certificate_sha256 for _ in range(5)}
    assert server.connections == 1
    assert peers == {fingerprint_sha256(pki.find("bank").certificate)}


def test_a_kept_connection_that_the_server_closed_is_replaced_once(
    serve: Callable[..., HttpsServer], pki: DevPki
) -> None:
    server = serve(lambda _: OK)
    transport = transport_to(server, pki)
    transport.get("/x")
    server.drop_connections()
    assert transport.get("/x").status == 200
    assert server.connections == 2


def test_a_server_that_hangs_up_on_a_fresh_connection_is_not_asked_again(
    serve: Callable[..., HttpsServer], pki: DevPki
) -> None:
    server = serve(lambda _: [])

    def hang_up(_: str) -> Answer:
        server.drop_connections()
        return b""

    server.script = hang_up
    assert refusal(transport_to(server, pki)).failure is Failure.UNREACHABLE
    assert len(server.requests) == 1


def test_without_a_client_certificate_of_ours_the_server_hangs_up_and_the_call_says_tls(
    serve: Callable[..., HttpsServer], pki: DevPki
) -> None:
    stranger = pki.issue("relying-party-client", "some-portal")
    files = files_of(pki, stranger.certificate_path, stranger.key_path)
    error = refusal(transport_to(serve(lambda _: OK), pki, files=files))
    assert error.failure is Failure.TLS_REFUSED
    assert error.exchange.status is None


@pytest.mark.parametrize("kind", ["expired", "not-yet-valid", "other-ca", "other-issuing-ca", "self-signed", "revoked"])
def test_a_bad_server_certificate_is_refused_before_a_byte_of_the_request_leaves(
    kind: str, serve: Callable[..., HttpsServer], pki: DevPki
) -> None:
    bad = BadCertificates(pki, "provider-server", f"server-{kind}", dns=["localhost"]).make(kind)
    error = refusal(transport_to(serve(lambda _: OK, paths=(bad.certificate_path, bad.key_path)), pki))
    assert error.failure is Failure.TLS_REFUSED
    assert error.exchange.sent == b""


def test_a_certificate_for_another_host_is_refused(serve: Callable[..., HttpsServer], pki: DevPki) -> None:
    pki.issue("provider-server", "elsewhere", dns=["elsewhere.test"])
    error = refusal(transport_to(serve(lambda _: OK, name="elsewhere"), pki))
    assert error.failure is Failure.TLS_REFUSED
    assert "localhost" in error.detail


def test_an_address_is_matched_against_the_ip_names_of_the_certificate(
    serve: Callable[..., HttpsServer], pki: DevPki
) -> None:
    server = serve(lambda _: OK)
    assert transport_to(server, pki, base_url=f"https://127.0.0.1:{server.port}").get("/x").status == 200


def test_a_public_key_that_was_not_agreed_is_refused_before_the_request_leaves(
    serve: Callable[..., HttpsServer], pki: DevPki
) -> None:
    server = serve(lambda _: OK)
    error = refusal(transport_to(server, pki, pins=frozenset({OTHER_KEY})))
    assert error.failure is Failure.WRONG_PIN
    assert (error.exchange.sent, server.requests) == (b"", [])
    assert error.exchange.peer_certificate_sha256 == fingerprint_sha256(pki.find("bank").certificate)


def test_the_current_and_the_next_pin_are_both_accepted(serve: Callable[..., HttpsServer], pki: DevPki) -> None:
    der = pki.find("bank").certificate.public_bytes(Encoding.DER)
    pins = frozenset({OTHER_KEY, public_key_sha256(der)})
    assert transport_to(serve(lambda _: OK), pki, pins=pins).get("/x").status == 200


def test_only_the_one_issuing_ca_is_trusted_and_no_public_one(serve: Callable[..., HttpsServer], pki: DevPki) -> None:
    transport = transport_to(serve(lambda _: OK), pki)
    transport.get("/x")
    assert transport._context is not None
    assert transport._context.cert_store_stats() == {"x509": 1, "crl": 1, "x509_ca": 1}


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken(version: ssl.TLSVersion, serve: Callable[..., HttpsServer], pki: DevPki) -> None:
    reply = transport_to(serve(lambda _: OK, version=version), pki).get("/x")
    assert reply.exchange.tls_version == {"TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}[version.name]


def test_every_cipher_of_tls_1_2_is_ephemeral_and_authenticated(pki: DevPki) -> None:
    ciphers = [cipher for cipher in open_context(files_of(pki)).get_ciphers() if cipher["protocol"] == "TLSv1.2"]
    assert ciphers
    assert all(cipher["aead"] and cipher["name"].startswith("ECDHE-") for cipher in ciphers)


def test_a_server_revoked_meanwhile_is_refused_at_the_next_call_although_its_connection_was_kept(
    serve: Callable[..., HttpsServer], pki: DevPki
) -> None:
    pki.issue("provider-server", "soon-revoked", dns=["localhost"])
    transport = transport_to(serve(lambda _: OK, name="soon-revoked"), pki)
    assert transport.get("/x").status == 200
    before = transport._context
    pki.revoke("soon-revoked")
    error = refusal(transport)
    assert error.failure is Failure.TLS_REFUSED
    assert "revoked" in error.detail
    assert transport._context is not before


def test_while_no_file_changes_one_context_serves_every_call(serve: Callable[..., HttpsServer], pki: DevPki) -> None:
    transport = transport_to(serve(lambda _: OK), pki)
    transport.get("/x")
    context, session = transport._context, transport._session
    transport.get("/x")
    assert (transport._context, transport._session) == (context, session)


def test_an_expired_revocation_list_ends_kept_connections(serve: Callable[..., HttpsServer], pki: DevPki) -> None:
    server = serve(lambda _: OK)
    moments = [datetime.now(UTC)]
    transport = transport_to(server, pki, clock=lambda: moments[0])
    transport.get("/x")
    moments[0] += timedelta(days=2)
    transport.get("/x")
    assert server.connections == 2


def test_a_missing_revocation_list_refuses_the_call(
    serve: Callable[..., HttpsServer], pki: DevPki, tmp_path: Path
) -> None:
    client = pki.find("gateway")
    files = TlsFiles(
        ca=pki.ca_path("provider-endpoints"),
        crl=tmp_path / "crl.pem",
        certificate=client.certificate_path,
        key=client.key_path,
    )
    assert refusal(transport_to(serve(lambda _: OK), pki, files=files)).failure is Failure.TRUST_UNREADABLE


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_refused_and_not_followed(status: str, serve: Callable[..., HttpsServer], pki: DevPki) -> None:
    server = serve(lambda _: http(status=status, headers=("Location: /elsewhere",)))
    error = refusal(transport_to(server, pki))
    assert (error.failure, error.exchange.status) == (Failure.REDIRECTED, int(status[:3]))
    assert len(server.requests) == 1


def test_a_body_of_a_gibibyte_is_given_up_after_one_mebibyte(serve: Callable[..., HttpsServer], pki: DevPki) -> None:
    sent = [0]

    def flood(_: str) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n"
        for _block in range(1024 * 1024):
            sent[0] += 1024
            yield b"x" * 1024

    started = time.monotonic()
    assert refusal(transport_to(serve(flood), pki)).failure is Failure.TOO_LARGE
    assert time.monotonic() - started < 5
    assert sent[0] < 32 * LARGEST_ANSWER


def test_a_chunked_body_without_end_is_given_up_too(serve: Callable[..., HttpsServer], pki: DevPki) -> None:
    def flood(_: str) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        while True:
            yield b"1000\r\n" + b"x" * 4096 + b"\r\n"

    assert refusal(transport_to(serve(flood), pki)).failure is Failure.TOO_LARGE


def test_an_answer_of_exactly_one_mebibyte_is_read(serve: Callable[..., HttpsServer], pki: DevPki) -> None:
    assert len(transport_to(serve(lambda _: http(b"x" * LARGEST_ANSWER)), pki).get("/x").body) == LARGEST_ANSWER


def _drip(pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        time.sleep(0.05)
        yield piece


@pytest.mark.parametrize("where", ["headers", "body", "silence"])
def test_a_dripping_server_cannot_stretch_the_total_deadline(
    where: str, serve: Callable[..., HttpsServer], pki: DevPki
) -> None:
    def drip(_: str) -> Iterator[bytes]:
        if where == "silence":
            time.sleep(2)
            return
        if where == "body":
            yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
        else:
            yield b"HTTP/1.1 200 OK\r\nX-Drip: "
        yield from _drip(iter([b"x"] * 1000))

    transport = transport_to(serve(drip), pki, deadline=0.4)
    started = time.monotonic()
    error = refusal(transport)
    assert error.failure is Failure.TIMED_OUT
    assert 0.3 < time.monotonic() - started < 1.0
    assert error.exchange.sent.startswith(b"GET /vpm/v1/status ")


def test_a_peer_that_never_shakes_hands_is_given_up_at_the_deadline(pki: DevPki) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://localhost:{silent.getsockname()[1]}"
        transport = Transport(url, files_of(pki), clock=lambda: datetime.now(UTC), deadline=0.4)
        started = time.monotonic()
        assert refusal(transport).failure is Failure.TIMED_OUT
        assert time.monotonic() - started < 1.0


def test_a_packed_answer_is_refused_and_never_unpacked(serve: Callable[..., HttpsServer], pki: DevPki) -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    server = serve(lambda _: http(bomb, headers=("Content-Encoding: gzip",)))
    assert refusal(transport_to(server, pki)).failure is Failure.ENCODED


@pytest.mark.parametrize("garbage", [b"\x00\xff" * 100, b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/9.9 abc\r\n\r\n"])
def test_garbage_is_no_answer(garbage: bytes, serve: Callable[..., HttpsServer], pki: DevPki) -> None:
    def shout(_: str) -> Iterator[bytes]:
        yield garbage
        raise ConnectionError

    assert refusal(transport_to(serve(shout), pki, deadline=1.0)).failure in {Failure.UNREACHABLE, Failure.TIMED_OUT}


def test_a_body_that_ends_early_is_no_answer(serve: Callable[..., HttpsServer], pki: DevPki) -> None:
    def stop_short(_: str) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc"
        raise ConnectionError

    assert refusal(transport_to(serve(stop_short), pki)).failure is Failure.UNREACHABLE


def test_a_bank_that_is_down_is_unreachable_and_soon_left_alone(pki: DevPki) -> None:
    with https_server(server_context(pki, *_paths(pki)), lambda _: OK) as server:
        url = server.url
    transport = Transport(url, files_of(pki), clock=lambda: datetime.now(UTC))
    assert [refusal(transport).failure for _ in range(6)] == [Failure.UNREACHABLE] * 5 + [Failure.LEFT_ALONE]


def test_five_server_errors_open_the_breaker_but_refusals_do_not(
    serve: Callable[..., HttpsServer], pki: DevPki
) -> None:
    missing = transport_to(serve(lambda _: http(status="404 Not Found")), pki)
    assert [missing.get("/x").status for _ in range(8)] == [404] * 8
    broken = transport_to(serve(lambda _: http(status="500 Oops")), pki)
    assert [broken.get("/x").status for _ in range(5)] == [500] * 5
    assert refusal(broken).failure is Failure.LEFT_ALONE


def test_more_calls_than_agreed_at_one_time_wait_and_then_give_up(
    serve: Callable[..., HttpsServer], pki: DevPki
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def slowly(_: str) -> Answer:
        time.sleep(0.6)
        return OK

    transport = transport_to(serve(slowly), pki, deadline=1.0, max_in_flight=1)
    with ThreadPoolExecutor(3) as pool:
        outcomes = [_outcome(future) for future in [pool.submit(transport.get, "/x") for _ in range(3)]]
    assert outcomes.count("200") == 1
    assert set(outcomes) <= {"200", "busy", "timed_out"}


def test_p6_a_provider_that_hangs_holds_only_so_many_threads(serve: Callable[..., HttpsServer], pki: DevPki) -> None:
    """Four may call and two may wait; whoever comes then is told at once, and the thread is free for others."""
    from concurrent.futures import ThreadPoolExecutor, as_completed

    well = Event()

    def slowly(_: str) -> Answer:
        well.wait(10)
        return OK

    transport = transport_to(serve(slowly), pki, deadline=5.0, max_in_flight=4)
    with ThreadPoolExecutor(10) as pool:
        calls = [pool.submit(transport.get, "/x") for _ in range(10)]
        first = [_outcome(call) for call in islice(as_completed(calls, timeout=4), 4)]
        well.set()
    assert first == ["busy"] * 4
    assert sorted(map(_outcome, calls)) == ["200"] * 6 + ["busy"] * 4


def _outcome(future: Any) -> str:
    try:
        return str(future.result().status)
    except TransportError as error:
        return error.failure.value


def _paths(pki: DevPki) -> tuple[Path, Path]:
    own = pki.find("bank")
    return own.certificate_path, own.key_path


def test_answers_to_many_threads_are_never_mixed_up(serve: Callable[..., HttpsServer], pki: DevPki) -> None:
    from concurrent.futures import ThreadPoolExecutor

    server = serve(lambda path: http(path.encode()))
    transport = transport_to(server, pki, max_in_flight=8)
    paths = [f"/vpm/v1/authentications/{number:032x}" for number in range(400)]
    with ThreadPoolExecutor(12) as pool:  # eight may call, four may wait
        replies = list(pool.map(transport.get, paths))
    assert [reply.body.decode() for reply in replies] == paths
    assert all(f"GET {path} ".encode() in reply.exchange.sent for path, reply in zip(paths, replies, strict=True))
    assert server.connections <= 8
