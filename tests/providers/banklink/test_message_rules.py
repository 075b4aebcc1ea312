"""banklink.md sections 2 to 4: transport, the numbered message rules, the signed string and its keys."""

import json
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.banklink.mac import MacUnreadable, decode_mac, mac_string
from providers.banklink.messages import ANSWERS, REQUESTS
from providers.banklink.parse import form_body, parse_moment
from providers.contract import AuthenticationRequest, Language, Reference
from providers.errors import AssertionRejected, ProviderMisconfigured
from tests.providers.banklink.conftest import OLD_HASH, OpenBank
from tests.providers.little_bank import LIGA, LittleBank, arrival, encode, now, pem_of

NONCE = "0123456789abcdef0123456789abcdef"
RETURN = "https://gw.example/b/little/return"


def reason_for(open_bank: OpenBank, body: bytes, *, profile: dict[str, Any] | None = None, **posted: Any) -> str | None:
    try:
        open_bank(**(profile or {})).receive(arrival(body, now(), **posted))
    except AssertionRejected as error:
        return error.reason if error.reference is None else f"{error.reason} of a login"
    return None


def request(**changes: Any) -> AuthenticationRequest:
    asked = {"reference": NONCE, "return_url": RETURN, "language": Language.LATVIAN, "asked_at": now()}
    return AuthenticationRequest(**{**asked, **changes})


# -- section 2: transport ---------------------------------------------------------------------------------------


def test_a_good_answer_passes(open_bank: OpenBank, bank: LittleBank) -> None:
    assert open_bank().receive(arrival(bank.sign_in(LIGA, NONCE, now()), now())).reference == NONCE


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "post", ""])
def test_any_method_but_post_is_malformed(method: str, open_bank: OpenBank, bank: LittleBank) -> None:
    assert reason_for(open_bank, bank.sign_in(LIGA, NONCE, now()), method=method) == "malformed"


@pytest.mark.parametrize(
    ("content_type", "reason"),
    [
        ("application/x-www-form-urlencoded; charset=ISO-8859-1", None),
        ("Application/X-WWW-Form-URLencoded", None),
        ("multipart/form-data; boundary=x", "malformed"),
        ("application/json", "malformed"),
        ("", "malformed"),
    ],
)
def test_only_an_urlencoded_form_is_read(
    content_type: str, reason: str | None, open_bank: OpenBank, bank: LittleBank
) -> None:
    assert reason_for(open_bank, bank.sign_in(LIGA, NONCE, now()), content_type=content_type) == reason


def test_a_body_that_is_not_ascii_is_malformed(open_bank: OpenBank, bank: LittleBank) -> None:
    assert reason_for(open_bank, bank.sign_in(LIGA, NONCE, now()) + "&A=ā".encode()) == "malformed"


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1"])
def test_a_form_is_sent_as_a_browser_would_send_it(charset: str) -> None:
    fields = (("A", "a b*c~d-e_f.g/h+i"), ("B", "é"))
    assert form_body(fields, charset) == (
        b"A=a+b*c%7Ed-e_f.g%2Fh%2Bi&B=" + {"utf-8": b"%C3%A9", "iso-8859-1": b"%E9"}[charset]
    )


# -- section 3: the numbered rules ------------------------------------------------------------------------------


def test_rule_1_parameters_that_the_service_does_not_know_are_ignored(open_bank: OpenBank, bank: LittleBank) -> None:
    assert reason_for(open_bank, bank.sign_in(LIGA, NONCE, now()) + b"&VK_FOO=1&other=%FF") is None


def test_t29_a_profile_may_refuse_unknown_vk_fields_but_never_minds_others(
    open_bank: OpenBank, bank: LittleBank
) -> None:
    body, strict = bank.sign_in(LIGA, NONCE, now()), {"unknown_fields": "refuse"}
    assert reason_for(open_bank, body + b"&VK_FOO=1", profile=strict) == "malformed"
    assert reason_for(open_bank, body + b"&utm_source=1", profile=strict) is None


def test_rule_2_a_missing_parameter_counts_as_empty(open_bank: OpenBank, bank: LittleBank) -> None:
    signed = bank.signed(bank.fields_for(LIGA, NONCE, now(), VK_TOKEN=""))
    left_out = {name: value for name, value in signed.items() if name not in {"VK_OTHER", "VK_RID", "VK_TOKEN"}}
    assert reason_for(open_bank, encode(left_out)) is None


