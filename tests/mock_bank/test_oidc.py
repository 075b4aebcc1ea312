"""The mock bank as an OpenID Connect provider: honest by the specifications, and with each fault as its sentence says."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from mock_bank.wire_oidc import LOW, SUBSTANTIAL
from tests.mock_bank.oidc_partner import (
    CALLBACK,
    ISSUER,
    MUTUAL,
    agreed,
    answer_of,
    begun,
    by_assertion,
    parts_of,
    redeemed,
    request,
    signed_by_the_bank,
)
from tests.mock_bank.world import MakeWorld, World


def claims_of(world: World) -> dict[str, Any]:
    return parts_of(redeemed(world, agreed(world)["code"]).json["id_token"])[1]


def test_its_metadata_names_the_issuer_and_only_https_endpoints(world: World) -> None:
    document = world.browser.get("/oidc/.well-known/openid-configuration").json
    assert document["issuer"] == ISSUER
    assert document["token_endpoint"] == f"{MUTUAL}/oidc/token"
    endpoints = [value for name, value in document.items() if name.endswith(("_endpoint", "_uri"))]
    assert len(endpoints) == 4
    assert all(value.startswith("https:") for value in endpoints)


def test_a_login_ends_with_a_code_state_and_issuer(world: World) -> None:
    answer = agreed(world)
    assert answer.pop("code")
    assert answer == {"to": CALLBACK, "state": "st/a+te", "iss": ISSUER}


def test_the_id_token_is_signed_and_says_who_how_and_when(world: World) -> None:
    tokens = redeemed(world, agreed(world)["code"])
    assert tokens.headers["Cache-Control"] == "no-store"
    token = tokens.json["id_token"]
    assert signed_by_the_bank(world, token)
    claims = parts_of(token)[1]
    now = int(world.clock().timestamp())
    digest = hashlib.sha256(tokens.json["access_token"].encode()).digest()
    assert claims.pop("sub")
    assert claims == {
        "iss": ISSUER, "aud": "EIDGW", "iat": now, "exp": now + 300, "auth_time": now, "nonce": "nonce-1",
        "acr": SUBSTANTIAL, "amr": ["pwd", "otp", "mfa"], "given_name": "Anna", "family_name": "Bērziņa",
        "nin": "150930-24177", "nin_type": "PERSON", "nin_issuing_country": "LV",
        "at_hash": base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode(),
    }  # fmt: skip


def test_user_info_says_the_same_to_the_bearer_and_nothing_to_others(world: World) -> None:
    tokens = redeemed(world, agreed(world)["code"]).json
    told = world.back_channel.get("/oidc/userinfo", headers={"Authorization": f"bearer {tokens['access_token']}"})
    claims = parts_of(tokens["id_token"])[1]
    assert told.json == {name: claims[name] for name in told.json}
    assert told.json["nin"] == "150930-24177"
    for header in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Basic {tokens['access_token']}"}):
        assert world.back_channel.get("/oidc/userinfo", headers=header).status_code == 401


def test_the_subject_is_the_same_each_time_and_another_for_each_person_and_partner(world: World) -> None:
    first, again = (
        claims_of(world)["sub"],
        parts_of(redeemed(world, agreed(world, nonce="n2")["code"]).json["id_token"]),
    )
    assert again[1]["sub"] == first
    other = redeemed(world, agreed(world, "100005", nonce="n3")["code"]).json["id_token"]
    assert parts_of(other)[1]["sub"] != first


def test_a_second_use_of_a_code_takes_the_token_of_the_first_back(world: World) -> None:
    code = agreed(world)["code"]
    token = redeemed(world, code).json["access_token"]
    assert redeemed(world, code).json["error"] == "invalid_grant"
    assert world.back_channel.get("/oidc/userinfo", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_a_code_lives_for_a_minute(world: World) -> None:
    code = agreed(world)["code"]
    world.clock.forward(seconds=61)
    assert redeemed(world, code).json["error"] == "invalid_grant"


def test_a_code_is_bound_to_its_redirect_uri(world: World) -> None:
    refused = redeemed(world, agreed(world)["code"], redirect_uri=f"{CALLBACK}/other")
    assert refused.json["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_a_request_that_breaks_a_rule_is_answered_with_an_error(
    world: World, changes: dict[str, str | None], error: str
) -> None:
    answer = answer_of(world.browser.get("/oidc/authorize", query_string=request(**changes)))
    assert answer == {"to": CALLBACK, "error": error, "state": "st/a+te", "iss": ISSUER}


@pytest.mark.parametrize("changes", [{"client_id": "NOBODY"}, {"redirect_uri": "https://evil.example/"}])
def test_a_request_of_nobody_known_leads_nowhere(world: World, changes: dict[str, str | None]) -> None:
    assert world.browser.get("/oidc/authorize", query_string=request(**changes)).status_code == 400


def test_a_parameter_twice_leads_nowhere(world: World) -> None:
    query = [*request().items(), ("state", "again")]
    assert world.browser.get("/oidc/authorize", query_string=query).status_code == 400


def test_whoever_cancels_is_back_at_the_partner_with_an_error_and_without_a_name(world: World) -> None:
    answer = answer_of(world.post(f"{begun(world)}/cancel"))
    assert answer == {"to": CALLBACK, "error": "access_denied", "state": "st/a+te", "iss": ISSUER}


def test_whoever_is_refused_reads_why_and_goes_back_with_an_error(world: World) -> None:
    login = begun(world)
    world.password(login, "100015")
    over = world.browser.get(f"{login}/over")
    assert over.status_code == 403
    assert f'href="{login}/back"' in over.text
    assert answer_of(world.browser.get(f"{login}/back"))["error"] == "access_denied"


def test_the_page_is_in_the_language_asked_for(world: World) -> None:
    assert 'lang="en"' in world.browser.get(begun(world, ui_locales="en lv")).text
    assert 'lang="lv"' in world.browser.get(begun(world, nonce="n2")).text


def test_an_assertion_authenticates_a_client_once(world: World) -> None:
    assert by_assertion(world).status_code == 200
    assert by_assertion(world, nonce="n2").json["error"] == "invalid_client"


@pytest.mark.parametrize("changes", [{"iss": "EIDGW"}, {"sub": "EIDGW"}, {"aud": "https://x.example"}, {"exp": None}])
def test_an_assertion_by_about_or_for_somebody_else_authenticates_nobody(world: World, changes: dict[str, Any]) -> None:
    assert by_assertion(world, **changes).json["error"] == "invalid_client"


def test_the_confirmation_is_under_the_nonce_and_says_oidc(world: World) -> None:
    agreed(world, nonce="7" * 32)
    assert world.claims(world.confirmation("7" * 32))["interface"] == "oidc"


SAYS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "mfa.no-acr": lambda claims: not {"acr", "amr"} & claims.keys(),
    "mfa.low-acr": lambda claims: claims["acr"] == LOW,
    "mfa.single-amr": lambda claims: claims["amr"] == ["pwd"],
    "mfa.unknown-method": lambda claims: claims["acr"] not in {LOW, SUBSTANTIAL},
    "oid.nonce-drop": lambda claims: "nonce" not in claims,
    "oid.wrong-iss": lambda claims: claims["iss"] != ISSUER,
    "oid.wrong-aud": lambda claims: claims["aud"] != "EIDGW",
    "oid.no-exp": lambda claims: "exp" not in claims,
    "oid.iat-future": lambda claims: claims["iat"] - claims["auth_time"] == 3600,
    "oid.auth-time-missing": lambda claims: "auth_time" not in claims,
    "att.wrong-code": lambda claims: claims["nin"] == "150930-24172",
}


@pytest.mark.parametrize("fault", SAYS)
def test_the_fault_does_to_the_id_token_what_it_says(fault: str, make_world: MakeWorld) -> None:
    assert not SAYS[fault](claims_of(make_world()))
    assert SAYS[fault](claims_of(make_world(faults=[fault])))
