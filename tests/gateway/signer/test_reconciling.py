"""T25: signer counter = issued events = issued records, and a drift of one is found within the hour."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.oidc.keys import sign_compact
from gateway.signer.account import Account, LoggedEvent
from gateway.storage.log_reader import LogReader
from tests.gateway.signer.conftest import Desk

PERSON = {"sub": "somebody"}


def sign_in(desk: Desk, times: int = 3) -> None:
    for _ in range(times):
        sign_compact(desk.signer(), PERSON, desk.tokens_issued())


def an_hour_later(desk: Desk) -> Account:
    desk.clock.move(seconds=3600)
    return desk.reconciler.reconcile(desk.clock())


def in_ledger(desk: Desk, *statements: str) -> None:
    with closing(sqlite3.connect(desk.folder / "signatures.db")) as file, file:
        for statement in statements:
            file.execute(statement)


def in_database(desk: Desk, *statements: str) -> None:
    with closing(sqlite3.connect(desk.folder / "gateway.db")) as file, file:
        for statement in statements:
            file.execute(statement)


def events(desk: Desk) -> list[str]:
    with desk.storage.database.reader() as connection:
        rows = LogReader(connection, desk.storage.database.statements).newest(1000)
    return [row.body.decode().partition('"type":"')[2].partition('"')[0] for row in rows]


def test_t25_what_was_signed_is_what_was_issued(desk: Desk) -> None:
    for _ in range(3):
        sign_in(desk)
        assert an_hour_later(desk).drift == []
    assert an_hour_later(desk).events == {desk.key().kid: 9}
    assert desk.reconciler.problems() == []


ONE_MORE = "INSERT INTO signature SELECT corr, 2, kid, issued_at FROM signature LIMIT 1"
DRIFTS: dict[str, Callable[[Desk], None]] = {
    "signed beside the log": lambda desk: in_ledger(desk, ONE_MORE, "UPDATE counter SET person = person + 1"),
    "the counter alone, one more": lambda desk: in_ledger(desk, "UPDATE counter SET person = person + 1"),
    "the counter alone, one less": lambda desk: in_ledger(desk, "UPDATE counter SET person = person - 1"),
    "a row taken from the ledger": lambda desk: in_ledger(
        desk, "DELETE FROM signature WHERE corr = (SELECT min(corr) FROM signature)"
    ),
    "a record taken from the database": lambda desk: in_database(
        desk, "DELETE FROM issued WHERE corr = (SELECT min(corr) FROM issued)"
    ),
    "an event taken from the log": lambda desk: in_database(
        desk,
        "DROP TRIGGER audit_event_refuses_delete",
        "DELETE FROM audit_event WHERE id = (SELECT min(id) FROM audit_event)",
    ),
}


LATER = [drift for drift in DRIFTS if drift != "an event taken from the log"]
"""What can still be found after it was compared once; the log's own events are then `vpm audit verify`'s to miss."""


@pytest.mark.parametrize(
    ("drift", "before"), [*((drift, True) for drift in DRIFTS), *((drift, False) for drift in LATER)]
)
def test_t25_a_drift_of_one_is_found_within_the_hour_recorded_and_keeps_the_gateway_from_being_ready(
    desk: Desk, drift: str, *, before: bool
) -> None:
    sign_in(desk)
    if not before:
        assert an_hour_later(desk).drift == []
    DRIFTS[drift](desk)
    found = an_hour_later(desk).drift
    assert len(found) == 1
    assert desk.key().kid in found[0]
    assert desk.reconciler.problems() == [f"signatures and issued results differ: {found[0]}"]
    assert events(desk).count("signing.drift-found") == 1
    assert an_hour_later(desk).drift == found, "it stays until somebody looks into it"
    assert events(desk).count("signing.drift-found") == 1


def test_t25_an_operator_accepts_a_difference_with_a_reason_and_the_next_one_is_found_again(desk: Desk) -> None:
    sign_in(desk)
    in_ledger(desk, "UPDATE counter SET person = person + 1")
    assert an_hour_later(desk).drift
    desk.reconciler.accept(desk.clock(), "operator", "an exercise")
    assert desk.reconciler.problems() == []
    assert an_hour_later(desk).drift == []
    assert events(desk)[-1] == "signing.drift-accepted"
    in_ledger(desk, "UPDATE counter SET person = person + 1")
    assert an_hour_later(desk).drift


def test_t25_what_a_killed_worker_never_asked_for_is_no_drift(desk: Desk) -> None:
    sign_in(desk)
    desk.tokens_issued()
    assert an_hour_later(desk).drift == []
    sign_in(desk)
    assert an_hour_later(desk).drift == []


def test_t25_half_of_an_assertions_signatures_is_no_drift_either(desk: Desk) -> None:
    corr = desk.assertion_issued(desk.key().kid)
    sign_compact(desk.signer(), PERSON, corr)
    assert an_hour_later(desk).drift == []


def test_what_is_under_way_is_not_compared_yet(desk: Desk) -> None:
    sign_in(desk)
    desk.tokens_issued()
    account = desk.reconciler.reconcile(desk.clock())
    assert (account.events, account.drift) == ({}, [])


def test_one_worker_compares_and_the_others_read_what_came_of_it(desk: Desk) -> None:
    sign_in(desk)
    desk.clock.move(seconds=3600)
    in_ledger(desk, "UPDATE counter SET person = person + 1")
    now = desk.clock()
    desk.reconciler._look_once(now)
    others = desk.reconciler.__class__(desk.storage, desk.client, node="node-1", clock=desk.clock)
    others._look_once(now)
    assert others.problems() == desk.reconciler.problems() != []


@given(st.lists(st.integers(0, 60), max_size=40), st.lists(st.integers(0, 70), min_size=1, max_size=6))
def test_every_event_is_counted_once_whatever_order_they_became_visible_in(times: list[int], cuts: list[int]) -> None:
    log = [LoggedEvent(number, f"{time:02d}", "kid", 1) for number, time in enumerate(times, start=1)]
    account = Account()
    for cut in sorted(cuts):
        account = account.read_on((event for event in log if event.number > account.behind), f"{cut:02d}")
    assert account.events.get("kid", 0) == sum(f"{time:02d}" <= f"{max(cuts):02d}" for time in times)
