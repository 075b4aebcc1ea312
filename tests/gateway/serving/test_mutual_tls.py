"""Whom the mutual-TLS port lets in (security.md T31 to T35 and section 7, "TLS contexts, server side")."""

import shutil
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from certs.bad_certificates import KINDS, BadCertificates
from certs.dev_pki import DevPki
from tests.gateway.serving.ports import Client, Closed, Reply, Server, StartServer, get, read_reply, read_to_the_end
from tests.support.gateway_parts import eventually

CA = "relying-parties"
SOON = 30.0
"""Seconds within which a change of a file must work on a busy machine; the requirement is 60."""


class Refused(ConnectionError):
    """The port did not let the client in."""


def knock(server: Server, client: Client) -> Reply:
    """One request. In TLS 1.3 a client learns only with its first reading that it was refused."""
    try:
        return client.get(server)
    except (ssl.SSLError, Closed, ConnectionError) as refusal:
        raise Refused(str(refusal)) from refusal


def until_refused(server: Server, client: Client) -> float:
    begun = time.monotonic()
    while time.monotonic() - begun < SOON:
        try:
            knock(server, client)
        except Refused:
            return time.monotonic() - begun
        time.sleep(0.05)
    raise AssertionError("still let in")


def until_let_in(server: Server, client: Client) -> None:
    until = time.monotonic() + SOON
    while True:
        try:
            knock(server, client)
        except Refused:
            assert time.monotonic() < until
            time.sleep(0.05)
        else:
            return


@pytest.fixture
def own_files(pki: DevPki, tmp_path: Path) -> dict[str, Any]:
    """The port's trust in files of its own, for tests that change them."""
    shutil.copy(pki.ca_path(CA), tmp_path / "ca.pem")
    shutil.copy(pki.crl_path(CA), tmp_path / "crl.pem")
    return {"ca": str(tmp_path / "ca.pem"), "crl": str(tmp_path / "crl.pem"), "poll": 0.2}


def test_a_client_without_certificate_is_refused(mutual: Server, browser: Client) -> None:
    with pytest.raises(Refused):
        knock(mutual, browser)


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_certificate_is_refused(mutual: Server, pki: DevPki, kind: str) -> None:
    bad = BadCertificates(pki, "relying-party-client", name=f"bad-{kind}").make(kind)
    time.sleep(0.5)  # a revocation must have been read
    with pytest.raises(Refused):
        knock(mutual, Client(pki, bad))


@pytest.mark.parametrize("profile", ["gateway-client", "staff-client"])
def test_a_certificate_of_another_purposes_ca_is_refused(mutual: Server, pki: DevPki, profile: str) -> None:
    with pytest.raises(Refused):
        knock(mutual, Client(pki, pki.issue(profile, f"other-{profile}", dns=["other.test"])))


def test_a_portals_server_certificate_of_the_same_ca_is_no_client_certificate(mutual: Server, pki: DevPki) -> None:
    """T32: the purpose counts, not the issuer alone."""
    with pytest.raises(Refused):
        knock(mutual, Client(pki, pki.issue("portal-server", "portal-site", dns=["localhost"])))


def test_a_foreign_certificate_sent_along_is_not_taken_for_the_clients(
    mutual: Server, pki: DevPki, tmp_path: Path
) -> None:
    """T31: a chain with another client's certificate inside names its own leaf only."""
    own, foreign = pki.find("auctions"), pki.issue("relying-party-client", "foreign")
    chain = tmp_path / "chain.pem"
    chain.write_bytes(own.certificate_path.read_bytes() + foreign.certificate_path.read_bytes())
    client = Client(pki)
    client.context.load_cert_chain(chain, own.key_path)
    assert knock(mutual, client).json["certificate"] == own.certificate.fingerprint(hashes.SHA256()).hex()


@pytest.fixture(scope="module")
def patient(start_server: StartServer) -> Server:
    """A port that ends no connection for being slow, however busy the machine is."""
    return start_server("mutual", workers=2, deadlines={"handshake": 60.0, "head": 120.0, "idle": 120.0})


def test_a_revoked_certificate_is_refused_and_its_live_connections_end(patient: Server, pki: DevPki) -> None:
    """T33: fifty live connections, none served after the revocation is known; none comes back by resumption."""
    client = Client(pki, pki.issue("relying-party-client", "to-be-revoked"))
    with ExitStack() as stack:
        connections = [stack.enter_context(client.connect(patient)) for _ in range(50)]
        sessions = [exchange(connection) for connection in connections]
        pki.revoke("to-be-revoked")
        until_refused(patient, client)
        assert eventually(lambda: not any(is_served(each) for each in connections), SOON), "each worker looks itself"
    for session in sessions[:5]:
        with pytest.raises((ssl.SSLError, ConnectionError)), client.connect(patient, session=session) as connection:
            exchange(connection)


def test_a_new_revocation_list_leaves_the_connections_of_others_alone(patient: Server, pki: DevPki) -> None:
    """T33: who is still vouched for goes on over the same connection, whatever part of it was under way."""
    revoked = Client(pki, pki.issue("relying-party-client", "revoked-beside-others"))
    honest = Client(pki, pki.find("auctions"))
    with ExitStack() as stack:
        resting = [stack.enter_context(honest.connect(patient)) for _ in range(20)]
        for connection in resting:
            exchange(connection)
        fresh = [stack.enter_context(honest.connect(patient)) for _ in range(20)]
        half = stack.enter_context(honest.connect(patient))
        half.sendall(get()[:-2])
        pki.revoke("revoked-beside-others")
        until_refused(patient, revoked)
        time.sleep(1.0)  # the other worker looks for itself, too
        half.sendall(get()[-2:])
        assert read_reply(half).status == 200
        assert [is_served(connection) for connection in (*resting, *fresh)] == [True] * 40


