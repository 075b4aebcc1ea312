"""``vpm signer``: the process that holds the signing keys."""

import signal
import threading
from pathlib import Path
from types import FrameType

import click

from gateway.bootstrap import utc_now
from gateway.key_rings import close_places, places_of
from gateway.logging import log_as_json
from gateway.settings import InvalidSettings, Settings, load_settings
from gateway.signer.desk import SignerDesk
from gateway.signer.keys import RingKeys
from gateway.signer.ledger import Ledger
from gateway.signer.server import SignerServer
from gateway.storage.issued import SqlIssued
from gateway.storage.sql_storage import open_database


@click.command()
@click.option("--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
def signer(config: Path) -> None:
    """Hold the signing keys and sign what the gateway has committed, until SIGTERM.

    Runs as a user of its own; the gateway's workers reach it by the socket in [signing_keys.signer].
    """
    log_as_json()
    try:
        _serve(load_settings(config))
    except (InvalidSettings, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error


def _serve(settings: Settings) -> None:
    entry, folder = settings.signing_keys.signer, settings.signing_folder
    if entry is None:
        raise ValueError("the settings say nothing of [signing_keys.signer]")
    places, database = places_of(settings), open_database(settings.database_url)

    def events_of(corr: str) -> list[bytes]:
        with database.reader() as connection:
            return SqlIssued(connection, database.statements.dialect_name, settings.node).events_of(corr)

    keys = RingKeys(folder, dict(places), utc_now)
    ledger = Ledger(folder / entry.ledger)
    desk = SignerDesk(keys=keys, ledger=ledger, events_of=events_of, clock=utc_now)
    try:
        with SignerServer(folder / entry.socket, desk) as server:
            _stop_when_told(server)
            click.echo(f"signing at {folder / entry.socket}")
            server.serve_forever(poll_interval=0.2)
    finally:
        ledger.close()
        database.close()
        close_places(places)
        (folder / entry.socket).unlink(missing_ok=True)


def _stop_when_told(server: SignerServer) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
