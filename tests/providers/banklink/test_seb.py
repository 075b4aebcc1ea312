"""banklink.md 11.2, SEB e-Link: each rule with its mark; example E5 through the whole adapter."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from providers.banklink.adapter import BanklinkProvider
from providers.contract import Expectation, Factor, FormDeparture, Language, Reference, VerifiedIdentity
from providers.errors import AssertionRejected, AuthenticationDeclined, ProviderError
from providers.settings import InvalidProviderSettings
from tests.contracts.provider import asked
from tests.providers.banklink import known_answers as known
from tests.providers.banklink.conftest import OpenBank
from tests.providers.banklink.dialect_answers import SEB, seb_fields, seb_form
from tests.providers.little_bank import LIGA, LittleBank, Person, arrival, encode, now, pem_of

BROWSER = Reference("0123456789abcdef0123456789abcdef")
PRINTED = datetime.fromisoformat("2026-03-02T14:06:41+02:00")


@pytest.fixture
def seb(open_bank: OpenBank) -> BanklinkProvider:
    return open_bank(**SEB)


def departure(provider: BanklinkProvider, **changes: Any) -> FormDeparture:
    return provider.depart(replace(asked(), **changes))


def sign_in(
    provider: BanklinkProvider, bank: LittleBank, form: dict[str, str], person: Person = LIGA
) -> VerifiedIdentity | str:
    bank.persons[sha256(base64.b64decode(form["IB_CRC"])).hexdigest()] = person
    return judged(provider, form)


def judged(provider: BanklinkProvider, form: dict[str, str], browser: Reference | None = BROWSER) -> Any:
    try:
        answer = provider.receive(arrival(encode(form), now(), browser_reference=browser))
        return answer.identify(Expectation(reference=BROWSER, asked_at=now() - timedelta(seconds=30)))
    except ProviderError as error:
        return error.reason


@pytest.mark.parametrize(("language", "code"), [(Language.LATVIAN, "LAT"), (Language.ENGLISH, "ENG")])
def test_b_the_request_0005_has_three_fields_and_no_signature(
    language: Language, code: str, seb: BanklinkProvider
) -> None:
    gone = departure(seb, language=language)
    assert gone.fields == (("IB_SND_ID", "EIDGW"), ("IB_SERVICE", "0005"), ("IB_LANG", code))
    assert gone.charset == "UTF-8"


def test_b_bank_id_and_address_are_those_of_the_agreement_text_where_the_settings_name_none(
    open_bank: OpenBank,
) -> None:
    settings = open_bank(**SEB)._settings.banklink
    assert settings.spoken.defaults["bank_id"] == "SEBUB"
    assert settings.spoken.defaults["request_url"] == "https://ibanka.seb.lv/ipc/epakindex.jsp"


def test_d_the_browser_carries_the_reference_since_no_message_does(seb: BanklinkProvider) -> None:
    assert departure(seb).needs_browser_reference


def test_b_a_person_who_agrees_is_vouched_for_by_the_confirmation(seb: BanklinkProvider, bank: LittleBank) -> None:
    identity = sign_in(seb, bank, seb_form(bank, seb_fields(now())))
    assert isinstance(identity, VerifiedIdentity)
    assert (identity.given_name, identity.family_name) == (LIGA.given_name, LIGA.family_name)
    assert identity.personal_code.display == LIGA.personal_code


def test_d_the_confirmation_is_asked_for_by_the_digest_of_the_signature(
    seb: BanklinkProvider, bank: LittleBank
) -> None:
    form = seb_form(bank, seb_fields(now()))
    identity = sign_in(seb, bank, form)
    assert isinstance(identity, VerifiedIdentity)
    digest = sha256(base64.b64decode(form["IB_CRC"])).hexdigest()
    assert identity.exchanges[0].endpoint.endswith(f"/vpm/v1/authentications/{digest}")


def test_d_without_the_cookie_an_answer_is_unsolicited(seb: BanklinkProvider, bank: LittleBank) -> None:
    assert judged(seb, seb_form(bank, seb_fields(now())), browser=None) == "unknown_nonce"


def test_d_the_digest_of_the_signature_may_be_seen_once(seb: BanklinkProvider, bank: LittleBank) -> None:
    form = seb_form(bank, seb_fields(now()))
    answer = seb.receive(arrival(encode(form), now(), browser_reference=BROWSER))
    assert answer.single_use == {f"banklink-mac-sha256:{sha256(base64.b64decode(form['IB_CRC'])).hexdigest()}"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"IB_SERVICE": "0002"}, "unexpected_service"),
        ({"IB_VERSION": "001"}, "unexpected_version"),
        ({"IB_SND_ID": "SEBUB"}, "wrong_sender"),
        ({"IB_REC_ID": "OTHERGW"}, "wrong_recipient"),
        ({"IB_USER": "321234-56780"}, "bad_signature"),
        ({"IB_CRC": ""}, "bad_signature"),
        ({"IB_CRC": "*"}, "malformed"),
        ({"IB_USER_INFO": "x" * 301}, "malformed"),
    ],
)
def test_b_the_receiver_checks_ids_and_signature(
    change: dict[str, str], reason: str, seb: BanklinkProvider, bank: LittleBank
) -> None:
    form = seb_form(bank, seb_fields(now())) | change
    with pytest.raises(AssertionRejected) as refused:
        seb.receive(arrival(encode(form), now(), browser_reference=BROWSER))
    assert (refused.value.reason, refused.value.reference) == (reason, None)


@pytest.mark.parametrize("seconds", [-300, 300])
def test_d_date_and_time_may_be_five_minutes_off(seconds: int, seb: BanklinkProvider, bank: LittleBank) -> None:
    at = now()
    form = seb_form(bank, seb_fields(at + timedelta(seconds=seconds)))
    assert seb.receive(arrival(encode(form), at, browser_reference=BROWSER)).reference == BROWSER


@pytest.mark.parametrize(
    "changes", [{"DATE": "2.3.2026"}, {"TIME": "24:00:00"}, {"TIME": ""}, {"DATE": "31.02.2026"}, {"TIME": "1:02:03"}]
)
def test_b_date_and_time_have_their_form_digit_for_digit(
    changes: dict[str, str], seb: BanklinkProvider, bank: LittleBank
) -> None:
    assert judged(seb, seb_form(bank, seb_fields(now(), **changes))) == "stale"


@pytest.mark.parametrize("seconds", [-301, 301])
def test_d_an_answer_over_five_minutes_off_is_stale_and_ends_the_login(
    seconds: int, seb: BanklinkProvider, bank: LittleBank
) -> None:
    at = now()
    form = seb_form(bank, seb_fields(at + timedelta(seconds=seconds)))
    with pytest.raises(AssertionRejected) as refused:
        seb.receive(arrival(encode(form), at, browser_reference=BROWSER))
    assert (refused.value.reason, refused.value.reference) == ("stale", BROWSER)


@pytest.mark.parametrize("moment", ["2026-10-25T00:30:00", "2026-10-25T01:30:00"])
def test_d_in_the_repeated_hour_of_the_autumn_change_either_reading_fits(
    moment: str, seb: BanklinkProvider, bank: LittleBank
) -> None:
    """03:30 in Riga happens twice that night; the text does not say which is meant."""
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    fields = seb_fields(at)
    assert (fields["IB_DATE"], fields["IB_TIME"]) == ("25.10.2026", "03:30:00")
    answer = seb.receive(arrival(encode(seb_form(bank, fields)), at, browser_reference=BROWSER))
    assert answer.reference == BROWSER


def test_d_the_hour_that_the_spring_change_leaves_out_is_no_time(seb: BanklinkProvider, bank: LittleBank) -> None:
    at = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    form = seb_form(bank, seb_fields(at, DATE="29.03.2026", TIME="03:30:00"))
    with pytest.raises(AssertionRejected, match="stale"):
        seb.receive(arrival(encode(form), at, browser_reference=BROWSER))


def test_d_a_signature_of_4096_bits_and_684_characters_is_accepted(bank: LittleBank, open_bank: OpenBank) -> None:
    key = rsa.generate_private_key(65537, 4096)
    (bank.folder / "long.pem").write_bytes(pem_of(key.public_key()))
    provider = open_bank(**SEB, bank_keys=[{"file": "long.pem"}])
    own, bank.bank_key = bank.bank_key, key
    form = seb_form(bank, seb_fields(now()))
    bank.bank_key = own
    assert len(form["IB_CRC"]) == 684
    assert provider.receive(arrival(encode(form), now(), browser_reference=BROWSER)).reference == BROWSER


# -- 0008 ---------------------------------------------------------------------------------------------------------

CANCEL = {"IB_SND_ID": "LITTLEBANK", "IB_SERVICE": "0008", "IB_LANG": "LAT"}


def test_d_0008_ends_the_login_of_the_cookie_as_denied(seb: BanklinkProvider) -> None:
    with pytest.raises(AuthenticationDeclined) as declined:
        seb.receive(arrival(encode(CANCEL), now(), browser_reference=BROWSER))
    assert (declined.value.reason, declined.value.reference) == ("denied", BROWSER)


def test_d_0008_without_a_cookie_ends_nothing(seb: BanklinkProvider) -> None:
    with pytest.raises(AuthenticationDeclined) as declined:
        seb.receive(arrival(encode(CANCEL), now()))
    assert declined.value.reference is None


def test_gbn_23_and_24_0008_with_a_persons_fields_signs_nobody_in(seb: BanklinkProvider, bank: LittleBank) -> None:
    form = seb_form(bank, seb_fields(now())) | {"IB_SERVICE": "0008"}
    assert judged(seb, form) == "denied"


def test_0008_of_another_sender_ends_nothing(seb: BanklinkProvider) -> None:
    with pytest.raises(AssertionRejected) as refused:
        seb.receive(arrival(encode(CANCEL | {"IB_SND_ID": "SEBUB"}), now(), browser_reference=BROWSER))
    assert (refused.value.reason, refused.value.reference) == ("wrong_sender", None)


# -- identity -----------------------------------------------------------------------------------------------------


def test_b_a_semicolon_may_end_the_info(seb: BanklinkProvider, bank: LittleBank) -> None:
    info = f"ID={LIGA.personal_code};NAME={LIGA.given_name} {LIGA.family_name};"
    assert isinstance(sign_in(seb, bank, seb_form(bank, seb_fields(now(), USER_INFO=info))), VerifiedIdentity)


def test_d_a_private_users_id_must_equal_the_user(seb: BanklinkProvider, bank: LittleBank) -> None:
    info = f"ID=321234-56780;NAME={LIGA.given_name} {LIGA.family_name}"
    assert sign_in(seb, bank, seb_form(bank, seb_fields(now(), USER_INFO=info))) == "identity_incomplete"


def test_d_a_business_users_name_stands_in_user_and_the_company_is_kept_apart(
    seb: BanklinkProvider, bank: LittleBank
) -> None:
    info = f"ID=40009999999;NAME=SIA Paraugs;USER={LIGA.given_name} {LIGA.family_name}"
    identity = sign_in(seb, bank, seb_form(bank, seb_fields(now(), USER_INFO=info)))
    assert isinstance(identity, VerifiedIdentity)
    assert identity.family_name == LIGA.family_name
    assert identity.personal_code.display == LIGA.personal_code
    assert identity.organisation == "SIA Paraugs"
    assert "for_a_company" in identity.flags


@pytest.mark.parametrize(
    ("info", "reason"),
    [
        ("", "identity_incomplete"),
        (f"ID={LIGA.personal_code};NAME=", "identity_incomplete"),
        ("NAME=Līga", "identity_incomplete"),
        (f"ID={LIGA.personal_code};ID={LIGA.personal_code};NAME=Līga", "malformed"),
        (f"ID={LIGA.personal_code};NAME=Cita Persona", "identity_mismatch"),
    ],
)
def test_the_info_must_name_one_person(info: str, reason: str, seb: BanklinkProvider, bank: LittleBank) -> None:
    assert sign_in(seb, bank, seb_form(bank, seb_fields(now(), USER_INFO=info))) == reason


def test_d_the_name_is_one_field_and_so_never_an_identity_without_a_confirmation(
    open_bank: OpenBank, bank: LittleBank
) -> None:
    provider = open_bank(
        back_channel={"confirmation": "not_needed"}, **SEB, factors_by_contract=["knowledge", "possession"]
    )
    assert judged(provider, seb_form(bank, seb_fields(now()))) == "identity_incomplete"


# -- settings -----------------------------------------------------------------------------------------------------


def test_d_the_banks_key_of_1024_bits_is_borne_and_the_start_up_says_so_with_every_other_weakness(
    open_bank: OpenBank, bank: LittleBank
) -> None:
    (bank.folder / "short.pem").write_bytes(pem_of(rsa.generate_private_key(65537, 1024).public_key()))
    warnings = " / ".join(open_bank(**SEB, bank_keys=[{"file": "short.pem"}]).warnings())
    for weakness in ("1024 bits", "0005 is not signed", "0001 names no login", "both names in one field"):
        assert weakness in warnings


def test_b_identification_needs_no_key_of_ours(open_bank: OpenBank) -> None:
    with pytest.raises(InvalidProviderSettings, match="partner_key: 0005 is not signed"):
        open_bank(dialect="seb")


def test_b_version_001_was_sha_1_and_needs_a_dated_exception(open_bank: OpenBank, bank: LittleBank) -> None:
    with pytest.raises(InvalidProviderSettings, match="sha1_exception"):
        open_bank(**SEB, version="001", hash="sha1")
    excepted = {"until": "2099-12-31", "ground": "agreement of 2018"}
    provider = open_bank(**SEB, version="001", hash="sha1", sha1_exception=excepted)
    form = seb_form(bank, seb_fields(now(), VERSION="001"), "sha1")
    assert isinstance(sign_in(provider, bank, form), VerifiedIdentity)


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"charset": "WINDOWS-1257", "allowed_charsets": ["WINDOWS-1257"]}, "charset: seb fixes it to UTF-8"),
        ({"length_unit": "bytes"}, "length_unit: seb fixes it to chars"),
        ({"bank_id": "ELEVENCHARS"}, "bank_id: IB_SND_ID holds 10 characters at most"),
        ({"partner_id": "ELEVENCHARS"}, "partner_id: IB_SND_ID holds 10 characters at most"),
        ({"hash": "sha256"}, "hash: version 002 goes with sha512"),
        ({"version": "009"}, "version"),
        ({"request_service": "4012"}, "request_service"),
    ],
)
def test_b_what_the_description_fixes_cannot_be_set(change: dict[str, Any], setting: str, open_bank: OpenBank) -> None:
    with pytest.raises(InvalidProviderSettings) as refused:
        open_bank(**SEB | change)
    assert any(f"banklink.{setting}" in problem for problem in refused.value.problems)


def test_e5_is_accepted_as_printed(open_bank: OpenBank, bank: LittleBank) -> None:
    (bank.folder / "printed.pem").write_bytes(known.BANK_KEY)
    provider = open_bank(
        entry={"code_structure": "flag"}, **SEB | {"bank_id": "SEBUB"}, bank_keys=[{"file": "printed.pem"}]
    )
    form = known.E5.fields | {"IB_CRC": known.E5.signature, "IB_LANG": "LAT"}
    person = Person("Līga Anna", "Paraudziņa-Ķēra", "999999-10000")
    bank.changes = {"iss": "SEBUB"}
    bank.persons[sha256(base64.b64decode(known.E5.signature)).hexdigest()] = person
    answer = provider.receive(arrival(encode(form), PRINTED, browser_reference=BROWSER))
    identity = answer.identify(Expectation(reference=BROWSER, asked_at=PRINTED - timedelta(minutes=2)))
    assert (identity.given_name, identity.family_name) == ("Līga Anna", "Paraudziņa-Ķēra")
    assert identity.factors == {Factor.KNOWLEDGE, Factor.POSSESSION}
    changed = form | {"IB_USER": "999999-10001"}
    with pytest.raises(AssertionRejected, match="bad_signature"):
        provider.receive(arrival(encode(changed), PRINTED, browser_reference=BROWSER))
