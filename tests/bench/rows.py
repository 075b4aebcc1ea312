"""The rows of the targets, each measured by a function that says what it found (docs/performance.md)."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from tests.bench import storage
from tests.bench.arena import Arena, arena
from tests.bench.crowd import Crowd, Round
from tests.bench.crypto import measure_crypto
from tests.bench.gauges import Cores, pss_mib
from tests.bench.grown_log import opened_log
from tests.bench.nginx import nginx_binary
from tests.bench.saml import XMLSEC1, measure_saml
from tests.bench.setups import Kind, Running, Setup
from tests.support.https_line import Line
from tests.support.relying_party import RelyingParty

PLAIN: Final = Setup(kind="plain", confirmation=False)
STALLED: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One figure beside its target."""

    row: str
    what: str
    found: str
    target: str = ""
    met: bool | None = None
    """None where there is no target."""


@dataclass(slots=True)
class Bench:
    """What is measured, how thoroughly, and what was found until now."""

    cores: Cores
    rounds: int
    logins: int
    log: int
    tell: Callable[[Finding], None]
    peer: Path | None = None
    """The folder of the peer's packages; None: peers are not measured."""
    findings: list[Finding] = field(default_factory=list)

    def say(self, row: str, what: str, found: str, target: str = "", met: bool | None = None) -> None:
        finding = Finding(row=row, what=what, found=found, target=target, met=met)
        self.findings.append(finding)
        self.tell(finding)

    @contextmanager
    def arena(self) -> Iterator[Arena]:
        with arena(self.cores, rounds=self.rounds, logins=self.logins) as made:
            yield made


def cryptography(bench: Bench) -> None:
    """The floor under everything else."""
    with arena(bench.cores, rounds=1, logins=1) as made:
        found = measure_crypto(made.folder / "pki")
    signs = f"RSA-2048 sign {found.rsa_sign:.0f}, verify {found.rsa_verify:.0f}"
    curves = f"ES256 sign {found.ec_sign:.0f}, verify {found.ec_verify:.0f}"
    bench.say("–", "pure cryptography, µs", f"{signs}; {curves}; TLS 1.3 handshake {found.handshake:.0f}")
    shares = f"plain {found.plain_login_ms:.2f} ms, everything on {found.whole_login_ms:.2f} ms and more"
    bench.say("–", "of one login, in our order of calls", shares)


def logins(bench: Bench) -> None:
    """Rows 1, 2, 3, 3a, 7: the ways of running the gateway, and the peer, side by side."""
    with bench.arena() as made:
        made.gateway("plain", PLAIN)
        made.gateway("embedded, no confirmation", Setup(kind="embedded", confirmation=False))
        everything = made.gateway("embedded, everything on", Setup(kind="embedded"))
        if nginx_binary():
            made.gateway("nginx, no confirmation", Setup(kind="nginx", confirmation=False))
            made.gateway("nginx, everything on", Setup(kind="nginx"))
        if bench.peer:
            made.peer("oidc-provider, Redis AOF always", bench.peer)
        for at_once in (8, 32):
            _tell_logins(bench, made.compare(at_once=at_once), at_once)
        _memory(bench, everything, "after the rounds above")


_MOST_MS: Final = {
    "plain": ("1", 2.2),
    "nginx, no confirmation": ("2", 3.3),
    "embedded, no confirmation": ("3", 3.8),
    "embedded, everything on": ("3a", 4.2),
    "nginx, everything on": ("3a", 4.2),
}


def _tell_logins(bench: Bench, found: dict[str, Round], at_once: int) -> None:
    for name, run in found.items():
        row, most = _MOST_MS.get(name, ("peer", 0.0))
        if at_once == 32 and most:
            bench.say(row, f"{name}, 32 at a time", _figures(run), f"≤ {most} ms", run.cpu_ms <= most)
        else:
            bench.say(row, f"{name}, {at_once} at a time", _figures(run))
        if at_once == 8 and most:
            ratio = run.quantile_ms(0.99) / run.quantile_ms(0.5)
            bench.say("7", f"{name}, p99 / p50 at 8", f"{ratio:.1f} ×", "≤ 2 ×", ratio <= 2)
    peer = found.get("oidc-provider, Redis AOF always")
    if peer:
        ratio = found["plain"].cpu_ms / peer.cpu_ms
        bench.say("1", f"plain / peer, {at_once} at a time", f"{ratio:.2f} ×", "≤ 0.75 ×", ratio <= 0.75)


