"""What enters a record: everything that proves, nothing that names (T53, security.md 6.6)."""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

import orjson
import pytest

from gateway.audit.event import AuditEvent, Direction, Leg
from gateway.audit.leaf import UnfitEvent
from gateway.storage.keys import StorageKeys, period_of
from gateway.storage.log_check import verify_log
from gateway.storage.recorder import LARGEST_EVIDENCE, normalised
from gateway.storage.sealer import Sealer
from gateway.storage.sql_storage import SqlStorage
from tests.support.logins import (
    FAMILY_NAME,
    GIVEN_NAME,
    NOW,
    PERSONAL_CODE,
    SomethingHappened,
    journey,
    new_correlation,
)
from tests.support.records import PersonalDataFound, assert_no_personal_data


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing(SomethingHappened):
    direction: ClassVar[Direction | None] = Direction.OUT


@dataclass(frozen=True, slots=True, kw_only=True)
class Careless(AuditEvent):
    name: ClassVar[str] = "login.careless"
    leg: ClassVar[Leg] = Leg.SYSTEM
    actor: str | None = None
    portal: str | None = None


def body_of(storage: SqlStorage, event: AuditEvent) -> dict[str, object]:
    storage.commit(lambda unit: unit.record(event))
    with storage.database.reader() as connection:
        (body,) = connection.execute("SELECT body FROM audit_event WHERE corr = :corr", {"corr": event.corr}).fetchall()
    members: dict[str, object] = orjson.loads(body[0])
    return members


def test_a_body_has_the_members_of_the_specification(sqlite_storage: SqlStorage) -> None:
    """VPM-DRV-09."""
    corr = new_correlation()
    members = body_of(sqlite_storage, SomethingHappened(corr=corr, received=b"hello", personal_code=PERSONAL_CODE))
    exchange, commit, subject = members.pop("exchange"), members.pop("req_commit"), members.pop("subject")
    members.pop("software_rev")
    assert members == {
        "v": 1,
        "time": "2026-11-24T12:00:00.123Z",
        "node": "node-1",
        "type": "login.something-happened",
        "corr": corr,
        "leg": "provider",
        "direction": "in",
        "peer": {"id": "mock-bank", "cert_sha256": "ab" * 32},
        "verdict": {"ok": True, "rule": "banklink.md 8.3"},
        "config_rev": "test",
    }
    assert len(str(exchange)) == 32
    assert len(str(commit)) == 64
    key = sqlite_storage.keys.subject_key("2026-Q4")
    assert subject == "2026-Q4:" + hmac.new(key, PERSONAL_CODE.encode(), "sha256").hexdigest()


def test_whoever_speaks_first_makes_the_request(sqlite_storage: SqlStorage) -> None:
    incoming = body_of(sqlite_storage, SomethingHappened(corr=new_correlation(), received=b"x"))
    outgoing = body_of(sqlite_storage, Outgoing(corr=new_correlation(), received=b"x"))
    assert ("req_commit" in incoming, "resp_commit" in incoming) == (True, False)
    assert ("req_commit" in outgoing, "resp_commit" in outgoing) == (False, True)


def test_equal_bytes_have_different_commitments(sqlite_storage: SqlStorage) -> None:
    first, second = (body_of(sqlite_storage, Outgoing(corr=new_correlation(), sent=b"same")) for _ in range(2))
    assert first["req_commit"] != second["req_commit"]


def test_empty_bytes_are_evidence_too(sqlite_storage: SqlStorage) -> None:
    body_of(sqlite_storage, Outgoing(corr=new_correlation(), sent=b"", received=b""))
    Sealer(sqlite_storage).seal_now()
    assert verify_log(sqlite_storage.database, sqlite_storage.keys.verifier, sqlite_storage.keys.evidence).evidence == 1


@pytest.mark.parametrize("spelling", ["32345678901", "323456-78901", " 323456-78901 ", "３２３４５６７８９０１"])
def test_every_spelling_of_a_code_has_one_digest(spelling: str) -> None:
    assert normalised((spelling,)) == PERSONAL_CODE


@pytest.mark.parametrize(
    ("at", "period"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-Q1"),
        (datetime(2026, 3, 31, tzinfo=UTC), "2026-Q1"),
        (datetime(2026, 4, 1, tzinfo=UTC), "2026-Q2"),
        (datetime(2026, 12, 31, tzinfo=UTC), "2026-Q4"),
    ],
)
def test_the_key_of_digests_changes_each_quarter(at: datetime, period: str) -> None:
    assert period_of(at) == period


def test_digests_of_two_quarters_cannot_be_compared(keys_: StorageKeys) -> None:
    before, after = (keys_.subject("x", datetime(2026, month, 1, tzinfo=UTC)) for month in (9, 10))
    assert before.partition(":")[2] != after.partition(":")[2]


@pytest.fixture
def keys_(sqlite_storage: SqlStorage) -> StorageKeys:
    return sqlite_storage.keys


@pytest.mark.parametrize(
    "event",
    [
        Careless(corr=new_correlation(), portal="auctions"),
        Careless(corr=new_correlation(), actor="x" * 20_000),
        Careless(corr=new_correlation(), sent=b"x" * (LARGEST_EVIDENCE + 1)),
    ],
    ids=["unknown member", "too large", "too much evidence"],
)
def test_an_unfit_event_stops_its_operation(sqlite_storage: SqlStorage, event: AuditEvent) -> None:
    with pytest.raises(UnfitEvent):
        sqlite_storage.commit(lambda unit: unit.record(event))


def test_a_whole_login_leaves_no_personal_data_in_any_row(sqlite_storage: SqlStorage) -> None:
    """T53, P7: names and codes are in no table in clear, nor as a bare digest."""
    path = journey()
    sqlite_storage.commit(lambda unit: unit.add(path.asked))
    said = f"VK_USER_NAME={GIVEN_NAME} {FAMILY_NAME}&VK_USER_ID={PERSONAL_CODE}".encode()
    for old, new in zip(path.steps, path.steps[1:], strict=False):
        event = SomethingHappened(corr=path.asked.id, received=said, personal_code=PERSONAL_CODE)
        sqlite_storage.commit(lambda unit, old=old, new=new, event=event: (unit.replace(old, new), unit.record(event)))
    Sealer(sqlite_storage).seal_now()
    assert_no_personal_data(sqlite_storage, names=(GIVEN_NAME, FAMILY_NAME), codes=(PERSONAL_CODE,))


@pytest.mark.parametrize("slip", [GIVEN_NAME, "323456-78901", PERSONAL_CODE])
def test_a_careless_event_is_caught(sqlite_storage: SqlStorage, slip: str) -> None:
    sqlite_storage.commit(lambda unit: unit.record(Careless(corr=new_correlation(), actor=f"({slip})")))
    with pytest.raises(PersonalDataFound, match="audit_event"):
        assert_no_personal_data(sqlite_storage, names=(GIVEN_NAME, FAMILY_NAME), codes=(PERSONAL_CODE,))


def test_the_clock_of_the_store_is_the_clock_of_its_records(sqlite_storage: SqlStorage) -> None:
    assert str(body_of(sqlite_storage, Careless(corr=new_correlation()))["time"]).startswith(f"{NOW:%Y-%m-%d}")
