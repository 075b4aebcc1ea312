"""banklink.md section 12: what a profile may say, what it may not, and that every problem is named at once."""

import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from providers.errors import ProviderMisconfigured
from providers.settings import InvalidProviderSettings
from tests.providers.banklink.conftest import OLD_HASH, OpenBank
from tests.providers.little_bank import LittleBank, now, pem_of, write_private

NO_CONFIRMATION = {"confirmation": "not_needed"}
TWO_FACTORS = ["knowledge", "possession"]


def problems(open_bank: OpenBank, **settings: Any) -> tuple[str, ...]:
    with pytest.raises(InvalidProviderSettings) as refused:
        open_bank(**settings)
    return refused.value.problems


def only_problem(open_bank: OpenBank, **settings: Any) -> str:
    (problem,) = problems(open_bank, **settings)
    return problem


@pytest.mark.parametrize(
    ("profile", "setting"),
    [
        ({"hash": "sha256"}, "banklink.hash"),
        ({"version": "008", "hash": "sha512"}, "banklink.hash"),
        ({"version": "008", "hash": "sha1"}, "banklink.sha1_exception"),
        ({"sha1_exception": {"until": "2099-01-01", "ground": "x"}}, "banklink.sha1_exception"),
        ({**OLD_HASH, "sha1_exception": {"until": "2020-01-01", "ground": "x"}}, "banklink.sha1_exception"),
        ({"answer_service": "3012"}, "banklink.answer_service"),
        ({"request_service": "4011", "answer_service": "3012"}, "banklink.allow_without_nonce"),
        ({"allow_without_nonce": True}, "banklink.allow_without_nonce"),
        ({"echoes_rid": True}, "banklink.echoes_rid"),
        ({"request_service": "4002", "answer_service": "3003"}, "banklink.allow_legacy"),
        ({"allow_legacy": True}, "banklink.allow_legacy"),
        ({"hash_encoded_values": True}, "banklink.hash_encoded_values"),
        ({"charset": "ISO-8859-1"}, "banklink.charset"),
        ({"fallback_charset": "UTF-8"}, "banklink.fallback_charset"),
        ({"charset_field": None, "allowed_charsets": ["UTF-8", "ISO-8859-1"]}, "banklink.allowed_charsets"),
        ({"length_unit": "bytes", "allowed_charsets": ["UTF-8", "ISO-8859-1"]}, "banklink.length_unit"),
        ({"allowed_charsets": ["UTF-8", "ISO-8859-1", "WINDOWS-1257"]}, "banklink.allowed_charsets"),
        ({"must_be_present": ["VK_INFO"]}, "banklink.must_be_present"),
        ({"name_order": "separate"}, "banklink.name_order"),
        ({"name_fields": "delimited", "name_order": "first last"}, "banklink.name_fields"),
        ({"factors_by_contract": TWO_FACTORS}, "banklink.factors_by_contract"),
    ],
)
def test_a_profile_that_contradicts_itself_stops_the_start_and_names_profile_and_setting(
    profile: dict[str, Any], setting: str, open_bank: OpenBank
) -> None:
    assert only_problem(open_bank, **profile).startswith(f"provider little-bank: {setting}: ")


@pytest.mark.parametrize(
    ("profile", "setting"),
    [
        ({"protocol": "solo"}, "banklink.protocol"),
        ({"request_url": "http://bank.example/"}, "banklink.request_url"),
        ({"request_url": "https://bank.example/?a=b"}, "banklink.request_url"),
        ({"request_url": "https://user@bank.example/"}, "banklink.request_url"),
        ({"bank_id": "X" * 16}, "banklink.bank_id"),
        ({"bank_id": ""}, "banklink.bank_id"),
        ({"partner_id": " EIDGW"}, "banklink.partner_id"),
        ({"partner_id": "EIDĢ"}, "banklink.partner_id"),
        ({"version": "007"}, "banklink.version"),
        ({"charset": "UTF-7"}, "banklink.charset"),
        ({"min_key_bits": 512}, "banklink.min_key_bits"),
        ({"clock_tolerance": 901}, "banklink.clock_tolerance"),
        ({"transaction_ttl": 59}, "banklink.transaction_ttl"),
        ({"transaction_ttl": 3601}, "banklink.transaction_ttl"),
        ({"default_country": "lv"}, "banklink.default_country"),
        ({"timezone": "Europe/Nowhere"}, "banklink.timezone"),
        ({"bank_keys": []}, "banklink.bank_keys"),
        ({"partner_key": "nowhere.key"}, "banklink.partner_key"),
        ({"bank_keys": [{"file": "bank.pem", "not_after": "2027-01-01T00:00:00"}]}, "banklink.bank_keys.0.not_after"),
        ({"nonsense": 1}, "banklink.nonsense"),
    ],
)
def test_a_setting_of_the_wrong_form_is_named(profile: dict[str, Any], setting: str, open_bank: OpenBank) -> None:
    assert only_problem(open_bank, **profile).startswith(f"provider little-bank: {setting}")