def test_rules_3_4_and_12_blanks_at_both_ends_do_not_count_and_nothing_else_is_stripped(
    open_bank: OpenBank, bank: LittleBank
) -> None:
    signed = bank.signed(bank.fields_for(LIGA, NONCE, now()))
    assert reason_for(open_bank, encode({**signed, "VK_USER_ID": f"  {signed['VK_USER_ID']} "})) is None
    assert reason_for(open_bank, encode({**signed, "VK_USER_ID": f"{signed['VK_USER_ID']}\u00a0"})) == "bad_signature"


@pytest.mark.parametrize(("name", "longest"), [*ANSWERS["3013"].signed, ("VK_LANG", 3), ("VK_ENCODING", 20)])
def test_rule_5_an_over_long_value_is_malformed(name: str, longest: int, open_bank: OpenBank, bank: LittleBank) -> None:
    signed = bank.signed(bank.fields_for(LIGA, NONCE, now()))
    assert reason_for(open_bank, encode({**signed, name: "Ā" * (longest + 1)})) == "malformed"


def test_rule_5_lengths_are_counted_in_letters_and_not_in_bytes(open_bank: OpenBank, bank: LittleBank) -> None:
    name = "Ā" * 70 + "," + "Ņ" * 69
    assert reason_for(open_bank, bank.sign_in(LIGA, NONCE, now(), VK_USER_NAME=name)) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://gw.example/return",
        "https://gw.example/return?VK_x=1",
        "https://gw.example/return?",
        "https://gw.example/return#top",
        "https://gw.example/" + "a" * 42,
        "/return",
        "https:///return",
        "https://gw.example/ā",
    ],
)
def test_rules_7_and_18_a_return_address_is_https_without_query_and_short(url: str, open_bank: OpenBank) -> None:
    with pytest.raises(ProviderMisconfigured) as refused:
        open_bank().depart(request(return_url=url))
    assert refused.value.reason == "bad_return_address"
    assert open_bank().depart(request(return_url="https://gw.example/" + "a" * 41)).fields


def test_rule_8_the_time_is_written_with_seconds_and_offset_without_colon(open_bank: OpenBank) -> None:
    summer = datetime(2026, 7, 2, 14, 5, 9, tzinfo=ZoneInfo("Europe/Riga"))
    for moment, written in ((summer, "+0300"), (summer.replace(month=1), "+0200")):
        fields = dict(open_bank().depart(request(asked_at=moment)).fields)
        assert fields["VK_DATETIME"] == moment.strftime("%Y-%m-%dT%H:%M:%S") + written
        assert len(fields["VK_DATETIME"]) == 24


@pytest.mark.parametrize("offset", [-299, -300, 299, 300])
def test_rule_9_an_answer_within_five_minutes_passes(offset: int, open_bank: OpenBank, bank: LittleBank) -> None:
    assert reason_for(open_bank, bank.sign_in(LIGA, NONCE, now() + timedelta(seconds=offset * 0.99))) is None


def test_rule_9_the_tolerance_is_a_setting(open_bank: OpenBank, bank: LittleBank) -> None:
    body = bank.sign_in(LIGA, NONCE, now() - timedelta(seconds=800))
    assert open_bank(clock_tolerance=900).receive(arrival(body, now())).reference == NONCE
    with pytest.raises(AssertionRejected, match="stale"):
        open_bank().receive(arrival(body, now()))


@pytest.mark.parametrize(
    ("allowed", "charset", "name"),
    [
        ("UTF-8", "utf-8", "ĀČĒĢĪĶĻŅŠŪŽ,āčēģīķļņšūž"),
        ("WINDOWS-1257", "cp1257", "ĀČĒĢĪĶĻŅŠŪŽ,āčēģīķļņšūž"),
        ("ISO-8859-13", "iso-8859-13", "ĀČĒĢĪĶĻŅŠŪŽ,āčēģīķļņšūž"),
        ("ISO-8859-1", "iso-8859-1", "ÕUEMÄE-NÄIDIS,ÜLO"),
    ],
)
def test_rule_10_and_t27_no_letter_is_lost_in_any_charset(
    allowed: str, charset: str, name: str, open_bank: OpenBank, bank: LittleBank
) -> None:
    profile = {"charset": allowed, "allowed_charsets": [allowed]}
    signed = bank.signed(bank.fields_for(LIGA, NONCE, now(), VK_USER_NAME=name), charset=charset, encoding=allowed)
    answer = open_bank(**profile).receive(arrival(encode(signed, charset), now()))
    assert answer._reading.fields["VK_USER_NAME"] == name


