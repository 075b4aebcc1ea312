"""design.md section 4: the confirmation over mutual TLS is the identity, and every difference refuses the login."""

import json
import time
from datetime import timedelta
from typing import Any

import pytest

from providers.contract import Expectation, Factor, Reference, VerifiedIdentity
from providers.errors import AssertionRejected, ProviderError, ProviderUnavailable
from tests.providers.banklink.conftest import OpenBank
from tests.providers.https_server import Answer, http
from tests.providers.little_bank import LIGA, LittleBank, Person, arrival, b64url, now

NONCE = Reference("00112233445566778899aabbccddeeff")
NOW = int(time.time())


def identify(open_bank: OpenBank, bank: LittleBank, person: Person = LIGA, **front: str) -> VerifiedIdentity:
    answer = open_bank().receive(arrival(bank.sign_in(person, NONCE, now(), **front), now()))
    assert answer.asks_back_channel
    return answer.identify(Expectation(reference=NONCE, asked_at=now() - timedelta(seconds=30)))


def refusal(open_bank: OpenBank, bank: LittleBank, person: Person = LIGA, **front: str) -> ProviderError:
    with pytest.raises(ProviderError) as refused:
        identify(open_bank, bank, person, **front)
    assert refused.value.reference == NONCE
    assert len(refused.value.exchanges) == 1
    return refused.value


def test_the_confirmations_fields_are_the_identity(open_bank: OpenBank, bank: LittleBank) -> None:
    identity = identify(open_bank, bank)
    assert (identity.given_name, identity.family_name) == ("Līga Anna", "Paraudziņa-Ķēra")
    assert (identity.personal_code.display, identity.country) == ("321234-56789", "LV")
    assert identity.factors == {Factor.KNOWLEDGE, Factor.POSSESSION}
    assert (identity.provider, identity.interface, identity.means) == ("little-bank", "banklink", "smart-id")
    assert identity.assurance.uri == "http://eidas.europa.eu/LoA/low"


def test_the_call_is_kept_as_evidence_and_made_once(open_bank: OpenBank, bank: LittleBank) -> None:
    (exchange,) = identify(open_bank, bank).exchanges
    assert exchange.endpoint == f"{bank.server.url}/vpm/v1/authentications/{NONCE}"
    assert exchange.received.count(b".") == 2
    assert (exchange.status, exchange.tls_version) == (200, "TLSv1.3")
    assert bank.server.requests == [exchange.sent]


PEOPLE = [
    Person("Anna Marija", "Bērziņa-Kalniņa", "010190-11111"),
    Person("Jānis", "O'Neill", "351234-56789"),
    Person("Šarlote", "D’Arcy", "391234-56789"),
    Person("Łukasz", "van der Berg", "32123456789"),
    Person("ĀČĒĢĪĶĻŅŠŪŽ", "āčēģīķļņšūž", "321234-56789"),
    Person("É" * 60, "Ő" * 79, "321234-56789"),
    Person("Ülo", "Õuemäe", "38001085718", "EE"),
]


@pytest.mark.parametrize("person", PEOPLE, ids=range(len(PEOPLE)))
def test_names_and_codes_arrive_unchanged(person: Person, open_bank: OpenBank, bank: LittleBank) -> None:
    identity = identify(open_bank, bank, person)
    assert (identity.given_name, identity.family_name) == (person.given_name, person.family_name)
    assert identity.personal_code.key == person.personal_code.replace("-", "")
    assert identity.country == person.country


@pytest.mark.parametrize(
    "name",
    [
        "PARAUDZIŅA-ĶĒRA,LĪGA ANNA",
        "Paraudziņa-Ķēra, Līga Anna",
        "LĪGA ANNA PARAUDZIŅA-ĶĒRA",
        "Paraudziņa-Ķēra Līga Anna",
        "PARAUDZI&#325;A-&#x136;&#274;RA,L&#298;GA ANNA",
        "PARAUDZIN\u0327A-K\u0327E\u0304RA,LI\u0304GA ANNA",
        "PARAUDZIŅA-ĶĒRA,LĪGA  ANNA",
    ],
)
def test_the_one_name_field_of_the_browsers_message_is_only_compared(
    name: str, open_bank: OpenBank, bank: LittleBank
) -> None:
    assert identify(open_bank, bank, VK_USER_NAME=name).family_name == "Paraudziņa-Ķēra"