def _figures(run: Round) -> str:
    p50, p95, p99 = (run.quantile_ms(share) for share in (0.5, 0.95, 0.99))
    rates = f"{run.per_second:.0f}/s, {run.per_core_second:.0f}/s and core"
    return f"{run.cpu_ms:.2f} ms CPU, {rates}, p50/p95/p99 {p50:.1f}/{p95:.1f}/{p99:.1f} ms"


def saml(bench: Bench) -> None:
    """Row 4: the share of the protocol in a login, SAML beside OpenID Connect and beside pysaml2's default backend."""
    if not Path(XMLSEC1).exists():
        bench.say("4", "SAML", "not measured: xmlsec1 is not installed")
        return
    found = measure_saml(bench.logins)
    bench.say("4", "OpenID Connect: question, code, tokens", f"{found.oidc:.2f} ms CPU")
    bench.say(
        "4", "SAML, RSA-3072, encrypted", f"{found.saml:.2f} ms CPU, {found.saml / found.oidc:.1f} × OpenID Connect"
    )
    bench.say("4", "SAML, P-256, encrypted", f"{found.saml_ec:.2f} ms CPU")
    ratio = found.default_backend / found.saml_plain
    bench.say("4", "SAML, RSA-3072, not encrypted", f"{found.saml_plain:.2f} ms CPU")
    bench.say("4", "the same by pysaml2's default backend", f"{found.default_backend:.1f} ms CPU, {ratio:.0f} × ours")


def workers(bench: Bench) -> None:
    """Row 14: two workers on both cores, beside one; the driver competes with them."""
    with bench.arena() as made:
        for name, setup in (("plain", PLAIN), ("embedded, everything on", Setup(kind="embedded"))):
            made.gateway(f"{name}, 1 worker", setup)
            two = Setup(kind=setup.kind, confirmation=setup.confirmation, workers=2)
            made.gateway(f"{name}, 2 workers", two)
        found = made.compare(at_once=16)
        for name, run in found.items():
            bench.say("14", f"{name}, 16 at a time", _figures(run))
        for name in ("plain", "embedded, everything on"):
            ratio = found[f"{name}, 2 workers"].cpu_ms / found[f"{name}, 1 worker"].cpu_ms
            bench.say("14", f"{name}, 2 workers / 1", f"{ratio:.2f} ×, 0 failed", "≤ 1.3 ×, 0 failed", ratio <= 1.3)


def providers(bench: Bench) -> None:
    """Row 10: many banks configured, one of them used."""
    counts = (1, 100, 1000)
    with bench.arena() as made:
        up = {
            count: made.gateway(str(count), Setup(kind="plain", confirmation=False, providers=count))
            for count in counts
        }
        found = made.compare(at_once=8)
        for count in counts:
            ratio = found[str(count)].cpu_ms / found["1"].cpu_ms
            figures = f"{found[str(count)].cpu_ms:.2f} ms CPU, {ratio:.2f} × of 1"
            bench.say("10", f"{count} providers", figures, "≤ 1.05 ×", ratio <= 1.05)
            _start(bench, up[count], count)
            _memory(bench, up[count], f"{count} providers")


def _start(bench: Bench, up: Running, count: int) -> None:
    seconds = up.start_seconds
    bench.say("10", f"{count} providers, start", f"{seconds:.1f} s, both ports on one core", "≤ 2 s", seconds <= 2)


def audit_log(bench: Bench) -> None:
    """Row 11: a log of 1,000 events and a long one."""
    with bench.arena() as made:
        made.gateway("short", Setup(kind="plain", confirmation=False, log=1_000))
        started = time.perf_counter()
        long = made.gateway("long", Setup(kind="plain", confirmation=False, log=bench.log))
        grown = time.perf_counter() - started
        found = made.compare(at_once=8)
        ratio = found["long"].cpu_ms / found["short"].cpu_ms
        figures = f"{found['long'].cpu_ms:.2f} against {found['short'].cpu_ms:.2f} ms CPU, {ratio:.2f} ×"
        bench.say("11", f"log of {bench.log:,} events against 1,000", figures, "≤ 1.1 ×", ratio <= 1.1)
        bench.say("11", "same, start", f"{long.start_seconds:.1f} s (log made and started in {grown:.0f} s)")
        with opened_log(long.places) as store:
            proof = storage.proof_milliseconds(store)
        bench.say("11", "inclusion proof in it", f"{proof:.2f} ms", "≤ 1 ms", proof <= 1)