def test_an_answer_that_names_no_charset_is_read_in_the_profiles(open_bank: OpenBank, bank: LittleBank) -> None:
    profile = {"charset": "WINDOWS-1257", "allowed_charsets": ["UTF-8", "WINDOWS-1257"]}
    fields = bank.fields_for(LIGA, NONCE, now())
    for encoding in (None, "", "windows-1257"):
        body = encode(bank.signed(fields, charset="cp1257", encoding=encoding), "cp1257")
        assert reason_for(open_bank, body, profile=profile) is None


def test_a_charset_that_the_profile_does_not_allow_is_malformed(open_bank: OpenBank, bank: LittleBank) -> None:
    body = encode(bank.signed(bank.fields_for(LIGA, NONCE, now()), encoding="UTF-7"))
    assert reason_for(open_bank, body) == "malformed"


def test_bytes_that_do_not_decode_are_malformed_and_never_replaced(open_bank: OpenBank, bank: LittleBank) -> None:
    body = encode(bank.signed(bank.fields_for(LIGA, NONCE, now()), charset="cp1257"), "cp1257")
    assert reason_for(open_bank, body) == "malformed"


def test_a_fallback_charset_counts_only_when_the_signature_verifies_in_it(
    open_bank: OpenBank, bank: LittleBank
) -> None:
    profile = {"fallback_charset": "WINDOWS-1257"}
    signed = bank.signed(bank.fields_for(LIGA, NONCE, now()), charset="cp1257", encoding=None)
    answer = open_bank(**profile).receive(arrival(encode(signed, "cp1257"), now()))
    assert answer._reading.fields["VK_USER_NAME"] == LIGA.one_field
    tampered = encode({**signed, "VK_USER_ID": "321234-56780"}, "cp1257")
    assert reason_for(open_bank, tampered, profile=profile) == "malformed"


def test_the_charset_field_may_have_another_name_or_none(open_bank: OpenBank, bank: LittleBank) -> None:
    signed = bank.signed(bank.fields_for(LIGA, NONCE, now()), encoding=None)
    body = encode({**signed, "VK_CHARSET": "utf-8"})
    assert reason_for(open_bank, body, profile={"charset_field": "VK_CHARSET"}) is None
    assert reason_for(open_bank, encode(signed), profile={"charset_field": None}) is None
    assert "VK_CHARSET" in dict(open_bank(charset_field="VK_CHARSET").depart(request()).fields)
    assert "VK_ENCODING" not in dict(open_bank(charset_field=None).depart(request()).fields)


@pytest.mark.parametrize("twice", ["VK_NONCE", "VK_LANG", "VK_MAC", "foo"])
def test_rule_11_a_parameter_that_occurs_twice_is_malformed_even_when_both_agree(
    twice: str, open_bank: OpenBank, bank: LittleBank
) -> None:
    signed = {**bank.signed(bank.fields_for(LIGA, NONCE, now())), "foo": "1"}
    assert reason_for(open_bank, encode([*signed.items(), (twice, signed[twice])])) == "malformed"


def test_rule_11_a_percent_encoded_name_is_the_same_name(open_bank: OpenBank, bank: LittleBank) -> None:
    assert reason_for(open_bank, bank.sign_in(LIGA, NONCE, now()) + b"&VK%5FNONCE=1") == "malformed"


@pytest.mark.parametrize(
    "absent", ["VK_SND_ID", "VK_REC_ID", "VK_NONCE", "VK_DATETIME", "VK_USER_NAME", "VK_USER_ID", "VK_COUNTRY"]
)
def test_rule_13_a_required_field_that_is_absent_is_malformed(
    absent: str, open_bank: OpenBank, bank: LittleBank
) -> None:
    signed = bank.signed(bank.fields_for(LIGA, NONCE, now(), **{absent: ""}))
    left_out = encode({name: value for name, value in signed.items() if name != absent})
    assert reason_for(open_bank, left_out) == "malformed"