@pytest.mark.parametrize(
    "name",
    [
        "PARAUDZIŅA,LĪGA ANNA",
        "LĪGA ANNA,PARAUDZIŅA-ĶĒRA",
        "PARAUDZINA-KERA,LIGA ANNA",
        "PARAUDZIŅA-ĶĒRA LĪGA",
        "PARAUDZIŅA-ĶĒRA LĪGA ANNA ANNA",
        "KALNIŅA,ILZE",
        "PARAUDZI&amp;#325;A-ĶĒRA,LĪGA ANNA",
    ],
)
def test_another_name_in_the_browsers_message_is_another_person(
    name: str, open_bank: OpenBank, bank: LittleBank
) -> None:
    error = refusal(open_bank, bank, VK_USER_NAME=name)
    assert error.reason == "identity_mismatch"
    assert error.exchanges[0].status == 200


LONG = Person("Maksimiliāna " * 6 + "Ņ", "Bērziņa-" * 9 + "Kalniņa")


@pytest.mark.parametrize("order", [f"{LONG.family_name},{LONG.given_name}", f"{LONG.given_name} {LONG.family_name}"])
def test_a_name_that_the_bank_cut_to_its_field_is_compared_as_far_as_it_goes(
    order: str, open_bank: OpenBank, bank: LittleBank
) -> None:
    identity = identify(open_bank, bank, LONG, VK_USER_NAME=order[:140].upper())
    assert (identity.given_name, identity.family_name) == (LONG.given_name, LONG.family_name)
    assert "front_channel_name_cut" in identity.flags


def test_a_name_that_does_not_fill_its_field_was_not_cut(open_bank: OpenBank, bank: LittleBank) -> None:
    cut_short = f"{LONG.family_name},{LONG.given_name}"[:139]
    assert refusal(open_bank, bank, LONG, VK_USER_NAME=cut_short).reason == "identity_mismatch"
    other = ("X" + cut_short)[:140].ljust(140, "x")
    assert refusal(open_bank, bank, LONG, VK_USER_NAME=other).reason == "identity_mismatch"