def slow_disk(bench: Bench) -> None:
    """Row 8: 2 ms added to every commit."""
    with bench.arena() as made:
        made.gateway("fast", PLAIN)
        made.gateway("slow", Setup(kind="plain", confirmation=False, slow_disk_ms=2))
        found = made.compare(at_once=32)
        ratio = found["slow"].per_second / found["fast"].per_second
        for name, run in found.items():
            bench.say("8", f"{name} disk, 32 at a time", _figures(run))
        bench.say("8", "2 ms disk / fast disk, logins a second", f"{ratio:.2f} ×", "≥ 0.85 ×", ratio >= 0.85)


def steady(bench: Bench) -> None:
    """Row 6: the tail at 100 logins a second offered."""
    with bench.arena() as made:
        made.gateway("plain", PLAIN)
        if bench.peer:
            made.peer("oidc-provider, Redis AOF always", bench.peer)
        for name, run in made.compare(at_once=16, per_second=100).items():
            p50, p99 = run.quantile_ms(0.5), run.quantile_ms(0.99)
            figures = f"p50 {p50:.1f}, p95 {run.quantile_ms(0.95):.1f}, p99 {p99:.1f} ms; {run.cpu_ms:.2f} ms CPU"
            ours = name == "plain"
            target = "p50 ≤ 6, p99 ≤ 15 ms" if ours else ""
            bench.say("6", f"{name}, 100 offered a second", figures, target, (p50 <= 6 and p99 <= 15) if ours else None)


def _memory(bench: Bench, up: Running, when: str) -> None:
    sizes = [pss_mib(each) for each in up.workers]
    found = ", ".join(f"{size:.0f}" for size in sizes)
    bench.say("9", f"PSS of each worker, MiB, {when}", found, "≤ 95", max(sizes) <= 95)


def growth(bench: Bench) -> None:
    """Row 9: what a worker grows by once it is warm. Caches fill first: SQLite's alone may take 2 MiB a connection."""
    warm, logins = 25 * bench.logins, 250 * bench.logins
    with bench.arena() as made:
        up = made.gateway("plain", PLAIN)
        crowd = Crowd(at_once=32, logins=warm, cores=made.cores.driver)
        journeys = made.contenders[0].journeys
        crowd.run(journeys, up.roots)
        before = [pss_mib(each) for each in up.workers]
        failed = replace(crowd, logins=logins).run(journeys, up.roots).failed
        grown = [pss_mib(each) - then for each, then in zip(up.workers, before, strict=True)]
    found = ", ".join(f"{size:+.1f}" for size in grown)
    met = max(grown) <= 5 and not failed
    bench.say("9", f"growth of each worker over {logins:,} logins, MiB ({failed} failed)", found, "≤ 5", met)


def stalled_peers(bench: Bench) -> None:
    """Row 13: silent peers, and such as send two bytes of a handshake."""
    kinds: dict[Kind, float] = {"embedded": 5.0}
    if nginx_binary():
        kinds["nginx"] = 0.1
    for kind, most in kinds.items():
        for name, first in (("silent", b""), ("two bytes", b"\x16\x03")):
            with bench.arena() as made:
                up = made.gateway(kind, Setup(kind=kind, confirmation=False))
                waited = _wait_beside(up, first)
            bench.say(
                "13", f"{kind}, {STALLED} {name} on each port", f"{waited * 1000:.0f} ms", f"≤ {most} s", waited <= most
            )


def _wait_beside(up: Running, first: bytes) -> float:
    party, places = RelyingParty(up.places), up.places
    with ExitStack() as stack:
        for port in (places.gateway_port, places.gateway_mutual_port):
            for _ in range(STALLED):
                stack.enter_context(socket.create_connection(("127.0.0.1", port))).sendall(first)
        time.sleep(0.2)
        return max(_ask(line) for line in (up.reach.browser(party), up.reach.portal(party)))


def _ask(line: Line) -> float:
    started = time.perf_counter()
    try:
        reply = line.get("/healthz")
    except OSError:
        return float("inf")
    finally:
        line.close()
    return time.perf_counter() - started if reply.status == 200 else float("inf")


def store_alone(bench: Bench) -> None:
    """Row 12: the log without a gateway; its lines stand for themselves."""
    with bench.arena() as made:
        for measure in (storage.bench_log_alone, storage.bench_hashing):
            measure(made.folder, storage.FULL if bench.rounds > 1 else storage.SMALL)


ROWS: Final[dict[str, Callable[[Bench], None]]] = {
    "crypto": cryptography,
    "logins": logins,
    "saml": saml,
    "steady": steady,
    "slow-disk": slow_disk,
    "workers": workers,
    "growth": growth,
    "providers": providers,
    "audit-log": audit_log,
    "stalled": stalled_peers,
    "store": store_alone,
}
