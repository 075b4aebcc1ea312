"""The participants' register by itself: auctions.md section 3, AUC-INT-33 and AUC-INT-34."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DatabaseError

from portals.auctions.details import Details, DetailsRefused, Problem, parse_details
from portals.auctions.domain import (
    Author,
    AuthorKind,
    EntryState,
    Identity,
    InvalidIdentity,
    Operation,
    changes_between,
    parse_personal_code,
)
from portals.auctions.migrations import MIGRATIONS, DatabaseTooNew, migrate
from portals.auctions.register import EntryInUse, NoSuchEntry, Register
from portals.auctions.storage import open_engine
from portals.auctions.tables import METADATA
from portals.relying_party import utc_now
from tests.portals.browser import DETAILS

ANNA = Identity(
    given_name="Anna",
    family_name="Bērziņa",
    personal_code=parse_personal_code("010117-12345"),
    issuer="https://gateway.example",
    subject="subject-of-anna",
)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(tmp_path / "register.sqlite")
    yield engine
    engine.dispose()


@pytest.fixture
def register(engine: Engine) -> Register:
    return Register(engine=engine, clock=utc_now)


def test_the_first_login_makes_one_entry_and_later_ones_find_it(register: Register) -> None:
    first = register.admit(ANNA)
    assert first.state is EntryState.INCOMPLETE
    assert register.admit(ANNA) == first


def test_fifty_first_logins_at_once_make_one_entry(register: Register) -> None:
    with ThreadPoolExecutor(8) as pool:
        entries = list(pool.map(lambda _number: register.admit(ANNA), range(50)))
    assert len({entry.id for entry in entries}) == 1


def test_a_changed_name_is_taken_over_and_the_earlier_one_kept(register: Register) -> None:
    entry = register.admit(ANNA)
    later = register.admit(replace(ANNA, family_name="Kalniņa"))
    assert (later.id, later.family_name) == (entry.id, "Kalniņa")
    change = register.changes_of(entry.id)[-1]
    assert (change.operation, change.field, change.earlier, change.later) == (
        Operation.UPDATED,
        "family_name",
        "Bērziņa",
        "Kalniņa",
    )
    assert change.author == Author(kind=AuthorKind.LOGIN, subject=ANNA.subject)


def test_another_subject_for_the_same_code_leads_to_the_same_entry(register: Register) -> None:
    assert register.admit(replace(ANNA, subject="after a new salt")).id == register.admit(ANNA).id


def test_one_subject_never_opens_two_persons_entries(register: Register) -> None:
    register.admit(ANNA)
    with pytest.raises(InvalidIdentity):
        register.admit(replace(ANNA, personal_code=parse_personal_code("320000-00001")))


def test_inclusion_update_and_deletion_each_say_who_when_and_what_was_before(register: Register) -> None:
    entry = register.admit(ANNA)
    details = parse_details(DETAILS)
    register.amend(entry.id, details, subject=ANNA.subject)
    register.amend(entry.id, replace(details, email="anna@example.lv"), subject=ANNA.subject)
    register.delete(entry.id, subject=ANNA.subject)
    record = register.changes_of(entry.id)
    assert {change.operation for change in record} == set(Operation)
    assert {change.field: change.earlier for change in record if change.operation is Operation.DELETED} == {
        "given_name": "Anna",
        "family_name": "Bērziņa",
        "personal_code": "010117-12345",
        **{name: value for name, value in replace(details, email="anna@example.lv").as_fields().items() if value},
    }
    assert all(change.at.tzinfo and change.author.subject == ANNA.subject for change in record)


def test_writing_the_same_again_records_nothing(register: Register) -> None:
    entry = register.admit(ANNA)
    details = parse_details(DETAILS)
    once = register.amend(entry.id, details, subject=ANNA.subject)
    count = len(register.changes_of(entry.id))
    assert register.amend(entry.id, details, subject=ANNA.subject) == once
    assert len(register.changes_of(entry.id)) == count


def test_a_deleted_entry_is_gone_and_the_person_may_be_entered_anew(register: Register) -> None:
    entry = register.admit(ANNA)
    register.delete(entry.id, subject=ANNA.subject)
    with pytest.raises(NoSuchEntry):
        register.entry(entry.id)
    with pytest.raises(NoSuchEntry):
        register.delete(entry.id, subject=ANNA.subject)
    assert register.admit(ANNA).id != entry.id


def test_an_entry_with_an_open_auction_is_not_deleted(engine: Engine) -> None:
    register = Register(engine=engine, clock=utc_now, open_matters=lambda _entry: ["auction 7"])
    entry = register.admit(ANNA)
    with pytest.raises(EntryInUse):
        register.delete(entry.id, subject=ANNA.subject)
    assert register.entry(entry.id) == entry


def test_nothing_at_all_is_no_change() -> None:
    assert list(changes_between(None, None, author=Author(kind=AuthorKind.LOGIN, subject="s"), at=utc_now())) == []


@pytest.mark.parametrize("statement", ["DELETE FROM changes", "UPDATE changes SET earlier = ''"])
def test_the_record_of_changes_only_grows(engine: Engine, register: Register, statement: str) -> None:
    register.admit(ANNA)
    with pytest.raises(DatabaseError, match="only grows"), engine.begin() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize("code", ["010117-12345", "311299-00000", "320000-00001", "399999-99999", "000000-00000"])
def test_personal_codes_old_and_new_keep_their_form(code: str) -> None:
    assert str(parse_personal_code(code)) == code


@given(st.text(max_size=14))
def test_nothing_but_that_form_is_a_personal_code(written: str) -> None:
    shape = [character in "0123456789" for character in written]
    fits = len(written) == 12 and written[6] == "-" and shape == [True] * 6 + [False] + [True] * 5
    if fits:
        assert str(parse_personal_code(written)) == written
        return
    with pytest.raises(InvalidIdentity):
        parse_personal_code(written)


@given(st.from_regex(r"[0-9]{6}-[0-9]{5}", fullmatch=True, alphabet="0123456789-"))
def test_any_eleven_digits_are_a_personal_code(code: str) -> None:
    assert str(parse_personal_code(code)) == code


@pytest.mark.parametrize("blank", ["", " ", "\t"])
def test_a_blank_name_is_refused(blank: str) -> None:
    with pytest.raises(InvalidIdentity):
        replace(ANNA, given_name=blank)
    with pytest.raises(InvalidIdentity):
        replace(ANNA, family_name=blank)


def problem_with(**changed: str) -> dict[str, Problem]:
    with pytest.raises(DetailsRefused) as refused:
        parse_details(DETAILS | changed)
    return refused.value.problems


def accepted(**changed: str) -> Details:
    return parse_details(DETAILS | changed)


def test_the_contact_address_is_the_declared_one_unless_the_actual_differs() -> None:
    """AUC-REG-07."""
    assert accepted().contact_address == DETAILS["declared_address"]
    assert accepted(actual_address="Liepu iela 2, Cēsis").contact_address == "Liepu iela 2, Cēsis"
    assert accepted(declared_address="", actual_address="Liepu iela 2").contact_address == "Liepu iela 2"
    assert accepted(actual_address=DETAILS["declared_address"]).actual_address == ""
    assert problem_with(declared_address=" ", actual_address="") == {"declared_address": Problem.ADDRESS_MISSING}


def test_a_document_has_a_type_and_a_number() -> None:
    """AUC-REG-08."""
    assert accepted(document_number=" pa1234567 ").document_number == "PA1234567"
    assert problem_with(document_type="") == {"document_type": Problem.DOCUMENT_TYPE_MISSING}
    assert problem_with(document_type="library card") == {"document_type": Problem.DOCUMENT_TYPE_MISSING}
    assert problem_with(document_number="") == {"document_number": Problem.DOCUMENT_NUMBER_MISSING}
    assert problem_with(document_number="<PA>") == {"document_number": Problem.DOCUMENT_NUMBER_UNREADABLE}


@pytest.mark.parametrize("iban", ["LV80BANK0000435195001", "lv80 bank 0000 4351 9500 1", "EE382200221020145685"])
def test_an_account_whose_check_digits_fit_is_taken(iban: str) -> None:
    """AUC-REG-09, AUC-INT-33."""
    assert accepted(account=iban).account == iban.replace(" ", "").upper()


@pytest.mark.parametrize(
    ("iban", "problem"),
    [
        ("", Problem.ACCOUNT_MISSING),
        ("LV81BANK0000435195001", Problem.ACCOUNT_MISTYPED),
        ("LV80BANK0000435195010", Problem.ACCOUNT_MISTYPED),
        ("LV80BANK000043519500", Problem.ACCOUNT_UNREADABLE),
        ("LV80BANK00004351950011", Problem.ACCOUNT_UNREADABLE),
        ("LVBANK", Problem.ACCOUNT_UNREADABLE),
        ("40003032949", Problem.ACCOUNT_UNREADABLE),
        ("LV80BANK000043519500١", Problem.ACCOUNT_UNREADABLE),
    ],
)
def test_an_account_that_cannot_be_paid_to_is_refused(iban: str, problem: Problem) -> None:
    assert problem_with(account=iban) == {"account": problem}


@given(st.integers(8, 20), st.sampled_from("0123456789"))
def test_any_one_wrong_digit_of_an_account_is_noticed(position: int, other: str) -> None:
    right = "LV80BANK0000435195001"
    wrong = right[:position] + other + right[position + 1 :]
    if wrong == right:
        assert accepted(account=wrong).account == right
    else:
        assert problem_with(account=wrong) == {"account": Problem.ACCOUNT_MISTYPED}


def test_email_and_telephone_may_be_left_out_but_not_be_nonsense() -> None:
    """AUC-REG-10."""
    assert accepted(email="", telephone="").email == ""
    assert accepted(email="anna.bērziņa@pasts.example.lv", telephone="+371 2000-0000").telephone == "+371 2000-0000"
    assert problem_with(email="anna@localhost") == {"email": Problem.EMAIL_UNREADABLE}
    assert problem_with(email="a@b.lv, c@d.lv") == {"email": Problem.EMAIL_UNREADABLE}
    assert problem_with(telephone="ask at home") == {"telephone": Problem.TELEPHONE_UNREADABLE}


def test_every_problem_is_reported_at_once() -> None:
    with pytest.raises(DetailsRefused) as refused:
        parse_details({})
    assert set(refused.value.problems) == {"declared_address", "document_type", "document_number", "account"}


@pytest.mark.parametrize("name", DETAILS)
def test_control_characters_and_endless_text_are_refused_in_every_field(name: str) -> None:
    assert problem_with(**{name: "A\x00B"}) == {name: Problem.CONTROL_CHARACTER}
    assert problem_with(**{name: "A" * 400})[name] in {Problem.TOO_LONG, Problem.CONTROL_CHARACTER}


@given(st.dictionaries(st.sampled_from(list(DETAILS)), st.text(max_size=50)))
def test_whatever_is_written_is_refused_or_keeps_every_rule(written: dict[str, str]) -> None:
    fields = DETAILS | written
    with suppress(DetailsRefused):
        details = parse_details(fields)
        assert details.contact_address.strip() in {fields["declared_address"].strip(), fields["actual_address"].strip()}
        assert parse_details(details.as_fields()) == details


def test_the_tables_in_code_are_those_the_migrations_make(engine: Engine) -> None:
    found = inspect(engine)
    for table in METADATA.sorted_tables:
        columns = {column["name"]: column["nullable"] for column in found.get_columns(table.name)}
        assert columns.keys() == {column.name for column in table.columns}
    assert {name for name in found.get_table_names() if not name.startswith("sqlite_")} == set(METADATA.tables)


def test_migrating_again_changes_nothing_and_a_newer_database_is_left_alone(engine: Engine, tmp_path: Path) -> None:
    migrate(engine)
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA user_version")).scalar_one() == len(MIGRATIONS)
    newer = tmp_path / "newer.sqlite"
    connection = sqlite3.connect(newer)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(DatabaseTooNew):
        open_engine(newer)


def test_every_commit_is_on_the_disk_before_it_counts(engine: Engine) -> None:
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