@pytest.mark.parametrize("name", ["A<b>B", "A\u202eB", "A\u200bB", "A\ufeffB", "&#60;A", "&#0;", "Ā" * 10 + "&#x200E;"])
def test_markup_and_invisible_characters_in_the_browsers_message_are_refused_before_the_bank_is_asked(
    name: str, open_bank: OpenBank, bank: LittleBank
) -> None:
    with pytest.raises(AssertionRejected) as refused:
        identify(open_bank, bank, VK_USER_NAME=name)
    assert refused.value.reason == "identity_incomplete"
    assert bank.server.requests == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"iss": "OTHERBANK"}, "confirmation_wrong_sender"),
        ({"aud": "OTHERGW"}, "confirmation_wrong_recipient"),
        ({"aud": ["EIDGW"]}, "confirmation_malformed"),
        ({"iss": None}, "confirmation_malformed"),
        ({"iat": NOW - 120, "exp": NOW + 60}, "confirmation_expired"),
        ({"iat": NOW + 200, "exp": NOW + 260}, "confirmation_expired"),
        ({"exp": NOW - 100, "iat": NOW - 30}, "confirmation_expired"),
        ({"exp": NOW + 900}, "confirmation_expired"),
        ({"exp": None}, "confirmation_malformed"),
        ({"iat": "now"}, "confirmation_malformed"),
        ({"iat": True}, "confirmation_malformed"),
        ({"exp": 10**30}, "confirmation_malformed"),
        ({"exp": 1.5}, "confirmation_malformed"),
        ({"jti": ""}, "confirmation_malformed"),
        ({"jti": None}, "confirmation_malformed"),
        ({"jti": "x" * 129}, "confirmation_malformed"),
        ({"authentication_id": "f" * 32}, "confirmation_other_login"),
        ({"authentication_id": None}, "confirmation_malformed"),
        ({"interface": "oidc"}, "confirmation_wrong_interface"),
        ({"interface": None}, "confirmation_malformed"),
        ({"authenticated_at": NOW - 3600}, "confirmation_stale"),
        ({"authenticated_at": NOW + 600}, "confirmation_stale"),
        ({"authenticated_at": None}, "confirmation_malformed"),
        ({"factors": ["knowledge"]}, "one_factor"),
        ({"factors": ["knowledge", "knowledge"]}, "one_factor"),
        ({"factors": []}, "one_factor"),
        ({"factors": ["knowledge", "magic"]}, "confirmation_malformed"),
        ({"factors": "knowledge possession"}, "confirmation_malformed"),
        ({"factors": [1, 2]}, "confirmation_malformed"),
        ({"factors": None}, "confirmation_malformed"),
        ({"given_name": None, "family_name": None, "name": "Līga Anna Paraudziņa-Ķēra"}, "identity_incomplete"),
        ({"given_name": "Paraudziņa-Ķēra,Līga Anna"}, "identity_incomplete"),
        ({"given_name": "Līga Anna Paraudziņa-Ķēra", "family_name": ""}, "identity_incomplete"),
        ({"family_name": "   "}, "identity_incomplete"),
        ({"family_name": ["Paraudziņa"]}, "identity_incomplete"),
        ({"given_name": "Līga\u200bAnna"}, "identity_incomplete"),
        ({"given_name": "x" * 201}, "identity_incomplete"),
        ({"given_name": "L\ufffdga Anna"}, "identity_incomplete"),
        ({"given_name": "Līga Anna Paraudziņa-Ķēra"}, "identity_mismatch"),
        ({"given_name": "Paraudziņa-Ķēra", "family_name": "Līga Anna"}, "identity_mismatch"),
        ({"given_name": "Ilze", "family_name": "Kalniņa"}, "identity_mismatch"),
        ({"personal_code": "321234-56780"}, "identity_mismatch"),
        ({"personal_code": ""}, "identity_incomplete"),
        ({"personal_code": None}, "identity_incomplete"),
        ({"personal_code": 32123456789}, "identity_incomplete"),
        ({"personal_code": "PNOLV-321234-56789"}, "identity_incomplete"),
    ],
)
def test_a_confirmation_that_breaks_one_rule_is_refused_with_its_own_reason(
    change: dict[str, Any], reason: str, open_bank: OpenBank, bank: LittleBank
) -> None:
    shift = int(time.time()) - NOW
    bank.changes = {
        name: value + shift if type(value) is int and NOW - 5000 < value < NOW + 5000 else value
        for name, value in change.items()
    }
    error = refusal(open_bank, bank)
    assert (type(error), error.reason) == (AssertionRejected, reason)
    assert error.exchanges[0].received.count(b".") == 2


def test_a_member_that_nobody_agreed_on_is_ignored(open_bank: OpenBank, bank: LittleBank) -> None:
    bank.changes = {"branch": "Rīga", "sub": "x"}
    assert identify(open_bank, bank).given_name == "Līga Anna"


def test_no_confirmation_for_a_nonce_is_missing(open_bank: OpenBank, bank: LittleBank) -> None:
    bank.on_get = lambda _: http(status="404 Not Found")
    error = refusal(open_bank, bank)
    assert (type(error), error.reason) == (AssertionRejected, "confirmation_missing")


@pytest.mark.parametrize("status", ["500 Oops", "503 Busy", "302 Found", "204 Nothing", "429 Slow down"])
def test_an_answer_of_another_status_is_no_confirmation(status: str, open_bank: OpenBank, bank: LittleBank) -> None:
    bank.on_get = lambda _: http(status=status)
    error = refusal(open_bank, bank)
    assert (type(error), error.reason) == (ProviderUnavailable, "confirmation_unavailable")


@pytest.mark.parametrize("status", ["401 Who", "403 No"])
def test_a_bank_that_refuses_our_certificate_is_told_apart(status: str, open_bank: OpenBank, bank: LittleBank) -> None:
    bank.on_get = lambda _: http(status=status)
    assert refusal(open_bank, bank).reason == "provider_refused_us"


