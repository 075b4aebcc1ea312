"""``vpm rp``: register relying parties, show them, rotate their keys, disable them."""

import getpass
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.table import Table

from certs.errors import FileUnusable
from certs.load import load_chain, load_crl
from gateway.bootstrap import utc_now
from gateway.broker.key_use import why_not_droppable
from gateway.broker.ports import StorageUnavailable
from gateway.registration.document import NotReadable, files_below, read_registration
from gateway.registration.mistakes import ClientAuthority
from gateway.registration.registrar import NotRegistered, Registrar
from gateway.registration.revision import Revision
from gateway.relying_parties import open_parties
from gateway.settings import InvalidSettings, Settings, load_settings
from gateway.storage.keys import KeysUnsafe
from gateway.storage.sql_storage import SqlStorage, open_storage

FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_TIME: Final = "%Y-%m-%d %H:%M"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """What the commands work with."""

    registrar: Registrar
    storage: SqlStorage

    def current(self, party: str) -> Revision:
        """Give the revision that is in force.

        Raises:
            NotRegistered: there is none.
        """
        if party in self.registrar.embedded:
            raise NotRegistered(f"{party} is registered in the settings file; change it there")
        history = self.storage.look_up(lambda kept: kept.history(party))
        if not history:
            raise NotRegistered(f"there is no relying party {party}; vpm rp list names them")
        if history[-1].ended_at is not None:
            raise NotRegistered(f"{party} was disabled on {history[-1].ended_at:{_TIME}} UTC; add it again")
        return history[-1]

    def uses(self, party: str) -> dict[str, datetime]:
        """Say when each of its keys was last seen in use."""
        return self.storage.look_up(lambda kept: kept.uses(party))


Open = Callable[[], Any]