def test_rule_13_the_list_of_required_fields_is_a_setting(open_bank: OpenBank, bank: LittleBank) -> None:
    signed = bank.signed(bank.fields_for(LIGA, NONCE, now(), VK_COUNTRY=""))
    left_out = encode({name: value for name, value in signed.items() if name != "VK_COUNTRY"})
    assert reason_for(open_bank, left_out, profile={"must_be_present": ["VK_NONCE"]}) is None
    assert reason_for(open_bank, left_out, profile={"must_be_present": ["VK_COUNTRY"]}) == "malformed"


@pytest.mark.parametrize("offset", ["+0200", "+02:00", "Z", "-0330"])
def test_rule_14_an_offset_is_read_with_colon_without_and_as_z(offset: str) -> None:
    moment = parse_moment(f"2026-03-02T14:05:09{offset}")
    assert moment.utcoffset() is not None


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02T14:05:09",
        "2026-03-02 14:05:09+0200",
        "2026-03-02T14:05+0200",
        "2026-02-30T14:05:09+0200",
        "2026-03-02T14:05:09+02",
        "2026-03-02T14:05:9+0200",
        "２０26-03-02T14:05:09+0200",
        "20260302T140509+0200",
        "",
    ],
)
def test_rule_8_any_other_time_is_stale(text: str, open_bank: OpenBank, bank: LittleBank) -> None:
    with pytest.raises(AssertionRejected) as refused:
        open_bank().receive(arrival(bank.sign_in(LIGA, NONCE, now(), VK_DATETIME=text), now()))
    assert (refused.value.reason, refused.value.reference) == ("stale", NONCE)


def test_rule_15_a_body_over_64_kib_is_malformed(open_bank: OpenBank, bank: LittleBank) -> None:
    body = bank.sign_in(LIGA, NONCE, now())
    fits = body + b"&a=" + b"x" * (64 * 1024 - len(body) - 3)
    assert reason_for(open_bank, fits) is None
    assert reason_for(open_bank, fits + b"x") == "malformed"


def test_rule_15_a_form_has_at_most_64_parameters(open_bank: OpenBank, bank: LittleBank) -> None:
    body = bank.sign_in(LIGA, NONCE, now())
    room = 64 - body.count(b"&") - 1
    more = [b"&p%d=1" % number for number in range(room + 1)]
    assert reason_for(open_bank, body + b"".join(more[:room])) is None
    assert reason_for(open_bank, body + b"".join(more)) == "malformed"


@pytest.mark.parametrize("character", ["\x00", "\n", "\t", "\x1f", "\x7f"])
@pytest.mark.parametrize("name", ["VK_USER_NAME", "VK_OTHER", "VK_LANG", "VK_FOO", "IB_FOO", "B02K_FOO"])
def test_rule_16_a_control_character_is_malformed(
    name: str, character: str, open_bank: OpenBank, bank: LittleBank
) -> None:
    signed = bank.signed(bank.fields_for(LIGA, NONCE, now()))
    assert reason_for(open_bank, encode({**signed, name: f"A{character}B"})) == "malformed"


@pytest.mark.parametrize("charset", ["UTF-8", "WINDOWS-1257"])
def test_rule_17_the_gateway_always_sends_utf_8(charset: str, open_bank: OpenBank) -> None:
    departure = open_bank(charset=charset, allowed_charsets=[charset]).depart(request())
    assert departure.charset == dict(departure.fields)["VK_ENCODING"] == "UTF-8"


def test_rule_14_an_answer_whose_offset_has_a_colon_passes(open_bank: OpenBank, bank: LittleBank) -> None:
    assert reason_for(open_bank, bank.sign_in(LIGA, NONCE, now(), VK_DATETIME=now().isoformat())) is None


# -- section 4: string, signature, keys -------------------------------------------------------------------------

values = st.text(st.characters(exclude_categories=["Cs"]), max_size=40).map(lambda text: text.strip(" "))


@given(
    st.lists(values, min_size=3, max_size=6),
    st.lists(values, min_size=3, max_size=6),
    st.sampled_from(["chars", "bytes"]),
)
def test_t27_distinct_fields_never_give_the_same_signed_bytes(one: list[str], other: list[str], unit: Any) -> None:
    signed = [mac_string(fields, unit=unit).encode() for fields in (one, other)]
    assert (signed[0] == signed[1]) == (one == other)


@settings(max_examples=1000)
@given(st.lists(values, max_size=12))
def test_t27_the_fields_can_be_read_back_from_the_string_so_that_no_two_share_one(fields: list[str]) -> None:
    rest, read = mac_string(fields), []
    while rest:
        size, rest = int(rest[:3]), rest[3:]
        read.append(rest[:size])
        rest = rest[size:]
    assert read == fields


