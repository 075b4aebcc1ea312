"""Debian's mod_auth_mellon, on a real Apache, signs people in and out by SAML with encryption (must-show 1)."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from http.cookiejar import Cookie, DefaultCookiePolicy
from pathlib import Path
from urllib.request import Request

import pytest

from gateway.demo.places import Places
from gateway.demo.prepare import prepare
from gateway.demo.processes import Parts
from tests.flows.conftest import free_ports, places_at
from tests.flows.third_party.examples import example, replaced
from tests.flows.third_party.portals import Portal
from tests.flows.walking import ANNA, Walk
from tests.support.apache import Site, new_folder, remove, running_apache

pytestmark = [pytest.mark.xdist_group("saml-portal"), pytest.mark.timeout(300)]

SHOWN = {"GIVEN_NAME": ANNA.given_name, "FAMILY_NAME": ANNA.family_name, "PERSONAL_CODE": ANNA.personal_code}


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    folder = new_folder()
    yield Portal(
        name="mellon",
        id="mellon-portal",
        documented="https://localhost:7503",
        port=free_ports(1)[0],
        folder=folder,
    )
    remove(folder)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, portal: Portal) -> Iterator[Places]:
    """A running gateway that speaks SAML, and a mock bank; the portal is registered with its own metadata, in a group."""
    found = places_at(tmp_path_factory.mktemp("saml"))
    prepare(found)
    portal.make_files(found, rsa_key=True)
    make, fetch = commands(portal, found)
    run(make, portal.folder)
    shutil.copy(portal.folder / "metadata.xml", found.root / "gateway" / portal.id)
    with found.settings("gateway").open("a", encoding="utf-8") as file:
        registration = documented(portal, found, "registration")
        grouped = replaced(registration, {"[relying_parties.saml]": 'group = "registri"\n[relying_parties.saml]'})
        file.write(f"\n{grouped}\n[saml]\n")
    with Parts(found):
        run(fetch, portal.folder)
        yield found


def documented(portal: Portal, places: Places, part: str, words: dict[str, str] | None = None) -> str:
    """Give an example of the documentation with this run's addresses and files."""
    text = replaced(example(f"mellon {part}"), {**(words or {}), portal.documented: portal.url})
    return text.replace("https://localhost:8443", places.issuer)


def commands(portal: Portal, places: Places) -> tuple[str, str]:
    """Give the commands of the documentation: those before the gateway knows the portal, and the one after."""
    text = documented(portal, places, "commands", {"localhost_7503": f"localhost_{portal.port}"})
    make, separator, fetch = text.partition("curl ")
    return make, separator + fetch


def run(script: str, folder: Path) -> None:
    # An administrator writes it as root, whose PATH has the folder where Debian puts mod_auth_mellon's script.
    path = {"PATH": f"{os.environ['PATH']}{os.pathsep}/usr/sbin"}
    command = ["/bin/sh", "-euc", script]
    subprocess.run(command, cwd=folder, env=os.environ | path, check=True, timeout=120, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def site(places: Places, portal: Portal) -> Iterator[Site]:
    configuration = replaced(example("mellon portal.conf"), {"/etc/apache2/saml": str(portal.folder)})
    trusted = places.root_certificate
    with running_apache(portal.folder, portal.port, "auth_mellon", configuration, list(SHOWN), trusted) as running:
        yield running


class AsBrowsersDo(DefaultCookiePolicy):
    """Takes what browsers take (RFC 6265 5.2, 5.3) and Python's jar does not: any Version, and the very host as Domain."""

    def set_ok(self, cookie: Cookie, request: Request) -> bool:
        cookie.version = 0
        if cookie.domain.lstrip(".") == "localhost":
            cookie.domain, cookie.domain_specified, cookie.domain_initial_dot = "localhost.local", False, False
        return super().set_ok(cookie, request)


def at_the_front_page(portal: Portal, places: Places) -> Walk:
    walk = Walk(places, start=f"{portal.url}/")
    walk.browser.session.cookies.set_policy(AsBrowsersDo())
    return walk


def shown_by(walk: Walk) -> dict[str, str]:
    walk.page.encoding = "utf-8"
    return dict(line.split("=", 1) for line in walk.page.text.splitlines() if "=" in line)


def at_the_portal(portal: Portal, places: Places, site: Site) -> Walk:
    """Sign Anna in; the gateway's page posts the assertion, which this browser without scripts does by its button."""
    walk = at_the_front_page(portal, places)
    walk.to_end()
    assert "/saml/sso?SAMLRequest=" in "".join(walk.browser.visited)
    form = walk.browser.form("/mellon/postResponse")
    assert ANNA.personal_code not in walk.page.text
    assert set(form.fields) == {"SAMLResponse", "RelayState"}
    walk.browser.submit("/mellon/postResponse")
    assert walk.page.ok, site.log
    return walk


def test_debians_mod_auth_mellon_signs_in_by_saml_with_encryption_and_out(
    places: Places, portal: Portal, site: Site
) -> None:
    walk = at_the_portal(portal, places, site)
    assert shown_by(walk) == SHOWN, site.log
    out = walk.browser.open(f"{portal.url}/mellon/logout?ReturnTo={portal.url}/open.txt")
    assert out.text == "open\n", site.log
    assert any(url.startswith(f"{places.issuer}/saml/logout?SAMLRequest=") for url in walk.browser.visited)
    assert any(url.startswith(f"{portal.url}/mellon/logout?SAMLResponse=") for url in walk.browser.visited)
    assert "/login/" in walk.browser.open(f"{portal.url}/").url, "nobody is signed in any more"


def test_mod_auth_mellon_ends_its_session_when_the_person_signs_out_at_the_gateway(
    places: Places, portal: Portal, site: Site
) -> None:
    """It believes a LogoutRequest of ours, finds its session by NameID and SessionIndex, and its answer is believed."""
    walk = at_the_portal(portal, places, site)
    walk.browser.open(f"{places.issuer}/session")
    ended = walk.browser.submit("/session/end", group="registri")
    address = ended.url.partition("?")[0]
    assert re.fullmatch(rf"{places.issuer}/session/[0-9A-Z]{{26}}", address)
    assert 'class="to-visit"' in ended.text
    back = walk.browser.open(address.replace("/session/", "/saml/logout/"))
    assert any(url.startswith(f"{portal.url}/mellon/logout?SAMLRequest=") for url in walk.browser.visited), site.log
    assert any(url.startswith(f"{places.issuer}/saml/logout?SAMLResponse=") for url in walk.browser.visited), site.log
    assert back.url.partition("?")[0] == address
    assert 'class="told"' in back.text, site.log
    assert "/login/" in walk.browser.open(f"{portal.url}/").url, "nobody is signed in any more"


def test_a_person_who_gives_up_comes_back_to_mod_auth_mellon_without_a_session(
    places: Places, portal: Portal, site: Site
) -> None:
    walk = at_the_front_page(portal, places)
    walk.to_choices()
    walk.browser.submit("/cancel")
    answer = walk.browser.submit("/mellon/postResponse")
    assert answer.status_code in {400, 401, 403}, site.log
    assert not any(value in answer.text for value in SHOWN.values())
