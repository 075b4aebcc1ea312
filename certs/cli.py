"""``vpm pki``: the development hierarchy from the command line."""

import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import click
from cryptography import x509
from rich.console import Console
from rich.table import Table

from certs.bad_certificates import KINDS, BadCertificates
from certs.dev_pki import DevPki, Refreshed
from certs.errors import CertificateError
from certs.inventory import Standing, State, standings
from certs.load import fingerprint_sha256, load_crl
from certs.order import Issued
from certs.profiles import ISSUING_CAS, LEAF_PROFILES
from certs.revocation import is_ageing, mark_of
from certs.settings import Settings
from certs.upkeep import keep_fresh

_REASONS = {reason.value: reason for reason in x509.ReasonFlags if reason is not x509.ReasonFlags.remove_from_crl}
_WIDE = 220
"""Columns for a table that goes into a file or a pipe, where nothing must be folded."""


class _Plain(click.Group):
    """Says what went wrong in a sentence; a stack of calls helps nobody who mistyped a name."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (CertificateError, OSError) as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Plain)
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("var/pki"),
    show_default=True,
    help="Where the hierarchy is.",
)
@click.pass_context
def pki(ctx: click.Context, directory: Path) -> None:
    """Make and keep the development certificates: issue, renew, revoke, look."""
    ctx.obj = directory


@pki.command()
@click.option("--base-url", help="Where certificates say that lists are published.")
@click.option("--permit-dns", multiple=True, help="A DNS subtree certificates may name; repeat for more.")
@click.option("--permit-ip", multiple=True, help="A network certificates may name; repeat for more.")
@click.pass_obj
def init(directory: Path, base_url: str | None, permit_dns: tuple[str, ...], permit_ip: tuple[str, ...]) -> None:
    """Make the hierarchy, or complete the one there is; nothing that exists is replaced."""
    made = DevPki.create(directory, settings=_settings(base_url, permit_dns, permit_ip))
    click.echo(f"The hierarchy in {directory} is complete: a root and {len(ISSUING_CAS)} issuing CAs.")
    click.echo(f"For browsers: trust {made.root_path} (it may sign for local names only).")


def _settings(base_url: str | None, permit_dns: tuple[str, ...], permit_ip: tuple[str, ...]) -> Settings | None:
    if not (base_url or permit_dns or permit_ip):
        return None
    usual = Settings()
    return Settings(
        base_url=base_url or usual.base_url,
        permitted_dns=permit_dns or usual.permitted_dns,
        permitted_ip=permit_ip or usual.permitted_ip,
    )


@pki.command()
@click.argument("profile", type=click.Choice([profile.name for profile in LEAF_PROFILES]))
@click.argument("name")
@click.option("--dns", multiple=True, help="A DNS name; repeat for more.")
@click.option("--ip", multiple=True, help="An IP address; repeat for more.")
@click.option("--uri", multiple=True, help="A URI; repeat for more.")
@click.option("--days", type=click.IntRange(min=1), help="How long it lasts; the profile's usual time if left out.")
@click.option("--bad", type=click.Choice(KINDS), help="Make one that must be refused, to see a service refuse it.")
@click.pass_obj
def issue(
    directory: Path,
    profile: str,
    name: str,
    dns: tuple[str, ...],
    ip: tuple[str, ...],
    uri: tuple[str, ...],
    days: int | None,
    bad: str | None,
) -> None:
    """Issue a certificate of PROFILE with a new key, under NAME."""
    hierarchy = DevPki.open(directory)
    if bad:
        if uri or days:
            raise click.UsageError("--bad goes with --dns and --ip only")
        made = BadCertificates(hierarchy, profile, name, dns=dns, ip=ip).make(bad)
        click.echo(f"{made.name} must be refused wherever it is shown.")
        _say_where(made)
        return
    lifetime = timedelta(days=days) if days else None
    _say(hierarchy.issue(profile, name, dns=dns, ip=ip, uri=uri, lifetime=lifetime))


@pki.command()
@click.argument("names", nargs=-1)
@click.option("--due", is_flag=True, help="Whatever has lived two thirds of its life, and lists older than an hour.")
@click.pass_obj
def renew(directory: Path, names: tuple[str, ...], *, due: bool) -> None:
    """Issue NAMES again with new keys; the certificates before stay good until they end."""
    if bool(names) == due:
        raise click.UsageError("say which NAMES to renew, or --due")
    hierarchy = DevPki.open(directory)
    if not due:
        for name in names:
            _say(hierarchy.renew(name))
        return
    _say_refreshed(hierarchy.refresh())


@pki.command()
@click.pass_obj
def keep(directory: Path) -> None:
    """Renew what is due, now and every five minutes, until stopped (Ctrl-C, SIGTERM)."""
    stopped = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopped.set())
    click.echo(f"Keeping {directory} fresh.")
    keep_fresh(DevPki.open(directory), until=stopped, tell=_tell)


def _tell(what: Refreshed | Exception) -> None:
    if isinstance(what, Refreshed):
        _say_refreshed(what)
    else:
        click.echo(f"Not refreshed, tried again in five minutes: {what}", err=True)


def _say_refreshed(refreshed: Refreshed) -> None:
    click.echo(f"Renewed: {', '.join((*refreshed.cas, *refreshed.certificates)) or 'nothing was due'}.")
    click.echo(f"Lists published: {', '.join(refreshed.lists) or 'none was due'}.")


@pki.command()
@click.argument("name")
@click.option("--reason", type=click.Choice(sorted(_REASONS)), default="unspecified", show_default=True)
@click.pass_obj
def revoke(directory: Path, name: str, reason: str) -> None:
    """Revoke the certificate of NAME and publish the list that says so, at once."""
    hierarchy = DevPki.open(directory)
    hierarchy.revoke(name, reason=_REASONS[reason])
    ca = hierarchy.find(name).profile.issuing_ca
    click.echo(f"{name} is revoked; {hierarchy.crl_path(ca)} says so.")


@pki.command()
@click.argument("cas", nargs=-1)
@click.pass_obj
def crl(directory: Path, cas: tuple[str, ...]) -> None:
    """Publish new revocation lists of CAS, or of every CA."""
    hierarchy = DevPki.open(directory)
    for ca in cas or ("root", *ISSUING_CAS):
        made = hierarchy.publish_crl(ca)
        click.echo(
            f"{ca}: list {mark_of(made).number}, {len(made)} revoked, next by {made.next_update_utc:%Y-%m-%d %H:%M} UTC"
        )


@pki.command()
@click.option("--check", is_flag=True, help="Fail if a certificate is expired or breaks its profile, or a list is old.")
@click.pass_context
def show(ctx: click.Context, *, check: bool) -> None:
    """List every certificate: how long it is good, its fingerprint, whether it is revoked."""
    hierarchy, now = DevPki.open(ctx.obj), datetime.now(UTC)
    found = tuple(standings(hierarchy))
    console = Console(width=None if sys.stdout.isatty() else _WIDE)
    console.print(_table_of_cas(hierarchy, now))
    console.print(_table_of_certificates(found, now))
    for standing in found:
        for finding in standing.findings:
            console.print(f"{standing.name}: {finding.rule}: {finding.sentence}", style="red", markup=False)
    if check and (_ageing_lists(hierarchy, now) or any(_is_ill(standing, now) for standing in found)):
        sys.exit(1)


def _table_of_certificates(found: tuple[Standing, ...], now: datetime) -> Table:
    table = Table("name", "profile", "ends (UTC)", "days left", "state", title="Certificates")
    table.add_column("SHA-256", overflow="fold")
    for standing in found:
        table.add_row(
            standing.name,
            standing.profile,
            f"{standing.certificate.not_valid_after_utc:%Y-%m-%d %H:%M}",
            _days(standing.left(now)),
            _state(standing, now),
            standing.fingerprint,
        )
    return table


def _state(standing: Standing, now: datetime) -> str:
    if standing.revocation is None:
        return standing.state(now).value
    return f"revoked {standing.revocation.revoked_at:%Y-%m-%d %H:%M} ({standing.revocation.reason.value})"


def _table_of_cas(hierarchy: DevPki, now: datetime) -> Table:
    table = Table(
        "CA", "ends (UTC)", "days left", "list", "revoked", "next list by (UTC)", title="Certification authorities"
    )
    table.add_column("SHA-256", overflow="fold")
    for ca in ("root", *ISSUING_CAS):
        authority, published = hierarchy.authority(ca), load_crl(hierarchy.crl_path(ca))
        ends = authority.certificate.not_valid_after_utc
        table.add_row(
            ca,
            f"{ends:%Y-%m-%d}",
            _days(ends - now),
            str(mark_of(published).number),
            str(len(published)),
            f"{published.next_update_utc:%Y-%m-%d %H:%M}",
            fingerprint_sha256(authority.certificate),
        )
    return table


def _days(left: timedelta) -> str:
    return f"{left / timedelta(days=1):.1f}"


def _ageing_lists(hierarchy: DevPki, now: datetime) -> list[str]:
    return [ca for ca in ("root", *ISSUING_CAS) if is_ageing(load_crl(hierarchy.crl_path(ca)), now)]


def _is_ill(standing: Standing, now: datetime) -> bool:
    return standing.state(now) in {State.EXPIRED, State.BREAKS_PROFILE}


def _say(issued: Issued) -> None:
    click.echo(f"{issued.name} is good until {issued.certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC.")
    _say_where(issued)


def _say_where(issued: Issued) -> None:
    click.echo(f"  certificate  {issued.certificate_path}")
    click.echo(f"  key          {issued.key_path}")
    click.echo(f"  SHA-256      {fingerprint_sha256(issued.certificate)}")