def exchange(connection: ssl.SSLSocket) -> ssl.SSLSession | None:
    connection.sendall(get())
    assert read_reply(connection).status == 200
    return connection.session


def is_served(connection: ssl.SSLSocket) -> bool:
    try:
        exchange(connection)
    except (OSError, ssl.SSLError):
        return False
    return True


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_no_session_is_ever_resumed(mutual: Server, pki: DevPki, version: ssl.TLSVersion) -> None:
    client = Client(pki, pki.find("auctions"))
    client.context.minimum_version = client.context.maximum_version = version
    with client.connect(mutual) as connection:
        session = exchange(connection)
    with client.connect(mutual, session=session) as connection:
        exchange(connection)
        assert not connection.session_reused


def test_both_versions_of_tls_and_no_older_one_are_spoken(mutual: Server, public: Server, pki: DevPki) -> None:
    """T35."""
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        client = Client(pki, pki.find("auctions"))
        client.context.minimum_version = client.context.maximum_version = version
        assert [client.get(port).status for port in (mutual, public)] == [200, 200]


@pytest.mark.parametrize("port", ["mutual", "public"])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
def test_tls_1_1_is_refused(port: str, pki: DevPki, request: pytest.FixtureRequest) -> None:
    client = Client(pki, pki.find("auctions"))
    client.context.minimum_version = client.context.maximum_version = ssl.TLSVersion.TLSv1_1
    client.context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError, match=r"(?i)protocol|handshake.failure"):
        client.get(request.getfixturevalue(port))


@pytest.mark.parametrize("port", ["mutual", "public"])
@pytest.mark.parametrize("ciphers", ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA"])
def test_a_suite_without_ephemeral_key_or_aead_is_refused(
    port: str, ciphers: str, pki: DevPki, request: pytest.FixtureRequest
) -> None:
    client = Client(pki, pki.find("auctions"))
    client.context.maximum_version = ssl.TLSVersion.TLSv1_2
    client.context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        client.get(request.getfixturevalue(port))


def test_a_missing_revocation_list_refuses_everyone(
    start_server: StartServer, own_files: dict[str, Any], relying_party: Client
) -> None:
    """T33: hard fail, and back to work when the list is back."""
    port = start_server("mutual", clients=own_files)
    assert knock(port, relying_party).status == 200
    crl = Path(own_files["crl"])
    kept = crl.read_bytes()
    crl.unlink()
    until_refused(port, relying_party)
    crl.write_bytes(kept)
    until_let_in(port, relying_party)


def test_a_list_that_expires_while_the_port_runs_refuses_everyone_and_ends_live_connections(
    start_server: StartServer, own_files: dict[str, Any], relying_party: Client, pki: DevPki
) -> None:
    ends = datetime.now(UTC) + timedelta(seconds=4)
    Path(own_files["crl"]).write_bytes(crl_of(pki, next_update=ends))
    port = start_server("mutual", clients=own_files)
    with relying_party.connect(port) as live:
        exchange(live)
        time.sleep(4.5)
        assert not is_served(live)
    with pytest.raises(Refused):
        knock(port, relying_party)
    assert "past its next update" in port.log.read_text()


def test_an_older_list_put_back_does_not_bring_back_whom_the_newer_one_revoked(
    start_server: StartServer, own_files: dict[str, Any], relying_party: Client, pki: DevPki
) -> None:
    """T34."""
    older = Path(own_files["crl"]).read_bytes()
    client = Client(pki, pki.issue("relying-party-client", "revoked-for-good"))
    port = start_server("mutual", clients=own_files)
    pki.revoke("revoked-for-good")
    shutil.copy(pki.crl_path(CA), own_files["crl"])
    until_refused(port, client)
    Path(own_files["crl"]).write_bytes(older)
    time.sleep(1.0)
    with pytest.raises(Refused):
        knock(port, client)
    assert knock(port, relying_party).status == 200
    assert "stays in force" in port.log.read_text()


def test_a_renewed_server_certificate_is_shown_without_a_reload(
    start_server: StartServer, relying_party: Client, pki: DevPki
) -> None:
    before = pki.issue("gateway-server", "renewing", dns=["localhost"], ip=["127.0.0.1"])
    port = start_server("mutual", identity=identity_of(before))
    with relying_party.connect(port) as live:
        assert shown(live) == before.certificate.serial_number
        renewed = pki.renew("renewing").certificate.serial_number
        wait_for(lambda: shown_on_connecting(port, relying_party) == renewed)
        exchange(live)  # whoever is connected stays so


def identity_of(issued: Any) -> dict[str, str]:
    return {"certificate": str(issued.certificate_path), "key": str(issued.key_path)}


def shown_on_connecting(port: Server, client: Client) -> int:
    with client.connect(port) as connection:
        return shown(connection)


def shown(connection: ssl.SSLSocket) -> int:
    return x509.load_der_x509_certificate(connection.getpeercert(binary_form=True) or b"").serial_number


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def crl_of(pki: DevPki, *, next_update: datetime) -> bytes:
    ca = pki.authority(CA)
    key: Any = load_pem_private_key(ca.key_path.read_bytes(), None)
    now = datetime.now(UTC) - timedelta(minutes=1)
    builder = x509.CertificateRevocationListBuilder(ca.certificate.subject, now, next_update)
    return (
        builder.add_extension(x509.CRLNumber(10**6), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )


def test_plain_http_gets_no_answer(mutual: Server) -> None:
    with socket.create_connection(mutual.address, timeout=5) as plain:
        plain.sendall(get())
        assert b"HTTP/1.1 200" not in read_to_the_end(plain)
