"""R12, T64: every key is changed once while people sign in, and no login fails.

The portal here is as strict as the rules let it be: it keeps the gateway's keys for as long as it is told to and looks
none up before that, so that a key which signed too early would fail its login.
"""

import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import Any, Final

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc.jwk import ECKey

from certs.dev_pki import DevPki
from gateway.bootstrap import utc_now
from gateway.demo.places import PARTY
from gateway.key_rings import waits_of
from gateway.registration.cli import rp
from gateway.settings import load_settings
from gateway.signing.certificate import certificate_in
from gateway.signing.cli import keys
from gateway.signing.life import State, ready_at
from gateway.signing.purpose import ID_TOKENS, SAML, Purpose
from gateway.signing.ring_file import read_ring
from tests.flows.resilience.oracle import WHOLE_BY_SAML, check_acknowledged, database_of, signers_of
from tests.flows.resilience.overlap import Overlap
from tests.flows.resilience.world import World, a_world
from tests.support.gateway_parts import eventually
from tests.support.https_line import BriefLine, Line
from tests.support.load import Load
from tests.support.relying_party import RelyingParty
from tests.support.saml_driver import SamlLoad, SamlParty, registration

LOGINS: Final = int(os.environ.get("VPM_LOGINS", "10000" if os.environ.get("VPM_NIGHTLY") else "300"))
LONG: Final = LOGINS >= 10_000
"""Whether there is time for the old key to be withdrawn by the rules, some five minutes after it signed last."""
AT_ONCE: Final = 8
BY_SAML: Final = 2
"""Of those, by SAML."""
PATIENCE: Final = 120.0
TAKEN_UP: Final = "signing-keys.taken-up"

pytestmark = [pytest.mark.xdist_group("resilience"), pytest.mark.timeout(7200 if LONG else 600)]


def certificate_of(world: World, kid: str) -> x509.Certificate:
    return certificate_in(ring(world, SAML).find(kid).public)


class StrictParty(RelyingParty):
    """A portal that keeps the gateway's keys exactly as long as it is told to."""

    def __init__(self, world: World) -> None:
        super().__init__(world.places)
        self._kept: dict[str, ECKey] = {}
        self._kept_until = 0.0
        self._looking = Lock()

    @property
    def _keys(self) -> dict[str, ECKey]:  # type: ignore[override]  # read anew when its time is over
        with self._looking:
            if time.monotonic() >= self._kept_until:
                self._look()
            return self._kept

    def _look(self) -> None:
        line = Line(self.places.issuer, self.browser_tls)
        try:
            reply = line.get("/oidc/jwks")
        finally:
            line.close()
        seconds = re.search(r"max-age=(\d+)", reply.header("cache-control"))
        assert seconds is not None
        self._kept_until = time.monotonic() + int(seconds[1])
        self._kept = {key["kid"]: ECKey.import_key(key) for key in json.loads(reply.body)["keys"]}

    def knows(self, kid: str) -> bool:
        return kid in self._kept


def adjust(world: World) -> None:
    """Short waits; both portals registered by command, not in the settings file."""
    path = world.places.settings("gateway")
    text = path.read_text(encoding="utf-8")
    start = text.index("[[relying_parties]]")
    portal = text[start:].replace("../", f"{world.places.root}/")
    (path.parent / "portal.toml").write_text(portal, encoding="utf-8")
    (path.parent / "saml-portal.toml").write_text(registration(world.places), encoding="utf-8")
    waits = "[signing_keys]\ncache_seconds = 5\nmargin_seconds = 15\n\n[saml]\ncache_seconds = 5\n\n"
    path.write_text(text[:start].replace("[[providers]]", f"{waits}[[providers]]", 1), encoding="utf-8")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path, workers=2, adjust=adjust) as world:
        for portal in ("portal.toml", "saml-portal.toml"):
            assert "revision 1" in said(world, rp, "add", str(settings_of(world).parent / portal))
        world.gateway.start()
        yield world


def settings_of(world: World) -> Path:
    return world.places.settings("gateway")


