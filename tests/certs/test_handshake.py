"""Real handshakes: trusting one issuing CA and its list alone is enough, and refuses everyone else (T31, T32, T33)."""

import itertools
import ssl
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs.bad_certificates import KINDS, BadCertificates
from certs.dev_pki import DevPki
from certs.load import fingerprint_sha256, load_certificate, load_crl
from certs.order import Issued
from certs.peer import PeerRefused, verify_peer
from tests.certs.loopback import Outcome, client_context, handshake, server_context

RELYING_PARTIES, GATEWAYS = "relying-parties", "gateway-servers"
CLIENT_PROFILES = ("gateway-client", "relying-party-client", "staff-client", "test-eid")

WHY_OPENSSL_REFUSES = {
    "expired": "certificate has expired",
    "not-yet-valid": "certificate is not yet valid",
    "other-ca": "certificate signature failure",
    "other-issuing-ca": "unable to get local issuer certificate",
    "wrong-key-usage": "unsuitable certificate purpose",
    "revoked": "certificate revoked",
    "self-signed": "self-signed certificate",
}
ONLY_THE_APPLICATION_REFUSES = {"ca-as-leaf"}


@pytest.fixture
def gateway(shared_pki: DevPki) -> Issued:
    return shared_pki.issue("gateway-server", "gateway", dns=["localhost"], ip=["127.0.0.1"])


@pytest.fixture
def portal(shared_pki: DevPki) -> Issued:
    return shared_pki.issue("relying-party-client", "portal")


def call(pki: DevPki, gateway: Issued, caller: Issued | None) -> Outcome:
    """A relying party, or somebody without certificate, calls the gateway's mutual-TLS port."""
    chain, key = (caller.certificate_path, caller.key_path) if caller else (None, None)
    return handshake(
        server_context(gateway, pki, trusts=RELYING_PARTIES),
        client_context(pki, trusts=GATEWAYS, chain=chain, key=key),
    )


def test_a_good_certificate_is_accepted_and_seen_as_itself(shared_pki: DevPki, gateway: Issued, portal: Issued) -> None:
    outcome = call(shared_pki, gateway, portal)
    assert outcome.completed, outcome
    assert outcome.client_seen is not None
    assert sha256(outcome.client_seen).hexdigest() == fingerprint_sha256(portal.certificate)


def test_a_caller_without_certificate_is_refused(shared_pki: DevPki, gateway: Issued) -> None:
    outcome = call(shared_pki, gateway, None)
    assert "peer did not return a certificate" in str(outcome.server_refused)
    assert outcome.client_refused


def test_every_kind_of_bad_certificate_has_its_reason_written_down() -> None:
    assert set(WHY_OPENSSL_REFUSES) | ONLY_THE_APPLICATION_REFUSES == set(KINDS)


def test_openssl_admits_a_ca_as_a_client_so_the_application_must_not(shared_pki: DevPki, gateway: Issued) -> None:
    """Why the path of a handshake is verified once more (T32); the day OpenSSL refuses it too, this test says so."""
    outcome = call(shared_pki, gateway, BadCertificates(shared_pki, "relying-party-client").ca_as_leaf())
    assert outcome.client_seen is not None
    with pytest.raises(PeerRefused, match="it is a CA's"):
        verify_peer(
            x509.load_der_x509_certificate(outcome.client_seen),
            anchor=load_certificate(shared_pki.ca_path(RELYING_PARTIES)),
            crl=load_crl(shared_pki.crl_path(RELYING_PARTIES)),
            purpose=ExtendedKeyUsageOID.CLIENT_AUTH,
            now=datetime.now(UTC),
        )


@pytest.mark.parametrize("kind", sorted(WHY_OPENSSL_REFUSES))
def test_a_server_refuses_the_bad_client_certificate(shared_pki: DevPki, gateway: Issued, kind: str) -> None:
    bad = BadCertificates(shared_pki, "relying-party-client").make(kind)
    outcome = call(shared_pki, gateway, bad)
    assert WHY_OPENSSL_REFUSES[kind] in str(outcome.server_refused)
    assert outcome.client_refused


@pytest.mark.parametrize("kind", sorted(WHY_OPENSSL_REFUSES))
def test_a_client_refuses_the_bad_server_certificate(shared_pki: DevPki, portal: Issued, kind: str) -> None:
    bad = BadCertificates(shared_pki, "gateway-server", dns=["localhost"]).make(kind)
    outcome = call(shared_pki, bad, portal)
    assert WHY_OPENSSL_REFUSES[kind] in str(outcome.client_refused)


def test_a_portals_server_certificate_is_no_client_certificate(shared_pki: DevPki, gateway: Issued) -> None:
    """Same issuing CA, other purpose (T32)."""
    server = shared_pki.issue("portal-server", "portal-pages", dns=["localhost"])
    assert WHY_OPENSSL_REFUSES["wrong-key-usage"] in str(call(shared_pki, gateway, server).server_refused)


def test_a_server_certificate_for_another_host_is_refused(shared_pki: DevPki, portal: Issued) -> None:
    other = shared_pki.issue("gateway-server", "other-host", dns=["gateway.test"])
    assert "Hostname mismatch" in str(call(shared_pki, other, portal).client_refused)


