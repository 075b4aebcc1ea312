"""``vpm bank`` and ``vpm banklink``."""

import signal
from collections.abc import Sequence
from enum import Enum, auto
from pathlib import Path
from queue import SimpleQueue
from types import FrameType
from typing import TYPE_CHECKING, BinaryIO

import click

from mock_bank.faults import REGISTRY, UnknownFaults
from mock_bank.settings import InvalidSettings, read_settings

if TYPE_CHECKING:
    from mock_bank.bank import Bank


class Order(Enum):
    """What a signal asks of the bank."""

    STOP = auto()
    TAKE_UP_KEYS = auto()


ORDERS = {signal.SIGTERM: Order.STOP, signal.SIGINT: Order.STOP, signal.SIGHUP: Order.TAKE_UP_KEYS}


@click.group()
def bank() -> None:
    """The mock bank: signs people in by banklink, honestly or with named faults."""


@bank.command()
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), required=True, help="bank.toml")
@click.option("--fault", "faults", multiple=True, help="switch a fault on, besides those of the settings")
def serve(config: Path, faults: tuple[str, ...]) -> None:
    """Serve both ports until interrupted; SIGHUP reads the keys again."""
    from mock_bank.bank import open_bank  # noqa: PLC0415 -- `vpm bank faults` needs neither TLS nor Flask
    from mock_bank.serving import start  # noqa: PLC0415 -- as above

    orders = _orders()
    try:
        running = start(open_bank(read_settings(config, extra_faults=faults)))
    except (InvalidSettings, UnknownFaults) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"the mock bank cannot listen: {error}") from error
    settings = running.bank.settings
    click.echo(f"mock bank {settings.id}: https://{settings.public.address}:{running.public_port}")
    click.echo(f"VPM back channel (mutual TLS): https://{settings.mutual_tls.address}:{running.mutual_port}")
    click.echo(f"faults: {running.bank.faults_for().header()}")
    while orders.get() is Order.TAKE_UP_KEYS:
        _take_up_keys(running.bank, config, faults)
    running.stop()


def _take_up_keys(bank: "Bank", config: Path, faults: Sequence[str]) -> None:
    """Take up what the settings say of keys; what cannot be used is said, and the bank goes on as it was."""
    try:
        bank.take_up_keys(read_settings(config, extra_faults=faults))
    except InvalidSettings as error:
        click.echo(f"the keys stay as they were: {error}", err=True)
    else:
        click.echo(f"keys taken up: confirmations are signed with {bank.signer.kid}")


def _orders() -> "SimpleQueue[Order]":
    """What signals ask, in their order; in place before the ports open, so that none is missed."""
    orders: SimpleQueue[Order] = SimpleQueue()

    def tell(number: int, _frame: FrameType | None) -> None:
        orders.put(ORDERS[signal.Signals(number)])

    for number in ORDERS:
        signal.signal(number, tell)
    return orders


@bank.command()
def faults() -> None:
    """List every fault: name, the check that must notice it, what the bank then does."""
    for fault in REGISTRY.values():
        click.echo(f"{fault.name:30} {fault.check:12} {fault.sentence}")


@click.group()
def banklink() -> None:
    """Banklink messages under the magnifying glass."""


@banklink.command()
@click.argument("file", type=click.File("rb"))
@click.option(
    "--public-key",
    "keys",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="PEM public key or certificate of the sender; may be given more than once, the first is expected",
)
@click.option(
    "--config", type=click.Path(path_type=Path, dir_okay=False), help="bank.toml: its partners' keys are known"
)
@click.pass_context
def explain(ctx: click.Context, file: BinaryIO, keys: tuple[Path, ...], config: Path | None) -> None:
    """Say why the signature of the message in FILE (or -) does not verify.

    FILE holds a form body, name=value lines or the HTML of a form. Exit code 0: it verifies; 1: it does not; 2: there
    is no message in it.
    """
    from mock_bank import explaining  # noqa: PLC0415 -- needs every library that the server needs

    try:
        known, expected = explaining.known_keys(keys, config)
        verified, text = explaining.explained(file.read(), known, expected)
    except (InvalidSettings, ValueError) as error:
        raise click.UsageError(str(error)) from error
    click.echo(text)
    ctx.exit(0 if verified else 1)
