"""T43: one active revision, changed by one winner, with its audit event in the same transaction."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest

from gateway.broker.key_use import NOTED_EVERY, SILENCE
from gateway.registration.document import files_below
from gateway.registration.registrar import ChangedMeanwhile, Mistaken, NotRegistered, open_document
from gateway.registration.revision import Revision
from gateway.storage.sql_storage import SqlStorage
from tests.gateway.registration.conftest import Folder, Office, Open, utc_now

AT_ONCE = 20
pytestmark = pytest.mark.xdist_group("registrations")


@pytest.fixture
def office(folder: Folder, storage: SqlStorage) -> Office:
    """A party of its own, as tests on PostgreSQL share the database."""
    storage.change(lambda unit: [unit.registrations.end(one.party, one.number, utc_now()) for one in unit.registrations.in_force()])  # fmt: skip
    return Office(folder, storage, f"portal-{uuid4().hex[:8]}")


def history(office: Office) -> list[Revision]:
    return list(office.storage.look_up(lambda kept: kept.history(office.party)))


def events(office: Office) -> list[dict[str, Any]]:
    with office.storage.database.reader() as connection:
        bodies = [json.loads(body) for (body,) in connection.execute("SELECT body FROM audit_event ORDER BY id")]
    return [body for body in bodies if body.get("peer", {}).get("id") == office.party]


def test_a_registration_is_kept_whole_and_needs_no_folder(office: Office) -> None:
    done = office.registrar.add(office.document())
    for file in office.folder.path.iterdir():
        file.unlink()
    (kept,) = history(office)
    assert (kept.number, kept.ended_at) == (1, None)
    assert kept.document.digest == done.document.digest
    party = open_document(kept.document, utc_now().date())
    assert party.id == office.party
    assert [key.kid for key in party.client.assertion_keys] == [f"{office.party}-1"]
    assert len(party.client.certificates) == 1


def test_a_change_ends_one_revision_and_begins_the_next(office: Office) -> None:
    office.registrar.add(office.document())
    office.registrar.replace(office.document(redirect_uris=["https://portal.test/other"]), 1, "moved")
    office.registrar.disable(office.party, 2, "closed down")
    office.registrar.add(office.document())
    assert [(one.number, one.ended_at is None) for one in history(office)] == [(1, False), (2, False), (3, True)]
    assert [event["type"] for event in events(office)] == [
        "registration.added",
        "registration.changed",
        "registration.disabled",
        "registration.added",
    ]
    changed = events(office)[1]
    assert changed["actor"] == {"id": "operator"}
    assert changed["artefact"]["why"] == "moved"
    assert changed["artefact"]["sha256"] == history(office)[1].document.digest


@pytest.mark.parametrize("round_", range(5))
def test_t43_of_20_parallel_changes_exactly_one_wins(office: Office, open_node: Open, round_: int) -> None:
    office.registrar.add(office.document())
    nodes = [office.at(open_node()) for _ in range(4)]
    start = Barrier(AT_ONCE)
    documents = [office.document(redirect_uris=[f"https://portal.test/{number}"]) for number in range(AT_ONCE)]

    def change(number: int) -> bool:
        start.wait()
        try:
            nodes[number % len(nodes)].replace(documents[number], 1)
        except ChangedMeanwhile:
            return False
        return True

    with ThreadPoolExecutor(AT_ONCE) as pool:
        won = [number for number, done in enumerate(pool.map(change, range(AT_ONCE))) if done]
    assert len(won) == 1
    first, second = history(office)
    assert first.ended_at is not None
    assert (second.number, second.document.digest) == (2, documents[won[0]].digest)
    assert [event["type"] for event in events(office)] == ["registration.added", "registration.changed"]


def test_t43_of_20_parallel_registrations_exactly_one_wins(office: Office, open_node: Open) -> None:
    nodes, start, document = [office.at(open_node()) for _ in range(4)], Barrier(AT_ONCE), office.document()

    def add(number: int) -> bool:
        start.wait()
        try:
            nodes[number % len(nodes)].add(document)
        except NotRegistered:
            return False
        return True

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert sum(pool.map(add, range(AT_ONCE))) == 1
    assert len(history(office)) == 1


def test_t43_the_database_itself_refuses_a_second_revision_in_force(office: Office) -> None:
    done = office.registrar.add(office.document())
    second = Revision(party=done.party, number=2, document=done.document, changed_at=utc_now())
    with pytest.raises(Exception, match=r"(?i)unique"):
        office.storage.change(lambda unit: unit.registrations.add(second))
    assert len(history(office)) == 1


def test_t43_a_revision_that_is_not_in_force_changes_nothing(office: Office) -> None:
    office.registrar.add(office.document())
    office.registrar.replace(office.document(), 1)
    before = office.storage.look_up(lambda kept: kept.count())
    for attempt in (
        lambda: office.registrar.replace(office.document(), 1),
        lambda: office.registrar.disable(office.party, 1, "because"),
    ):
        with pytest.raises(ChangedMeanwhile, match=r"revision 1 of .* is not in force any more"):
            attempt()
    assert office.storage.look_up(lambda kept: kept.count()) == before
    assert len(events(office)) == 2


def test_t31_a_certificate_of_somebody_else_is_refused(office: Office) -> None:
    office.registrar.add(office.document())
    other = Office(office.folder, office.storage, f"{office.party}-2")
    with pytest.raises(NotRegistered, match=f"has the same client certificate as {office.party}"):
        other.registrar.add(other.document())
    other.registrar.add(other.document(certificate="other.pem"))
    with pytest.raises(NotRegistered, match="has the same client certificate"):
        other.registrar.replace(other.document(), 1)


def test_what_the_settings_file_registers_is_changed_there(office: Office) -> None:
    document = office.document()
    in_file = {office.party: open_document(document, utc_now().date())}
    registrar = office.registrar
    elsewhere = type(registrar)(
        change=registrar.change, embedded=in_file, authority=registrar.authority, actor="o", clock=utc_now
    )
    with pytest.raises(NotRegistered, match="registered in the settings file"):
        elsewhere.add(document)


def test_a_mistaken_registration_is_not_registered(office: Office) -> None:
    with pytest.raises(Mistaken, match="nothing was registered"):
        office.document(redirect_uris=["http://portal.test/"])


def test_a_key_is_rotated_with_overlap_and_the_old_one_goes_when_it_was_silent(office: Office) -> None:
    registrar, old, new = office.registrar, f"{office.party}-1", f"{office.party}-2"
    first = registrar.add(office.document())
    both = registrar.add_key(
        first, {"kid": new, "algorithm": "ES256", "file": "new.pub"}, files_below(office.folder.path)
    )
    assert [key.kid for key in open_document(both.document, utc_now().date()).client.assertion_keys] == [old, new]
    with pytest.raises(NotRegistered, match="no other key of this relying party has signed yet"):
        registrar.drop_key(both, old, {old: utc_now()})
    recently = {old: utc_now() - timedelta(minutes=10), new: utc_now()}
    with pytest.raises(NotRegistered, match=r"may still be in use: it signed at .* should it stay silent, it can go"):
        registrar.drop_key(both, old, recently)
    silent = {old: utc_now() - SILENCE - NOTED_EVERY - timedelta(seconds=1), new: utc_now()}
    done = registrar.drop_key(both, old, silent)
    assert [key.kid for key in open_document(done.document, utc_now().date()).client.assertion_keys] == [new]
    assert done.number == 3


def test_a_stolen_key_goes_at_once_with_the_reason_recorded(office: Office) -> None:
    registrar, old, new = office.registrar, f"{office.party}-1", f"{office.party}-2"
    first = registrar.add(office.document())
    both = registrar.add_key(
        first, {"kid": new, "algorithm": "ES256", "file": "new.pub"}, files_below(office.folder.path)
    )
    registrar.drop_key(both, old, {old: utc_now()}, "stolen")
    assert events(office)[-1]["artefact"]["why"] == "stolen"


def test_a_third_key_and_a_key_that_is_none_are_refused(office: Office) -> None:
    registrar, read = office.registrar, files_below(office.folder.path)
    first = registrar.add(office.document())
    with pytest.raises(Mistaken, match="same key as number 1"):
        registrar.add_key(first, {"kid": "again", "algorithm": "ES256", "file": "portal.pub"}, read)
    both = registrar.add_key(first, {"kid": "second", "algorithm": "ES256", "file": "new.pub"}, read)
    with pytest.raises(NotRegistered, match="overlap already"):
        registrar.add_key(both, {"kid": "third", "algorithm": "ES256", "file": "new.pub"}, read)
    with pytest.raises(NotRegistered, match="has no key nobody"):
        registrar.drop_key(both, "nobody", {})


def test_the_later_of_two_noted_uses_stays(office: Office) -> None:
    now = utc_now()
    for at in (now - timedelta(minutes=1), now, now - timedelta(minutes=2)):
        office.storage.change(lambda unit, at=at: unit.registrations.note_use(office.party, "a", at))
    assert office.storage.look_up(lambda kept: kept.uses(office.party)) == {"a": now}
