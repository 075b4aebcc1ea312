"""banklink.md 11.3, Luminor's DNB Link: each rule with its mark; examples E6 and E7."""

import base64
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding

from providers.banklink.adapter import BanklinkProvider
from providers.contract import Expectation, Language, Reference, VerifiedIdentity
from providers.errors import AssertionRejected, ProviderError
from providers.settings import InvalidProviderSettings
from tests.contracts.provider import asked
from tests.providers.banklink import known_answers as known
from tests.providers.banklink.conftest import OpenBank
from tests.providers.banklink.dialect_answers import LINK_ORDER, LUMINOR, link_fields, link_form, signed_text
from tests.providers.little_bank import HASHES, LIGA, LittleBank, Person, arrival, encode, now

STAMP = Reference("0123456789abcdef0123456789abcdef")
PRINTED = datetime.fromisoformat("2026-03-02T14:06:41+02:00")


@pytest.fixture
def luminor(open_bank: OpenBank) -> BanklinkProvider:
    return open_bank(**LUMINOR)


def judged(provider: BanklinkProvider, form: dict[str, str]) -> VerifiedIdentity | str:
    try:
        answer = provider.receive(arrival(encode(form), now()))
        return answer.identify(Expectation(reference=STAMP, asked_at=now() - timedelta(seconds=30)))
    except ProviderError as error:
        return error.reason


def sign_in(
    provider: BanklinkProvider, bank: LittleBank, person: Person = LIGA, **changes: str
) -> VerifiedIdentity | str:
    bank.persons[STAMP] = person
    return judged(provider, link_form(bank, link_fields(STAMP, now(), person, **changes)))


def test_b_the_request_3001_is_signed_with_sha_1_and_stamped(luminor: BanklinkProvider, bank: LittleBank) -> None:
    request = replace(asked(), language=Language.ENGLISH)
    fields = dict(luminor.depart(request).fields)
    assert list(fields) == [f"VK_{name}" for name in ("SERVICE", "VERSION", "SND_ID", "STAMP", "RETURN", "MAC", "LANG")]
    assert (fields["VK_SERVICE"], fields["VK_VERSION"], fields["VK_SND_ID"]) == ("3001", "101", "EIDGW")
    assert (fields["VK_STAMP"], fields["VK_RETURN"], fields["VK_LANG"]) == (
        request.reference,
        request.return_url,
        "ENG",
    )
    text = signed_text(fields, "SERVICE VERSION SND_ID STAMP RETURN", "VK")
    bank.partner_key.public_key().verify(
        base64.b64decode(fields["VK_MAC"]), text.encode(), padding.PKCS1v15(), HASHES["sha1"]
    )


def test_b_three_fields_name_the_person_and_the_confirmation_agrees(
    luminor: BanklinkProvider, bank: LittleBank
) -> None:
    identity = sign_in(luminor, bank)
    assert isinstance(identity, VerifiedIdentity)
    assert (identity.given_name, identity.family_name) == (LIGA.given_name, LIGA.family_name)
    assert identity.exchanges[0].endpoint.endswith(f"/vpm/v1/authentications/{STAMP}")


def test_separate_fields_need_no_confirmation_where_the_contract_names_the_factors(
    open_bank: OpenBank, bank: LittleBank
) -> None:
    provider = open_bank(
        back_channel={"confirmation": "not_needed"}, **LUMINOR, factors_by_contract=["knowledge", "possession"]
    )
    identity = judged(provider, link_form(bank, link_fields(STAMP, now())))
    assert isinstance(identity, VerifiedIdentity)
    assert (identity.given_name, identity.family_name) == ("LĪGA ANNA", "PARAUDZIŅA-ĶĒRA")
    assert "names_delimited" not in identity.flags
    assert not any("one field" in warning or "one name field" in warning for warning in provider.warnings())


def test_the_front_channels_names_must_each_be_the_confirmed_one(luminor: BanklinkProvider, bank: LittleBank) -> None:
    swapped = {"PER_FNAME": LIGA.family_name, "PER_LNAME": LIGA.given_name}
    assert sign_in(luminor, bank, **swapped) == "identity_mismatch"
    assert sign_in(luminor, bank, PER_LNAME="CITA") == "identity_mismatch"


def test_names_that_fill_their_field_may_have_been_cut(luminor: BanklinkProvider, bank: LittleBank) -> None:
    long = Person("É" * 130, "Ő" * 120, LIGA.personal_code)
    cut = {"PER_FNAME": long.given_name[:100], "PER_LNAME": long.family_name[:100]}
    identity = sign_in(luminor, bank, long, **cut)
    assert isinstance(identity, VerifiedIdentity)
    assert identity.family_name == long.family_name
    assert "front_channel_name_cut" in identity.flags


@pytest.mark.parametrize("name", LINK_ORDER.split())
def test_b_all_parameters_are_sent_so_that_an_absent_one_is_malformed(
    name: str, luminor: BanklinkProvider, bank: LittleBank
) -> None:
    form = link_form(bank, link_fields(STAMP, now()))
    del form[f"VK_{name}"]
    assert judged(luminor, form) == "malformed"


@pytest.mark.parametrize("name", ["PER_FNAME", "PER_LNAME", "PER_CODE"])
@pytest.mark.parametrize("written", [" {}", "{} "])
def test_b_values_neither_begin_nor_end_with_a_space(
    name: str, written: str, luminor: BanklinkProvider, bank: LittleBank
) -> None:
    fields = link_fields(STAMP, now())
    fields[f"VK_{name}"] = written.format(fields[f"VK_{name}"])
    assert judged(luminor, link_form(bank, fields)) == "malformed"


