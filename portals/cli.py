"""``vpm portal``: run the portals, each in a process of its own."""

import logging
from pathlib import Path

import click

from portals.errors import InvalidSettings
from portals.settings import PortalSettings, read_settings


@click.group()
def portal() -> None:
    """Run the portals that sign people in through the gateway."""


@portal.group()
def auctions() -> None:
    """The electronic-auction site: the participants' register."""


@auctions.command()
@click.option(
    "--config",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The portal's settings, a TOML file such as auctions.toml.",
)
def serve(path: Path) -> None:
    """Serve the auction portal over HTTPS until it is told to stop."""
    settings = _settings(path)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    click.echo(f"The auction portal is at {settings.base_url}")
    from portals.auctions.serving import serve as run  # noqa: PLC0415  the server is loaded only to serve

    run(settings)


@auctions.command()
@click.option("--config", "path", type=click.Path(path_type=Path, dir_okay=False), required=True)
def check(path: Path) -> None:
    """Say whether the settings can be used, without serving."""
    click.echo(f"usable: {_settings(path).base_url}")


def _settings(path: Path) -> PortalSettings:
    try:
        return read_settings(path)
    except InvalidSettings as error:
        raise click.ClickException(str(error)) from error
