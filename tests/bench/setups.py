"""The gateway in the ways it is run, each in a folder of its own with a PKI of its own, as real processes."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from gateway.demo.places import Places
from gateway.demo.prepare import prepare
from tests.bench.gauges import on, tree_of
from tests.bench.grown_log import grow_log
from tests.bench.lines import Reach
from tests.bench.nginx import start_nginx
from tests.support.https_line import Broken
from tests.support.relying_party import RelyingParty

Kind = Literal["embedded", "nginx", "plain"]
Process: TypeAlias = AbstractContextManager[subprocess.Popen[bytes]]
PATIENCE = 300.0
SOCKETS = {"public": "public.sock", "mutual_tls": "relying-parties.sock"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """One way to run the gateway."""

    kind: Kind
    confirmation: bool = True
    workers: int = 1
    providers: int = 1
    slow_disk_ms: int = 0
    log: int = 0
    """Sealed events in the log before it starts."""


@dataclass(slots=True, kw_only=True)
class Running:
    """A gateway that is ready."""

    setup: Setup
    places: Places
    reach: Reach
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    start_seconds: float = 0.0

    @property
    def roots(self) -> list[int]:
        return [process.pid for process in self.processes]

    @property
    def workers(self) -> list[int]:
        """The processes that hold an application: the leaves of the trees, a front not counted."""
        leaves = [each for root in self.roots for each in tree_of(root) if len(tree_of(each)) == 1]
        return [each for each in leaves if "nginx" not in Path(f"/proc/{each}/comm").read_text()]


def new_places(root: Path) -> Places:
    """Six free ports, and a folder."""
    ports = free_ports(6)
    names = ("gateway_port", "gateway_mutual_port", "bank_port", "bank_mutual_port", "auctions_port", "ocsp_port")
    return Places(root=root, **dict(zip(names, ports, strict=True)))


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on just now."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [probe.getsockname()[1] for probe in probes]


@contextmanager
def running(setup: Setup, root: Path, *, server: frozenset[int], driver: frozenset[int]) -> Iterator[Running]:
    """Prepare settings, start the bank's confirmations on the driver's core and the gateway on its own."""
    places = new_places(root)
    prepare(places, fast_login=True, workers=setup.workers)
    write_settings(setup, places)
    if setup.log:
        grow_log(places, setup.log)
    reach = (
        Reach()
        if setup.kind == "embedded"
        else Reach(public=root / SOCKETS["public"], mutual=root / SOCKETS["mutual_tls"])
    )
    with ExitStack() as stack:
        if setup.confirmation:
            stack.enter_context(bank_of(places, driver))
        started = time.monotonic()
        processes = [stack.enter_context(_gateway(setup, places, server))]
        _wait_until_ready(places, reach)
        taken = time.monotonic() - started
        if setup.kind == "nginx":
            processes.append(stack.enter_context(start_nginx(places, server)))
            reach = Reach()
            _wait_until_ready(places, reach)
        yield Running(setup=setup, places=places, reach=reach, processes=processes, start_seconds=taken)


def write_settings(setup: Setup, places: Places) -> None:
    """The demo's settings with one bank, or with many, and with or without its confirmation."""
    path = places.settings("gateway")
    head, *providers, parties = _sections(path.read_text(encoding="utf-8"))
    bank = providers[0] if setup.confirmation else without_confirmation(providers[0])
    others = [another_bank(bank, number) for number in range(1, setup.providers)]
    if setup.kind != "embedded":
        head = behind_a_front(head, places.root)
    path.write_text("\n".join([head, *others, bank, parties]), encoding="utf-8")


def behind_a_front(head: str, root: Path) -> str:
    """Both ports on Unix sockets, as ``docs/deployment.md`` says."""
    for port, socket_name in SOCKETS.items():
        own = rf"\[{port}\]\nport = .*\ncertificate = .*\nkey = .*\n"
        head, found = re.subn(own, f'[{port}]\nunix_socket = "{root / socket_name}"\n', head)
        if found != 1:
            raise LookupError(f"the demo's settings describe {port} in another way")
    return head


def without_confirmation(bank: str) -> str:
    """A contract names the two factors, and the one name field is split at its comma."""
    front = 'name_fields = "delimited"\nfactors_by_contract = ["knowledge", "possession"]\npartner_key ='
    return bank.replace("partner_key =", front, 1).replace("base_url =", 'confirmation = "not_needed"\nbase_url =', 1)


def another_bank(bank: str, number: int) -> str:
    """The same bank under another id and another address."""
    return bank.replace('id = "paraugbanka"', f'id = "paraugbanka-{number}"', 1).replace(
        '/banklink"', f'/banklink/{number}"', 1
    )


def _sections(text: str) -> list[str]:
    lines, sections = text.splitlines(), [""]
    for line in lines:
        if line in {"[[providers]]", "[[relying_parties]]"}:
            sections.append("")
        sections[-1] += f"{line}\n"
    return sections


def _gateway(setup: Setup, places: Places, cores: frozenset[int]) -> Process:
    root, config = places.root, str(places.settings("gateway"))
    if setup.slow_disk_ms:
        return _process("slow_disk", [config, str(setup.slow_disk_ms)], root, cores)
    return started([sys.executable, "-m", "vpm", "gateway", "serve", "--config", config], root, cores)


def bank_of(places: Places, cores: frozenset[int]) -> Process:
    """The bank's confirmations, on its mutual-TLS port."""
    return _process("bank", [str(places.root), str(places.bank_mutual_port)], places.root, cores)


def wait_until_open(port: int) -> None:
    """Until somebody listens there; raises ``OSError`` when nobody does for a long time."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def _process(module: str, arguments: list[str], root: Path, cores: frozenset[int]) -> Process:
    return started([sys.executable, "-m", f"tests.bench.{module}", *arguments], root, cores)


@contextmanager
def started(command: list[str], root: Path, cores: frozenset[int]) -> Iterator[subprocess.Popen[bytes]]:
    """A process on its cores; what it says goes into a file."""
    with (root / "bench.log").open("ab") as log:
        process = subprocess.Popen([*on(cores), *command], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(places: Places, reach: Reach) -> None:
    party, until = RelyingParty(places), time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if _answers(party, reach):
            return
        time.sleep(0.05)
    raise TimeoutError((places.root / "bench.log").read_text(errors="replace")[-4000:])


def _answers(party: RelyingParty, reach: Reach) -> bool:
    lines = (reach.browser(party), reach.portal(party))
    try:
        return all(line.get("/readyz").status == 200 for line in lines)
    except (Broken, OSError):
        return False
    finally:
        for line in lines:
            line.close()
