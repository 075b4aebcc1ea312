"""``vpm gateway``: serve, check."""

import gc
import multiprocessing
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any, Final

import click

from gateway.bootstrap import CONFIG_VARIABLE, open_gateway
from gateway.logging import log_as_json
from gateway.serving import serve_fronted, serve_mutual_tls, serve_public
from gateway.serving.settings import CardTrust, ClientTrust, FrontedPort, MutualTlsPort, PublicPort, ServerIdentity
from gateway.settings import CardPortEntry, InvalidSettings, PortEntry, Settings, load_settings
from gateway.storage.keys import KeysUnsafe
from gateway.storage.sealer import LogInconsistent
from gateway.web.app import Gateway

PORTS: Final = ("public", "mutual-tls", "cards")
"""The last one only where the settings have it."""
_FORK: Final = multiprocessing.get_context("fork")

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
    opened = _opened(config)
    problems = opened.problems()
    opened.close()
    if problems:
        raise click.ClickException("\n".join(["the gateway is not ready:", *(f"  - {line}" for line in problems)]))
    click.echo(f"{len(opened.directory)} providers, {len(opened.use_cases.parties)} relying parties: settings are good")


@gateway.command()
@CONFIG
@click.option("--only", type=click.Choice(PORTS), help="Serve one of the ports.")
def serve(config: Path, only: str | None) -> None:
    """Serve every port of the settings until SIGTERM; SIGHUP reloads them without losing a request."""
    log_as_json()
    settings = _settings(config)
    os.environ[CONFIG_VARIABLE] = str(config.resolve())
    if only is None:
        sys.exit(_serve_all(config, settings))
    _serve_one(settings, only)


def _serve_one(settings: Settings, port: str) -> None:
    if port == "public":
        _serve(settings, settings.public, "gateway.web.wsgi:public", None)
    elif port == "mutual-tls":
        _serve(settings, settings.mutual_tls, "gateway.web.wsgi:mutual_tls", _clients(settings))
    elif settings.cards is not None:
        _serve_cards(settings.base, settings.cards)
    else:
        raise click.ClickException("there is no [cards] in the settings, so there is no port for cards")


def _serve_all(config: Path, settings: Settings) -> int:
    """Run each port in a process of its own; when one ends, the others are ended too.

    The processes are forked, so that the modules are imported once; nothing of the opened gateway is left by then.
    """
    _opened(config).close()
    gc.collect()
    gc.freeze()  # a collection in a forked process would write to, and so copy, every page it shares with the others
    ports = [_FORK.Process(target=_serve_one, args=(settings, port), name=port) for port in _ports_of(settings)]
    for port in ports:
        port.start()

    def pass_on(number: int, _frame: FrameType | None) -> None:
        for port in ports:
            if port.pid is not None and port.is_alive():
                os.kill(port.pid, number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, pass_on)
    while all(port.is_alive() for port in ports):
        signal.sigtimedwait({signal.SIGCHLD}, 0.5)
    pass_on(signal.SIGTERM, None)
    for port in ports:
        port.join()
    return 1 if {port.exitcode for port in ports} - {0, -signal.SIGTERM} else 0


def _ports_of(settings: Settings) -> tuple[str, ...]:
    return PORTS if settings.cards is not None else PORTS[:-1]


def _opened(config: Path) -> Gateway:
    try:
        return open_gateway(_settings(config))
    except (InvalidSettings, KeysUnsafe, LogInconsistent) as error:
        raise click.ClickException(str(error)) from error


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


def _serve_cards(base: Path, entry: CardPortEntry) -> None:
    identity = ServerIdentity(certificate=base / entry.certificate, key=base / entry.key)
    cards = CardTrust(cas=tuple(base / path for path in entry.client_cas))
    port = MutualTlsPort(host=entry.host, port=entry.port, identity=identity, clients=cards, threads=entry.threads)
    serve_mutual_tls(port, "gateway.web.wsgi:cards", entry.workers)


def _clients(settings: Settings) -> ClientTrust:
    entry = settings.mutual_tls
    return ClientTrust(
        ca=settings.base / entry.client_ca,
        crl=settings.base / entry.client_crl,
        seen_lists=settings.keys / "seen-lists.json",
    )