@click.group()
@click.option("--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.pass_context
def rp(context: click.Context, config: Path) -> None:
    """Register relying parties; running workers take a change up within seconds."""
    context.obj = lambda: _registry(config)


@rp.command()
@FILE
@click.pass_obj
def check(open_registry: Open, file: Path) -> None:
    """Say everything that is wrong with a registration, and change nothing."""
    with _opened(open_registry) as registry:
        document = registry.registrar.checked(read_registration(file), files_below(file.parent))
        click.echo(f"{document.party}: the registration is good")


@rp.command()
@FILE
@click.pass_obj
def add(open_registry: Open, file: Path) -> None:
    """Register a relying party from a TOML file, in the form of docs/portals.md."""
    with _opened(open_registry) as registry:
        registrar = registry.registrar
        done = registrar.add(registrar.checked(read_registration(file), files_below(file.parent)))
        click.echo(f"{done.party} is registered, revision {done.number}")


@rp.command()
@FILE
@click.option("--revision", type=int, help="The revision that was looked at; default: the one in force.")
@click.option("--because", default="", help="Recorded with the change.")
@click.pass_obj
def change(open_registry: Open, file: Path, revision: int | None, because: str) -> None:
    """Put the registration of a TOML file in the place of the one in force."""
    with _opened(open_registry) as registry:
        registrar = registry.registrar
        document = registrar.checked(read_registration(file), files_below(file.parent))
        seen = revision or registry.current(document.party).number
        done = registrar.replace(document, seen, because)
        click.echo(f"{done.party} is changed, revision {done.number}")


@rp.command("list")
@click.pass_obj
def list_parties(open_registry: Open) -> None:
    """Show all relying parties, of the settings file and of the database."""
    with _opened(open_registry) as registry:
        table = Table(title="Relying parties", title_justify="left")
        for heading in ("id", "profile", "revision", "since (UTC)", "until"):
            table.add_column(heading)
        for party in registry.registrar.embedded.values():
            oidc = party.oidc
            table.add_row(party.id, oidc.profile if oidc else "", "settings file", "", str((oidc and oidc.until) or ""))
        for one in registry.storage.look_up(lambda kept: kept.newest()):
            table.add_row(*_row(one))
        Console(width=120).print(table)


@rp.command()
@click.argument("party")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def show(open_registry: Open, party: str, *, as_json: bool) -> None:
    """Show one registration: what it says, which of its keys sign, and what it was before."""
    with _opened(open_registry) as registry:
        current, keys = registry.current(party), _keys(registry, party)
        history = registry.storage.look_up(lambda kept: kept.history(party))
        if as_json:
            found = {"revision": current.number, "registration": current.document.says, "keys": keys}
            click.echo(json.dumps(found, default=str, ensure_ascii=False, indent=2))
            return
        click.echo(json.dumps(current.document.says, default=str, ensure_ascii=False, indent=2))
        for key in keys:
            click.echo(f"key {key['kid']}: last signed {key['last_signed'] or 'never'}; {key['advice']}")
        for one in history:
            ended = f"until {one.ended_at:{_TIME}}" if one.ended_at else "in force"
            click.echo(f"revision {one.number}: from {one.changed_at:{_TIME}} UTC, {ended}")


@rp.command("rotate-key")
@click.argument("party")
@click.option("--key", type=click.Path(path_type=Path), help="The new public key, PEM: begins the overlap.")
@click.option("--kid", help="The new key's id, as it will stand in the assertions' header.")
@click.option("--algorithm", default="ES256", show_default=True)
@click.option("--drop", metavar="KID", help="The old key's id: ends the overlap.")
@click.option("--at-once", metavar="REASON", default="", help="Drop it although it may be in use; recorded.")
@click.pass_obj
def rotate_key(
    open_registry: Open, party: str, key: Path | None, kid: str | None, algorithm: str, drop: str | None, at_once: str
) -> None:
    """Register a second key beside the first, or drop the first once the second is in use."""
    if (key is None or kid is None) == (drop is None):
        raise click.UsageError("give --key and --kid to begin, or --drop to end")
    with _opened(open_registry) as registry:
        current = registry.current(party)
        if drop is not None:
            done = registry.registrar.drop_key(current, drop, registry.uses(party), at_once)
            click.echo(f"{party}: {drop} is dropped, revision {done.number}")
            return
        entry = {"kid": kid, "algorithm": algorithm, "file": str(key)}
        done = registry.registrar.add_key(current, entry, files_below(Path()))
        click.echo(f"{party}: {kid} is registered beside the other, revision {done.number}; sign with it, then")
        click.echo(f"  vpm rp show {party}    says when the old one can go")


@rp.command()
@click.argument("party")
@click.option("--because", required=True, help="Recorded with the change.")
@click.pass_obj
def disable(open_registry: Open, party: str, because: str) -> None:
    """Let a relying party ask no more; logins under way end at the gateway."""
    with _opened(open_registry) as registry:
        registry.registrar.disable(party, registry.current(party).number, because)
        click.echo(f"{party} is disabled")


def _row(revision: Revision) -> tuple[str, ...]:
    oidc: Mapping[str, Any] = revision.document.says.get("oidc", {})
    number = f"{revision.number}" if revision.ended_at is None else f"{revision.number}, disabled"
    return (
        revision.party,
        str(oidc.get("profile", "fapi2")),
        number,
        f"{revision.changed_at:{_TIME}}",
        str(oidc.get("until", "")),
    )


def _keys(registry: Registry, party: str) -> list[dict[str, str | None]]:
    """Say of each key when it last signed, and whether it may be dropped."""
    oidc = registry.current(party).document.says.get("oidc", {})
    kids = tuple(str(key["kid"]) for key in oidc.get("assertion_keys", []))
    uses = registry.uses(party)
    return [
        {
            "kid": kid,
            "last_signed": f"{uses[kid]:{_TIME}} UTC" if kid in uses else None,
            "advice": _advice(kid, kids, uses),
        }
        for kid in kids
    ]


def _advice(kid: str, kids: tuple[str, ...], uses: Mapping[str, datetime]) -> str:
    if len(kids) == 1:
        return "the only key"
    against = why_not_droppable(kid, kids, uses, utc_now())
    return f"keep it: {against}" if against else "safe to drop"


@contextmanager
def _opened(open_registry: Open) -> Iterator[Registry]:
    """Open the registry; what goes wrong is said in words."""
    known = (NotRegistered, NotReadable, InvalidSettings, KeysUnsafe, StorageUnavailable, FileUnusable, OSError)
    try:
        with open_registry() as registry:
            yield registry
    except known as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def _registry(config: Path) -> Iterator[Registry]:
    settings = load_settings(config)
    storage = open_storage(
        settings.database_url, settings.keys, node=settings.node, config_rev=settings.revision, clock=utc_now
    )
    try:
        yield Registry(registrar=_registrar(settings, storage), storage=storage)
    finally:
        storage.close()


def _registrar(settings: Settings, storage: SqlStorage) -> Registrar:
    problems: list[str] = []
    embedded = open_parties(settings.relying_parties, files_below(settings.base), utc_now().date(), problems)
    if problems:
        raise InvalidSettings(settings.base, problems)
    trust = settings.mutual_tls
    authority = ClientAuthority(
        ca=load_chain(settings.base / trust.client_ca)[0], crl=load_crl(settings.base / trust.client_crl)
    )
    return Registrar(
        change=storage.change,
        embedded={str(party): found for party, found in embedded.items()},
        authority=authority,
        actor=getpass.getuser(),
        clock=utc_now,
    )