def tried(world: World, command: Any, *arguments: str) -> tuple[int, str]:
    outcome = CliRunner().invoke(command, ["--config", str(settings_of(world)), *arguments])
    return outcome.exit_code, outcome.output


def said(world: World, command: Any, *arguments: str) -> str:
    code, output = tried(world, command, *arguments)
    assert code == 0, output
    return output


def new_key(folder: Path, name: str) -> ECKey:
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / f"{name}.key").write_bytes(pem)
    (folder / f"{name}.key").chmod(0o600)
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / f"{name}.pub").write_bytes(public)
    return ECKey.import_key(pem, {"kid": name})


def taken_up(world: World, event: str, **values: Any) -> int:
    """In how many of the gateway's processes something was taken up, by its log."""
    lines = [json.loads(line) for line in world.gateway.log.read_text().splitlines() if f'"{event}"' in line]
    return sum(all(line[name] == value for name, value in values.items()) for line in lines)


def processes(world: World) -> int:
    """How many processes the gateway has: the workers of every port."""
    settings = load_settings(settings_of(world))
    return sum(port.workers for port in (settings.public, settings.mutual_tls, settings.cards) if port is not None)


def wait_for(condition: Callable[[], bool], what: str) -> None:
    assert eventually(condition, PATIENCE), what


def ring(world: World, purpose: Purpose = ID_TOKENS) -> Any:
    return read_ring(settings_of(world).parent / "keys", purpose)


def kids(world: World, state: State, purpose: Purpose = ID_TOKENS) -> list[str]:
    return [key.kid for key in ring(world, purpose).of(state)]


def wait_until_allowed(world: World, kid: str, purpose: Purpose = ID_TOKENS) -> None:
    """Until a key's next step may be taken."""
    waits = waits_of(load_settings(settings_of(world)), purpose)
    ready = ready_at(ring(world, purpose).find(kid), waits)
    assert ready is not None
    assert eventually(lambda: utc_now() >= ready, (waits.before_retirement + 2 * waits.margin).total_seconds()), kid


def rotate_the_gateways_keys(world: World, known: Mapping[Purpose, Callable[[str], bool]]) -> dict[Purpose, str]:
    """Publish, wait until the portals know them, use; gives the old keys' ids.

    That a step which comes too early is refused is shown in ``tests/gateway/signing``: on a busy machine nobody can say
    that the command comes too early.
    """
    old = {purpose: kids(world, State.SIGNING, purpose)[0] for purpose in known}
    for purpose in known:
        said(world, keys, "--for", purpose.name, "publish")
    new = {purpose: kids(world, State.PUBLISHED, purpose)[0] for purpose in known}
    for purpose, knows in known.items():
        published = [key.kid for key in ring(world, purpose).published]
        wait_for(lambda kids=published: taken_up(world, TAKEN_UP, published=kids) == processes(world), "published")
        wait_for(lambda kid=new[purpose], knows=knows: knows(kid), "the portal has seen the new key")
    for purpose, kid in new.items():
        wait_until_allowed(world, kid, purpose)
        said(world, keys, "--for", purpose.name, "use", kid)
        wait_for(lambda kid=kid: taken_up(world, TAKEN_UP, kid=kid) == processes(world), "signing")
    return old


def rotate_the_portals_key(world: World, party: StrictParty, load: Load) -> None:
    """Register the second key, sign with it, see that it is in use, drop the first."""
    key = new_key(world.places.root / "auctions", "auctions-2")
    public = str(world.places.root / "auctions" / "auctions-2.pub")
    said(world, rp, "rotate-key", PARTY, "--key", public, "--kid", "auctions-2")
    wait_for_revision(world, 5, "both keys")
    code, told = tried(world, rp, "rotate-key", PARTY, "--drop", "auctions-1")
    assert (code, "no other key of this relying party has signed yet" in told) == (1, True)
    party.key = key
    some_more_logins(load)
    shown = {one["kid"]: one for one in json.loads(said(world, rp, "show", PARTY, "--json"))["keys"]}
    assert shown["auctions-2"]["last_signed"] is not None
    assert "should it stay silent" in shown["auctions-1"]["advice"]
    said(world, rp, "rotate-key", PARTY, "--drop", "auctions-1", "--at-once", "a test has no hour")
    wait_for_revision(world, 6, "the old key is dropped")