@given(st.lists(values, min_size=2, max_size=5), st.data())
def test_t27_moving_letters_from_one_field_to_the_next_is_seen(fields: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(fields) - 2))
    joined = fields[at] + fields[at + 1]
    cut = data.draw(st.integers(0, len(joined)))
    moved = [*fields[:at], joined[:cut].strip(" "), joined[cut:].strip(" "), *fields[at + 2 :]]
    assert (mac_string(moved) == mac_string(fields)) == (moved == fields)


@given(
    st.lists(st.text("ĀČĒĢĪĶĻŅŠŪŽāčēģīķļņšūž'- ", max_size=30), min_size=1, max_size=5),
    st.sampled_from(["utf-8", "iso-8859-13", "cp1257"]),
)
def test_t27_latvian_letters_survive_the_signed_string_in_every_charset(names: list[str], charset: str) -> None:
    text = mac_string(names, charset=charset)
    assert text.encode(charset).decode(charset) == text


def test_4_1_each_value_has_its_length_before_it_and_an_empty_one_three_zeros() -> None:
    assert mac_string(["4012", "", " a b "]) == "0044012000003a b"


def test_4_1_a_value_over_999_cannot_be_signed() -> None:
    assert mac_string(["x" * 999]).startswith("999x")
    with pytest.raises(MacUnreadable):
        mac_string(["x" * 1000])


@pytest.mark.parametrize("name", ["VK_LANG", "VK_ENCODING", "VK_AUTO"])
def test_4_1_unsigned_fields_stay_out_of_the_string(name: str) -> None:
    assert all(name not in form.mac_order for form in (*ANSWERS.values(), *REQUESTS.values()))


def test_4_2_a_letter_counts_once_however_many_bytes_it_takes() -> None:
    assert mac_string(["ĀDA"]) == "003ĀDA"
    assert mac_string(["ĀDA"], unit="bytes") == "004ĀDA"
    assert mac_string(["ĀDA"], unit="bytes", charset="cp1257") == "003ĀDA"
    assert mac_string(["A\u0304DA"]) == "004A\u0304DA"


def test_4_2_the_length_unit_is_the_profiles_and_no_other_is_tried(open_bank: OpenBank, bank: LittleBank) -> None:
    fields = bank.fields_for(LIGA, NONCE, now())
    by_bytes, by_chars = (encode(bank.signed(fields, unit=unit)) for unit in ("bytes", "chars"))
    assert reason_for(open_bank, by_bytes) == "bad_signature"
    assert reason_for(open_bank, by_bytes, profile={"length_unit": "bytes"}) is None
    assert reason_for(open_bank, by_chars, profile={"length_unit": "bytes"}) == "bad_signature"


def test_4_2_a_decomposed_letter_is_not_composed_before_the_signature_check(
    open_bank: OpenBank, bank: LittleBank
) -> None:
    body = bank.sign_in(LIGA, NONCE, now(), VK_USER_NAME="BE\u0304RZIN\u0327A,ANNA")
    assert reason_for(open_bank, body) is None


@pytest.mark.parametrize("hash_name", ["sha1", "sha256"])
def test_4_3_no_other_hash_is_tried(hash_name: str, open_bank: OpenBank, bank: LittleBank) -> None:
    body = encode(bank.signed(bank.fields_for(LIGA, NONCE, now()), hash_name=hash_name))
    assert reason_for(open_bank, body) == "bad_signature"


@pytest.mark.parametrize(
    ("profile", "hash_name"), [(OLD_HASH, "sha1"), ({"version": "008", "hash": "sha256"}, "sha256")]
)
def test_4_3_version_and_hash_are_the_profiles(
    profile: dict[str, Any], hash_name: str, open_bank: OpenBank, bank: LittleBank
) -> None:
    fields = bank.fields_for(LIGA, NONCE, now(), VK_VERSION="008")
    assert reason_for(open_bank, encode(bank.signed(fields, hash_name=hash_name)), profile=profile) is None
    assert bank.check_request(open_bank(**profile).depart(request()), hash_name)["VK_VERSION"] == "008"


def test_4_3_the_gateway_writes_its_signature_on_one_line(open_bank: OpenBank) -> None:
    signature = dict(open_bank().depart(request()).fields)["VK_MAC"]
    assert len(signature) == 344
    assert not set(signature) & set("\r\n\t ")


