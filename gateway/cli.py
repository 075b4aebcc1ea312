"""``vpm gateway``: serve, check."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import click

from gateway.bootstrap import CONFIG_VARIABLE, open_gateway
from gateway.serving import serve_fronted, serve_mutual_tls, serve_public
from gateway.serving.settings import ClientTrust, FrontedPort, MutualTlsPort, PublicPort, ServerIdentity
from gateway.settings import InvalidSettings, PortEntry, Settings, load_settings

CONFIG = click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="The gateway's settings file (TOML).",
)


@click.group()
def gateway() -> None:
    """Run the gateway, or check its settings."""


@gateway.command()
@CONFIG
def check(config: Path) -> None:
    """Read the settings, keys and registrations; say every problem at once."""
    opened = open_gateway(_settings(config))
    for problem in opened.problems():
        click.echo(f"not ready: {problem}", err=True)
    click.echo(f"{len(opened.directory)} providers, {len(opened.use_cases.parties)} relying parties: settings are good")
    opened.close()


@gateway.command()
@CONFIG
@click.option("--only", type=click.Choice(["public", "mutual-tls"]), help="Serve one of the two ports.")
def serve(config: Path, only: str | None) -> None:
    """Serve the public port and the mutual-TLS port until SIGTERM; SIGHUP reloads both without losing a request."""
    settings = _settings(config)
    os.environ[CONFIG_VARIABLE] = str(config.resolve())
    if only == "public":
        _serve(settings, settings.public, "gateway.web.wsgi:public", None)
    elif only == "mutual-tls":
        _serve(settings, settings.mutual_tls, "gateway.web.wsgi:mutual_tls", _clients(settings))
    else:
        sys.exit(_serve_both(config))


def _serve_both(config: Path) -> int:
    """Run each port in a process of its own; when one ends, the other is ended too."""
    open_gateway(_settings(config)).close()
    command = [sys.executable, "-m", "vpm", "gateway", "serve", "--config", str(config), "--only"]
    ports = [subprocess.Popen([*command, only]) for only in ("public", "mutual-tls")]  # noqa: S603 - our own command

    def pass_on(number: int, _frame: FrameType | None) -> None:
        for port in ports:
            port.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, pass_on)
    while all(port.poll() is None for port in ports):
        signal.sigtimedwait({signal.SIGCHLD}, 0.5)
    pass_on(signal.SIGTERM, None)
    ended = {port.wait() for port in ports} - {0, -signal.SIGTERM}
    return 1 if ended else 0


def _settings(config: Path) -> Settings:
    try:
        return load_settings(config)
    except InvalidSettings as error:
        raise click.ClickException(str(error)) from error


def _serve(settings: Settings, entry: PortEntry, app: str, clients: ClientTrust | None) -> None:
    """Serve one port the way its settings say."""
    base = settings.base
    if entry.unix_socket is not None:
        front = FrontedPort(unix_socket=base / entry.unix_socket, clients=clients, threads=entry.threads)
        serve_fronted(front, app, entry.workers)
    elif entry.port is not None and entry.certificate is not None and entry.key is not None:
        identity = ServerIdentity(certificate=base / entry.certificate, key=base / entry.key)
        where: dict[str, Any] = {"host": entry.host, "port": entry.port, "identity": identity, "threads": entry.threads}
        if clients is None:
            serve_public(PublicPort(**where), app, entry.workers)
        else:
            serve_mutual_tls(MutualTlsPort(**where, clients=clients), app, entry.workers)


def _clients(settings: Settings) -> ClientTrust:
    entry = settings.mutual_tls
    return ClientTrust(
        ca=settings.base / entry.client_ca,
        crl=settings.base / entry.client_crl,
        seen_lists=settings.keys / "seen-lists.json",
    )
