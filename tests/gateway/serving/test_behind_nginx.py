"""The production set-up: the documented nginx before the gateway's Unix sockets (security.md T30, T33, T56, T62)."""

import base64
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from certs.bad_certificates import BadCertificates
from certs.dev_pki import DevPki
from tests.gateway.serving.front import start_nginx, stop
from tests.gateway.serving.ports import Client, Closed, Server, StartServer, get, post, read_reply, read_to_the_end
from tests.gateway.serving.shapes import LIMIT, SHAPES


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("front")


@pytest.fixture(scope="module")
def public_socket(start_server: StartServer, home: Path) -> Server:
    return start_server("fronted", workers=2, unix_socket=str(home / "public.sock"))


@pytest.fixture(scope="module")
def mutual_socket(start_server: StartServer, home: Path, pki: DevPki) -> Server:
    clients = {"ca": str(pki.ca_path("relying-parties")), "crl": str(pki.crl_path("relying-parties")), "poll": 0.2}
    return start_server("fronted", workers=2, unix_socket=str(home / "relying-parties.sock"), clients=clients)


@pytest.fixture(scope="module")
def nginx(home: Path, pki: DevPki, public_socket: Server, mutual_socket: Server) -> Iterator[tuple[Server, Server]]:
    servers = start_nginx(home, pki)
    yield servers
    stop(servers[0])


@pytest.fixture(scope="module")
def front_public(nginx: tuple[Server, Server]) -> Server:
    return nginx[0]


@pytest.fixture(scope="module")
def front_mutual(nginx: tuple[Server, Server]) -> Server:
    return nginx[1]


DIRECT_PORTS = ["public", "mutual"]
FRONT_PORTS = ["front_public", "front_mutual"]

SPELLINGS = [
    "Client-Cert",
    "client-cert",
    "CLIENT-CERT",
    "Client_Cert",
    "client_cert",
    "Client-Cert-Chain",
    "Client_Cert_Chain",
    "ClientCert",
    "X-Client-Cert",
    "X_Client_Cert",
    "X-Client-Certificate",
    "X-ClientCert",
    "X-Client-Cert-Chain",
    "X-SSL-Cert",
    "X-SSL-Client-Cert",
    "X_SSL_CLIENT_CERT",
    "SSL-Client-Cert",
    "SSL_CLIENT_CERT",
    "Ssl-Client-Certificate",
    "X-SSL-Certificate",
    "X-SSL-Client-Verify",
    "X-SSL-Client-S-DN",
    "X-SSL-Client-DN",
    "SSL-Client-S-DN",
    "X-Client-DN",
    "X-Client-S-DN",
    "X-Client-Verify",
    "X-Client-Verified",
    "X-Subject-DN",
    "X-Issuer-DN",
    "X-Forwarded-Client-Cert",
    "X_Forwarded_Client_Cert",
    "XFCC",
    "X-Forwarded-Ssl-Client-Cert",
    "X-Forwarded-Tls-Client-Cert",
    "X-Forwarded-Tls-Client-Cert-Info",
    "X-Tls-Client-Certificate",
    "Tls-Client-Cert",
    "X-MTLS-Client-Cert",
    "X-ARR-ClientCert",
    "X-Amzn-Mtls-Clientcert",
    "X-Amzn-Mtls-Clientcert-Leaf",
    "CF-Client-Cert-Der-Base64",
    "X-Apigateway-Client-Cert",
    "HTTP-Client-Cert",
    "HTTP_CLIENT_CERT",
    "vpm.client_certificate",
    "Vpm-Client-Certificate",
    "Remote-User",
    "X-Remote-User",
]


@pytest.fixture(scope="module")
def stolen(pki: DevPki) -> list[str]:
    """Another client's certificate, in each form a header might have."""
    certificate = pki.issue("relying-party-client", "victim").certificate
    der = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    return [f":{der}:", der, quote(certificate.public_bytes(Encoding.PEM)), "CN=victim"]


