"""Who a person is and how they were authenticated, as the agreement reads the claims (eid-providers.md 2, 3, 4, 12.2)."""

from typing import Any

import pytest
from pydantic import ValidationError

from providers.contract import AssuranceLevel, Factor
from providers.errors import AssertionRejected
from providers.oidc.identity import assurance_of, factors_of, stated_person
from providers.oidc.opening import open_oidc
from providers.oidc.profile import ClaimNames, OidcProfile
from providers.personal_code import CodeStructure, InvalidPersonalCode
from providers.semantics import parse_semantics
from providers.settings import InvalidProviderSettings
from tests.providers.little_bank import now
from tests.providers.little_op import PERSON, SUBSTANTIAL, LittleOp, changed
from tests.providers.oidc.asking import Asking, opened

NAMES = ClaimNames(personal_code="nin", country="nin_issuing_country")
BARE = ClaimNames(personal_code="code", default_country="LV")
SEMANTICS = ClaimNames(personal_code="serial", form="semantics")
ALICE = {"given_name": "Alise", "family_name": "Kalniņa", "code": "321234-56789"}


def stated(claims: dict[str, Any], names: ClaimNames = BARE) -> Any:
    return stated_person((claims,), names, CodeStructure.REJECT)


def test_a_person_is_read_by_the_names_of_the_agreement() -> None:
    person = stated({**ALICE, "name": "Somebody Else"})
    assert (person.given_name, person.family_name, person.code.key) == ("Alise", "Kalniņa", "32123456789")


def test_the_country_of_a_code_comes_from_its_claim_or_its_identifier() -> None:
    assert stated({**ALICE, "nin": "38001085718", "nin_issuing_country": "EE"}, NAMES).code.country == "EE"
    assert stated({**ALICE, "serial": "PNOLV-321234-56789"}, SEMANTICS).code.country == "LV"
    assert stated({**ALICE, "serial": "PNOLT-38001085718"}, SEMANTICS).code.country == "LT"


@pytest.mark.parametrize(
    "changes",
    [
        {"code": 32123456789},
        {"code": ["321234-56789"]},
        {"code": {"value": "321234-56789"}},
        {"code": ""},
        {"code": "321234-5678"},
        {"code": "99xx"},
        {"given_name": None},
        {"given_name": ""},
        {"given_name": 1},
        {"family_name": None},
        {"family_name": "  "},
        {"family_name": "Kal\u202eniņa"},
        {"family_name": ["Kalniņa"]},
        {"code": None},
    ],
    ids=str,
)
def test_goi_28_a_field_that_is_missing_or_of_another_type_vouches_for_nobody(changes: dict[str, Any]) -> None:
    with pytest.raises(AssertionRejected) as refused:
        stated(changed(ALICE, changes))
    assert refused.value.reason == "identity_incomplete"


@pytest.mark.parametrize(
    "text",
    ["321234-56789", "pnolv-321234-56789", "PNO-321234-56789", "PASLV-AA000000", "TINLV-40009999999", "PNOLV321234-56789",
     "XX:LV-321234-56789", "NTRLV-40009999999", "PNOLV-", "PNOLV-321234-56789\n", "PNOĻV-321234-56789", ""],
)  # fmt: skip
def test_an_identifier_of_another_kind_is_no_personal_code(text: str) -> None:
    with pytest.raises(InvalidPersonalCode):
        parse_semantics(text)


def test_a_code_of_another_type_than_agreed_vouches_for_nobody(op: LittleOp) -> None:
    asking = Asking(opened(op), op)
    op.userinfo_changes["nin_type"] = "TIN"
    assert asking.refused().reason == "identity_incomplete"


def test_two_sources_that_differ_vouch_for_nobody(op: LittleOp) -> None:
    """Section 3 rule 8."""
    provider = opened(op)
    op.claim_changes |= {**PERSON, "given_name": "Cita"}
    assert Asking(provider, op).refused().reason == "identity_mismatch"
    op.claim_changes |= PERSON
    assert Asking(provider, op).answered()


def test_a_birth_date_that_is_not_iso_is_dropped_with_a_flag() -> None:
    assert "birth_date_not_iso" in stated({**ALICE, "birthdate": "15.09.1930"}).flags
    assert "birth_date_not_iso" in stated({**ALICE, "birthdate": 1930}).flags
    assert "birth_date_not_iso" not in stated({**ALICE, "birthdate": "1930-09-15"}).flags
    assert "birth_date_not_iso" not in stated(ALICE).flags


def profile(op: LittleOp, **changes: Any) -> OidcProfile:
    return OidcProfile.model_validate(op.entry(**changes)["oidc"], context={"base": op.folder})


