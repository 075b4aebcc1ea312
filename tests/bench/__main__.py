"""``make bench``: complete logins, storage and serving, measured side by side and shown beside their targets.

    python -m tests.bench [--peers] [--quick] [--only ROW ...]

Nothing is asserted: a missed target is shown as missed. The server runs on the first core and everything that drives it
on the last; CPU time is that of the gateway's own processes. See docs/performance.md.
"""

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.arena import LoginsFailed
from tests.bench.gauges import Cores, load_average
from tests.bench.peer_setup import PeerMissing, install
from tests.bench.rows import ROWS, Bench, Finding

VAR = Path("var/bench")
SIGNS = {True: "met", False: "MISSED", None: ""}


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.partition("\n")[0])
    options.add_argument("--peers", action="store_true", help="measure npm's oidc-provider with a durable Redis too")
    options.add_argument("--quick", action="store_true", help="fewer logins, and a log of 60,000 events")
    options.add_argument("--only", nargs="+", choices=ROWS, help="measure these rows alone")
    chosen = options.parse_args()
    cores = Cores.of_this_machine()
    os.sched_setaffinity(0, cores.driver)
    console = Console(width=max(150, Console().width))
    bench = Bench(
        cores=cores,
        rounds=1 if chosen.quick else 3,
        logins=200 if chosen.quick else 400,
        log=60_000 if chosen.quick else 3_000_000,
        tell=lambda finding: console.print(_line(finding), highlight=False),
        peer=_peer(console) if chosen.peers else None,
    )
    console.print(f"load average {load_average():.1f}: above 1, somebody else's work is in the figures")
    for name in chosen.only or ROWS:
        try:
            ROWS[name](bench)
        except (LoginsFailed, TimeoutError) as error:
            bench.say("–", name, f"not measured: {error}")
    console.print(_table(bench.findings))
    console.print(f"load average {load_average():.1f} at the end")
    _keep(bench.findings)


def _peer(console: Console) -> Path | None:
    folder = VAR.resolve() / "peer"
    try:
        install(folder)
    except PeerMissing as missing:
        console.print(str(missing))
        return None
    return folder


def _line(finding: Finding) -> str:
    beside = f"   target {finding.target}: {SIGNS[finding.met]}" if finding.target else ""
    return f"row {finding.row:4} {finding.what}: {finding.found}{beside}"


def _table(findings: list[Finding]) -> Table:
    table = Table("row", "what", "found", "target", "", title="Beside the targets of docs/performance.md")
    for each in findings:
        table.add_row(each.row, each.what, each.found, each.target, SIGNS[each.met])
    return table


def _keep(findings: list[Finding]) -> None:
    """Keep the figures for whoever compares two runs."""
    VAR.mkdir(parents=True, exist_ok=True)
    (VAR / "results.json").write_text(json.dumps([asdict(each) for each in findings], indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
