from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from mock_bank.bank import open_bank
from mock_bank.serving import Running, start
from mock_bank.settings import BankSettings
from tests.mock_bank import saml_partner, smart_id_party
from tests.mock_bank.oidc_partner import ASSERTION_KEY, CALLBACK, ISSUER, MUTUAL, OTHER_CALLBACK
from tests.mock_bank.partner import RETURN_URL, Clock, TestPartner, counting_tokens
from tests.mock_bank.pki import Authority, Files, private_pem
from tests.mock_bank.world import MakeWorld, World

BANKLINK_KEY = rsa.generate_private_key(65537, 2048)  # smaller than advised, for the tests' sake
OIDC_KEY = ec.generate_private_key(ec.SECP256R1())
CONFIRMATION_KEY = ec.generate_private_key(ec.SECP256R1())
SAML_CERTIFICATES = {
    name: saml_partner.container(key).public_bytes(Encoding.PEM)
    for name, key in {
        "saml": saml_partner.BANK_KEY,
        "sp": saml_partner.KEY,
        "sp-encryption": saml_partner.ENCRYPTION_KEY,
    }.items()
}
SECRET = "5a" * 32


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="session")
def server_certificate(pki: Authority) -> Files:
    return pki.issue("mock-bank", usage=(ExtendedKeyUsageOID.SERVER_AUTH,))


@pytest.fixture(scope="session")
def client_certificate(pki: Authority) -> Files:
    return pki.issue("gateway-client")


@pytest.fixture(scope="session")
def partner_keys() -> tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey]:
    return rsa.generate_private_key(65537, 2048), rsa.generate_private_key(65537, 2048)


@pytest.fixture
def partner(partner_keys: tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey]) -> TestPartner:
    """The partner by the real clock, for tests over real sockets."""
    return TestPartner(key=partner_keys[0])


Settings = Callable[..., BankSettings]


@pytest.fixture
def bank_settings(
    tmp_path: Path,
    pki: Authority,
    server_certificate: Files,
    client_certificate: Files,
    partner_keys: tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey],
) -> Settings:
    """Makes valid settings; keywords change the top level."""

    def make(**changes: object) -> BankSettings:
        for name, key in zip(("EIDGW", "OTHERGW"), partner_keys, strict=True):
            pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            (tmp_path / f"{name}.pem").write_bytes(pem)
        (tmp_path / "banklink.pem").write_bytes(private_pem(BANKLINK_KEY))
        (tmp_path / "oidc.pem").write_bytes(private_pem(OIDC_KEY))
        assertion_key = ASSERTION_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (tmp_path / "assertion.pub").write_bytes(assertion_key)
        (tmp_path / "saml.pem").write_bytes(private_pem(saml_partner.BANK_KEY))
        for name, certificate in SAML_CERTIFICATES.items():
            (tmp_path / f"{name}.crt").write_bytes(certificate)
        (tmp_path / "confirmation.pem").write_bytes(private_pem(CONFIRMATION_KEY))
        listen = {"port": 0, "certificate": server_certificate.certificate, "key": server_certificate.key}
        written: dict[str, object] = {
            "id": "DEMOBANK",
            "name": "Demo banka",
            "database": tmp_path / "bank.sqlite",
            "public": listen,
            "mutual_tls": listen | {"client_ca": pki.ca_file, "client_crl": pki.crl_file},
            "banklink": {"signing_key": tmp_path / "banklink.pem"},
            "confirmation": {"signing_key": tmp_path / "confirmation.pem", "kid": "demobank-test"},
            "saml": {
                "entity_id": saml_partner.BANK,
                "sign_on": saml_partner.SIGN_ON,
                "artifact_url": saml_partner.ARTIFACT_URL,
                "signing_key": tmp_path / "saml.pem",
                "certificate": tmp_path / "saml.crt",
                "service_providers": [
                    {
                        "partner": "EIDGW",
                        "entity_id": saml_partner.ENTITY,
                        "consumers": [saml_partner.CONSUMER],
                        "signing_certificate": tmp_path / "sp.crt",
                        "encryption_certificate": tmp_path / "sp-encryption.crt",
                    }
                ],
            },
            "oidc": {
                "issuer": ISSUER,
                "mutual_tls_url": MUTUAL,
                "signing_key": tmp_path / "oidc.pem",
                "kid": "demobank-oidc",
            },
            "smart_id": smart_id_party.entry(pki, tmp_path),
            "partners": [
                {
                    "id": "EIDGW",
                    "name": "Izsoles vārteja",
                    "public_key": tmp_path / "EIDGW.pem",
                    "return_urls": [RETURN_URL],
                    "versions": ["009", "008"],
                    "client_certificates": ["ab" * 32, client_certificate.sha256],
                    "journal_secret": SECRET,
                    "oidc": {"redirect_uris": [CALLBACK]},
                },
                {
                    "id": "OTHERGW",
                    "name": "Cita vārteja",
                    "public_key": tmp_path / "OTHERGW.pem",
                    "return_urls": ["https://other.example/return"],
                    "client_certificates": ["cd" * 32],
                    "oidc": {
                        "redirect_uris": [OTHER_CALLBACK],
                        "authentication": "private_key_jwt",
                        "assertion_key": tmp_path / "assertion.pub",
                    },
                },
            ],
        }
        return BankSettings.model_validate(written | changes)

    return make


@pytest.fixture
def make_world(
    bank_settings: Settings,
    partner_keys: tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey],
    client_certificate: Files,
    tmp_path: Path,
) -> Iterator[MakeWorld]:
    """Makes worlds that differ in nothing but their settings; each has its own database."""
    opened: list[World] = []

    def make(**changes: object) -> World:
        clock = Clock()
        database = tmp_path / f"world-{len(opened)}.sqlite"
        settings = bank_settings(**{"fast_login": True, "database": database} | changes)
        bank = open_bank(settings, clock=clock, tokens=counting_tokens())
        partner = TestPartner(key=partner_keys[0], clock=clock)
        other = TestPartner(id="OTHERGW", key=partner_keys[1], clock=clock)
        opened.append(World(bank, clock, partner, other, client_certificate.sha256))
        return opened[-1]

    yield make
    for world in opened:
        world.bank.close()


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    """An honest bank and what is around it."""
    return make_world()


@pytest.fixture
def served(bank_settings: Settings) -> Iterator[Running]:
    """A bank on real sockets."""
    running = start(open_bank(bank_settings(fast_login=True, threads=4)))
    yield running
    running.stop()


@pytest.fixture
def gateway_session(pki: Authority, client_certificate: Files) -> Iterator[requests.Session]:
    """An HTTP client with the partner's certificate."""
    with requests.Session() as session:
        session.trust_env = False  # a CA bundle named in the environment would win over the one below
        session.verify = str(pki.ca_file)
        session.cert = client_certificate.pair
        yield session