@pytest.mark.parametrize("acr", [None, "", "unknown", SUBSTANTIAL.upper(), SUBSTANTIAL + "/", [SUBSTANTIAL], 2])
def test_goi_25_a_level_that_is_not_named_is_unknown_and_satisfies_no_request(op: LittleOp, acr: object) -> None:
    with pytest.raises(AssertionRejected) as refused:
        assurance_of(changed({}, {"acr": acr}), profile(op), AssuranceLevel.LOW)
    assert refused.value.reason == "loa_insufficient"


def test_goi_25_a_level_below_what_was_asked_is_refused_and_one_above_is_not(op: LittleOp) -> None:
    claims = {"acr": "http://eidas.europa.eu/LoA/low"}
    assert assurance_of(claims, profile(op), AssuranceLevel.LOW) is AssuranceLevel.LOW
    with pytest.raises(AssertionRejected):
        assurance_of(claims, profile(op), AssuranceLevel.SUBSTANTIAL)
    assert assurance_of({"acr": SUBSTANTIAL}, profile(op), AssuranceLevel.LOW) is AssuranceLevel.SUBSTANTIAL


def test_vpm_int_08_factors_come_from_methods_and_from_a_context_that_promises_them(op: LittleOp) -> None:
    assert factors_of({"amr": ["pwd", "otp", "mfa"]}, profile(op)) == {Factor.KNOWLEDGE, Factor.POSSESSION}
    promised = profile(op, factors_of_acr={SUBSTANTIAL: ["possession", "inherence"]})
    assert factors_of({"acr": SUBSTANTIAL}, promised) == {Factor.POSSESSION, Factor.INHERENCE}


@pytest.mark.parametrize("methods", [None, [], ["pwd"], ["pwd", "pwd"], ["mfa"], ["pwd", "unheard-of"]])
def test_vpm_int_08_fewer_than_two_kinds_of_factor_vouch_for_nobody(op: LittleOp, methods: object) -> None:
    with pytest.raises(AssertionRejected) as refused:
        factors_of(changed({}, {"amr": methods}), profile(op))
    assert refused.value.reason == "one_factor"


@pytest.mark.parametrize("methods", ["pwd otp", {"pwd": 1}, [1, 2]])
def test_methods_that_are_no_list_of_words_are_refused(op: LittleOp, methods: object) -> None:
    with pytest.raises(AssertionRejected) as refused:
        factors_of({"amr": methods}, profile(op))
    assert refused.value.reason == "malformed"


def test_without_user_info_the_id_token_says_who_it_is(op: LittleOp) -> None:
    op.claim_changes |= PERSON
    identity = Asking(opened(op, userinfo=False), op).answered()
    assert identity.given_name == "Līga Anna"
    assert not op.asked_for("/op/userinfo")


CONTRADICTIONS: list[tuple[dict[str, Any], str]] = [
    ({"scope": ["profile"]}, "oidc.scope"),
    ({"authentication": "private_key_jwt"}, "oidc.assertion"),
    ({"server": {"client_certificate": None, "client_key": None}}, "client_certificate"),
    ({"server": {"client_key": None}}, "belong together"),
    ({"server": {"crl_file": None}}, "pinned"),
    ({"server": {"origin": "https://elsewhere.example"}}, "issuer"),
    ({"levels": {SUBSTANTIAL: "high"}}, "oidc.levels"),
    ({"levels": {}}, "oidc.levels"),
    ({"factors_of_amr": None}, "factors"),
    ({"claims": {"country": None}}, "oidc.claims"),
    ({"claims": {"form": "semantics"}}, "oidc.claims"),
    ({"issuer": "http://localhost/op"}, "oidc.issuer"),
    ({"id_token_algorithm": "none"}, "oidc.id_token_algorithm"),
    ({"id_token_algorithm": "HS256"}, "oidc.id_token_algorithm"),
    ({"authentication": "client_secret_basic"}, "oidc.authentication"),
    ({"top": {"environment": "production"}}, "back_channel"),
    ({"nonsense": 1}, "oidc.nonsense"),
]


@pytest.mark.parametrize(("changes", "named"), CONTRADICTIONS, ids=str)
def test_settings_that_contradict_each_other_stop_the_start_and_are_named(
    op: LittleOp, changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidProviderSettings) as refused:
        open_oidc(op.entry(**changes), op.folder, now)
    assert named in str(refused.value)


def test_settings_that_weaken_the_provider_are_told_to_the_operator(op: LittleOp) -> None:
    told = " ".join(open_oidc(op.entry(id_token_algorithm="RS256"), op.folder, now).warnings())
    assert "RS256" in told
    assert "iss" in told
    assert "not pinned" in told


def test_settings_cannot_be_changed(op: LittleOp) -> None:
    with pytest.raises(ValidationError):
        profile(op).issuer = "https://other.example"  # type: ignore[misc] # that it cannot is what is tested
