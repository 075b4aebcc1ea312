"""``vpm demo``: everything on one machine, and the first login by itself."""

import json
import signal
import sys
import threading
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from certs.dev_pki import DevPki
from certs.upkeep import keep_fresh
from gateway.demo.browser import Lost
from gateway.demo.places import Places
from gateway.demo.prepare import prepare
from gateway.demo.processes import PartFailed, Parts, refuse_taken_ports
from gateway.demo.sign_in import PERSONAS, SignedIn, sign_in


@click.command()
@click.option("--once", is_flag=True, help="Sign one persona in, then stop everything.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line instead of the story.")
@click.option("--persona", type=click.Choice(list(PERSONAS)), default="anna", help="Who signs in.")
@click.option("--root", type=click.Path(path_type=Path), default=Path("var"), help="Where files are kept.")
@click.option("--first-port", type=int, help="Use eight ports from this one on instead of the usual ones.")
def demo(*, once: bool, as_json: bool, persona: str, root: Path, first_port: int | None) -> None:
    """Start gateway, mock bank and auction portal, and sign a person in through every hop."""
    console = Console(stderr=as_json)
    places = _places(root.resolve(), first_port)
    started = time.monotonic()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # a script's background job would ignore the first
        signal.signal(number, signal.default_int_handler)  # no part may outlive the demo
    try:
        refuse_taken_ports(places)
        prepare(places)
        with Parts(places) as parts:
            signed_in = sign_in(places, persona)
            total = time.monotonic() - started
            _tell(console, places, signed_in, total, as_json=as_json)
            if not once:
                _stay(places, parts)
    except (PartFailed, Lost) as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        console.print("\nStopped.")


def _stay(places: Places, parts: Parts) -> None:
    """Keep revocation lists and certificates fresh until Ctrl-C: lists are good for a day only."""
    ended = threading.Event()
    keeper = threading.Thread(
        target=keep_fresh,
        args=(DevPki.open(places.pki),),
        kwargs={"until": ended, "tell": lambda _: parts.reload()},
        daemon=True,
    )
    keeper.start()
    try:
        parts.wait()
    finally:
        ended.set()


def _places(root: Path, first_port: int | None) -> Places:
    if first_port is None:
        return Places(root=root)
    return Places(
        root=root,
        gateway_port=first_port,
        gateway_mutual_port=first_port + 1,
        bank_port=first_port + 2,
        bank_mutual_port=first_port + 3,
        auctions_port=first_port + 4,
        ocsp_port=first_port + 5,
        bank_cards_port=first_port + 6,
        gateway_cards_port=first_port + 7,
    )


def _tell(console: Console, places: Places, signed_in: SignedIn, total: float, *, as_json: bool) -> None:
    if as_json:
        click.echo(
            json.dumps(
                {
                    "identity": signed_in.identity,
                    "audit_records": len(signed_in.records),
                    "audit_verified": signed_in.verified,
                    "seconds": signed_in.seconds,
                },
                ensure_ascii=False,
            )
        )
        return
    _tell_identity(console, signed_in, total)
    _tell_records(console, signed_in)
    _tell_next(console, places, signed_in)


def _tell_identity(console: Console, signed_in: SignedIn, total: float) -> None:
    console.rule(f"Signed in through every hop in {signed_in.seconds} s (everything up in {total:.0f} s)")
    table = Table(title="What the auction portal received", title_justify="left")
    table.add_column("claim")
    table.add_column("value")
    for name, value in signed_in.identity.items():
        table.add_row(name, value)
    console.print(table)


def _tell_records(console: Console, signed_in: SignedIn) -> None:
    title = f"What the audit log holds of login {signed_in.login}"
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for heading in ("no.", "time (UTC)", "event", "with", "verdict", "in tree"):
        table.add_column(heading)
    for record in signed_in.records:
        body = record["event"]
        verdict = body.get("verdict", {})
        table.add_row(
            str(record["seq"]),
            str(body["time"])[11:23],
            body["type"],
            body.get("peer", {}).get("id", ""),
            verdict.get("rule", ""),
            "proven" if record["proven"] else "not yet",
        )
    console.print(table)
    console.print(f"vpm audit verify: {'nothing was changed' if signed_in.verified else 'THE LOG DOES NOT VERIFY'}")


def _tell_next(console: Console, places: Places, signed_in: SignedIn) -> None:
    audit = f"{_short(Path(sys.executable).with_name('vpm'))} audit --config {_short(places.settings('gateway'))}"
    console.print(
        f"""
[bold]Open[/bold]
  auction portal   {places.auctions}/
  mock bank        {places.bank}/   (personas, faults, signature debugger)
  gateway          {places.issuer}/.well-known/openid-configuration
  Your browser warns until it trusts {places.root_certificate}

[bold]Sign in as[/bold]  Anna Bērziņa: user number 100001, password parole-100001
  Others: {places.bank}/personas

[bold]Break it[/bold]
  {places.bank}/faults   switch on bnk.bad-mac or vbc.one-factor, sign in again

[bold]Read the log[/bold] (in a second terminal)
  {audit} show {signed_in.login}
  {audit} verify

Ctrl-C stops everything.""",
        highlight=False,
        soft_wrap=True,
    )


def _short(path: Path) -> Path:
    """Give a path as it is typed where the demo was started."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
