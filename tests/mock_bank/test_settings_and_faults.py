"""The bank starts only with settings that make sense, says every problem at once, and never misbehaves by accident."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from mock_bank.cli import bank as bank_command
from mock_bank.faults import REGISTRY, ActiveFaults, UnknownFaults, parse_faults
from mock_bank.keys import open_keys
from mock_bank.personas import PERSONAS, Kind
from mock_bank.settings import BankSettings, InvalidSettings, read_settings
from tests.mock_bank.pki import Files
from tests.mock_bank.world import MakeWorld, World

EXAMPLE = Path(__file__).parents[2] / "mock_bank" / "example.toml"
Settings = Callable[..., BankSettings]


def test_the_example_is_complete_but_for_its_files(tmp_path: Path) -> None:
    (tmp_path / "bank.toml").write_text(EXAMPLE.read_text("utf-8"), "utf-8")
    with pytest.raises(InvalidSettings) as refused:
        read_settings(tmp_path / "bank.toml")
    assert refused.value.problems
    assert all("no such file" in problem for problem in refused.value.problems)


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    text = EXAMPLE.read_text("utf-8").replace("port = 9443", "port = 99999").replace('name = "Demo banka" ', "nom = 1 ")
    (tmp_path / "bank.toml").write_text(text.replace("faults = []", 'faults = ["bnk.nonsense"]'), "utf-8")
    with pytest.raises(InvalidSettings) as refused:
        read_settings(tmp_path / "bank.toml")
    found = str(refused.value)
    assert all(word in found for word in ("public.port", "name: Field required", "nom:", "unknown fault bnk.nonsense"))


def test_a_file_that_is_no_toml_or_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "bank.toml").write_text("id = ", "utf-8")
    for name in ("bank.toml", "missing.toml"):
        with pytest.raises(InvalidSettings, match=name):
            read_settings(tmp_path / name)


def test_keys_of_the_wrong_kind_are_all_named(bank_settings: Settings, tmp_path: Path) -> None:
    settings = bank_settings()
    mixed = settings.model_copy(
        update={"banklink": settings.banklink.model_copy(update={"signing_key": tmp_path / "confirmation.pem"})}
    )
    mixed = mixed.model_copy(
        update={"confirmation": settings.confirmation.model_copy(update={"signing_key": tmp_path / "banklink.pem"})}
    )
    with pytest.raises(InvalidSettings) as refused:
        open_keys(mixed)
    assert len(refused.value.problems) == 2


@pytest.mark.parametrize("address", ["0.0.0.0", "192.0.2.1", "bank.example"])
@pytest.mark.parametrize("more", [{"faults": ["bnk.bad-mac"]}, {"fast_login": True}])
def test_faults_and_fast_login_are_refused_on_an_address_others_can_reach(
    address: str, more: dict[str, object], bank_settings: Settings, server_certificate: Files
) -> None:
    public = {
        "address": address,
        "port": 0,
        "certificate": server_certificate.certificate,
        "key": server_certificate.key,
    }
    assert bank_settings(public=public).on_loopback is False
    with pytest.raises(ValidationError, match="loopback"):
        bank_settings(public=public, **more)


def test_off_loopback_neither_page_nor_query_can_switch_a_fault_on(
    make_world: MakeWorld, server_certificate: Files
) -> None:
    public = {
        "address": "192.0.2.1",
        "port": 0,
        "certificate": server_certificate.certificate,
        "key": server_certificate.key,
    }
    world = make_world(public=public, fast_login=False)
    assert world.post("/faults", fault="bnk.bad-mac").status_code == 403
    assert world.ask(query="?fault=bnk.bad-mac").status_code == 403
    assert not world.bank.faults_for()


def test_an_unknown_fault_stops_the_bank_with_its_name(make_world: MakeWorld) -> None:
    with pytest.raises(UnknownFaults, match=r"bnk\.nonsense"):
        make_world(faults=["bnk.nonsense"])


def test_asking_for_an_unregistered_fault_is_an_error_not_a_no() -> None:
    with pytest.raises(KeyError):
        assert "bnk.nonsense" not in ActiveFaults()


def test_the_page_switches_faults_for_every_login_and_back(world: World) -> None:
    assert world.post("/faults", fault="bnk.bad-mac").status_code == 303
    assert world.browser.get("/").headers["X-Mock-Faults"] == "bnk.bad-mac"
    assert "bnk.bad-mac" in world.browser.get("/").text
    assert 'value="bnk.bad-mac" checked' in world.browser.get("/faults").text
    assert world.post("/faults", fault="nonsense").status_code == 400
    world.post("/faults")
    assert world.browser.get("/").headers["X-Mock-Faults"] == "none"


def test_the_registry_covers_the_chapters_asked_for() -> None:
    chapters = {
        name: sum(fault.check.startswith(name) for fault in REGISTRY.values())
        for name in ("BNK", "ATT", "MFA", "MTL", "AUD")
    }
    assert chapters == {"BNK": 42, "ATT": 28, "MFA": 18, "MTL": 16, "AUD": 14}
    checks = [fault.check for fault in REGISTRY.values() if "-" in fault.check]
    assert len(checks) == len(set(checks)), "two faults serve one check"


def test_faults_combine() -> None:
    assert (parse_faults(["bnk.bad-mac"]) | parse_faults(["aud.no-txid"])).header() == "aud.no-txid, bnk.bad-mac"


def test_the_command_lists_every_fault_and_refuses_bad_settings(tmp_path: Path) -> None:
    listed = CliRunner().invoke(bank_command, ["faults"]).output
    assert all(name in listed for name in REGISTRY)
    refused = CliRunner().invoke(bank_command, ["serve", "--config", str(tmp_path / "none.toml")])
    assert refused.exit_code == 1
    assert "the mock bank cannot start" in refused.output


def test_readiness_tells_the_end_of_the_certificates_and_fails_when_they_ended(world: World) -> None:
    ready = world.browser.get("/ready")
    assert (ready.status_code, ready.json["ready"] if ready.json else None) == (200, True)
    world.clock.forward(days=400)
    expired = world.browser.get("/ready")
    assert (expired.status_code, json.loads(expired.text)["ready"]) == (503, False)


def test_test_persons_have_codes_that_belong_to_nobody() -> None:
    numbers = [person.user_number for person in PERSONAS]
    assert len(set(numbers)) == len(numbers)
    for person in PERSONAS:
        code = person.personal_code
        if person.kind is Kind.NO_PERSONAL_CODE:
            assert code == ""
        elif code[:2] >= "32":
            assert code[0] == "3"
        else:
            assert (code[7], int(code[4:6]) > 17) == ("2", True)  # a date after June 2017


def test_the_long_person_has_eighty_letters_in_each_name() -> None:
    long = next(person for person in PERSONAS if person.purpose.startswith("80"))
    assert (len(long.given_name), len(long.family_name)) == (80, 80)