def test_b_lengths_are_counted_in_characters(luminor: BanklinkProvider, bank: LittleBank) -> None:
    fields = link_fields(STAMP, now())
    assert f"015{LIGA.family_name.upper()}" in signed_text(fields, LINK_ORDER, "VK")
    assert isinstance(sign_in(luminor, bank), VerifiedIdentity)


def test_d_only_pkcs1_v1_5_is_verified_though_the_text_names_pss(luminor: BanklinkProvider, bank: LittleBank) -> None:
    fields = link_fields(STAMP, now())
    pss = padding.PSS(padding.MGF1(HASHES["sha1"]), padding.PSS.MAX_LENGTH)
    mac = bank.bank_key.sign(signed_text(fields, LINK_ORDER, "VK").encode(), pss, HASHES["sha1"])
    assert judged(luminor, fields | {"VK_MAC": base64.b64encode(mac).decode()}) == "bad_signature"


def test_d_an_answer_with_an_empty_stamp_is_unsolicited(luminor: BanklinkProvider, bank: LittleBank) -> None:
    assert sign_in(luminor, bank, STAMP="") == "unknown_nonce"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"SERVICE": "3001"}, "unexpected_service"),
        ({"VERSION": "009"}, "unexpected_version"),
        ({"SND_ID": "LINKBANK"}, "wrong_sender"),
        ({"REC_ID": "OTHERGW"}, "wrong_recipient"),
        ({"STAMP": "F" * 32}, "unknown_nonce"),
        ({"PER_CODE": ""}, "identity_incomplete"),
        ({"PER_FNAME": ""}, "identity_incomplete"),
        ({"PER_LNAME": ""}, "identity_incomplete"),
        ({"TIME": "20260302"}, "stale"),
        ({"TIME": ""}, "stale"),
        ({"PER_CODE": "3212345678901"}, "malformed"),
    ],
)
def test_steps_of_section_8(changes: dict[str, str], reason: str, luminor: BanklinkProvider, bank: LittleBank) -> None:
    assert sign_in(luminor, bank, **changes) == reason


@pytest.mark.parametrize(("seconds", "reason"), [(-300, None), (300, None), (-301, "stale"), (301, "stale")])
def test_d_the_time_is_that_of_riga_and_five_minutes_off_at_most(
    seconds: int, reason: str | None, luminor: BanklinkProvider, bank: LittleBank
) -> None:
    at = now()
    body = encode(link_form(bank, link_fields(STAMP, at + timedelta(seconds=seconds))))
    if reason is None:
        assert luminor.receive(arrival(body, at)).reference == STAMP
    else:
        with pytest.raises(AssertionRejected, match=reason):
            luminor.receive(arrival(body, at))


def test_d_company_fields_are_ignored(luminor: BanklinkProvider, bank: LittleBank) -> None:
    identity = sign_in(luminor, bank, COM_CODE="40009999999", COM_NAME="SIA Paraugs")
    assert isinstance(identity, VerifiedIdentity)
    assert (identity.organisation, identity.personal_code.display) == ("", LIGA.personal_code)


def test_sha_1_needs_a_dated_exception_which_the_start_up_names(open_bank: OpenBank) -> None:
    with pytest.raises(InvalidProviderSettings, match="sha1_exception: SHA-1 needs a dated exception"):
        open_bank(dialect="luminor")
    assert any("SHA-1 until 2099-12-31" in warning for warning in open_bank(**LUMINOR).warnings())


@pytest.mark.parametrize("hash_name", ["sha256", "sha512"])
def test_a_stronger_hash_under_version_101_needs_no_exception(
    hash_name: str, open_bank: OpenBank, bank: LittleBank
) -> None:
    provider = open_bank(dialect="luminor", hash=hash_name)
    bank.persons[STAMP] = LIGA
    fields = link_fields(STAMP, now())
    assert isinstance(judged(provider, link_form(bank, fields, hash_name)), VerifiedIdentity)
    assert judged(provider, link_form(bank, fields, "sha1")) == "bad_signature"


@pytest.mark.parametrize("change", [{"name_order": "last,first"}, {"charset_field": "VK_ENCODING"}])
def test_what_the_description_fixes_cannot_be_set(change: dict[str, Any], open_bank: OpenBank) -> None:
    with pytest.raises(InvalidProviderSettings, match=f"banklink.{next(iter(change))}: luminor fixes it"):
        open_bank(**LUMINOR | change)


def test_e6_and_e7_verify_through_the_adapter_as_printed(open_bank: OpenBank, bank: LittleBank) -> None:
    (bank.folder / "printed.pem").write_bytes(known.BANK_KEY)
    provider = open_bank(
        entry={"code_structure": "flag"},
        back_channel={"confirmation": "not_needed"},
        **LUMINOR,
        bank_id="LINKBANK",
        bank_keys=[{"file": "printed.pem"}],
        factors_by_contract=["knowledge", "possession"],
    )
    request = replace(
        asked(), reference=known.E6.fields["VK_STAMP"], return_url=known.E6.fields["VK_RETURN"], asked_at=PRINTED
    )
    assert list(known.E6.fields.items()) == list(provider.depart(request).fields)[:5]
    form = known.E7.fields | {"VK_MAC": known.E7.signature, "VK_LANG": "LAT"}
    answer = provider.receive(arrival(encode(form), PRINTED))
    identity = answer.identify(Expectation(reference=request.reference, asked_at=PRINTED))
    assert (identity.given_name, identity.family_name) == ("LĪGA ANNA", "PARAUDZIŅA-ĶĒRA")
    assert (identity.personal_code.display, identity.authenticated_at) == ("999999-10000", PRINTED)
