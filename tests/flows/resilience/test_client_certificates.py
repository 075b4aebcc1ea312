"""T32, T33: whom each mutual-TLS port of the running whole lets in, and for how long after a revocation."""

import ssl
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from certs.bad_certificates import KINDS, BadCertificates
from certs.dev_pki import DevPki
from tests.flows.resilience.world import World, a_world
from tests.support.https_line import Broken, Line
from tests.support.load import run_logins
from tests.support.relying_party import RelyingParty, browser_context
from tests.support.services import connections_by_process

pytestmark = [pytest.mark.xdist_group("resilience"), pytest.mark.timeout(300)]

EFFECT_WITHIN: Final = 60.0
"""Seconds from revocation to the last request served (T33)."""
LOOKS_EVERY: Final = 2.0
"""Seconds between two looks of a worker process at the list."""
LIVE: Final = 50
"""Connections that are open when the certificate is revoked."""


@dataclass(frozen=True)
class Port:
    """A mutual-TLS port: who is let in, and a question that whoever is let in may ask."""

    name: str
    profile: str
    registered: str
    """Name of the certificate that is registered there."""
    spare: str
    """Another that is registered; revoked by a test."""
    question: str

    def url(self, world: World) -> str:
        return world.places.mutual_tls if self.name == "gateway" else world.places.bank_mutual


GATEWAY: Final = Port("gateway", "relying-party-client", "auctions-client", "auctions-spare", "/readyz")
BANK: Final = Port("bank", "gateway-client", "gateway-client", "gateway-spare", "/vpm/v1/status")
PORTS: Final = [pytest.param(port, id=port.name) for port in (GATEWAY, BANK)]
VERSIONS: Final = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


def with_spares(world: World) -> None:
    """Register a second certificate at each port, for a test to revoke."""
    pki = DevPki.open(world.places.pki)
    for port, part in ((GATEWAY, "gateway"), (BANK, "bank")):
        pki.issue(port.profile, port.spare, dns=(f"{port.spare}.test",))
        registered = f'["../pki/issued/{port.registered}/certificate.pem"'
        world.change_settings({registered: f'{registered}, "../pki/issued/{port.spare}/certificate.pem"'}, part)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_world(tmp_path_factory.mktemp("certificates"), workers=2, adjust=with_spares) as world:
        world.gateway.start()
        yield world