def test_foreign_certificates_in_the_chain_change_nothing(
    shared_pki: DevPki, gateway: Issued, portal: Issued, tmp_path: Path
) -> None:
    """A good leaf stays itself, and a bad one is not saved by a good one behind it (T31)."""
    foreign = shared_pki.issue("relying-party-client", "another-portal")
    bad = BadCertificates(shared_pki, "relying-party-client").self_signed()
    chain = tmp_path / "chain.pem"

    chain.write_bytes(portal.certificate_path.read_bytes() + foreign.certificate_path.read_bytes())
    outcome = _call_with(shared_pki, gateway, chain, portal.key_path)
    assert outcome.client_seen == portal.certificate.public_bytes(Encoding.DER)

    chain.write_bytes(bad.certificate_path.read_bytes() + foreign.certificate_path.read_bytes())
    assert not _call_with(shared_pki, gateway, chain, bad.key_path).completed


def _call_with(pki: DevPki, gateway: Issued, chain: Path, key: Path) -> Outcome:
    server = server_context(gateway, pki, trusts=RELYING_PARTIES)
    return handshake(server, client_context(pki, trusts=GATEWAYS, chain=chain, key=key))


def test_revoking_refuses_new_contexts_at_once_and_renewing_lets_the_name_in_again(pki: DevPki) -> None:
    gateway = pki.issue("gateway-server", "gateway", dns=["localhost"])
    portal = pki.issue("relying-party-client", "portal")
    assert call(pki, gateway, portal).completed
    pki.revoke("portal")
    assert "certificate revoked" in str(call(pki, gateway, portal).server_refused)
    assert call(pki, gateway, pki.renew("portal")).completed


def test_the_certificate_before_a_renewal_stays_good(pki: DevPki, tmp_path: Path) -> None:
    """Renewal overlaps (security.md section 7)."""
    gateway = pki.issue("gateway-server", "gateway", dns=["localhost"])
    before = pki.issue("relying-party-client", "portal")
    chain, key = tmp_path / "old.pem", tmp_path / "old-key.pem"
    chain.write_bytes(before.certificate_path.read_bytes())
    key.write_bytes(before.key_path.read_bytes())
    after = pki.renew("portal")
    assert _call_with(pki, gateway, chain, key).completed
    assert call(pki, gateway, after).completed


def test_without_a_revocation_list_nobody_enters(pki: DevPki) -> None:
    """A missing list refuses the handshake, it does not pass it (T33)."""
    gateway = pki.issue("gateway-server", "gateway", dns=["localhost"])
    portal = pki.issue("relying-party-client", "portal")
    pki.crl_path(RELYING_PARTIES).write_bytes(pki.crl_path("staff").read_bytes())
    assert "unable to get certificate CRL" in str(call(pki, gateway, portal).server_refused)


def test_the_list_of_one_ca_revokes_nothing_of_another(pki: DevPki) -> None:
    gateway = pki.issue("gateway-server", "gateway", dns=["localhost"])
    pki.issue("staff-client", "clerk")
    pki.revoke("clerk")
    assert call(pki, gateway, pki.issue("relying-party-client", "portal")).completed


def test_a_browser_that_trusts_the_root_accepts_the_servers(shared_pki: DevPki, gateway: Issued) -> None:
    browser = ssl.create_default_context(cafile=str(shared_pki.root_path))
    server = server_context(gateway, shared_pki, trusts=None)
    assert handshake(server, browser, host="localhost").completed
    assert handshake(server, browser, host="127.0.0.1").completed


def test_a_root_in_a_browser_cannot_vouch_for_a_real_bank(shared_pki: DevPki) -> None:
    """Should the development root leak, its name constraints stop it at local names."""
    bad = BadCertificates(shared_pki, "provider-server", "real-bank", dns=["www.bank.lv"]).outside_permitted_names()
    browser = ssl.create_default_context(cafile=str(shared_pki.root_path))
    outcome = handshake(server_context(bad, shared_pki, trusts=None), browser, host="www.bank.lv")
    assert "permitted subtree violation" in str(outcome.client_refused)


@pytest.mark.parametrize(
    ("profile", "ca"),
    list(itertools.product(CLIENT_PROFILES, (RELYING_PARTIES, GATEWAYS, "staff", "test-eid"))),
)
def test_a_port_admits_its_own_issuing_ca_and_no_sibling(
    shared_pki: DevPki, gateway: Issued, profile: str, ca: str
) -> None:
    """One trust store per purpose: all these CAs hang below one root (T32)."""
    caller = shared_pki.issue(profile, f"a-{profile}")
    server = server_context(gateway, shared_pki, trusts=ca)
    client = client_context(shared_pki, trusts=GATEWAYS, chain=caller.certificate_path, key=caller.key_path)
    assert handshake(server, client).completed == (caller.profile.issuing_ca == ca)


def test_a_trust_store_holds_no_root(shared_pki: DevPki) -> None:
    (anchor,) = x509.load_pem_x509_certificates(shared_pki.ca_path(RELYING_PARTIES).read_bytes())
    assert anchor.subject != anchor.issuer
