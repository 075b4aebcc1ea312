"""A gateway at which portals of other makers are registered, each as the documentation says."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.demo.places import Places
from gateway.demo.prepare import prepare
from gateway.demo.processes import Parts
from tests.flows.conftest import free_ports, places_at
from tests.flows.third_party.portals import Portal
from tests.support.apache import new_folder, remove

HERE = Path(__file__).parent
BOUND_BY_TLS = 'sender_constraint = "mutual_tls"\ncertificates = ["node-portal/client.pem"]'


@pytest.fixture(scope="session")
def portals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Portal]]:
    """The portals by their ids; no one of them runs yet."""
    apache = new_folder()
    folders = {name: tmp_path_factory.mktemp(name) for name in ("node-portal", "node-tls-portal", "flask-portal")}
    ports = dict(zip((*folders, "apache-portal"), free_ports(4), strict=True))
    folders["apache-portal"] = apache
    documented = {"node": 7500, "flask": 7501, "apache": 7502}
    yield {
        portal_id: Portal(
            name=portal_id.split("-")[0],
            id=portal_id,
            documented=f"https://localhost:{documented[portal_id.split('-')[0]]}",
            port=ports[portal_id],
            folder=folder,
        )
        for portal_id, folder in folders.items()
    }
    remove(apache)


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory, portals: dict[str, Portal]) -> Iterator[Places]:
    """A running gateway and mock bank, with the portals registered."""
    found = places_at(tmp_path_factory.mktemp("third-party"))
    prepare(found)
    settings = found.settings("gateway")
    with settings.open("a", encoding="utf-8") as file:
        for portal in portals.values():
            portal.make_files(found, rsa_key=portal.name == "apache")
            words = {'sender_constraint = "dpop"': BOUND_BY_TLS} if portal.id == "node-tls-portal" else None
            file.write("\n" + portal.example(found, "registration", words))
    with Parts(found):
        yield found


@pytest.fixture(scope="session")
def node_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """openid-client and what it needs, by the lock file."""
    assert shutil.which("npm"), "npm is missing; install the packages of tests/debian_packages.sh"
    folder = tmp_path_factory.mktemp("node-packages")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / "node" / name, folder)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True, timeout=170)
    return folder / "node_modules"
