"""``vpm audit``: what an auditor types and sees."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.audit_cli import audit
from gateway.broker.login import incident_number
from gateway.storage.sealer import Sealer
from gateway.storage.sql_storage import SqlStorage, open_storage
from tests.support.logins import NOW, SomethingHappened, new_correlation

LOGIN = new_correlation()


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SqlStorage]:
    opened = open_storage(
        f"sqlite:///{tmp_path}/g.db", tmp_path / "keys", node="node-1", config_rev="test", clock=lambda: NOW
    )
    for corr in (new_correlation(), LOGIN, new_correlation(), LOGIN):
        event = SomethingHappened(corr=corr, received=b"as it came", method="GET", personal_code="32345678901")
        opened.commit(lambda unit, event=event: unit.record(event))
    Sealer(opened).seal_now()
    yield opened
    opened.close()


def vpm_audit(tmp_path: Path, *arguments: str) -> Result:
    options = ["--database", f"sqlite:///{tmp_path}/g.db", "--keys", str(tmp_path / "keys")]
    return CliRunner().invoke(audit, [*options, *arguments], catch_exceptions=False)


@pytest.mark.usefixtures("storage")
def test_list_shows_the_newest_events(tmp_path: Path) -> None:
    result = vpm_audit(tmp_path, "list", "--limit", "3", "--json")
    assert [json.loads(line)["seq"] for line in result.output.splitlines()] == [1, 2, 3]
    assert LOGIN[:8] in vpm_audit(tmp_path, "list").output


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize(
    "name", [LOGIN, incident_number(LOGIN), incident_number(LOGIN).lower()], ids=["login", "incident", "lower case"]
)
def test_show_finds_a_login_and_proves_its_records(tmp_path: Path, name: str) -> None:
    shown = json.loads(vpm_audit(tmp_path, "show", name, "--json").output)
    assert shown["login"] == LOGIN
    assert [event["seq"] for event in shown["events"]] == [1, 3]
    assert shown["proven"]
    assert "proven by 2 hashes" in vpm_audit(tmp_path, "show", name).output


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize(("name", "code"), [("0000-0000", 1), ("nonsense-of-any-kind", 2), ("7KQ2-9XM'", 2)])
def test_show_says_when_there_is_nothing(tmp_path: Path, name: str, code: int) -> None:
    result = vpm_audit(tmp_path, "show", name)
    assert result.exit_code == code
    assert "Error" in result.output


def test_what_is_not_sealed_yet_is_shown_without_proof(storage: SqlStorage, tmp_path: Path) -> None:
    corr = new_correlation()
    storage.commit(lambda unit: unit.record(SomethingHappened(corr=corr)))
    assert "not sealed yet" in vpm_audit(tmp_path, "show", corr).output
    assert "1 events are newer" in vpm_audit(tmp_path, "verify").output


@pytest.mark.usefixtures("storage")
def test_verify_passes_with_evidence(tmp_path: Path) -> None:
    result = vpm_audit(tmp_path, "verify", "--evidence")
    assert result.exit_code == 0
    assert "verified: 4 records under 1 checkpoints" in result.output
    assert "4 exchanges match" in result.output


@pytest.mark.usefixtures("storage")
def test_verify_names_the_record_that_was_changed(tmp_path: Path) -> None:
    """VPM-DRV-10."""
    with sqlite3.connect(tmp_path / "g.db") as intruder:
        intruder.execute("DROP TRIGGER audit_event_refuses_update")
        intruder.execute("UPDATE audit_event SET body = CAST(replace(body, 'GET', 'PUT') AS BLOB) WHERE id = 3")
    intruder.close()
    result = vpm_audit(tmp_path, "verify", "--json")
    assert result.exit_code == 1
    found = json.loads(result.output)
    assert (found["table"], found["record"]) == ("audit_event", "3")
    assert "audit_event 3" in vpm_audit(tmp_path, "verify").output


def test_another_public_key_is_not_believed(storage: SqlStorage, tmp_path: Path) -> None:
    other = tmp_path / "other"
    open_storage(f"sqlite:///{tmp_path}/o.db", other, node="n", config_rev="c", clock=lambda: NOW).keys.signer  # noqa: B018 - makes the key
    result = vpm_audit(tmp_path, "--public-key", str(other / "log.pub"), "verify")
    assert result.exit_code == 1
    assert "not signed once by" in result.output
    assert storage.ready()


def test_a_log_put_back_to_an_older_state_shows_against_a_saved_checkpoint(storage: SqlStorage, tmp_path: Path) -> None:
    """T49, as far as it goes without a witness."""
    with sqlite3.connect(tmp_path / "g.db") as connection, sqlite3.connect(tmp_path / "old.db") as yesterday:
        connection.backup(yesterday)
    storage.commit(lambda unit: unit.record(SomethingHappened(corr=new_correlation())))
    Sealer(storage).seal_now()
    saved = tmp_path / "saved-checkpoint"
    saved.write_text(vpm_audit(tmp_path, "checkpoint").output, encoding="utf-8")
    assert vpm_audit(tmp_path, "verify", "--saved", str(saved)).exit_code == 0
    with sqlite3.connect(tmp_path / "g.db") as connection, sqlite3.connect(tmp_path / "old.db") as yesterday:
        yesterday.backup(connection)
    assert vpm_audit(tmp_path, "verify").exit_code == 0
    result = vpm_audit(tmp_path, "verify", "--saved", str(saved))
    assert result.exit_code == 1
    assert "a saved checkpoint vouches for 5" in result.output
    for opened in (connection, yesterday):
        opened.close()


def test_without_a_log_the_answer_says_what_to_do(tmp_path: Path) -> None:
    assert "no gateway has run here yet" in vpm_audit(tmp_path, "verify").output
    assert "--config" in CliRunner().invoke(audit, ["verify"]).output