def wait_for_revision(world: World, revision: int, what: str) -> None:
    """Until every process knows what the registry holds now; it counts every change of every portal."""
    wait_for(lambda: taken_up(world, "relying-parties.taken-up", revision=revision) == processes(world), what)


def renew_the_portals_certificate(world: World, party: StrictParty, load: Load) -> None:
    """Register the second client certificate, show it, take the first out of the registration."""
    DevPki.open(world.places.pki).issue("relying-party-client", "auctions-client-2", dns=("auctions-2.test",))
    document = settings_of(world).parent / "portal.toml"
    old, new = (
        f"{world.places.pki}/issued/{name}/certificate.pem" for name in ("auctions-client", "auctions-client-2")
    )
    first = document.read_text(encoding="utf-8")
    assert f'["{old}"]' in first
    for revision, known in ((3, f'["{old}", "{new}"]'), (4, f'["{new}"]')):
        document.write_text(first.replace(f'["{old}"]', known), encoding="utf-8")
        said(world, rp, "change", str(document), "--because", "the certificate is renewed")
        wait_for_revision(world, revision, known)
        party.portal_tls.load_cert_chain(new, Path(new).with_name("key.pem"))
        load.let_end()  # whoever shook hands with the old one is served before it is taken out


def some_more_logins(load: Load, count: int = 4 * AT_ONCE) -> None:
    """Wait until everything that was under way is over, and more."""
    until = len(load.run.signed_in) + count
    wait_for(lambda: len(load.run.signed_in) >= until, "logins go on")


def withdraw_the_gateways_old_key(world: World, old: str, purpose: Purpose) -> None:
    """By the rules: refused until what it signed has run out; where there is time, it is waited for."""
    code, told = tried(world, keys, "--for", purpose.name, "retire", old)
    assert (code, "what it signed may still be on the way" in told) == (1, True)
    if LONG:
        wait_until_allowed(world, old, purpose)
        said(world, keys, "--for", purpose.name, "retire", old)
        assert kids(world, State.RETIRED, purpose) == [old]


def test_r12_t64_no_login_fails_while_every_key_is_rotated(world: World) -> None:
    party, by_saml = StrictParty(world), SamlParty(world.places)
    loads = (
        Load(world.places, at_once=AT_ONCE - BY_SAML, party=party, line=BriefLine),
        SamlLoad(world.places, at_once=BY_SAML, party=by_saml, line=BriefLine),
    )
    with loads[0] as load, loads[1] as saml_load:
        some_more_logins(load)
        known = {ID_TOKENS: party.knows, SAML: lambda kid: by_saml.knows(certificate_of(world, kid))}
        old = rotate_the_gateways_keys(world, known)
        renew_the_portals_certificate(world, party, load)
        rotate_the_portals_key(world, party, load)
        overlap = Overlap(world, loads)
        overlap.change_keys_of_bank_and_gateway()
        overlap.renew_client_certificate_towards_the_bank()
        overlap.renew_server_certificate()
        for purpose, kid in old.items():
            withdraw_the_gateways_old_key(world, kid, purpose)
        assert eventually(lambda: len(load.run.signed_in) + len(saml_load.run.signed_in) >= LOGINS, 3600.0)
        runs = load.stop(), saml_load.stop()
    for run in runs:
        print(json.dumps(run.summary() | {"begun": run.begun}))  # noqa: T201 - the figure to report
        assert [str(attempt.error) for attempt in run.stopped] == []
        assert len(run.signed_in) == run.begun
    assert sum(run.begun for run in runs) >= LOGINS
    for purpose, event in ((ID_TOKENS, "token.issued"), (SAML, "login.assertion-issued")):
        signers = signers_of(database_of(world.places), event)
        assert signers == {old[purpose], *kids(world, State.SIGNING, purpose)}, "both keys signed, and no other"
    check_acknowledged(database_of(world.places), runs[0].signed_in)
    check_acknowledged(database_of(world.places), runs[1].signed_in, WHOLE_BY_SAML)
