"""The peer: npm's oidc-provider with a Redis that synchronises every command, and the same login on it."""

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from joserfc.jwk import ECKey

from gateway.demo.places import BANK_ID, GATEWAY_ID, PARTY, Places
from gateway.demo.prepare import prepare
from tests.bench.bank import QuickBank
from tests.bench.journeys import Journey
from tests.bench.lines import FrontLine
from tests.bench.setups import new_places, started
from tests.support.driver import STEPS, Lines, SignIn, Turned, _form_of
from tests.support.https_line import Line, Reply
from tests.support.relying_party import RelyingParty

HERE: Final = Path(__file__).parent / "peer"
PATIENCE: Final = 30.0


class PeerMissing(Exception):
    """The peer cannot be measured; the message says what to do."""


def install(folder: Path) -> None:
    """Put the peer's packages into a folder, by the lock file.

    Raises:
        PeerMissing: npm, node or redis-server is not installed, or npm cannot reach its registry.
    """
    missing = [name for name in ("node", "npm", "redis-server") if shutil.which(name) is None]
    if missing:
        packages = " ".join({"node": "nodejs"}.get(name, name) for name in missing)
        raise PeerMissing(f"peers were not measured; run: sudo apt-get install --yes {packages}")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "server.mjs"):
        shutil.copy(HERE / name, folder)
    command = ["npm", "ci", "--no-audit", "--no-fund", "--silent"]
    if subprocess.run(command, cwd=folder, check=False).returncode:
        raise PeerMissing("peers were not measured: npm could not install oidc-provider")


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A peer that is ready."""

    places: Places
    socket: Path
    roots: list[int]


@contextmanager
def running_peer(packages: Path, root: Path, *, server: frozenset[int]) -> Iterator[Peer]:
    """Start Redis and the peer on the server's core, and wait until it answers."""
    places = new_places(root)
    prepare(places)
    settings = root / "peer.json"
    settings.write_text(json.dumps(_settings(places)))
    with ExitStack() as stack:
        redis = stack.enter_context(started(_redis(root), root, server))
        _wait_for(root / "redis.sock")
        node = stack.enter_context(started(["node", str(packages / "server.mjs"), str(settings)], root, server))
        _wait_for(root / "peer.sock")
        yield Peer(places=places, socket=root / "peer.sock", roots=[redis.pid, node.pid])


def _redis(root: Path) -> list[str]:
    durable = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
    return ["redis-server", "--port", "0", "--unixsocket", str(root / "redis.sock"), "--dir", str(root), *durable]


def _settings(places: Places) -> dict[str, str]:
    root = places.root
    return {
        "issuer": places.issuer,
        "socket": str(root / "peer.sock"),
        "redis": str(root / "redis.sock"),
        "partner_id": GATEWAY_ID,
        "bank_id": BANK_ID,
        "bank_url": f"{places.bank}/banklink",
        "partner_key": str(root / "gateway" / "banklink.key"),
        "bank_key": str(root / "bank" / "banklink.pub"),
        "id_token_key": str(root / "bank" / "confirmation.key"),  # any P-256 key
        "client_id": PARTY,
        "client_key": str(root / "auctions" / "assertion.pub"),
        "redirect_uri": f"{places.auctions}/callback",
    }


def _wait_for(path: Path) -> None:
    until = time.monotonic() + PATIENCE
    while not path.exists():
        if time.monotonic() > until:
            raise TimeoutError((path.parent / "bench.log").read_text(errors="replace")[-4000:])
        time.sleep(0.05)
    time.sleep(0.5)


class _AtPeer(SignIn):
    """The steps of a login as the peer has them: one request more, for its interaction."""

    bank: QuickBank
    resume: str

    def at_gateway(self, method: str, target: str, body: bytes = b"") -> Reply:
        reply = super().at_gateway(method, target, body)
        for name in [name for name, value in self.cookies.items() if not value]:
            del self.cookies[name]
        return reply

    def _authorize(self) -> None:
        sent = self.at_gateway(
            "GET", self.authorization_target().replace("/oidc/authorize", "/auth").partition("&provider")[0]
        )
        page = self.at_gateway("GET", sent.header("location"))
        if page.status != 200 or "VK_MAC" not in page.text:
            raise Turned("authorize", page)
        self.form = _form_of(page.text)

    def _visit_bank(self) -> None:
        request = dict(parse_qsl(self.form[1].decode(), keep_blank_values=True))
        self.form = (urlsplit(request["VK_RETURN"]).path, self.bank.answer(request))

    def _bring_back(self) -> None:
        reply = self.at_gateway("POST", *self.form)
        if reply.status != 303:
            raise Turned("return", reply)
        self.resume = urlsplit(reply.header("location")).path

    def _resume(self) -> None:
        self.read_code(self.at_gateway("GET", self.resume))

    def _redeem(self) -> Any:
        reply = self.lines.mutual.post("/token", self.token_form())
        if reply.status != 200:
            raise Turned("token", reply)
        return self.acknowledge(reply)


class PeerLine(FrontLine):
    """The front before the peer says that the browser came by TLS."""

    def __init__(self, path: Path, origin: str) -> None:
        super().__init__(path, origin)
        self._always["X-Forwarded-Proto"] = "https"


class PeerJourney:
    """A login at the peer."""

    def __init__(self, party: RelyingParty, socket: Path, bank: QuickBank) -> None:
        self._party, self._socket, self._bank = party, socket, bank
        self._portal = self._line()

    def _line(self) -> Line:
        return PeerLine(self._socket, self._party.places.issuer)

    def sign_in(self) -> float:
        browser = self._line()
        try:
            begun = time.perf_counter()
            login = _AtPeer(party=self._party, lines=Lines(gateway=browser, bank=browser, mutual=self._portal))
            login.bank = self._bank
            for step in STEPS:
                login.take(step)
            return time.perf_counter() - begun
        finally:
            browser.close()

    def close(self) -> None:
        self._portal.close()


def peer_journeys(peer: Peer) -> Callable[[], Journey]:
    """Prepare keys once; every worker of the crowd makes its own journey of them."""
    party, bank = RelyingParty(peer.places), QuickBank.of(peer.places.root)
    key = ECKey.import_key((peer.places.root / "bank" / "confirmation.key").read_bytes())
    party._keys = {"peer-1": key}
    first = PeerJourney(party, peer.socket, bank)
    first.sign_in()
    first.close()
    return lambda: PeerJourney(party, peer.socket, bank)
