"""The mutual-TLS port over real sockets: whom it refuses, and that each fault overlooks exactly its own defect."""

import http.client
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from mock_bank.faults import ActiveFaults
from mock_bank.serving import Running
from tests.mock_bank.pki import Authority, Files

STATUS = "/vpm/v1/status"


@dataclass(frozen=True)
class Caller:
    """How somebody calls the port."""

    certificate: Files | None
    path: str = STATUS
    headers: dict[str, str] = field(default_factory=dict)
    newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3


def call(running: Running, pki: Authority, caller: Caller) -> int | str:
    """The status of the answer, or ``refused`` when TLS ended without one."""
    context = ssl.create_default_context(cafile=str(pki.ca_file))
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # so that the weak certificates of these tests can be presented at all
    context.maximum_version = caller.newest
    if caller.certificate:
        context.load_cert_chain(*caller.certificate.pair)
    connection = http.client.HTTPSConnection("localhost", running.mutual_port, context=context, timeout=10)
    with closing(connection):
        try:
            connection.request("GET", caller.path, headers=caller.headers)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return "refused"


# ── Certificates with exactly one defect ─────────────────────────────────────────────────────────────────────────────


def self_signed(pki: Authority) -> Files:
    key = ec.generate_private_key(ec.SECP256R1())
    return pki.issue("self-signed", key=key, signed_by=key, issuer="self-signed", chain=[])


def foreign(pki: Authority) -> Files:
    stranger = ec.generate_private_key(ec.SECP256R1())
    return pki.issue("foreign", signed_by=stranger, chain=[])


def expired(pki: Authority) -> Files:
    return pki.issue("expired", days=(-30, -1))


def of_the_future(pki: Authority) -> Files:
    return pki.issue("future", days=(1, 30))


def revoked(pki: Authority) -> Files:
    files = pki.issue("revoked")
    pki.revoked.append(files.x509.serial_number)
    pki.publish_crl()
    return files


def for_servers_only(pki: Authority) -> Files:
    return pki.issue("server-only", usage=(ExtendedKeyUsageOID.SERVER_AUTH,))


def below_a_leaf(pki: Authority) -> Files:
    key = ec.generate_private_key(ec.SECP256R1())
    middle = pki.issue("not-a-ca", key=key)
    return pki.issue("below", issuer="not-a-ca", signed_by=key, chain=[middle.x509, pki.certificate])


def weak(pki: Authority) -> Files:
    return pki.issue("weak", key=rsa.generate_private_key(65537, 1024))


def with_sha1(pki: Authority) -> Files:
    return pki.issue_with_sha1("sha1")


def another_customer(pki: Authority) -> Files:
    return pki.issue("another-customer")


DEFECTS: dict[str, Callable[[Authority], Files]] = {
    "mtl.accept-selfsigned": self_signed,
    "mtl.accept-unknown-ca": foreign,
    "mtl.ignore-expiry": expired,
    "mtl.ignore-notbefore": of_the_future,
    "mtl.ignore-revocation": revoked,
    "mtl.ignore-eku": for_servers_only,
    "mtl.accept-bad-path": below_a_leaf,
    "mtl.accept-weak-key": weak,
    "mtl.accept-sha1": with_sha1,
    "mtl.accept-any-subject": another_customer,
}


@pytest.fixture(scope="module")
def defective(pki: Authority) -> dict[str, Files]:
    return {fault: make(pki) for fault, make in DEFECTS.items()}


@pytest.fixture
def callers(defective: dict[str, Files], client_certificate: Files) -> dict[str, Caller]:
    """For each fault, the call whose outcome it changes."""
    header = {"Client-Cert-Sha256": client_certificate.sha256}
    return {
        **{fault: Caller(files) for fault, files in defective.items()},
        "mtl.reject-all": Caller(client_certificate),
        "mtl.no-rollover": Caller(client_certificate),
        "mtl.optional": Caller(None),
        "mtl.one-open-endpoint": Caller(None),
        "mtl.trust-header": Caller(None, headers=header),
        "mtl.version-gap": Caller(None, newest=ssl.TLSVersion.TLSv1_2),
    }


OVER_TLS = (*DEFECTS, "mtl.reject-all", "mtl.no-rollover", "mtl.optional", "mtl.one-open-endpoint", "mtl.trust-header",
            "mtl.version-gap")  # fmt: skip
ACCEPTED_WHEN_HONEST = ("mtl.reject-all", "mtl.no-rollover")


@pytest.mark.parametrize("fault", OVER_TLS)
def test_the_fault_changes_the_outcome_of_its_call(
    fault: str, served: Running, pki: Authority, callers: dict[str, Caller]
) -> None:
    honest = call(served, pki, callers[fault])
    served.bank.switchboard.switch(ActiveFaults([fault]))
    faulty = call(served, pki, callers[fault])
    if fault in ACCEPTED_WHEN_HONEST:
        assert (honest, faulty) == (200, 403)
    else:
        assert (honest in {"refused", 403}, faulty) == (True, 200)


@pytest.mark.parametrize("fault", DEFECTS)
def test_the_fault_overlooks_no_other_defect(
    fault: str, served: Running, pki: Authority, defective: dict[str, Files]
) -> None:
    served.bank.switchboard.switch(ActiveFaults([fault]))
    others = {
        name: call(served, pki, Caller(files))
        for name, files in defective.items()
        if name not in {fault, "mtl.accept-any-subject"}
    }
    assert set(others.values()) == {"refused"}, others


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_an_honest_bank_serves_its_partner_and_refuses_every_defect_in_both_tls_versions(
    version: ssl.TLSVersion, served: Running, pki: Authority, defective: dict[str, Files], client_certificate: Files
) -> None:
    assert call(served, pki, Caller(client_certificate, newest=version)) == 200
    assert call(served, pki, Caller(None, newest=version)) == "refused"
    for name, files in defective.items():
        assert call(served, pki, Caller(files, newest=version)) in {"refused", 403}, name


def test_a_certificate_revoked_while_the_bank_runs_is_refused_from_then_on(served: Running, pki: Authority) -> None:
    files = pki.issue("revoked-later")
    assert call(served, pki, Caller(files)) == 403
    pki.revoked.append(files.x509.serial_number)
    pki.publish_crl()
    assert call(served, pki, Caller(files)) == "refused"


def test_silent_and_stammering_clients_do_not_keep_others_waiting(
    served: Running, pki: Authority, client_certificate: Files
) -> None:
    """Five times as many silent sockets as threads, on both ports, some of them with two bytes of a handshake."""
    sockets = [
        socket.create_connection(("localhost", port))
        for port in (served.mutual_port, served.public_port)
        for _ in range(20)
    ]
    try:
        for stammering in (sockets[0], sockets[-1]):
            stammering.sendall(b"\x16\x03")
        time.sleep(0.2)
        begun = time.monotonic()
        assert call(served, pki, Caller(client_certificate)) == 200
        assert time.monotonic() - begun < 2
    finally:
        for each in sockets:
            each.close()


def test_plain_http_on_the_tls_port_is_not_served(served: Running) -> None:
    with socket.create_connection(("localhost", served.mutual_port), timeout=5) as plain:
        plain.sendall(b"GET /vpm/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" not in plain.recv(1000)
