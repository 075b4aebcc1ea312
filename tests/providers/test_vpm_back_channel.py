"""Status and journal of the VPM back channel; the confirmation has its own tests with the login it confirms."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from providers.banklink.adapter import BanklinkProvider
from providers.banklink.opening import open_banklink
from providers.contract import Availability
from providers.errors import AssertionRejected, ProviderUnavailable
from providers.vpm_journal import MOST_ENTRIES, blinded_id, journal_salt
from tests.providers.https_server import http
from tests.providers.little_bank import LittleBank, now

END = datetime.now(UTC).replace(microsecond=0)
START = END - timedelta(days=1)


@pytest.fixture
def provider(bank: LittleBank) -> BanklinkProvider:
    return open_banklink(bank.entry(), bank.folder, now)


@pytest.mark.parametrize("state", list(Availability))
def test_the_status_is_the_banks_own_word(state: Availability, provider: BanklinkProvider, bank: LittleBank) -> None:
    said = {"state": state, "since": "2026-11-24T08:00:00+02:00", "planned": ["26.11. 02:00–04:00"], "other": 1}
    bank.on_get = lambda _: http(json.dumps(said).encode())
    status = provider.status()
    assert (status.state, status.planned) == (state, ("26.11. 02:00–04:00",))
    assert status.since == datetime(2026, 11, 24, 6, tzinfo=UTC)


def test_a_moment_may_be_seconds_since_1970_and_may_be_left_out(provider: BanklinkProvider, bank: LittleBank) -> None:
    bank.on_get = lambda _: http(b'{"state": "up", "since": 0, "planned": [{"from": "x"}]}')
    assert provider.status().since == datetime(1970, 1, 1, tzinfo=UTC)
    assert provider.status().planned == ('{"from": "x"}',)
    bank.on_get = lambda _: http(b'{"state": "up"}')
    assert provider.status().since is None


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"null", b"{}", b'{"state": "fine"}', b'{"state": 1}', b'{"state": "up", "state": "down"}',
        b'{"state": "up", "since": "yesterday"}', b'{"state": "up", "since": "2026-11-24T08:00:00"}',
        b'{"state": "up", "since": 1e99}', b'{"state": "up", "since": 99999999999999}', b'{"state": "up", "planned": 1}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_status_that_is_not_as_agreed_counts_as_none(
    body: bytes, provider: BanklinkProvider, bank: LittleBank
) -> None:
    bank.on_get = lambda _: http(body)
    with pytest.raises(ProviderUnavailable) as refused:
        provider.status()
    assert refused.value.reason == "status_unavailable"
    assert len(refused.value.exchanges) == 1


def test_a_status_behind_an_error_counts_as_none(provider: BanklinkProvider, bank: LittleBank) -> None:
    bank.on_get = lambda _: http(b'{"state": "up"}', status="503 Busy")
    with pytest.raises(ProviderUnavailable):
        provider.status()


def serve_journal(bank: LittleBank, **changes: Any) -> Callable[[str], bytes]:
    secret = b"s" * 32
    at = int(START.timestamp()) + 60
    salt = hmac.digest(secret, f"vpm-journal {datetime.fromtimestamp(at, UTC):%Y-%m-%d}".encode(), "sha256")
    entry = {"id": hmac.digest(salt, b"nonce", hashlib.sha256).hex(), "at": at, "outcome": "succeeded", "method": "x"}
    claims = {
        "iss": "LITTLEBANK",
        "aud": "EIDGW",
        "iat": int(time.time()),
        "jti": "1",
        "from": int(START.timestamp()),
        "to": int(END.timestamp()),
        "count": 1,
        "entries": [entry],
        **changes,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    return lambda _: http(bank.statement(json.dumps(kept).encode(), "vpm-journal+jwt"))


def test_a_journal_lists_blinded_ids_that_we_can_recompute(provider: BanklinkProvider, bank: LittleBank) -> None:
    bank.on_get = serve_journal(bank)
    journal, exchange = provider.journal(START, END)
    (entry,) = journal.entries
    assert entry.blinded_id == blinded_id("nonce", journal_salt(b"s" * 32, entry.at.date()))
    assert (entry.outcome, entry.at) == ("succeeded", START + timedelta(seconds=60))
    span = f"/vpm/v1/journal?from={int(START.timestamp())}&to={int(END.timestamp())}"
    assert exchange.endpoint.endswith(span)


def test_a_days_salt_differs_from_the_next_days() -> None:
    assert journal_salt(b"s" * 32, date(2026, 11, 24)) != journal_salt(b"s" * 32, date(2026, 11, 25))


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "OTHERBANK"},
        {"aud": "OTHERGW"},
        {"iat": 0},
        {"iat": True},
        {"iat": 10**30},
        {"from": 0},
        {"to": 0},
        {"count": 2},
        {"count": None},
        {"entries": None},
        {"entries": [1]},
        {"entries": [{"id": "x" * 64, "at": int(START.timestamp()), "outcome": "succeeded"}]},
        {"entries": [{"id": "a" * 64, "at": int(END.timestamp()) + 3600, "outcome": "succeeded"}]},
        {"entries": [{"id": "a" * 64, "at": int(START.timestamp())}]},
        {"entries": [{"id": "a" * 64, "at": int(START.timestamp()), "outcome": "maybe"}]},
        {"entries": [{"id": 5, "at": int(START.timestamp()), "outcome": "refused"}]},
    ],
)
def test_a_journal_that_is_not_as_agreed_is_refused(
    change: dict[str, Any], provider: BanklinkProvider, bank: LittleBank
) -> None:
    bank.on_get = serve_journal(bank, **change)
    with pytest.raises(AssertionRejected) as refused:
        provider.journal(START, END)
    assert refused.value.reason == "journal_refused"
    assert len(refused.value.exchanges) == 1


def test_a_journal_signed_as_something_else_is_refused(provider: BanklinkProvider, bank: LittleBank) -> None:
    bank.on_get = lambda _: http(bank.statement(b"{}", "vpm-confirmation+jwt"))
    with pytest.raises(AssertionRejected, match="journal_refused"):
        provider.journal(START, END)


def test_a_journal_behind_an_error_is_unavailable(provider: BanklinkProvider, bank: LittleBank) -> None:
    bank.on_get = lambda _: http(status="500 Oops")
    with pytest.raises(ProviderUnavailable, match="journal_unavailable"):
        provider.journal(START, END)


def test_a_journal_of_more_entries_than_agreed_is_refused(provider: BanklinkProvider, bank: LittleBank) -> None:
    entry = {"id": "a", "at": 1}
    bank.on_get = serve_journal(bank, entries=[entry] * (MOST_ENTRIES + 1), count=MOST_ENTRIES + 1)
    with pytest.raises(AssertionRejected, match="entries"):
        provider.journal(START, END)
