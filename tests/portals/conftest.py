"""A gateway double for the whole module run, and for each test a portal of its own with an empty register."""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from joserfc.jwk import ECKey

from portals.auctions.app import close_app, create_app
from portals.settings import PortalSettings, read_settings
from tests.portals.browser import Visitor
from tests.portals.gateway_double import CLIENT_ID, GatewayDouble
from tests.portals.pki import Authority, write_key

SETTINGS = """
base_url = "{base_url}"
database = "auctions.sqlite"
session_secret_file = "session.secret"

[listen]
port = {port}
certificate = "{certificate}"
key = "{key}"

[gateway]
issuer = "{issuer}"
client_id = "{client_id}"
assertion_key = "assertion.key"
assertion_kid = "auctions-1"
tls_certificate = "{certificate}"
tls_key = "{key}"
ca_file = "{ca_file}"
"""


class TestClock:
    """The real time plus what a test adds."""

    __test__ = False

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("portal-pki") / "ca", "Portal tests")


@pytest.fixture(scope="session")
def portal_certificate(authority: Authority) -> tuple[Path, Path]:
    return authority.issue("auction-portal")


@pytest.fixture(scope="session")
def running_gateway(authority: Authority) -> Iterator[GatewayDouble]:
    double = GatewayDouble(authority)
    yield double
    double.close()


@pytest.fixture
def gateway(running_gateway: GatewayDouble) -> GatewayDouble:
    running_gateway.behave()
    return running_gateway


@pytest.fixture
def settings_file(
    gateway: GatewayDouble, authority: Authority, portal_certificate: tuple[Path, Path], tmp_path: Path
) -> Path:
    write_key(tmp_path / "assertion.key")
    gateway.client_key = ECKey.import_key((tmp_path / "assertion.key").read_bytes())
    secret = tmp_path / "session.secret"
    secret.touch(mode=0o600)
    secret.write_bytes(secrets.token_bytes(32))
    path = tmp_path / "auctions.toml"
    path.write_text(
        SETTINGS.format(
            base_url="https://localhost:7443",
            port=7443,
            certificate=portal_certificate[0],
            key=portal_certificate[1],
            issuer=gateway.issuer,
            client_id=CLIENT_ID,
            ca_file=authority.ca_file,
        ),
        encoding="utf-8",
    )
    return path


@pytest.fixture
def settings(settings_file: Path) -> PortalSettings:
    return read_settings(settings_file)


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def app(settings: PortalSettings, clock: TestClock) -> Iterator[Flask]:
    made = create_app(settings, clock=clock)
    yield made
    close_app(made)


@pytest.fixture
def visitor(app: Flask, gateway: GatewayDouble) -> Visitor:
    return Visitor(app, gateway)