def test_a_late_confirmation_is_unavailable(open_bank: OpenBank, bank: LittleBank) -> None:
    def late(_: str) -> Answer:
        time.sleep(1)
        return b""

    bank.on_get = late
    provider = open_bank(back_channel={"deadline_seconds": 0.3})
    answer = provider.receive(arrival(bank.sign_in(LIGA, NONCE, now()), now()))
    with pytest.raises(ProviderUnavailable) as refused:
        answer.identify(Expectation(reference=NONCE, asked_at=now()))
    assert (refused.value.reason, refused.value.reference) == ("confirmation_unavailable", NONCE)
    assert "timed_out" in refused.value.detail
    assert refused.value.exchanges[0].status is None
    assert refused.value.exchanges[0].sent


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"kid": "unknown"}, "confirmation_bad_signature"),
        ({"kid": None}, "confirmation_bad_signature"),
        ({"alg": "none"}, "confirmation_bad_signature"),
        ({"alg": "HS256"}, "confirmation_bad_signature"),
        ({"alg": "PS256"}, "confirmation_bad_signature"),
        ({"typ": "JWT"}, "confirmation_malformed"),
        ({"typ": "vpm-journal+jwt"}, "confirmation_malformed"),
        ({"crit": ["exp"]}, "confirmation_malformed"),
        ({"jku": "https://attacker.test/keys"}, "confirmation_malformed"),
        ({"jwk": {"kty": "EC"}}, "confirmation_malformed"),
        ({"b64": False}, "confirmation_malformed"),
    ],
)
def test_a_header_that_is_not_as_agreed_is_refused(
    header: dict[str, Any], reason: str, open_bank: OpenBank, bank: LittleBank
) -> None:
    bank.header_changes = header
    assert refusal(open_bank, bank).reason == reason


def test_a_confirmation_signed_by_another_key_is_refused(open_bank: OpenBank, bank: LittleBank) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    from tests.providers.little_bank import BANK_KID, es256_jws

    def forged(path: str) -> Answer:
        genuine = bank.confirmation(path.rpartition("/")[2])
        payload = genuine.split(b".")[1]
        header = {"alg": "ES256", "kid": BANK_KID, "typ": "vpm-confirmation+jwt"}
        import base64

        raw = base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4))
        return http(es256_jws(ec.generate_private_key(ec.SECP256R1()), header, raw))

    bank.on_get = forged
    assert refusal(open_bank, bank).reason == "confirmation_bad_signature"


def test_a_changed_payload_does_not_verify(open_bank: OpenBank, bank: LittleBank) -> None:
    def changed(path: str) -> Answer:
        header, _, signature = bank.confirmation(path.rpartition("/")[2]).split(b".")
        return http(b".".join((header, b64url(json.dumps({"iss": "LITTLEBANK"}).encode()), signature)))

    bank.on_get = changed
    assert refusal(open_bank, bank).reason == "confirmation_bad_signature"


@pytest.mark.parametrize("body", [b"", b"{}", b"a.b", b"a.b.c.d", b"\x00\xff", b"<html></html>", b"x" * 20_000])
def test_garbage_is_malformed(body: bytes, open_bank: OpenBank, bank: LittleBank) -> None:
    bank.on_get = lambda _: http(body)
    assert refusal(open_bank, bank).reason == "confirmation_malformed"


def test_the_confirmation_of_another_login_is_refused_even_when_the_bank_serves_it(
    open_bank: OpenBank, bank: LittleBank
) -> None:
    bank.persons["f" * 32] = LIGA
    bank.on_get = lambda _: http(bank.confirmation("f" * 32))
    assert refusal(open_bank, bank).reason == "confirmation_other_login"


def test_an_estonian_code_in_the_browsers_message_stays_estonian(open_bank: OpenBank, bank: LittleBank) -> None:
    identity = identify(open_bank, bank, Person("Ülo", "Õuemäe", "38001085718", "EE"))
    assert (identity.country, identity.personal_code.semantics) == ("EE", "PNOEE-38001085718")


def test_an_empty_country_is_the_profiles(open_bank: OpenBank, bank: LittleBank) -> None:
    assert identify(open_bank, bank, VK_COUNTRY="").country == "LV"


def test_no_refusal_of_a_confirmation_repeats_anything_about_the_person(open_bank: OpenBank, bank: LittleBank) -> None:
    for change in ({"personal_code": "321234-56780"}, {"family_name": "Kalniņa"}, {"given_name": "A\nB"}):
        bank.changes = change
        text = f"{refusal(open_bank, bank)!s}"
        assert not any(word in text for word in ("321234", "Kalni", "Līga", "Paraudz"))
