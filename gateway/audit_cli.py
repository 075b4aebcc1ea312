"""``vpm audit``: read the log, show a login with its proofs, verify that nothing was changed."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TextIO

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.audit.checkpoint import Checkpoint, verify_checkpoint
from gateway.audit.note import NoteRefused, NoteVerifier, parse_verifier
from gateway.audit.tree import ProofRefused, verify_inclusion
from gateway.audit.verify import BadRecord
from gateway.broker.login import incident_number
from gateway.storage.database import Database
from gateway.storage.keys import StorageKeys
from gateway.storage.log_check import verify_log
from gateway.storage.log_reader import EventRow, LogReader
from gateway.storage.sql_storage import open_database

_ALREADY_SHOWN: Final = frozenset({
    "v", "time", "type", "corr", "seq", "prev_record", "node", "config_rev", "software_rev", "leg", "direction"
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Log:
    """Where a log is, and the key that it is checked against."""

    database: Database
    keys: StorageKeys
    verifier: NoteVerifier


@click.group()
@click.option("--config", type=click.Path(path_type=Path), help="The gateway's settings file.")
@click.option("--database", help="Database URL, instead of the settings'.")
@click.option("--keys", type=click.Path(path_type=Path), help="Directory of the key files, instead of the settings'.")
@click.option(
    "--public-key", type=click.Path(path_type=Path), help="The log's public key; default: log.pub of the keys."
)
@click.pass_context
def audit(
    context: click.Context, config: Path | None, database: str | None, keys: Path | None, public_key: Path | None
) -> None:
    """Read and verify the audit log."""
    context.obj = lambda: _open_log(config, database, keys, public_key)


@audit.command("list")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000), help="How many, newest last.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def list_events(open_log: Callable[[], Log], limit: int, as_json: bool) -> None:
    """Show the newest events."""
    log = open_log()
    with _reading(log) as reader:
        events = reader.newest(limit)
    if as_json:
        for event in events:
            click.echo(json.dumps(_as_json(event), ensure_ascii=False))
        return
    _print_table(f"The newest {len(events)} events", events, proofs=None)


@audit.command()
@click.argument("incident_or_login")
@click.option("--json", "as_json", is_flag=True, help="Events, proofs and checkpoint as one JSON object.")
@click.pass_obj
def show(open_log: Callable[[], Log], incident_or_login: str, as_json: bool) -> None:
    """Show one login, by its incident number (7KQ2-9XMB) or its id, each event with its proof."""
    log = open_log()
    with _reading(log) as reader:
        try:
            events = reader.events_of(incident_or_login)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error
        if not events:
            raise click.ClickException(f"the log holds no event of {incident_or_login}")
        checkpoint = reader.verified_checkpoint(log.verifier)
        proofs = [_prove(reader, event, checkpoint) for event in events]
    if as_json:
        click.echo(json.dumps(_login_as_json(events, proofs, checkpoint), ensure_ascii=False, indent=2))
    else:
        _print_login(events, proofs, checkpoint)


@audit.command()
@click.option("--evidence", is_flag=True, help="Decrypt the evidence too and compare it with its commitments.")
@click.option(
    "--saved", type=click.File(encoding="utf-8"), help="A checkpoint kept elsewhere, which the log must contain."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def verify(open_log: Callable[[], Log], evidence: bool, saved: TextIO | None, as_json: bool) -> None:
    """Prove that nothing in the log was changed; exit code 1 names the first record that was."""
    log = open_log()
    head = _read_saved(saved, log.verifier) if saved else None
    try:
        verified = verify_log(log.database, log.verifier, log.keys.evidence if evidence else None, head)
    except BadRecord as bad:
        _report_bad(bad, as_json=as_json)
        sys.exit(1)
    found = asdict(verified) | {"root": verified.root.hex()}
    if as_json:
        click.echo(json.dumps({"verified": True, **found}))
        return
    click.echo(
        f"verified: {verified.size} records under {verified.checkpoints} checkpoints; root {verified.root.hex()}"
    )
    if verified.unsealed:
        click.echo(f"{verified.unsealed} events are newer than the last seal and not covered yet")
    if evidence:
        click.echo(f"evidence: {verified.evidence} exchanges match their commitments, {verified.erased} are erased")


@audit.command()
@click.pass_obj
def checkpoint(open_log: Callable[[], Log]) -> None:
    """Print the newest signed checkpoint, to be kept on another machine for ``verify --saved``."""
    log = open_log()
    with _reading(log) as reader:
        row = reader.last_checkpoint()
    if row is None:
        raise click.ClickException("nothing in this log is sealed yet")
    click.echo(row.note, nl=False)


def _read_saved(file: TextIO, verifier: NoteVerifier) -> Checkpoint:
    try:
        return verify_checkpoint(file.read(), verifier)
    except NoteRefused as error:
        raise click.ClickException(f"the saved checkpoint is not one of this log: {error}") from error


def _open_log(config: Path | None, database: str | None, keys: Path | None, public_key: Path | None) -> Log:
    if database is None or keys is None:
        database, keys = _from_settings(config, database, keys)
    storage_keys = StorageKeys(keys)
    try:
        verifier = parse_verifier(public_key.read_text()) if public_key else storage_keys.verifier
    except FileNotFoundError as error:
        raise click.ClickException(
            f"there is no public key at {error.filename}; no gateway has run here yet"
        ) from error
    return Log(open_database(database), storage_keys, verifier)


def _from_settings(config: Path | None, database: str | None, keys: Path | None) -> tuple[str, Path]:
    if config is None:
        raise click.UsageError("give --config, or --database and --keys")
    from gateway.settings import InvalidSettings, load_settings  # noqa: PLC0415 - explicit options spare its imports

    try:
        settings = load_settings(config)
    except InvalidSettings as error:
        raise click.ClickException(str(error)) from error
    return database or settings.database_url, keys or settings.keys


@contextmanager
def _reading(log: Log) -> Iterator[LogReader]:
    with log.database.snapshot() as connection:
        yield LogReader(connection, log.database.statements)


@dataclass(frozen=True, slots=True)
class _Proof:
    """What ties one event to the signed head; empty as long as it is not sealed."""

    hashes: tuple[str, ...] = ()
    words: str = "not sealed yet"
    holds: bool = False


def _prove(reader: LogReader, event: EventRow, checkpoint: Checkpoint | None) -> _Proof:
    if event.seq is None or event.leaf_hash is None or checkpoint is None or event.seq >= checkpoint.size:
        return _Proof()
    path = reader.inclusion_proof(event.seq, checkpoint.size)
    try:
        verify_inclusion(event.leaf_hash, event.seq, checkpoint.size, path, checkpoint.root)
    except ProofRefused as error:
        return _Proof(tuple(step.hex() for step in path), f"FAILS: {error}")
    return _Proof(tuple(step.hex() for step in path), f"proven by {len(path)} hashes", holds=True)


def _as_json(event: EventRow) -> dict[str, Any]:
    return {"event_id": event.id, "seq": event.seq, "event": json.loads(event.leaf or event.body)}


def _login_as_json(
    events: Sequence[EventRow], proofs: Sequence[_Proof], checkpoint: Checkpoint | None
) -> dict[str, Any]:
    return {
        "login": events[0].corr,
        "incident": incident_number(events[0].corr),  # type: ignore[arg-type]  # as stored
        "checkpoint": checkpoint.text if checkpoint else None,
        "proven": all(proof.holds for proof in proofs),
        "events": [
            _as_json(event)
            | {
                "leaf": event.leaf.decode() if event.leaf else None,
                "leaf_hash": event.leaf_hash.hex() if event.leaf_hash else None,
                "inclusion_proof": list(proof.hashes),
                "proven": proof.holds,
            }
            for event, proof in zip(events, proofs, strict=True)
        ],
    }


def _print_login(events: Sequence[EventRow], proofs: Sequence[_Proof], checkpoint: Checkpoint | None) -> None:
    corr = events[0].corr
    _print_table(f"Login {corr}, incident {corr[:4]}-{corr[4:8]}", events, proofs)
    if checkpoint is None:
        click.echo("nothing in this log is sealed yet")
        return
    click.echo(f"checkpoint of {checkpoint.origin}: {checkpoint.size} records, root {checkpoint.root.hex()}")


def _print_table(title: str, events: Sequence[EventRow], proofs: Sequence[_Proof] | None) -> None:
    table = Table(title=title, title_justify="left")
    for heading in ("record", "time (UTC)", "login", "event", "details", *(["proof"] if proofs else [])):
        table.add_column(heading, overflow="fold")
    for number, event in enumerate(events):
        table.add_row(*map(Text, _cells(event)), *([Text(proofs[number].words)] if proofs else []))
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def _cells(event: EventRow) -> tuple[str, str, str, str, str]:
    members: dict[str, Any] = json.loads(event.body)
    where = "–" if event.seq is None else str(event.seq)
    details = " ".join(f"{name}={_short(value)}" for name, value in members.items() if name not in _ALREADY_SHOWN)
    return where, members["time"], event.corr[:8], members["type"], details


def _short(value: Any) -> str:
    """Write a member briefly; control characters that came from outside never reach the terminal."""
    if isinstance(value, dict):
        return ",".join(f"{name}:{_short(member)}" for name, member in value.items())
    text = value if isinstance(value, str) else json.dumps(value)
    printable = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return printable if len(printable) <= 40 else f"{printable[:32]}…"


def _report_bad(bad: BadRecord, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"verified": False, "table": bad.table, "record": str(bad.key), "why": bad.why}))
    else:
        click.echo(f"NOT verified; the first bad record is {bad}", err=True)
