"""``vpm keys``: list the signing keys, and have one published, used, retired."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from gateway.bootstrap import utc_now
from gateway.broker.ports import StorageUnavailable
from gateway.key_rings import close_places, places_of, purposes_of, signer_of, waits_of
from gateway.reconciler import Reconciler
from gateway.settings import InvalidSettings, Settings, load_settings
from gateway.signing.changing import KeyCommands
from gateway.signing.life import NotAllowed, SigningKey, State, ready_at
from gateway.signing.opening import FILE, PKCS11
from gateway.signing.purpose import ID_TOKENS, SAML, Purpose
from gateway.storage.keys import KeysUnsafe
from gateway.storage.sql_storage import open_storage

NEXT_STEP = {State.PUBLISHED: "may sign from", State.RESTING: "may be retired from"}
AT_ONCE = click.option("--at-once", metavar="REASON", default="", help="Do not wait; the reason is recorded.")


@dataclass(frozen=True, slots=True)
class Chosen:
    """Whose keys a command is about."""

    config: Path
    purpose: str


@click.group()
@click.option("--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option(
    "--for",
    "purpose",
    type=click.Choice([ID_TOKENS.name, SAML.name]),
    default=ID_TOKENS.name,
    show_default=True,
    help="What the keys sign.",
)
@click.pass_context
def keys(context: click.Context, config: Path, purpose: str) -> None:
    """See and change the gateway's signing keys; running workers take a change up within seconds."""
    context.obj = Chosen(config, purpose)


@keys.command("list")
@click.pass_obj
def list_keys(chosen: Chosen) -> None:
    """Show every key and what may be done with it."""
    with _opened(chosen) as opened:
        table = Table(title=f"Signing keys for {opened.purpose.name}", title_justify="left")
        for heading in ("kid", "state", "where", "published (UTC)", "next step (UTC)"):
            table.add_column(heading)
        for key in opened.ring().keys:
            table.add_row(key.kid, key.state, key.place, f"{key.published_at:%Y-%m-%d %H:%M:%S}", _next(opened, key))
        Console(width=140).print(table)


@keys.command()
@click.option("--in", "kind", type=click.Choice([FILE, PKCS11]), help="Where; default: the token, if one is set up.")
@click.pass_obj
def publish(chosen: Chosen, kind: str | None) -> None:
    """Make a new key and show it to portals; it signs nothing yet."""
    with _opened(chosen) as opened:
        key = opened.publish(kind or (PKCS11 if PKCS11 in opened.places else FILE))
        click.echo(f"{key.kid} is published; {_next(opened, key)}: vpm keys{_for(opened)} use {key.kid}")


@keys.command()
@click.argument("kid")
@AT_ONCE
@click.pass_obj
def use(chosen: Chosen, kid: str, at_once: str) -> None:
    """Let a published key sign; the one that signed until now rests."""
    with _opened(chosen) as opened:
        opened.use(kid, at_once)
        click.echo(f"{kid} signs")
        for key in opened.ring().of(State.RESTING):
            click.echo(f"{key.kid} rests; {_next(opened, key)}: vpm keys{_for(opened)} retire {key.kid}")


@keys.command()
@click.argument("kid")
@AT_ONCE
@click.pass_obj
def retire(chosen: Chosen, kid: str, at_once: str) -> None:
    """Withdraw a key that rests and destroy its private half; with --at-once nothing it signed is believed any more."""
    with _opened(chosen) as opened:
        opened.retire(kid, at_once)
        click.echo(f"{kid} is retired and its private half destroyed")


@keys.command()
@click.option("--accept", metavar="REASON", default="", help="Take what differs now as looked into; it is recorded.")
@click.pass_obj
def reconcile(chosen: Chosen, accept: str) -> None:
    """Compare now what the signer counted with what the log and the database say was issued; once an hour by itself."""
    try:
        with _reconciler(chosen.config) as reconciler:
            account = (
                reconciler.accept(utc_now(), getpass.getuser(), accept) if accept else reconciler.reconcile(utc_now())
            )
    except (InvalidSettings, KeysUnsafe, StorageUnavailable, ValueError) as error:
        raise click.ClickException(str(error)) from error
    if account.drift:
        raise click.ClickException("\n".join(["signatures and issued results differ:", *account.drift]))
    for kid, count in sorted(account.events.items()):
        click.echo(f"{kid}: {count} signatures for {count} issued, up to {account.until}")
    click.echo("nothing differs")


@contextmanager
def _reconciler(config: Path) -> Iterator[Reconciler]:
    settings = load_settings(config)
    signer = signer_of(settings)
    if signer is None:
        raise ValueError("nothing counts: the settings say nothing of [signing_keys.signer]")
    storage = open_storage(
        settings.database_url, settings.keys, node=settings.node, config_rev=settings.revision, clock=utc_now
    )
    try:
        yield Reconciler(storage, signer, node=settings.node, clock=utc_now)
    finally:
        signer.close()
        storage.close()


@contextmanager
def _opened(chosen: Chosen) -> Iterator[KeyCommands]:
    """Open the commands; what goes wrong is said in one sentence."""
    try:
        with _commands(chosen) as opened:
            yield opened
    except (NotAllowed, InvalidSettings, KeysUnsafe, StorageUnavailable, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def _commands(chosen: Chosen) -> Iterator[KeyCommands]:
    settings = load_settings(chosen.config)
    purpose, places = _purpose(settings, chosen.purpose), places_of(settings)
    storage = open_storage(
        settings.database_url, settings.keys, node=settings.node, config_rev=settings.revision, clock=utc_now
    )
    try:
        yield KeyCommands(
            folder=settings.signing_folder,
            purpose=purpose,
            places=dict(places)[purpose],
            waits=waits_of(settings, purpose),
            record=lambda event: storage.commit(lambda unit: unit.record(event)),
            actor=getpass.getuser(),
            clock=utc_now,
        )
    finally:
        storage.close()
        close_places(places)


def _purpose(settings: Settings, wanted: str) -> Purpose:
    found = [purpose for purpose in purposes_of(settings) if purpose.name == wanted]
    if not found:
        raise ValueError(f"the settings say nothing of {wanted}")
    return found[0]


def _for(opened: KeyCommands) -> str:
    return "" if opened.purpose is ID_TOKENS else f" --for {opened.purpose.name}"


def _next(opened: KeyCommands, key: SigningKey) -> str:
    ready: datetime | None = ready_at(key, opened.waits)
    return f"{NEXT_STEP[key.state]} {ready:%Y-%m-%d %H:%M:%S}" if ready else ""
