"""``vpm gateway``: serve, check."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

import click

from gateway.bootstrap import CONFIG_VARIABLE, open_gateway
from gateway.serving import serve_mutual_tls, serve_public
from gateway.serving.settings import ClientTrust, MutualTlsPort, PublicPort, ServerIdentity
from gateway.settings import InvalidSettings, Settings, load_settings

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
        serve_public(_public_port(settings), "gateway.web.wsgi:public", settings.public.workers)
    elif only == "mutual-tls":
        serve_mutual_tls(_mutual_tls_port(settings), "gateway.web.wsgi:mutual_tls", settings.mutual_tls.workers)
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


def _public_port(settings: Settings) -> PublicPort:
    entry = settings.public
    return PublicPort(
        host=entry.host,
        port=entry.port,
        identity=ServerIdentity(certificate=settings.base / entry.certificate, key=settings.base / entry.key),
        threads=entry.threads,
    )


def _mutual_tls_port(settings: Settings) -> MutualTlsPort:
    entry = settings.mutual_tls
    return MutualTlsPort(
        host=entry.host,
        port=entry.port,
        identity=ServerIdentity(certificate=settings.base / entry.certificate, key=settings.base / entry.key),
        clients=ClientTrust(
            ca=settings.base / entry.client_ca,
            crl=settings.base / entry.client_crl,
            seen_lists=settings.keys / "seen-lists.json",
        ),
        threads=entry.threads,
    )
