from collections.abc import Iterator
from typing import Any

import pytest

from certs.dev_pki import DevPki
from tests.gateway.serving.ports import Client, Server, StartServer, free_port


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> DevPki:
    hierarchy = DevPki.create(tmp_path_factory.mktemp("serving") / "pki")
    hierarchy.issue("gateway-server", "gateway", dns=["localhost"], ip=["127.0.0.1"])
    hierarchy.issue("relying-party-client", "auctions", dns=["auctions.test"])
    return hierarchy


@pytest.fixture(scope="module")
def start_server(tmp_path_factory: pytest.TempPathFactory, pki: DevPki) -> Iterator[StartServer]:
    """Starts a port of ours: ``start_server("public", workers=2, threads=4)``; all stop with the module."""
    servers: list[Server] = []
    logs = tmp_path_factory.mktemp("logs")

    def start(kind: str, *, workers: int = 1, **settings: Any) -> Server:
        log = logs / f"{kind}-{len(servers)}.log"
        servers.append(Server.start(kind, settings_for(kind, pki) | settings, log, workers=workers))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def settings_for(kind: str, pki: DevPki) -> dict[str, Any]:
    gateway = pki.find("gateway")
    clients = {
        "ca": str(pki.ca_path("relying-parties")),
        "crl": str(pki.crl_path("relying-parties")),
        "poll": 0.2,
    }
    on_tcp = {
        "host": "127.0.0.1",
        "port": free_port(),
        "identity": {"certificate": str(gateway.certificate_path), "key": str(gateway.key_path)},
    }
    return {"public": on_tcp, "mutual": on_tcp | {"clients": clients}, "fronted": {}}[kind]


@pytest.fixture(scope="session")
def browser(pki: DevPki) -> Client:
    return Client(pki)


@pytest.fixture(scope="session")
def relying_party(pki: DevPki) -> Client:
    return Client(pki, pki.find("auctions"))


@pytest.fixture(scope="module")
def public(start_server: StartServer) -> Server:
    return start_server("public", workers=2)


@pytest.fixture(scope="module")
def mutual(start_server: StartServer) -> Server:
    return start_server("mutual", workers=2)
