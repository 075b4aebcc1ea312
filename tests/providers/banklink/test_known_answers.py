"""banklink.md section 14: every printed message that VK concerns, and every row of its table of refusals."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from providers.banklink.adapter import BanklinkProvider
from providers.banklink.mac import decode_mac, mac_string, verifies
from providers.banklink.messages import ANSWERS, REQUESTS
from providers.banklink.opening import open_banklink
from providers.contract import Expectation, Factor, Reference, VerifiedIdentity
from providers.errors import AssertionRejected, ProviderError
from tests.providers.banklink import known_answers as known
from tests.providers.little_bank import LittleBank, arrival, encode

MADE = datetime.fromisoformat("2026-03-02T14:06:41+02:00")
NONCE = Reference("7c1e0f5a9b3d4826a1f0c9e2d7b85634")
EXPECTED = Expectation(reference=NONCE, asked_at=datetime.fromisoformat("2026-03-02T14:05:09+02:00"))
E2_FORM = {**known.E2.fields, "VK_MAC": known.E2.signature, "VK_ENCODING": "UTF-8", "VK_LANG": "LAT"}


@pytest.mark.parametrize("name", known.ALL)
def test_the_mac_string_comes_out_as_printed(name: str) -> None:
    answer = known.ALL[name]
    form = {**REQUESTS, **ANSWERS}[answer.fields["VK_SERVICE"]]
    assert mac_string(answer.fields[field] for field in form.mac_order) == answer.mac_string


@pytest.mark.parametrize("name", known.ALL)
def test_the_printed_signature_verifies_with_the_printed_key(name: str) -> None:
    answer = known.ALL[name]
    assert _verifies(answer, answer.mac_string, answer.charset)
    assert not _verifies(answer, answer.mac_string + " ", answer.charset)


def test_e2_has_152_characters_and_156_bytes_and_counting_bytes_gives_another_string() -> None:
    assert (len(known.E2.mac_string), len(known.E2.mac_string.encode())) == (152, 156)
    values = [known.E2.fields[field] for field in ANSWERS["3013"].mac_order]
    by_bytes = mac_string(values, unit="bytes")
    assert "029PARAUDZI" in by_bytes
    assert not _verifies(known.E2, by_bytes, "utf-8")


def test_e10_is_signed_in_its_own_charset_and_not_in_utf_8() -> None:
    assert len(known.E10.mac_string) == len(known.E10.mac_string.encode("iso-8859-1")) == 143
    assert not _verifies(known.E10, known.E10.mac_string, "utf-8")
    assert b"%D5UEM%C4E-N%C4IDIS%2C%DCLO" in encode(known.E10.fields, "iso-8859-1")


def _verifies(answer: known.KnownAnswer, text: str, charset: str) -> bool:
    key = load_pem_public_key(answer.key)
    assert isinstance(key, rsa.RSAPublicKey)
    signature = decode_mac(answer.signature)
    return verifies(text, signature, [key], hash_name=answer.hash_name, charset=charset)  # type: ignore[arg-type]


# -- the printed answers through the whole adapter -------------------------------------------------------------


def demo_bank(bank: LittleBank, **changes: Any) -> BanklinkProvider:
    """The profile that section 14 speaks of: no confirmation, a delimited name, codes that can belong to nobody."""
    (bank.folder / "demobank.pem").write_bytes(known.BANK_KEY)
    profile = {
        "bank_id": "DEMOBANK",
        "partner_id": "EIDGW",
        "bank_keys": [{"file": "demobank.pem"}],
        "name_fields": "delimited",
        "factors_by_contract": ["knowledge", "possession"],
        **changes,
    }
    entry = bank.entry(back_channel={"confirmation": "not_needed"}, **profile)
    return open_banklink({**entry, "code_structure": "flag"}, bank.folder, lambda: MADE)


def outcome(
    provider: BanklinkProvider, form: Mapping[str, str] | list[tuple[str, str]] | bytes, *, at: datetime = MADE
) -> str | VerifiedIdentity:
    body = form if isinstance(form, bytes) else encode(form)
    try:
        return provider.receive(arrival(body, at)).identify(EXPECTED)
    except ProviderError as error:
        return error.reason


@pytest.mark.parametrize(
    "form",
    [
        E2_FORM,
        {**E2_FORM, "VK_FOO": "1"},
        {**E2_FORM, "VK_LANG": "ENG", "VK_AUTO": "Y"},
        {name: value for name, value in E2_FORM.items() if name not in {"VK_OTHER", "VK_RID"}},
        {**E2_FORM, "VK_MAC": "\r\n".join(known.E2.signature[i : i + 64] for i in range(0, 344, 64))},
        {**E2_FORM, "VK_ENCODING": ""},
        {**E2_FORM, "VK_ENCODING": "utf-8"},
    ],
    ids=["none", "extra VK_FOO", "VK_LANG and VK_AUTO", "empty ones left out", "line breaks", "no charset", "utf-8"],
)
def test_e2_is_accepted_with_this_change(form: dict[str, str], bank: LittleBank) -> None:
    identity = outcome(demo_bank(bank), form)
    assert isinstance(identity, VerifiedIdentity)
    assert (identity.family_name, identity.given_name) == ("PARAUDZIŅA-ĶĒRA", "LĪGA ANNA")
    assert (identity.personal_code.display, identity.country, identity.means) == ("999999-10000", "LV", "otp")
    assert identity.authenticated_at == MADE
    assert identity.factors == {Factor.KNOWLEDGE, Factor.POSSESSION}
    assert "impossible_code_structure" in identity.flags


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({**E2_FORM, "VK_USER_ID": "999999-10001"}, "bad_signature"),
        ({name: value for name, value in E2_FORM.items() if name != "VK_TOKEN"}, "bad_signature"),
        ({**E2_FORM, "VK_ENCODING": "ISO-8859-1"}, "malformed"),
        ([*E2_FORM.items(), ("VK_NONCE", str(NONCE))], "malformed"),
    ],
    ids=["VK_USER_ID changed", "VK_TOKEN left out", "other VK_ENCODING", "VK_NONCE twice"],
)
def test_e2_is_refused_with_this_change(form: Any, reason: str, bank: LittleBank) -> None:
    assert outcome(demo_bank(bank), form) == reason


@pytest.mark.parametrize(
    ("clock", "reason"),
    [("14:11:41", None), ("14:11:42", "stale"), ("14:01:41", None), ("14:01:40", "stale")],
)
def test_e2_at_the_limits_of_the_clock(clock: str, reason: str | None, bank: LittleBank) -> None:
    at = datetime.fromisoformat(f"2026-03-02T{clock}+02:00") + timedelta(milliseconds=999)
    got = outcome(demo_bank(bank), E2_FORM, at=at)
    assert got == reason if reason else isinstance(got, VerifiedIdentity)


def test_e2_for_another_login_is_an_unknown_nonce(bank: LittleBank) -> None:
    answer = demo_bank(bank).receive(arrival(encode(E2_FORM), MADE))
    other = Expectation(reference=Reference("0" * 32), asked_at=EXPECTED.asked_at)
    with pytest.raises(AssertionRejected) as refused:
        answer.identify(other)
    assert refused.value.reason == "unknown_nonce"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"partner_id": "OTHERGW"}, "wrong_recipient"),
        (
            {"hash": "sha1", "version": "008", "sha1_exception": {"until": "2026-06-02", "ground": "old agreement"}},
            "unexpected_version",
        ),
        ({"bank_id": "OTHERBANK"}, "wrong_sender"),
    ],
    ids=["partner_id OTHERGW", "sha1 and 008", "another bank's endpoint"],
)
def test_e2_is_refused_by_a_profile_with(changes: dict[str, Any], reason: str, bank: LittleBank) -> None:
    assert outcome(demo_bank(bank, **changes), E2_FORM) == reason


def test_e2_sent_a_second_time_names_the_same_login_so_that_the_caller_finds_it_spent(bank: LittleBank) -> None:
    provider = demo_bank(bank)
    answers = [provider.receive(arrival(encode(E2_FORM), MADE)) for _ in range(2)]
    assert {answer.reference for answer in answers} == {NONCE}


def test_e10_is_accepted_by_a_profile_for_it(bank: LittleBank) -> None:
    provider = demo_bank(
        bank,
        version="008",
        hash="sha1",
        sha1_exception={"until": "2026-06-02", "ground": "old agreement"},
        allowed_charsets=["UTF-8", "ISO-8859-1"],
    )
    form = {**known.E10.fields, "VK_MAC": known.E10.signature, "VK_ENCODING": "ISO-8859-1"}
    identity = outcome(provider, encode(form, "iso-8859-1"))
    assert isinstance(identity, VerifiedIdentity)
    assert (identity.family_name, identity.given_name) == ("ÕUEMÄE-NÄIDIS", "ÜLO")
    assert (identity.personal_code.display, identity.country, identity.means) == ("99999999999", "EE", "id-card")


def test_e4_is_refused_without_a_confirmation_because_its_one_name_field_may_not_be_split(
    bank: LittleBank, base: Path
) -> None:
    provider = demo_bank(
        bank,
        request_service="4002",
        answer_service="3003",
        allow_legacy=True,
        version="008",
        hash="sha1",
        sha1_exception={"until": "2026-06-02", "ground": "old agreement"},
        name_fields="separate",
        name_order="first last",
    )
    form = {**known.E4.fields, "VK_MAC": known.E4.signature, "VK_ENCODING": "UTF-8"}
    assert provider.receive(arrival(encode(form), MADE)).reference == NONCE
    assert outcome(provider, form) == "identity_incomplete"
