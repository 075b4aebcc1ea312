"""Registrations as portals hand them in: a folder with a TOML file, a key and a certificate of the development CA."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from certs.dev_pki import DevPki
from certs.load import load_chain, load_crl
from gateway.registration.document import Document, files_below
from gateway.registration.mistakes import ClientAuthority, mistakes_in
from gateway.registration.registrar import Registrar
from gateway.storage.sql_storage import SqlStorage, open_storage
from tests.support.postgres import running_postgres


def utc_now() -> datetime:
    return datetime.now(UTC)


def public_key(path: Path) -> None:
    made = ec.generate_private_key(ec.SECP256R1()).public_key()
    path.write_bytes(made.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki")
    made = DevPki.create(folder)
    made.refresh()
    made.issue("relying-party-client", "portal", dns=("portal.test",), ip=())
    made.issue("relying-party-client", "other", dns=("other.test",), ip=())
    made.issue("gateway-client", "foreign", dns=("foreign.test",), ip=())
    made.issue("portal-server", "server", dns=("portal.test",), ip=())
    return folder


@pytest.fixture(scope="session")
def authority(pki: Path) -> ClientAuthority:
    folder = pki / "relying-parties"
    return ClientAuthority(ca=load_chain(folder / "ca.pem")[0], crl=load_crl(folder / "crl.pem"))


@dataclass(frozen=True)
class Folder:
    """What a portal's developer has prepared."""

    path: Path
    authority: ClientAuthority

    def says(self, party: str = "portal", certificate: str = "portal.pem", **changed: Any) -> dict[str, Any]:
        """Write a good registration; what is changed belongs to the part for OpenID Connect."""
        return {
            "id": party,
            "name": {"lv": "Portāls", "en": "Portal"},
            "home": "https://portal.test/",
            "sector": "portal.test",
            "oidc": {
                "profile": "baseline",
                "reason": "a stock Apache module",
                "until": "2099-12-31",
                "redirect_uris": ["https://portal.test/callback"],
                "assertion_keys": [{"kid": f"{party}-1", "file": "portal.pub"}],
                "certificates": [certificate],
                **changed,
            },
        }

    def mistakes(self, says: dict[str, Any], now: datetime | None = None) -> list[str]:
        return mistakes_in(says, files_below(self.path), self.authority, now or utc_now())


@pytest.fixture
def folder(tmp_path: Path, pki: Path, authority: ClientAuthority) -> Folder:
    made = tmp_path / "portal"
    made.mkdir()
    public_key(made / "portal.pub")
    public_key(made / "new.pub")
    for name in ("portal", "other", "foreign", "server"):
        shutil.copy(pki / "issued" / name / "certificate.pem", made / f"{name}.pem")
    return Folder(made, authority)


@pytest.fixture(scope="module")
def postgresql_url() -> Iterator[str]:
    with running_postgres() as running:
        yield running.new_database()


Open = Callable[[], SqlStorage]


@pytest.fixture(params=["sqlite", "postgresql"])
def open_node(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Open one more store on the same database, as each worker process has its own."""
    sqlite = f"sqlite:///{tmp_path}/gateway.db"
    url = sqlite if request.param == "sqlite" else request.getfixturevalue("postgresql_url")
    opened: list[SqlStorage] = []

    def made() -> SqlStorage:
        opened.append(open_storage(url, tmp_path / "keys", node="node-1", config_rev="test", clock=utc_now))
        return opened[-1]

    yield made
    for storage in opened:
        storage.close()


@pytest.fixture
def storage(open_node: Open) -> SqlStorage:
    return open_node()


@dataclass(frozen=True)
class Office:
    """An operator and what a portal handed in."""

    folder: Folder
    storage: SqlStorage
    party: str

    @property
    def registrar(self) -> Registrar:
        return self.at(self.storage)

    def at(self, storage: SqlStorage) -> Registrar:
        return Registrar(
            change=storage.change,
            embedded={},
            authority=self.folder.authority,
            actor="operator",
            clock=utc_now,
        )

    def document(self, certificate: str = "portal.pem", **changed: Any) -> Document:
        says = self.folder.says(self.party, certificate, **changed)
        return self.registrar.checked(says, files_below(self.folder.path))
