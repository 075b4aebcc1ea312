"""banklink.md section 8: what an answer must pass, in order, and what a failure does to the login (T28)."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from providers.banklink.checks import AUTHENTICITY_CHECKS, FRESHNESS_CHECKS, IDENTITY_CHECKS
from providers.contract import Expectation, Reference
from providers.errors import AssertionRejected, ProviderError, ProviderMisconfigured
from providers.refusals import SENTENCES, Reason
from tests.providers.banklink.conftest import OLD_HASH, OpenBank
from tests.providers.little_bank import LIGA, LittleBank, arrival, encode, now

NONCE = Reference("0123456789abcdef0123456789abcdef")


def refusal(open_bank: OpenBank, body: bytes, **profile: Any) -> tuple[str, str | None]:
    """Reason, and the login that must end."""
    with pytest.raises(ProviderError) as refused:
        open_bank(**profile).receive(arrival(body, now()))
    return refused.value.reason, refused.value.reference


def test_the_steps_stand_in_the_order_of_section_8() -> None:
    names = [check.__name__ for check in (*AUTHENTICITY_CHECKS, *FRESHNESS_CHECKS, *IDENTITY_CHECKS)]
    assert names == [
        "expected_service",
        "expected_version",
        "sent_by_the_bank",
        "meant_for_us",
        "signed_by_the_bank",
        "made_just_now",
        "person_named",
        "means_accepted",
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"VK_SERVICE": "3012"}, "unexpected_service"),
        ({"VK_SERVICE": ""}, "unexpected_service"),
        ({"VK_VERSION": "008"}, "unexpected_version"),
        ({"VK_VERSION": ""}, "unexpected_version"),
        ({"VK_SND_ID": "OTHERBANK"}, "wrong_sender"),
        ({"VK_SND_ID": "littlebank"}, "wrong_sender"),
        ({"VK_REC_ID": "OTHERGW"}, "wrong_recipient"),
        ({"VK_REC_ID": "eidgw"}, "wrong_recipient"),
        ({"VK_USER_ID": "321234-56780"}, "bad_signature"),
    ],
)
def test_steps_3_to_7_name_what_is_wrong_and_leave_every_login_as_it_was(
    change: dict[str, str], reason: str, open_bank: OpenBank, bank: LittleBank
) -> None:
    signed = bank.signed(bank.fields_for(LIGA, NONCE, now()))
    assert refusal(open_bank, encode({**signed, **change})) == (reason, None)


@pytest.mark.parametrize(
    "wrong", [("VK_SERVICE", "3012"), ("VK_VERSION", "008"), ("VK_SND_ID", "X"), ("VK_REC_ID", "X")]
)
def test_the_first_failure_ends_the_check(wrong: tuple[str, str], open_bank: OpenBank, bank: LittleBank) -> None:
    order = {
        "VK_SERVICE": "unexpected_service",
        "VK_VERSION": "unexpected_version",
        "VK_SND_ID": "wrong_sender",
        "VK_REC_ID": "wrong_recipient",
    }
    later = list(order)[list(order).index(wrong[0]) :]
    signed = bank.signed(bank.fields_for(LIGA, NONCE, now() - timedelta(hours=1)))
    body = encode({**signed, **dict.fromkeys(later, "X"), wrong[0]: wrong[1], "VK_MAC": "YWJj"})
    assert refusal(open_bank, body) == (order[wrong[0]], None)


def test_step_7_another_key_does_not_verify(open_bank: OpenBank, bank: LittleBank) -> None:
    other = rsa.generate_private_key(65537, 2048)
    body = encode(bank.signed(bank.fields_for(LIGA, NONCE, now()), key=other))
    assert refusal(open_bank, body) == ("bad_signature", None)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_step_7_any_change_to_any_signed_field_is_seen(
    data: st.DataObject, open_bank: OpenBank, bank: LittleBank
) -> None:
    fields = bank.fields_for(LIGA, NONCE, now())
    signed = bank.signed(fields)
    name = data.draw(st.sampled_from(sorted(set(fields) - {"VK_SERVICE", "VK_VERSION", "VK_SND_ID", "VK_REC_ID"})))
    value = data.draw(st.text("ĀABC01239-:+,", max_size=2).filter(lambda text: text != fields[name]))
    assert refusal(open_bank, encode({**signed, name: value})) == ("bad_signature", None)


@pytest.mark.parametrize("seconds", [-3600, -302, 302, 3600])
def test_step_8_a_stale_answer_is_authentic_and_ends_the_login_it_names(
    seconds: int, open_bank: OpenBank, bank: LittleBank
) -> None:
    body = bank.sign_in(LIGA, NONCE, now() + timedelta(seconds=seconds))
    assert refusal(open_bank, body) == ("stale", NONCE)


@pytest.mark.parametrize("nonce", ["", "abc", "0123456789ABCDEF0123456789ABCDEF", "g" * 32, "0" * 33])
def test_step_9_a_nonce_that_was_never_made_here_names_no_login(
    nonce: str, open_bank: OpenBank, bank: LittleBank
) -> None:
    assert refusal(open_bank, bank.sign_in(LIGA, nonce, now())) == ("unknown_nonce", None)


def test_step_9_an_answer_about_another_login_is_refused(open_bank: OpenBank, bank: LittleBank) -> None:
    answer = open_bank().receive(arrival(bank.sign_in(LIGA, NONCE, now()), now()))
    with pytest.raises(AssertionRejected) as refused:
        answer.identify(Expectation(reference=Reference("0" * 32), asked_at=now()))
    assert (refused.value.reason, refused.value.reference) == ("unknown_nonce", NONCE)


@pytest.mark.parametrize(("seconds", "ttl", "ends"), [(890, 900, False), (910, 900, True), (910, 1000, False)])
def test_step_9_an_answer_after_the_logins_lifetime_is_expired(
    seconds: int, ttl: int, ends: bool, open_bank: OpenBank, bank: LittleBank
) -> None:
    answer = open_bank(transaction_ttl=ttl).receive(arrival(bank.sign_in(LIGA, NONCE, now()), now()))
    expected = Expectation(reference=NONCE, asked_at=now() - timedelta(seconds=seconds))
    if not ends:
        assert answer.identify(expected).given_name == LIGA.given_name
        return
    with pytest.raises(AssertionRejected) as refused:
        answer.identify(expected)
    assert (refused.value.reason, refused.value.reference) == ("expired", NONCE)


@pytest.mark.parametrize(
    "change",
    [
        {"VK_USER_ID": ""},
        {"VK_USER_NAME": ""},
        {"VK_USER_ID": "123"},
        {"VK_USER_ID": "999999-10000"},
        {"VK_COUNTRY": "lv"},
        {"VK_COUNTRY": "L"},
        {"VK_COUNTRY": "EE"},
    ],
)
def test_step_10_an_identity_that_is_not_whole_ends_the_login_without_asking_the_bank(
    change: dict[str, str], open_bank: OpenBank, bank: LittleBank
) -> None:
    answer = open_bank().receive(arrival(bank.sign_in(LIGA, NONCE, now(), **change), now()))
    with pytest.raises(AssertionRejected) as refused:
        answer.identify(Expectation(reference=NONCE, asked_at=now()))
    assert (refused.value.reason, refused.value.reference) == ("identity_incomplete", NONCE)
    assert bank.server.requests == []


def test_step_11_means_that_the_profile_refuses_end_the_login(open_bank: OpenBank, bank: LittleBank) -> None:
    body = bank.sign_in(LIGA, NONCE, now(), VK_TOKEN="7")
    answer = open_bank(refused_tokens=["7"]).receive(arrival(body, now()))
    with pytest.raises(AssertionRejected) as refused:
        answer.identify(Expectation(reference=NONCE, asked_at=now()))
    assert (refused.value.reason, refused.value.reference) == ("token_refused", NONCE)


@pytest.mark.parametrize(
    ("token", "means"),
    [
        ("1", "id-card"),
        ("2", "mobile-id"),
        ("5", "otp"),
        ("6", "pin-calculator"),
        ("7", "code-card"),
        ("9", "smart-id"),
        ("4", "unknown"),
        ("", "unknown"),
    ],
)
def test_the_means_is_named_as_section_5_names_it(
    token: str, means: str, open_bank: OpenBank, bank: LittleBank
) -> None:
    answer = open_bank().receive(arrival(bank.sign_in(LIGA, NONCE, now(), VK_TOKEN=token), now()))
    assert answer.identify(Expectation(reference=NONCE, asked_at=now())).means == means


def test_t28_an_answer_made_for_another_partner_of_the_bank_is_refused(open_bank: OpenBank, bank: LittleBank) -> None:
    assert refusal(open_bank, bank.sign_in(LIGA, NONCE, now(), VK_REC_ID="OTHERGW")) == ("wrong_recipient", None)


def test_t28_another_banks_valid_answer_is_refused_here(open_bank: OpenBank, bank: LittleBank) -> None:
    assert refusal(open_bank, bank.sign_in(LIGA, NONCE, now(), VK_SND_ID="OTHERBANK")) == ("wrong_sender", None)


def test_t29_after_its_dated_exception_sha_1_is_refused_both_ways(open_bank: OpenBank, bank: LittleBank) -> None:
    from providers.contract import AuthenticationRequest, Language

    provider = open_bank(
        **{**OLD_HASH, "sha1_exception": {"until": f"{now() + timedelta(days=1):%Y-%m-%d}", "ground": "soon over"}}
    )
    later = now() + timedelta(days=3)
    fields = bank.fields_for(LIGA, NONCE, later, VK_VERSION="008")
    with pytest.raises(ProviderMisconfigured) as refused:
        provider.receive(arrival(encode(bank.signed(fields, hash_name="sha1")), later))
    assert (refused.value.reason, refused.value.reference) == ("sha1_exception_ended", None)
    with pytest.raises(ProviderMisconfigured):
        provider.depart(
            AuthenticationRequest(
                reference=NONCE, return_url="https://gw.example/r", language=Language.ENGLISH, asked_at=later
            )
        )


# -- 4011/3012: no nonce (section 6.4) --------------------------------------------------------------------------

WITHOUT_NONCE = {"request_service": "4011", "answer_service": "3012", "allow_without_nonce": True}


def answer_3012(bank: LittleBank, *, rid: str = "", seconds: int = 0) -> bytes:
    fields = bank.fields_for(LIGA, NONCE, now() + timedelta(seconds=seconds), VK_SERVICE="3012", VK_RID=rid)
    return encode(bank.signed({name: value for name, value in fields.items() if name != "VK_NONCE"}))


def departed_rid(open_bank: OpenBank, bank: LittleBank, **profile: Any) -> str:
    from providers.contract import AuthenticationRequest, Language

    departure = open_bank(**WITHOUT_NONCE, **profile).depart(
        AuthenticationRequest(
            reference=NONCE, return_url="https://gw.example/r", language=Language.LATVIAN, asked_at=now()
        )
    )
    assert departure.needs_browser_reference
    fields = bank.check_request(departure)
    assert (fields["VK_SERVICE"], fields["VK_REPLY"]) == ("4011", "3012")
    assert not {"VK_NONCE", "VK_REC_ID"} & fields.keys()
    return fields["VK_RID"]


def test_6_4_the_request_carries_a_random_value_that_fits_into_vk_rid(open_bank: OpenBank, bank: LittleBank) -> None:
    rid = departed_rid(open_bank, bank)
    assert rid
    assert len(rid) <= 30
    assert NONCE not in rid


def test_6_4_the_browser_names_the_login_and_each_signature_counts_once(open_bank: OpenBank, bank: LittleBank) -> None:
    body = answer_3012(bank)
    answers = [open_bank(**WITHOUT_NONCE).receive(arrival(body, now(), browser_reference=NONCE)) for _ in range(2)]
    assert [answer.reference for answer in answers] == [NONCE, NONCE]
    assert answers[0].single_use == answers[1].single_use
    assert len(answers[0].single_use) == 1
    other = open_bank(**WITHOUT_NONCE).receive(arrival(answer_3012(bank, seconds=1), now(), browser_reference=NONCE))
    assert other.single_use != answers[0].single_use
    assert answers[0].identify(Expectation(reference=NONCE, asked_at=now())).given_name == LIGA.given_name


def test_6_4_the_same_signature_broken_over_lines_is_the_same_single_use(open_bank: OpenBank, bank: LittleBank) -> None:
    provider = open_bank(**WITHOUT_NONCE)
    body = answer_3012(bank)
    broken = body.replace(b"VK_MAC=", b"VK_MAC=%0D%0A")
    one, other = (provider.receive(arrival(each, now(), browser_reference=NONCE)) for each in (body, broken))
    assert one.single_use == other.single_use


def test_6_4_an_answer_that_nobody_asked_for_is_refused(open_bank: OpenBank, bank: LittleBank) -> None:
    assert refusal(open_bank, answer_3012(bank), **WITHOUT_NONCE) == ("unknown_nonce", None)


def test_6_4_an_echoed_rid_must_be_the_browsers(open_bank: OpenBank, bank: LittleBank) -> None:
    rid = departed_rid(open_bank, bank, echoes_rid=True)
    provider = open_bank(**WITHOUT_NONCE, echoes_rid=True)
    body = answer_3012(bank, rid=rid)
    assert provider.receive(arrival(body, now(), browser_reference=NONCE)).reference == NONCE
    with pytest.raises(AssertionRejected, match="wrong_browser"):
        provider.receive(arrival(body, now(), browser_reference=Reference("0" * 32)))


@pytest.mark.parametrize("rid", ["", "abc", "!" * 22, "A" * 21 + "B", "ASNFZ4mrze8BI0VniavN7w==", "Ā" * 22])
def test_6_4_an_echoed_rid_that_was_never_made_here_names_no_login(
    rid: str, open_bank: OpenBank, bank: LittleBank
) -> None:
    provider = open_bank(**WITHOUT_NONCE, echoes_rid=True)
    with pytest.raises(AssertionRejected) as refused:
        provider.receive(arrival(answer_3012(bank, rid=rid), now(), browser_reference=NONCE))
    assert (refused.value.reason, refused.value.reference) == ("unknown_nonce", None)


def test_6_5_a_legacy_answer_needs_no_time_and_is_confirmed_like_any_other(
    open_bank: OpenBank, bank: LittleBank
) -> None:
    provider = open_bank(request_service="4002", answer_service="3003", allow_legacy=True, name_order="first last")
    bank.fields_for(LIGA, NONCE, now())
    fields = {
        "VK_SERVICE": "3003",
        "VK_VERSION": "009",
        "VK_SND_ID": "LITTLEBANK",
        "VK_REC_ID": "EIDGW",
        "VK_NONCE": NONCE,
        "VK_INFO": f"isik: {LIGA.personal_code} ;;EVNIMI:X;NIMI:{LIGA.given_name} {LIGA.family_name};",
    }
    expected = Expectation(reference=NONCE, asked_at=now())
    identity = provider.receive(arrival(encode(bank.signed(fields)), now())).identify(expected)
    assert (identity.given_name, identity.family_name) == (LIGA.given_name, LIGA.family_name)
    twice = bank.signed({**fields, "VK_INFO": fields["VK_INFO"] + "NIMI:X Y"})
    with pytest.raises(AssertionRejected, match="malformed"):
        provider.receive(arrival(encode(twice), now())).identify(expected)


@pytest.mark.parametrize(
    "smuggled",
    [{"VK_INFO": "ISIK:351234-56789;NIMI:ILZE KALNIŅA"}, {"VK_REPLY": "3013"}, {"VK_RETURN": "https://x.test"}],
    ids=["VK_INFO", "VK_REPLY", "VK_RETURN"],
)
def test_a_field_that_the_signature_does_not_cover_never_matters(
    smuggled: dict[str, str], open_bank: OpenBank, bank: LittleBank
) -> None:
    provider = open_bank(
        back_channel={"confirmation": "not_needed"},
        name_fields="delimited",
        factors_by_contract=["knowledge", "possession"],
    )
    signed = bank.signed(bank.fields_for(LIGA, NONCE, now()))
    answer = provider.receive(arrival(encode({**signed, **smuggled}), now()))
    identity = answer.identify(Expectation(reference=NONCE, asked_at=now()))
    assert identity.personal_code.display == LIGA.personal_code
    assert f"{identity.family_name},{identity.given_name}" == LIGA.one_field


@pytest.mark.parametrize("smuggled", [{"VK_TOKEN": "1"}, {"VK_COUNTRY": "EE"}, {"VK_USER_ID": "351234-56789"}])
def test_nor_does_one_that_is_signed_in_another_service(
    smuggled: dict[str, str], open_bank: OpenBank, bank: LittleBank
) -> None:
    provider = open_bank(request_service="4002", answer_service="3003", allow_legacy=True, name_order="first last")
    bank.fields_for(LIGA, NONCE, now())
    info = f"ISIK:{LIGA.personal_code};NIMI:{LIGA.given_name} {LIGA.family_name}"
    fields = {"VK_SERVICE": "3003", "VK_VERSION": "009", "VK_SND_ID": "LITTLEBANK", "VK_REC_ID": "EIDGW"}
    signed = bank.signed({**fields, "VK_NONCE": NONCE, "VK_INFO": info})
    answer = provider.receive(arrival(encode({**signed, **smuggled}), now()))
    identity = answer.identify(Expectation(reference=NONCE, asked_at=now()))
    assert (identity.means, identity.country) == ("unknown", "LV")
    assert identity.personal_code.display == LIGA.personal_code


def test_6_6_answers_that_name_no_receiver_cannot_be_configured(open_bank: OpenBank) -> None:
    for pair in (("4001", "3002"), ("4001", "3001")):
        with pytest.raises(ProviderMisconfigured):
            open_bank(request_service=pair[0], answer_service=pair[1], allow_legacy=True)


def test_no_refusal_repeats_a_name_a_code_or_the_signed_string(open_bank: OpenBank, bank: LittleBank) -> None:
    signed = bank.signed(bank.fields_for(LIGA, NONCE, now()))
    broken = [
        {**signed, "VK_USER_ID": "321234-56780"},
        {**signed, "VK_USER_NAME": "PARAUDZIŅA\n"},
        {**signed, "VK_USER_ID": "3" * 21},
        {**signed, "VK_PARAUDZIŅA": "\n"},
    ]
    for fields in broken:
        with pytest.raises(ProviderError) as refused:
            open_bank().receive(arrival(encode(fields), now()))
        text = f"{refused.value} {refused.value.detail} {refused.value!r}"
        assert not any(secret in text for secret in ("321234", "PARAUDZ", NONCE, "LĪGA", "3333"))


def test_every_reason_has_its_sentence_for_the_developer_at_the_bank() -> None:
    assert set(SENTENCES) == set(Reason)
    assert all(sentence.endswith(".") and len(sentence) > 20 for sentence in SENTENCES.values())
    assert len(set(SENTENCES.values())) == len(Reason)
