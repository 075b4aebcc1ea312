"""What a request may wish for: prompt, max_age, claims, acr, hints (OIDC Core 3.1.2.1 and 5.5)."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.broker.login import Prompt, Question, Wanted
from gateway.broker.relying_party import RelyingParties
from gateway.oidc.errors import RequestRefused
from gateway.oidc.request import AuthorizationRequest, verify_request
from gateway.oidc.wishes import parse_claims
from providers.contract import AssuranceLevel
from tests.support.gateway_parts import (
    PORTAL,
    PORTAL_CERTIFICATE,
    PORTAL_KEY,
    Core,
    query,
    relying_party,
)

LOW, SUBSTANTIAL, HIGH = (level.uri for level in AssuranceLevel)


def question(registration: dict[str, Any] | None = None, **parameters: str | None) -> Question:
    party = relying_party(PORTAL, PORTAL_CERTIFICATE, PORTAL_KEY, **(registration or {}))
    return verify_request(AuthorizationRequest.parse(query(**parameters)), RelyingParties([party]))


def claims(**places: object) -> str:
    return json.dumps(places)


def test_claims_are_noted_for_the_place_that_asks_and_never_beyond_the_registration() -> None:
    asked = claims(
        id_token={"given_name": None, "personal_code": {"essential": True}},
        userinfo={"family_name": {"essential": False}, "personal_code": None},
    )
    wanted = question({"claims": frozenset({"given_name", "family_name"})}, claims=asked).wanted
    assert wanted == Wanted(id_token=frozenset({"given_name"}), userinfo=frozenset({"family_name"}))


def test_unknown_claims_and_members_are_ignored() -> None:
    asked = claims(id_token={"email": {"essential": True}, "acr": None}, verified_claims={"x": 1}, userinfo=None)
    assert question(claims=asked).wanted == Wanted()


@pytest.mark.parametrize(
    ("acr_values", "acr", "minimum"),
    [
        (None, None, AssuranceLevel.LOW),
        (f"{HIGH} {SUBSTANTIAL}", None, AssuranceLevel.SUBSTANTIAL),
        (None, {"essential": True, "values": [HIGH]}, AssuranceLevel.HIGH),
        (None, {"essential": True, "values": ["urn:other", SUBSTANTIAL]}, AssuranceLevel.SUBSTANTIAL),
        (None, {"essential": True, "value": HIGH}, AssuranceLevel.HIGH),
        (None, {"values": [SUBSTANTIAL, HIGH]}, AssuranceLevel.SUBSTANTIAL),
        (None, {"values": ["urn:other"]}, AssuranceLevel.LOW),
        (SUBSTANTIAL, {"essential": True, "values": [HIGH]}, AssuranceLevel.HIGH),
        (HIGH, {"essential": True, "values": [LOW]}, AssuranceLevel.HIGH),
    ],
)
def test_each_way_to_ask_for_a_level_must_be_satisfied(
    acr_values: str | None, acr: object, minimum: AssuranceLevel
) -> None:
    assert question(acr_values=acr_values, claims=claims(id_token={"acr": acr})).minimum_assurance is minimum


def test_no_request_goes_below_the_level_of_the_registration() -> None:
    registered = {"minimum_assurance": AssuranceLevel.HIGH}
    assert question(registered, acr_values=LOW).minimum_assurance is AssuranceLevel.HIGH


def test_prompt_none_is_for_relying_parties_of_a_group_alone() -> None:
    assert question({"group": "registers"}, prompt="none").prompt == {Prompt.NONE}
    with pytest.raises(RequestRefused) as refused:
        question(prompt="none")
    assert refused.value.code == "login_required"


@pytest.mark.parametrize("prompt", ["login", "consent", "select_account", "login consent select_account"])
def test_every_other_prompt_is_what_happens_here_anyway(prompt: str) -> None:
    assert question(prompt=prompt).prompt == set(map(Prompt, prompt.split()))


@pytest.mark.parametrize(("sent", "seconds"), [("0", 0), ("3600", 3600), ("999999999", 999999999)])
def test_max_age_is_a_number_of_seconds(sent: str, seconds: int) -> None:
    assert question(max_age=sent).max_age == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("hint", "provider"),
    [
        ("provider:bank", "bank"),
        ("provider:no-such-bank", "no-such-bank"),
        ("provider:", None),
        ("provider:Bank", None),
        ("provider:bank or another", None),
        ("provider:" + "x" * 41, None),
        ("321234-56789", None),
        ("anna@example.test", None),
        ("bank", None),
    ],
)
def test_a_login_hint_says_a_provider_or_nothing(hint: str, provider: str | None) -> None:
    assert question(login_hint=hint).preselected == provider


def test_the_parameter_provider_goes_before_a_login_hint() -> None:
    assert question(provider="bank", login_hint="provider:other").preselected == "bank"


def test_a_personal_code_sent_as_a_hint_is_kept_in_no_login() -> None:
    """T46: what a portal should not have sent stands in the encrypted evidence of its request alone."""
    core = Core()
    asked = core.begin(login_hint="321234-56789")
    assert "321234" not in repr(core.storage.load(asked.id))
    (event,) = core.storage.events
    assert "321234" not in repr(event.members())
    assert b"321234" in (event.received or b"")


def test_a_relying_party_registered_for_no_claim_may_not_ask_for_the_scope_identity() -> None:
    nothing = {"claims": frozenset[str]()}
    assert question(nothing, scope="openid").relying_party == PORTAL
    with pytest.raises(RequestRefused) as refused:
        question(nothing)
    assert refused.value.code == "invalid_scope"


def released(core: Core, **parameters: str | None) -> tuple[set[str], set[str]]:
    """Run a login to its end; give the identifying claims of ID token and userinfo."""
    tokens = core.redeem(core.token_form(core.code(**parameters)), PORTAL_CERTIFICATE)
    assert isinstance(tokens, dict)
    in_token = core.use_cases.keys.verify(str(tokens["id_token"]))
    at_userinfo = core.claims(str(tokens["access_token"]), PORTAL_CERTIFICATE)
    assert at_userinfo is not None
    identifying = {"given_name", "family_name", "personal_code"}
    return identifying & in_token.keys(), identifying & at_userinfo.keys()


def test_the_scope_identity_releases_all_that_is_registered_and_openid_alone_nothing() -> None:
    everything = {"given_name", "family_name", "personal_code"}
    assert released(Core()) == (everything, everything)
    assert released(Core(), scope="openid") == (set(), set())


def test_the_claims_parameter_releases_what_it_names_where_it_names_it() -> None:
    asked = claims(id_token={"given_name": None}, userinfo={"personal_code": {"essential": True}, "email": None})
    assert released(Core(), scope="openid", claims=asked) == ({"given_name"}, {"personal_code"})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["id_token", "userinfo", "acr", "sub", "values", "value", "essential", "given_name"]),
                inner,
            )
        ),
    )
)
@settings(deadline=None)
def test_no_claims_whatever_do_more_than_be_read_or_refused(asked: object) -> None:
    try:
        read = parse_claims(json.dumps(asked))
    except ValueError:
        return
    assert isinstance(asked, dict)
    assert read.id_token <= (asked.get("id_token") or {}).keys()