def context_with(world: World, folder: Path | None, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    context = browser_context(world.places.root_certificate)
    if version is not None:
        context.minimum_version = context.maximum_version = version
    if folder is not None:
        context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


def issued(world: World, name: str) -> Path:
    return world.places.pki / "issued" / name


def lets_in(world: World, port: Port, folder: Path | None, version: ssl.TLSVersion | None = None) -> bool:
    """Whether a question is answered at all; in TLS 1.3 a client learns only by reading that it was refused."""
    line = Line(port.url(world), context_with(world, folder, version))
    try:
        return line.get(port.question).status == 200
    except Broken:
        return False
    finally:
        line.close()


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
@pytest.mark.parametrize("port", PORTS)
def test_a_registered_certificate_is_let_in(world: World, port: Port, version: ssl.TLSVersion) -> None:
    assert lets_in(world, port, issued(world, port.registered), version)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
@pytest.mark.parametrize("port", PORTS)
def test_vpm_int_08_nobody_is_let_in_without_a_certificate(world: World, port: Port, version: ssl.TLSVersion) -> None:
    assert not lets_in(world, port, None, version)


@pytest.fixture(scope="module")
def bad(world: World) -> dict[tuple[str, str], Path]:
    """A certificate of every bad kind for each port; both workers have read the list with the revoked ones."""
    pki = DevPki.open(world.places.pki)
    made: dict[tuple[str, str], Path] = {}
    for port in (GATEWAY, BANK):
        maker = BadCertificates(pki, port.profile, f"impostor-{port.name}", dns=("impostor.test",))
        made |= {(port.name, kind): maker.make(kind).certificate_path.parent for kind in KINDS}
    revoked_at = quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < LOOKS_EVERY + 1:
        assert time.monotonic() - revoked_at < EFFECT_WITHIN
        if any(lets_in(world, port, made[port.name, "revoked"]) for port in (GATEWAY, BANK)):
            quiet_since = time.monotonic()
    return made


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("port", PORTS)
def test_t32_a_bad_certificate_is_refused(
    world: World, bad: dict[tuple[str, str], Path], port: Port, kind: str, version: ssl.TLSVersion
) -> None:
    """Expired, of another CA, for another purpose, revoked, and the other kinds of ``certs.bad_certificates``."""
    assert not lets_in(world, port, bad[port.name, kind], version)


def test_t31_a_good_certificate_that_nobody_registered_gets_no_tokens(world: World) -> None:
    DevPki.open(world.places.pki).issue("relying-party-client", "unregistered", dns=("unregistered.test",))
    login = world.driver().begin().up_to("token")
    line = Line(world.places.mutual_tls, context_with(world, issued(world, "unregistered")))
    reply = line.post("/oidc/token", login.token_form())
    line.close()
    assert reply.status == 401
    assert b"invalid_client" in reply.body
    assert login.take("token").login == login.login, "the code was not spent by it"


def test_a_gateway_certificate_that_the_bank_does_not_know_learns_nothing(world: World) -> None:
    DevPki.open(world.places.pki).issue("gateway-client", "unknown-gateway", dns=("unknown.test",))
    line = Line(world.places.bank_mutual, context_with(world, issued(world, "unknown-gateway")))
    assert line.get("/vpm/v1/status").status == 403
    assert line.get(f"/vpm/v1/authentications/{'0' * 32}").status == 403
    line.close()


def test_t33_revocation_ends_kept_alive_connections_at_both_workers(world: World) -> None:
    """Fifty connections are open at two worker processes when their certificate is revoked."""
    context = context_with(world, issued(world, GATEWAY.spare))
    lines = [Line(world.places.mutual_tls, context) for _ in range(LIVE)]
    assert all(line.get("/readyz").status == 200 for line in lines)
    assert len(connections_by_process(world.gateway.processes, world.places.gateway_mutual_port)) == 2
    DevPki.open(world.places.pki).revoke(GATEWAY.spare)
    last = until_refused(world, GATEWAY, lines, time.monotonic())
    print(f"last request served {last:.1f} s after revocation")  # noqa: T201 - a figure
    assert not lets_in(world, GATEWAY, issued(world, GATEWAY.spare))
    assert not run_logins(world.places, 10, at_once=2).stopped, "others go on"


def test_t33_the_bank_refuses_a_revoked_gateway_too(world: World) -> None:
    line = Line(world.places.bank_mutual, context_with(world, issued(world, BANK.spare)))
    assert line.get("/vpm/v1/status").status == 200
    DevPki.open(world.places.pki).revoke(BANK.spare)
    line.close()
    last = until_refused(world, BANK, [line], time.monotonic())
    print(f"the bank served its last request {last:.1f} s after revocation")  # noqa: T201 - a figure
    assert not run_logins(world.places, 10, at_once=2).stopped, "the gateway's other certificate is good"


def until_refused(world: World, port: Port, lines: Sequence[Line], revoked_at: float) -> float:
    """Ask on every line until none is answered; give when the last answer came, in seconds after the revocation."""
    served_at, alive = revoked_at, list(lines)
    while alive:
        assert time.monotonic() - revoked_at <= EFFECT_WITHIN, f"{len(alive)} connections are still served"
        answered = [line for line in alive if is_served(line, port)]
        for line in alive:
            if line not in answered:
                line.close()
        if answered:
            served_at = time.monotonic()
            time.sleep(0.1)
        alive = answered
    return served_at - revoked_at


def is_served(line: Line, port: Port) -> bool:
    try:
        return line.get(port.question).status == 200
    except Broken:
        return False


def test_a_revoked_gateway_signs_nobody_in_at_that_bank(world: World) -> None:
    """The gateway's own certificate, last of all: the person is told, and the log says why."""
    DevPki.open(world.places.pki).revoke(BANK.registered)
    world.bank.stop()  # connections that were open may live on at a bank; a new one cannot be made
    world.bank.start()
    login = world.driver().begin().up_to("continue")
    page = login.at_gateway("GET", f"/login/{login.login}/continue")
    assert page.status == 400
    assert f"/login/{login.login}/again" in page.text


def test_the_portal_without_its_certificate_gets_no_tokens(world: World) -> None:
    party = RelyingParty(world.places)
    line = Line(world.places.mutual_tls, party.browser_tls)
    with pytest.raises(Broken):
        line.post("/oidc/token", party.token_form("a code", "a verifier"))