def test_4_3_signing_the_same_twice_gives_the_same_text(open_bank: OpenBank) -> None:
    provider, asked = open_bank(), request()
    assert provider.depart(asked) == provider.depart(asked)


@pytest.mark.parametrize("text", ["####", "abc", "YQ", "YQ=\u00a0=", "YWJj-_==", "A" * 701])
def test_4_3_anything_that_is_not_base64_is_malformed(text: str, open_bank: OpenBank, bank: LittleBank) -> None:
    signed = bank.signed(bank.fields_for(LIGA, NONCE, now()))
    assert reason_for(open_bank, encode({**signed, "VK_MAC": text})) == "malformed"


@pytest.mark.parametrize("text", ["", "YWJj"])
def test_4_3_a_signature_of_another_length_does_not_verify(text: str, open_bank: OpenBank, bank: LittleBank) -> None:
    signed = bank.signed(bank.fields_for(LIGA, NONCE, now()))
    assert reason_for(open_bank, encode({**signed, "VK_MAC": text})) == "bad_signature"


def test_4_3_line_breaks_tabs_and_blanks_inside_base64_are_dropped() -> None:
    assert decode_mac(" YW\r\nJj\t") == b"abc"


def test_4_4_any_current_key_of_the_bank_may_have_signed(open_bank: OpenBank, bank: LittleBank) -> None:
    next_key = rsa.generate_private_key(65537, 2048)
    (bank.folder / "next.pem").write_bytes(pem_of(next_key.public_key()))
    body = encode(bank.signed(bank.fields_for(LIGA, NONCE, now()), key=next_key))
    hour = timedelta(hours=1)

    def with_next(**limits: datetime) -> dict[str, Any]:
        times = {name: moment.isoformat() for name, moment in limits.items()}
        return {"bank_keys": [{"file": "bank.pem"}, {"file": "next.pem", **times}]}

    assert reason_for(open_bank, body) == "bad_signature"
    assert reason_for(open_bank, body, profile=with_next()) is None
    assert reason_for(open_bank, body, profile=with_next(not_before=now() + hour)) == "bad_signature"
    assert reason_for(open_bank, body, profile=with_next(not_after=now() - hour)) == "bad_signature"
    assert reason_for(open_bank, body, profile=with_next(not_before=now() - hour, not_after=now() + hour)) is None


def test_4_4_a_certificate_is_a_mere_container_for_the_banks_key(open_bank: OpenBank, bank: LittleBank) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding

    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "whoever.test")])
    expired = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(bank.bank_key.public_key())
        .serial_number(7)
        .not_valid_before(datetime(2019, 1, 1))  # noqa: DTZ001 - the builder takes naive UTC
        .not_valid_after(datetime(2020, 1, 1))  # noqa: DTZ001 - the builder takes naive UTC
        .sign(bank.bank_key, hashes.SHA256())
    )
    (bank.folder / "bank-certificate.pem").write_bytes(expired.public_bytes(Encoding.PEM))
    profile = {"bank_keys": [{"file": "bank-certificate.pem"}]}
    assert reason_for(open_bank, bank.sign_in(LIGA, NONCE, now()), profile=profile) is None


@pytest.mark.parametrize("language", list(Language))
def test_6_1_the_request_is_a_4012_that_a_bank_verifies(
    language: Language, open_bank: OpenBank, bank: LittleBank
) -> None:
    departure = open_bank().depart(request(language=language))
    fields = bank.check_request(departure)
    assert list(fields) == [*REQUESTS["4012"].mac_order, "VK_MAC", "VK_ENCODING", "VK_LANG"]
    assert (fields["VK_NONCE"], fields["VK_RID"], fields["VK_RETURN"]) == (NONCE, "", RETURN)
    assert (fields["VK_SND_ID"], fields["VK_REC_ID"]) == ("EIDGW", "LITTLEBANK")
    assert fields["VK_LANG"] == {"lv": "LAT", "en": "ENG"}[language]
    assert (departure.action, departure.needs_browser_reference) == ("https://bank.example/banklink", False)


def test_the_same_reference_is_sent_as_nonce_and_nothing_else_is_random(open_bank: OpenBank) -> None:
    fields = dict(open_bank().depart(request(reference=Reference("f" * 32))).fields)
    assert fields["VK_NONCE"] == "f" * 32
    assert json.dumps(fields).count("f" * 32) == 1
