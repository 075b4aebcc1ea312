"""A running process takes registrations up, and lets those end whose last day is over."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.broker.relying_party import RelyingParties, RelyingPartyId
from gateway.registration.directory import PartyDirectory
from gateway.registration.registrar import open_document
from gateway.storage.sql_storage import SqlStorage, open_storage
from gateway.taking_up import TakingUp
from tests.gateway.registration.conftest import Folder, Office, utc_now
from tests.support.gateway_parts import HeldClock, eventually

pytestmark = pytest.mark.xdist_group("registrations")


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SqlStorage]:
    """SQLite alone: what is asked of the database is tested elsewhere."""
    url = f"sqlite:///{tmp_path}/gateway.db"
    opened = open_storage(url, tmp_path / "keys", node="node-1", config_rev="test", clock=utc_now)
    yield opened
    opened.close()


@pytest.fixture
def office(folder: Folder, storage: SqlStorage) -> Office:
    return Office(folder, storage, "portal")


def party(name: str) -> RelyingPartyId:
    return RelyingPartyId(name)


def test_a_registration_a_change_and_a_disabling_are_taken_up(office: Office) -> None:
    parties, clock = RelyingParties(), HeldClock()
    directory = PartyDirectory(parties, office.storage, clock)
    directory.follow()
    assert len(parties) == 0
    done = office.registrar.add(office.document())
    directory.follow()
    (certificate,) = parties[party("portal")].client.certificates
    assert parties.by_certificate(certificate) is parties[party("portal")]
    office.registrar.replace(office.document(redirect_uris=["https://portal.test/moved"]), done.number)
    directory.follow()
    assert parties[party("portal")].client.redirect_uris == {"https://portal.test/moved"}
    office.registrar.disable("portal", 2, "closed")
    directory.follow()
    assert len(parties) == 0
    assert parties.by_certificate(certificate) is None


def test_nothing_is_read_again_while_nothing_changed(office: Office) -> None:
    parties, clock = RelyingParties(), HeldClock()
    directory = PartyDirectory(parties, office.storage, clock)
    office.registrar.add(office.document())
    directory.follow()
    before = parties[party("portal")]
    directory.follow()
    assert parties[party("portal")] is before


def test_a_registration_ends_with_its_last_day_while_the_gateway_runs(office: Office) -> None:
    """From the database and from the settings file alike: the profile baseline is allowed until a day."""
    clock = HeldClock(now=datetime(2098, 12, 31, 23, 59, 59, tzinfo=UTC))
    in_file = open_document(
        Office(office.folder, office.storage, "in-file").document("other.pem", until="2098-12-31"), utc_now().date()
    )
    parties = RelyingParties([in_file])
    directory = PartyDirectory(parties, office.storage, clock)
    office.registrar.add(office.document(until="2098-12-31"))
    directory.follow()
    assert set(parties) == {"in-file", "portal"}
    clock.now += timedelta(seconds=1)
    directory.follow()
    assert set(parties) == set()


def test_what_the_settings_file_registers_since_wins_over_the_database(office: Office) -> None:
    document = office.document()
    office.registrar.add(document)
    parties = RelyingParties([open_document(document, utc_now().date())])
    before = parties[party("portal")]
    PartyDirectory(parties, office.storage, HeldClock()).follow()
    assert parties[party("portal")] is before


def test_one_document_that_cannot_be_opened_does_not_hide_the_others(office: Office) -> None:
    office.registrar.add(office.document())
    other = Office(office.folder, office.storage, "other")
    other.registrar.add(other.document("other.pem"))
    with office.storage.database.transaction(connection := office.storage.database.connect()):
        connection.execute(
            """UPDATE registration SET document = '{"says": {}, "files": {}}' WHERE relying_party = 'other'"""
        )
    connection.close()
    parties = RelyingParties()
    PartyDirectory(parties, office.storage, HeldClock()).follow()
    assert set(parties) == {"portal"}


def test_a_look_that_fails_is_tried_again_and_does_not_end_the_others() -> None:
    looked: list[str] = []

    def bad() -> None:
        looked.append("bad")
        raise RuntimeError

    taking_up = TakingUp([bad, lambda: looked.append("good")], every=0.01)
    taking_up.start()
    try:
        assert eventually(lambda: looked.count("bad") > 2 and looked.count("good") > 2)
    finally:
        taking_up.stop()
