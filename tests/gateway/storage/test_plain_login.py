"""A login without a group costs what it did before there were sessions: no statement touches their tables."""

from pathlib import Path
from typing import Any

import pytest

from gateway.storage.sql_storage import SqlStorage
from tests.support.group import ALONE, AUCTIONS, REGISTER, Town


class Listened:
    """A database's connections, with every statement that they run."""

    def __init__(self, storage: SqlStorage) -> None:
        self.statements: list[str] = []
        database: Any = storage.database
        opened = database._open

        def open_and_listen() -> Any:
            connection = opened()
            connection.set_trace_callback(self.statements.append)
            return connection

        database._open = open_and_listen


@pytest.fixture
def town(sqlite_storage: SqlStorage) -> tuple[Town, list[str]]:
    listened = Listened(sqlite_storage)
    return Town(storage=sqlite_storage), listened.statements


def about_sessions(statements: list[str]) -> list[str]:
    return [statement for statement in statements if "session" in statement.lower()]


def test_a_plain_login_and_its_sign_out_touch_no_table_of_sessions(town: tuple[Town, list[str]]) -> None:
    gateway, statements = town
    browser = gateway.browser()
    hint = browser.sign_in(ALONE)
    browser.sign_out(ALONE, hint)
    assert len(statements) > 20, "the login was listened to"
    assert about_sessions(statements) == []


def test_not_even_where_the_browser_is_signed_in_to_a_group(town: tuple[Town, list[str]]) -> None:
    gateway, statements = town
    browser = gateway.browser()
    browser.sign_in(AUCTIONS)
    assert about_sessions(statements)
    del statements[:]
    browser.sign_in(ALONE)
    assert about_sessions(statements) == []


def test_a_session_answers_from_the_database_as_it_does_from_memory(
    town: tuple[Town, list[str]], tmp_path: Path
) -> None:
    gateway, _ = town
    browser = gateway.browser()
    hint = browser.sign_in(AUCTIONS)
    browser.is_known_to(REGISTER)
    answer = browser.sign_out(AUCTIONS, hint, post_logout_redirect_uri="https://auctions.test/signed-out")
    assert "Portāls register" in browser.open(answer.location).text
    assert not browser.ask(REGISTER).location.endswith("/continue")
    secret_words = ("Bērziņa", "32123456789")
    content = (tmp_path / "gateway.db").read_bytes() + (tmp_path / "gateway.db-wal").read_bytes()
    assert not [word for word in secret_words if word.encode() in content], "identities lie sealed"