@pytest.mark.parametrize("port", DIRECT_PORTS + FRONT_PORTS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_a_certificate_header_is_believed_or_even_seen(
    port: str, spelling: str, stolen: list[str], relying_party: Client, pki: DevPki, request: pytest.FixtureRequest
) -> None:
    """T30: 50 spellings in four forms, from an ordinary client, on every port: 0 identities taken."""
    server: Server = request.getfixturevalue(port)
    own = pki.find("auctions").certificate.fingerprint(hashes.SHA256()).hex() if "mutual" in port else None
    for value in stolen:
        try:
            reply = relying_party.get(server, headers=(f"{spelling}: {value}",))
        except Closed:  # a port that takes up new trust ends its connections; whoever asks again is answered
            reply = relying_party.get(server, headers=(f"{spelling}: {value}",))
        assert reply.status == 200
        assert reply.json["certificate"] == own
        assert value not in reply.json["strings"].values()


def test_a_header_named_like_the_servers_own_socket_changes_nothing(
    mutual: Server, relying_party: Client, pki: DevPki
) -> None:
    reply = relying_party.get(mutual, headers=("gunicorn.socket: x",))
    assert reply.json["certificate"] == pki.find("auctions").certificate.fingerprint(hashes.SHA256()).hex()


@pytest.mark.parametrize("repeat", [2, 5])
def test_the_header_given_several_times_is_not_believed(
    front_mutual: Server, stolen: list[str], relying_party: Client, pki: DevPki, repeat: int
) -> None:
    reply = relying_party.get(front_mutual, headers=(f"Client-Cert: {stolen[0]}",) * repeat)
    assert reply.json["certificate"] == pki.find("auctions").certificate.fingerprint(hashes.SHA256()).hex()


def test_the_header_is_not_believed_on_the_public_socket(public_socket: Server, stolen: list[str]) -> None:
    with public_socket.connect() as plain:
        plain.sendall(get(headers=(f"Client-Cert: {stolen[0]}",)))
        assert read_reply(plain).json["certificate"] is None


@pytest.mark.parametrize("value", ["", ":", "::", ":not base64:", ":AAAA:", "AAAA", ":AAAA:, :AAAA:", ":AAAA:;x=1"])
def test_a_header_that_names_no_certificate_is_refused(mutual_socket: Server, value: str) -> None:
    with mutual_socket.connect() as plain:
        plain.sendall(get(headers=(f"Client-Cert: {value}",)))
        assert read_reply(plain).status == 403


def test_a_request_without_the_header_is_refused(mutual_socket: Server) -> None:
    with mutual_socket.connect() as plain:
        plain.sendall(get())
        assert read_reply(plain).status == 403


def test_only_the_owner_and_its_group_may_connect_to_the_socket(mutual_socket: Server) -> None:
    assert Path(str(mutual_socket.address)).stat().st_mode & 0o777 == 0o660


def test_the_certificate_passes_through_nginx_byte_for_byte(
    front_mutual: Server, pki: DevPki, relying_party: Client
) -> None:
    reply = relying_party.get(front_mutual)
    assert reply.json["certificate"] == pki.find("auctions").certificate.fingerprint(hashes.SHA256()).hex()
    assert reply.json["scheme"] == "https"


def test_a_client_without_certificate_gets_nothing(front_mutual: Server, browser: Client) -> None:
    assert browser.get(front_mutual).status == 400


@pytest.mark.parametrize("kind", ["expired", "other-ca", "self-signed", "wrong-key-usage", "ca-as-leaf", "revoked"])
def test_a_bad_certificate_is_refused_behind_the_front(front_mutual: Server, pki: DevPki, kind: str) -> None:
    bad = BadCertificates(pki, "relying-party-client", name=f"front-{kind}").make(kind)
    time.sleep(0.5)
    assert status_or_none(Client(pki, bad), front_mutual) in {400, 403, None}


def test_a_certificate_of_another_purpose_is_refused_behind_the_front(front_mutual: Server, pki: DevPki) -> None:
    """nginx trusts the root and lets it through; the gateway judges again (T32)."""
    staff = pki.issue("staff-client", "clerk", dns=["clerk.test"])
    assert Client(pki, staff).get(front_mutual).status in {400, 403}


def status_or_none(client: Client, server: Server) -> int | None:
    try:
        return client.get(server).status
    except (ssl.SSLError, Closed, ConnectionError):
        return None


def test_a_revocation_works_on_live_connections_without_a_reload_of_nginx(front_mutual: Server, pki: DevPki) -> None:
    """T33."""
    client = Client(pki, pki.issue("relying-party-client", "revoked-behind-nginx"))
    with client.connect(front_mutual) as connection:
        connection.sendall(get())
        assert read_reply(connection).status == 200
        pki.revoke("revoked-behind-nginx")
        time.sleep(1)
        connection.sendall(get())
        assert read_reply(connection).status == 403


@pytest.mark.parametrize("port", FRONT_PORTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_request_that_can_be_read_in_two_ways_smuggles_nothing_through_nginx(
    port: str, shape: str, relying_party: Client, request: pytest.FixtureRequest
) -> None:
    """T62: at most one answer to one request; what follows it in the body is never taken for a request."""
    server: Server = request.getfixturevalue(port)
    with relying_party.connect(server, timeout=1.5) as connection:
        connection.sendall(SHAPES[shape])
        answer = read_to_the_end(connection)
    if b"/smuggled" in answer:
        assert pipelined_properly(shape), answer
    assert relying_party.get(server, "/next").json["path"] == "/next", "no connection to the gateway was poisoned"


def pipelined_properly(shape: str) -> bool:
    """A body in one plain chunk of no length ends where nginx says; then the rest is the client's own next request."""
    return shape in {"chunked", "CHUNKED"}


FOREIGN_HOSTS = [
    "Host: evil.test",
    "Host: localhost.evil.test",
    "Host: evil.test:8443",
    "Host: localhost@evil.test",
    "Host: evil.test#localhost",
    "Host: localhost, evil.test",
    "Host: [::1]",
    "Host: ",
    "Host: localhost\r\nHost: evil.test",
    "Host: evil.test\r\nHost: localhost",
]


@pytest.mark.parametrize("port", FRONT_PORTS)
@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_a_request_for_a_foreign_host_does_not_reach_the_gateway(
    port: str, host: str, relying_party: Client, request: pytest.FixtureRequest
) -> None:
    """T61."""
    answer = relying_party.ask(request.getfixturevalue(port), f"GET / HTTP/1.1\r\n{host}\r\n\r\n".encode())
    assert answer.status in {400, 421}


@pytest.mark.parametrize("port", FRONT_PORTS)
def test_a_handshake_for_a_foreign_host_is_refused(
    port: str, relying_party: Client, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(port)
    with server.connect() as plain, pytest.raises(ssl.SSLError):
        relying_party.context.wrap_socket(plain, server_hostname="evil.test")


def test_bodies_and_their_limit_are_the_same_behind_nginx(front_public: Server, browser: Client) -> None:
    assert browser.ask(front_public, post(b"x" * LIMIT)).json["body"] == LIMIT
    assert browser.ask(front_public, post(b"x" * (LIMIT + 1))).status == 413


def test_a_good_client_is_answered_at_once_beside_500_slow_bodies(front_public: Server, browser: Client) -> None:
    """Row 13: at most 0.1 s behind a front; five times that is allowed to a busy machine."""
    with ExitStack() as stack:
        for _ in range(500):
            connection = stack.enter_context(browser.connect(front_public))
            connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nab")
        begun = time.monotonic()
        assert browser.ask(front_public, post(b"ab")).status == 200
        assert time.monotonic() - begun < 0.5
