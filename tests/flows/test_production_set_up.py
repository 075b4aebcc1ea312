"""The production set-up whole: nginx in front with the documented configuration, Unix sockets, two workers a port,
PostgreSQL (docs/deployment.md, T30)."""

import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from certs.dev_pki import DevPki
from gateway.demo.places import Places
from gateway.demo.prepare import prepare
from gateway.demo.processes import Parts
from tests.flows.auditor import audit, records_of
from tests.flows.conftest import places_at
from tests.flows.walking import BY_NAME, Walk
from tests.gateway.serving.front import start_nginx, stop
from tests.support.gateway_parts import eventually
from tests.support.postgres import running_postgres

pytestmark = pytest.mark.xdist_group("production")


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    home = tmp_path_factory.mktemp("front")
    places = places_at(tmp_path_factory.mktemp("production"))
    prepare(places)
    with running_postgres() as postgres:
        public, mutual = start_nginx(home, DevPki.open(places.pki))
        fronted = replace(places, gateway_port=public.address[1], gateway_mutual_port=mutual.address[1])
        prepare(fronted, workers=2)
        behind_sockets(fronted.settings("gateway"), home, postgres.new_database())
        try:
            with Parts(fronted):
                yield fronted
        finally:
            stop(public)


def behind_sockets(settings: Path, home: Path, database: str) -> None:
    """Change the demo's settings into those of production: sockets and PostgreSQL."""
    text = settings.read_text()
    for table, socket in (("public", "public.sock"), ("mutual_tls", "relying-parties.sock")):
        text = re.sub(
            rf"\[{table}\]\nport = .*\ncertificate = .*\nkey = .*\n",
            f'[{table}]\nunix_socket = "{home / socket}"\n',
            text,
        )
    settings.write_text(text.replace("sqlite:///gateway.db", database))
    assert text.count("unix_socket") == 2


def test_people_sign_in_through_the_front(production: Places) -> None:
    for name in ("Anna Bērziņa", "Ģirts Ķēniņš-Žīgurs", "Aija Pāra-Ābele"):
        walk = Walk(production, BY_NAME[name])
        walk.to_end()
        assert walk.signed_in, walk.page.text
        assert walk.entry["personal_code"] == walk.persona.personal_code


def test_the_log_in_postgresql_is_proven(production: Places) -> None:
    walk = Walk(production)
    walk.to_end()
    login = next(url for url in walk.browser.visited if "/continue" in url).split("/")[-2]
    assert len(records_of(production, login)) == 8
    assert eventually(lambda: all(record["proven"] for record in records_of(production, login)))
    assert audit(production, "verify").exit_code == 0


def test_t30_a_header_that_names_a_certificate_is_nobodys_identity(production: Places) -> None:
    certificate = (production.pki / "issued" / "auctions-client" / "certificate.pem").read_text()
    body = "".join(certificate.split("-----END")[0].splitlines()[1:])
    for header in ("Client-Cert", "client-cert", "X-Client-Cert", "X-SSL-Client-Cert", "Ssl-Client-Cert"):
        answer = requests.post(
            f"{production.issuer}/oidc/token",
            data={"grant_type": "authorization_code", "code": secrets.token_urlsafe()},
            headers={header: f":{body}:"},
            verify=str(production.root_certificate),
            timeout=30,
        )
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    with pytest.raises(requests.RequestException):
        requests.get(
            f"{production.mutual_tls}/readyz", verify=str(production.root_certificate), timeout=30
        ).raise_for_status()
