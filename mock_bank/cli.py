"""``vpm bank`` and ``vpm banklink``."""

import signal
import threading
from pathlib import Path
from types import FrameType

import click

from mock_bank.faults import REGISTRY, UnknownFaults
from mock_bank.settings import InvalidSettings


@click.group()
def bank() -> None:
    """The mock bank: signs people in by banklink, honestly or with named faults."""


@bank.command()
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), required=True, help="bank.toml")
@click.option("--fault", "faults", multiple=True, help="switch a fault on, besides those of the settings")
def serve(config: Path, faults: tuple[str, ...]) -> None:
    """Serve both ports until interrupted."""
    from mock_bank.bank import open_bank  # noqa: PLC0415 -- `vpm bank faults` needs neither TLS nor Flask
    from mock_bank.serving import start  # noqa: PLC0415 -- as above
    from mock_bank.settings import read_settings  # noqa: PLC0415 -- as above

    try:
        running = start(open_bank(read_settings(config, extra_faults=faults)))
    except (InvalidSettings, UnknownFaults) as error:
        raise click.ClickException(str(error)) from error
    settings = running.bank.settings
    click.echo(f"mock bank {settings.id}: https://{settings.public.address}:{running.public_port}")
    click.echo(f"VPM back channel (mutual TLS): https://{settings.mutual_tls.address}:{running.mutual_port}")
    click.echo(f"faults: {running.bank.faults_for().header()}")
    _until_told_to_stop().wait()
    running.stop()


def _until_told_to_stop() -> threading.Event:
    told = threading.Event()

    def tell(_number: int, _frame: FrameType | None) -> None:
        told.set()

    signal.signal(signal.SIGTERM, tell)
    signal.signal(signal.SIGINT, tell)
    return told


@bank.command()
def faults() -> None:
    """List every fault: name, the check that must notice it, what the bank then does."""
    for fault in REGISTRY.values():
        click.echo(f"{fault.name:30} {fault.check:12} {fault.sentence}")