def test_every_problem_of_form_is_reported_at_once(open_bank: OpenBank) -> None:
    found = problems(
        open_bank,
        bank_id="",
        version="1",
        partner_key="nowhere.key",
        back_channel={"ca_file": "nowhere.pem", "pins": ["zz"], "base_url": "https://bank.test/path"},
        entry={"id": "Little Bank", "assurance": "very", "environment": "staging"},
    )
    named = {problem.split(": ")[1] for problem in found}
    assert named == {
        "id",
        "assurance",
        "environment",
        "banklink.bank_id",
        "banklink.version",
        "banklink.partner_key",
        "back_channel.ca_file",
        "back_channel.pins.0",
        "back_channel.base_url",
    }
    assert all(problem.startswith("provider Little Bank: ") for problem in found)


def test_contradictions_bad_keys_and_bad_tls_files_are_reported_together(open_bank: OpenBank, bank: LittleBank) -> None:
    folder = bank.folder
    (folder / "garbage.pem").write_bytes(b"not a key")
    (folder / "short.pem").write_bytes(pem_of(rsa.generate_private_key(65537, 1024).public_key()))
    write_private(folder / "open.key", bank.partner_key)
    (folder / "open.key").chmod(0o644)
    found = problems(
        open_bank,
        hash="sha256",
        bank_keys=[{"file": "garbage.pem"}, {"file": "short.pem"}],
        partner_key="open.key",
        back_channel={"crl_file": "garbage.pem", "signing_keys": {"k": {"file": "bank.pem", "algorithm": "ES256"}}},
        entry={"environment": "production", "code_structure": "flag"},
    )
    named = [problem.split(": ")[1] for problem in found]
    assert named == [
        "code_structure",
        "banklink.hash",
        "banklink.bank_keys",
        "banklink.bank_keys",
        "banklink.partner_key",
        "back_channel",
        "back_channel.signing_keys.k",
    ]
    assert "chmod 600" in found[4]


def test_settings_cannot_be_changed_after_they_were_read(open_bank: OpenBank) -> None:
    settings = open_bank()._settings
    with pytest.raises(ValueError, match="frozen"):
        settings.banklink.bank_id = "OTHER"


def test_no_problem_repeats_what_a_setting_held(open_bank: OpenBank) -> None:
    assert "hush-hush" not in str(problems(open_bank, version="hush-hush", back_channel={"pins": ["hush-hush"]}))


def test_a_short_key_needs_an_explicit_lower_limit(open_bank: OpenBank, bank: LittleBank) -> None:
    (bank.folder / "short.pem").write_bytes(pem_of(rsa.generate_private_key(65537, 1024).public_key()))
    keys = [{"file": "short.pem"}]
    assert "2048 bits" in only_problem(open_bank, bank_keys=keys)
    assert any("1024 bits" in warning for warning in open_bank(bank_keys=keys, min_key_bits=1024).warnings())


@pytest.mark.parametrize("file", ["statements.pem", "elsewhere/bank.pem"])
def test_a_bank_key_is_an_rsa_key_in_the_settings_folder(file: str, open_bank: OpenBank) -> None:
    assert "banklink.bank_keys" in only_problem(open_bank, bank_keys=[{"file": file}])


