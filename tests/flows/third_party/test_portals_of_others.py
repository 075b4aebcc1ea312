"""Client software that nobody here wrote signs people in and out, used as the documentation says."""

import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from gateway.demo.places import Places
from tests.flows.third_party.portals import Portal, serving, sign_in_at
from tests.flows.walking import ANNA
from tests.support.apache import running_apache

pytestmark = [pytest.mark.xdist_group("third-party"), pytest.mark.timeout(300)]

ANNAS = {"given_name": ANNA.given_name, "family_name": ANNA.family_name, "personal_code": ANNA.personal_code}


def identity_in(claims: dict[str, str]) -> dict[str, str]:
    return {name: claims[name] for name in ANNAS}


@pytest.mark.parametrize("portal_id", ["node-portal", "node-tls-portal"])
def test_node_openid_client_signs_in_and_out_in_the_profile_fapi2(
    places: Places, portals: dict[str, Portal], node_packages: Path, portal_id: str
) -> None:
    portal = portals[portal_id]
    program = portal.folder / "portal.mjs"
    program.write_text(portal.example(places, "portal.mjs"), encoding="utf-8")
    (portal.folder / "node_modules").symlink_to(node_packages)
    bound = ["--mutual-tls"] if portal_id == "node-tls-portal" else []
    with serving(portal, ["node", str(program), *bound], places) as said:
        walk = sign_in_at(portal, places)
        assert walk.page.ok, said.read_text(errors="replace")
        assert identity_in(walk.page.json()) == ANNAS
        asked = next(url for url in walk.browser.visited if "/oidc/authorize" in url)
        assert "request_uri=" in asked, "the request was pushed"
        assert "redirect_uri" not in asked
        assert walk.browser.open(f"{portal.url}/sign-out").json() is None


def test_flask_with_authlib_signs_in_and_out_in_the_profile_baseline(
    places: Places, portals: dict[str, Portal]
) -> None:
    portal = portals["flask-portal"]
    program = portal.folder / "portal.py"
    words = {'"localhost:7501"': f'"localhost:{portal.port}"', "port=7501": f"port={portal.port}"}
    program.write_text(portal.example(places, "portal.py", words), encoding="utf-8")
    with serving(portal, [sys.executable, str(program)], places) as said:
        walk = sign_in_at(portal, places)
        assert walk.page.ok, said.read_text(errors="replace")
        assert identity_in(walk.page.json()) == ANNAS
        assert walk.browser.open(f"{portal.url}/sign-out").json() == {}


def test_debians_mod_auth_openidc_signs_in_and_out_in_the_profile_baseline(
    places: Places, portals: dict[str, Portal]
) -> None:
    portal = portals["apache-portal"]
    (portal.folder / "passphrase").write_text("made up for this test", encoding="ascii")
    files = ("root.pem", "assertion.key", "assertion.pub", "passphrase")
    words = {name: str(portal.folder / name) for name in files}
    configuration = portal.example(places, "portal.conf", words)
    variables = [f"OIDC_CLAIM_{name}" for name in ANNAS]
    with ExitStack() as stack:
        site = stack.enter_context(
            running_apache(
                portal.folder, portal.port, "auth_openidc", configuration, variables, places.root_certificate
            )
        )
        walk = sign_in_at(portal, places, "/")
        assert walk.page.ok, site.log
        walk.page.encoding = "utf-8"
        shown = dict(line.split("=", 1) for line in walk.page.text.splitlines())
        assert {name.removeprefix("OIDC_CLAIM_"): value for name, value in shown.items()} == ANNAS
        out = walk.browser.open(f"{portal.url}/callback?logout={portal.url}/open.txt")
        assert out.text == "open\n"
        assert any("/oidc/logout" in url for url in walk.browser.visited)
        assert "/login/" in walk.browser.open(f"{portal.url}/").url, "nobody is signed in any more"
