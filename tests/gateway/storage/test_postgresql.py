"""PostgreSQL keeps the promises of every store, and those of its own."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from gateway.audit.verify import BadRecord
from gateway.broker.ports import StorageUnavailable
from gateway.storage.log_check import verify_log
from gateway.storage.sealer import Sealer
from gateway.storage.sql_storage import SqlStorage, open_storage
from tests.contracts.parallel import in_parallel
from tests.contracts.storage import StorageContract
from tests.support.logins import NOW, SomethingHappened, asked, new_correlation
from tests.support.postgres import Postgres, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as running:
        yield running


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    return postgres.new_database()


def open_node(url: str, keys: Path, node: str = "node-1") -> SqlStorage:
    return open_storage(url, keys, node=node, config_rev="test", clock=lambda: NOW)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def storage(url: str, keys: Path) -> Iterator[SqlStorage]:
    """One store for all tests here: their logins and facts are each their own."""
    opened = open_node(url, keys)
    yield opened
    opened.close()


def run_sql(url: str, sql: str) -> None:
    parsed = make_url(url)
    conninfo = f"host={parsed.query['host']} user={parsed.username} dbname={parsed.database}"
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(sql)


class TestPostgresqlStorage(StorageContract):
    def recorded(self, storage: SqlStorage) -> Sequence[str]:
        with storage.database.reader() as connection:
            return [corr for (corr,) in connection.execute("SELECT corr FROM audit_event ORDER BY id")]


def test_two_nodes_have_one_winner(storage: SqlStorage, url: str, keys: Path) -> None:
    """S18: races on two nodes."""
    other = open_node(url, keys, "node-2")
    try:
        for number in range(20):
            nodes = [storage, other] * 5
            spent = in_parallel([_spending(node, f"fact-{number}") for node in nodes])
            assert sum(spent) == 1
    finally:
        other.close()


def _spending(node: SqlStorage, value: str):  # noqa: ANN202 - a closure
    return lambda: node.commit(lambda unit: unit.spend("jti", value, NOW))


def test_nodes_that_write_while_one_seals_lose_no_event(storage: SqlStorage, url: str, keys: Path) -> None:
    """Numbers become visible out of order; the sealer must still take each event exactly once."""
    nodes = [storage, *(open_node(url, keys, f"node-{n}") for n in (2, 3))]
    Sealer(storage).seal_now()
    before = verify_log(storage.database, storage.keys.verifier).size
    sealer = Sealer(storage, interval=0.01)
    sealer.start()

    def write(node: SqlStorage) -> None:
        for _ in range(60):
            node.commit(lambda unit: [unit.record(SomethingHappened(corr=new_correlation())) for _ in range(3)])

    threads = [threading.Thread(target=write, args=(node,)) for node in nodes for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sealer.stop()
    verified = verify_log(storage.database, storage.keys.verifier, storage.keys.evidence)
    assert (verified.size - before, verified.unsealed) == (1080, 0)
    for node in nodes[1:]:
        node.close()


@pytest.mark.parametrize("table", ["audit_event", "audit_leaf", "audit_node", "checkpoint", "evidence"])
@pytest.mark.parametrize("change", ["DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_log_tables_refuse_to_lose_rows(storage: SqlStorage, url: str, table: str, change: str) -> None:
    storage.commit(lambda unit: unit.record(SomethingHappened(corr=new_correlation(), sent=b"x")))
    with pytest.raises(psycopg.errors.RaiseException, match=f"{table} is insert only"):
        run_sql(url, change.format(table))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_event SET body = body",
        "UPDATE audit_leaf SET seq = seq",
        "UPDATE audit_node SET level = level",
        "UPDATE checkpoint SET note = note",
        "UPDATE evidence SET corr = corr",
        "UPDATE evidence_key SET wrapped = wrapped",
    ],
)
@pytest.mark.usefixtures("storage")
def test_log_tables_refuse_changes(url: str, change: str) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="is insert only"):
        run_sql(url, change)


def test_a_restarted_server_is_found_again(tmp_path: Path) -> None:
    """R14: fails closed, resumes by itself."""
    with running_postgres() as own:
        storage = open_node(own.new_database(), tmp_path / "keys")
        first, second = asked(), asked()
        storage.commit(lambda unit: unit.add(first))
        own.restart()
        with pytest.raises(StorageUnavailable):
            storage.commit(lambda unit: unit.add(second))
        storage.commit(lambda unit: unit.add(second))
        assert storage.load(first.id) == first
        assert storage.load(second.id) == second
        storage.close()


def test_commits_wait_for_the_disk(storage: SqlStorage) -> None:
    """T59."""
    assert storage.commit(lambda unit: unit._connection.execute("SHOW synchronous_commit").fetchone()) == ("on",)  # type: ignore[attr-defined]  # looks inside


def grants_of_the_manual() -> str:
    text = (Path(__file__).parents[3] / "docs" / "audit.md").read_text(encoding="utf-8")
    return text.partition("```sql\n")[2].partition("```")[0]


def test_the_accounts_of_the_manual_can_do_their_work_and_nothing_else(postgres: Postgres, tmp_path: Path) -> None:
    """VPM-DRV-10: the application's account has no right to update or delete what was recorded."""
    owner = postgres.new_database()
    open_node(owner, tmp_path / "keys").close()
    roles = ("gateway_app", "gateway_sealer", "gateway_auditor", "gateway_retention")
    run_sql(owner, "".join(f"CREATE ROLE {role} LOGIN;" for role in roles) + grants_of_the_manual())
    as_role = {role: owner.replace("tester@", f"{role}@") for role in roles}
    app = open_node(as_role["gateway_app"], tmp_path / "keys")
    event = SomethingHappened(corr=new_correlation(), sent=b"x")
    app.commit(lambda unit: (unit.add(asked()), unit.spend("jti", "f", NOW), unit.record(event)))
    app.sweep(NOW)
    sealing = open_node(as_role["gateway_sealer"], tmp_path / "keys")
    assert Sealer(sealing).seal_now() == 1
    auditing = open_node(as_role["gateway_auditor"], tmp_path / "keys")
    assert verify_log(auditing.database, auditing.keys.verifier, auditing.keys.evidence).evidence == 1
    run_sql(as_role["gateway_retention"], "DELETE FROM evidence_key")
    for storage in (app, sealing, auditing):
        storage.close()
    for role in roles:
        for change in ("UPDATE audit_event SET corr = corr", "DELETE FROM audit_leaf", "TRUNCATE checkpoint"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                run_sql(as_role[role], change)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE audit_event SET body = set_byte(body, 20, 65) WHERE id = 51", "audit_event 51"),
        ("UPDATE audit_leaf SET leaf = set_byte(leaf, 20, 65) WHERE seq = 50", "audit_leaf 50"),
        ("UPDATE audit_node SET hash = set_byte(hash, 1, get_byte(hash, 1) # 1) WHERE position = 2", "audit_node 4/2"),
        ("DELETE FROM checkpoint", "audit_leaf 0"),
        ("UPDATE evidence SET ciphertext = set_byte(ciphertext, 0, get_byte(ciphertext, 0) # 1)", "evidence "),
        ("DELETE FROM audit_unsealed", "audit_event 61"),
    ],
)
def test_a_change_by_the_owner_of_the_database_is_named(
    postgres: Postgres, tmp_path: Path, change: str, named: str
) -> None:
    """T48: triggers do not bind an owner; the tree does."""
    url = postgres.new_database()
    storage = open_node(url, tmp_path / "keys")
    for number in range(61):
        event = SomethingHappened(corr=new_correlation(), received=b"x")
        storage.commit(lambda unit, event=event: unit.record(event))
        if number == 59:
            Sealer(storage).seal_now()
    run_sql(url, f"SET session_replication_role = replica; {change}")
    with pytest.raises(BadRecord) as found:
        verify_log(storage.database, storage.keys.verifier, storage.keys.evidence)
    storage.close()
    assert str(found.value).startswith(named)