def test_a_client_key_of_another_certificate_is_refused(open_bank: OpenBank, bank: LittleBank) -> None:
    write_private(bank.folder / "other.key", ec.generate_private_key(ec.SECP256R1()))
    assert "back_channel" in only_problem(open_bank, back_channel={"client_key": "other.key"})


def test_ps256_statement_keys_are_accepted_and_weak_ones_are_not(open_bank: OpenBank, bank: LittleBank) -> None:
    (bank.folder / "weak.pem").write_bytes(pem_of(rsa.generate_private_key(65537, 1024).public_key()))
    assert (
        open_bank(back_channel={"signing_keys": {"k": {"file": "bank.pem", "algorithm": "PS256"}}}).id == "little-bank"
    )
    for keys in ({"file": "weak.pem", "algorithm": "PS256"}, {"file": "statements.pem", "algorithm": "PS256"}):
        assert "signing_keys.k" in only_problem(open_bank, back_channel={"signing_keys": {"k": keys}})


def test_a_sound_profile_with_a_pinned_key_warns_of_nothing(open_bank: OpenBank) -> None:
    provider = open_bank(back_channel={"pins": ["0" * 64]})
    assert list(provider.warnings()) == []
    assert json.dumps(provider.names) == json.dumps({"lv": "Mazā banka", "en": "Little Bank"})


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        (OLD_HASH, "SHA-1 until 2099-12-31 (agreement of 2019)"),
        ({"min_key_bits": 1024}, "min_key_bits"),
        ({"clock_tolerance": 900}, "clock_tolerance"),
        ({"fallback_charset": "ISO-8859-1"}, "fallback_charset"),
        (
            {"request_service": "4011", "answer_service": "3012", "allow_without_nonce": True},
            "allow_without_nonce",
        ),
        ({"request_service": "4002", "answer_service": "3003", "allow_legacy": True}, "allow_legacy"),
        ({"entry": {"code_structure": "flag"}}, "code_structure"),
        ({"back_channel": {}}, "pins"),
        ({"back_channel": NO_CONFIRMATION, "factors_by_contract": TWO_FACTORS}, "every login will be refused"),
        (
            {"back_channel": NO_CONFIRMATION, "factors_by_contract": TWO_FACTORS, "name_fields": "delimited"},
            "a deviation",
        ),
    ],
)
def test_a_setting_that_weakens_a_profile_is_said_aloud(
    settings: dict[str, Any], word: str, open_bank: OpenBank
) -> None:
    assert any(word in warning for warning in open_bank(**settings).warnings())


def test_without_a_confirmation_the_contract_must_promise_two_kinds_of_factor(open_bank: OpenBank) -> None:
    for factors in ([], ["knowledge"], ["knowledge", "knowledge"]):
        problem = only_problem(open_bank, back_channel=NO_CONFIRMATION, factors_by_contract=factors)
        assert "factors_by_contract" in problem


def test_the_last_day_of_an_exception_still_counts(open_bank: OpenBank) -> None:
    tomorrow = f"{now() + timedelta(days=1):%Y-%m-%d}"
    assert open_bank(**{**OLD_HASH, "sha1_exception": {"until": tomorrow, "ground": "x"}}).id == "little-bank"
    last_week = f"{now() - timedelta(days=7):%Y-%m-%d}"
    with pytest.raises(ProviderMisconfigured, match="it ended on"):
        open_bank(**{**OLD_HASH, "sha1_exception": {"until": last_week, "ground": "x"}})


def test_banks_that_name_the_same_key_of_ours_share_it_parsed_until_its_file_changes(
    open_bank: OpenBank, bank: LittleBank
) -> None:
    """Row 10: parsing costs 30 ms a time, half a minute for a thousand banks."""
    path = bank.folder / "shared.key"
    write_private(path, bank.partner_key)
    first, second = (open_bank(partner_key="shared.key")._profile.partner_key for _ in range(2))
    assert first is second
    path.chmod(0o644)
    assert "chmod 600" in only_problem(open_bank, partner_key="shared.key")
    path.unlink()
    write_private(path, rsa.generate_private_key(65537, 2048))
    assert open_bank(partner_key="shared.key")._profile.partner_key is not first
