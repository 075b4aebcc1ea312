"""Authorization requests: every rule has a request that breaks it (security.md 8.1 baseline, T02, T05)."""

import random
from urllib.parse import parse_qsl, quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.broker.login import Question
from gateway.oidc.errors import OidcError, RequestRefused, UntrustedRequest
from gateway.oidc.request import CHECKS, AuthorizationRequest, verify_request
from providers.contract import AssuranceLevel, Language
from tests.support.gateway_parts import CALLBACK, ISSUER, PORTAL, Core, query

PARTIES = Core().parties


def verified(sent: bytes) -> Question:
    return verify_request(AuthorizationRequest.parse(sent), PARTIES)


def refusal(sent: bytes) -> OidcError:
    with pytest.raises(OidcError) as caught:
        verified(sent)
    return caught.value


def test_a_good_request_is_put_into_the_brokers_words() -> None:
    question = verified(query(ui_locales="de en-GB", provider="bank"))
    assert question.relying_party == PORTAL
    assert question.language is Language.ENGLISH
    assert question.preselected == "bank"
    assert dict(question.reply)["redirect_uri"] == CALLBACK
    assert dict(question.reply)["nonce"] == "a nonce"


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"client_id": None}, "known_relying_party"),
        ({"client_id": "nobody"}, "known_relying_party"),
        ({"client_id": "PORTAL"}, "known_relying_party"),
        ({"redirect_uri": None}, "registered_redirect_uri"),
        ({"redirect_uri": "https://portal.test/callback/"}, "registered_redirect_uri"),
        ({"redirect_uri": "http://portal.test/callback"}, "registered_redirect_uri"),
        ({"redirect_uri": "https://other.test/callback"}, "registered_redirect_uri"),
    ],
)
def test_vpm_drv_17_without_a_proven_address_nothing_is_sent_anywhere(changed: dict[str, str], rule: str) -> None:
    error = refusal(query(**changed))
    assert isinstance(error, UntrustedRequest)
    assert error.rule == rule


@pytest.mark.parametrize(
    ("changed", "rule", "code"),
    [
        ({"response_type": None}, "supported_response_type", "unsupported_response_type"),
        ({"response_type": "token"}, "supported_response_type", "unsupported_response_type"),
        ({"response_type": "id_token"}, "supported_response_type", "unsupported_response_type"),
        ({"response_type": "code id_token"}, "supported_response_type", "unsupported_response_type"),
        ({"response_type": "none"}, "supported_response_type", "unsupported_response_type"),
        ({"response_mode": "fragment"}, "supported_response_mode", "invalid_request"),
        ({"response_mode": "form_post"}, "supported_response_mode", "invalid_request"),
        ({"code_challenge": None}, "pkce_present", "invalid_request"),
        ({"code_challenge": "short"}, "pkce_present", "invalid_request"),
        ({"code_challenge_method": None}, "pkce_present", "invalid_request"),
        ({"code_challenge_method": "plain"}, "pkce_present", "invalid_request"),
        ({"code_challenge_method": "s256"}, "pkce_present", "invalid_request"),
        ({"scope": None}, "known_scopes", "invalid_scope"),
        ({"scope": "identity"}, "known_scopes", "invalid_scope"),
        ({"scope": "openid email"}, "known_scopes", "invalid_scope"),
        ({"state": "x" * 2049}, "sane_state_and_nonce", "invalid_request"),
        ({"nonce": "line\nbreak"}, "sane_state_and_nonce", "invalid_request"),
        ({"prompt": "none"}, "possible_prompt", "login_required"),
        ({"prompt": "none login"}, "possible_prompt", "invalid_request"),
        ({"prompt": "create"}, "possible_prompt", "invalid_request"),
        ({"prompt": "login none"}, "possible_prompt", "invalid_request"),
        ({"max_age": "-1"}, "sane_max_age", "invalid_request"),
        ({"max_age": "1.5"}, "sane_max_age", "invalid_request"),
        ({"max_age": "soon"}, "sane_max_age", "invalid_request"),
        ({"claims": "{"}, "readable_claims", "invalid_request"),
        ({"claims": "[]"}, "readable_claims", "invalid_request"),
        ({"claims": "[" * 4000}, "readable_claims", "invalid_request"),
        ({"claims": " " * 5000}, "readable_claims", "invalid_request"),
        ({"claims": '{"id_token":{},"id_token":{}}'}, "readable_claims", "invalid_request"),
        ({"claims": '{"id_token":[]}'}, "readable_claims", "invalid_request"),
        ({"claims": '{"userinfo":{"given_name":true}}'}, "readable_claims", "invalid_request"),
        ({"claims": '{"id_token":{"acr":{"values":"x"}}}'}, "readable_claims", "invalid_request"),
        ({"claims": '{"id_token":{"acr":{"essential":"yes"}}}'}, "readable_claims", "invalid_request"),
        ({"claims": '{"id_token":{"sub":{"value":"somebody"}}}'}, "readable_claims", "invalid_request"),
        (
            {"claims": '{"id_token":{"acr":{"essential":true,"values":["urn:strong"]}}}'},
            "assurance_we_can_offer",
            "unmet_authentication_requirements",
        ),
        ({"acr_values": "high"}, "assurance_we_can_offer", "invalid_request"),
        ({"acr_values": "urn:strong"}, "assurance_we_can_offer", "invalid_request"),
        ({"request": "eyJ"}, "nothing_passed_by_reference", "request_not_supported"),
        ({"request_uri": "https://x.test"}, "nothing_passed_by_reference", "request_uri_not_supported"),
        ({"registration": "{}"}, "nothing_passed_by_reference", "registration_not_supported"),
    ],
)
def test_every_rule_after_the_address_has_a_request_that_breaks_it(
    changed: dict[str, str], rule: str, code: str
) -> None:
    error = refusal(query(**changed))
    assert isinstance(error, RequestRefused)
    assert (error.rule, error.code) == (rule, code)
    assert error.reply_to.redirect_uri == CALLBACK


@pytest.mark.parametrize("name", ["state", "scope", "code_challenge", "nonce", "unheard_of"])
def test_t02_a_parameter_sent_twice_is_refused(name: str) -> None:
    error = refusal(query() + b"&" + urlencode([(name, "1"), (name, "2")]).encode())
    assert isinstance(error, RequestRefused)
    assert error.rule == "no_parameter_twice"


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_t05_an_address_sent_twice_is_no_address(name: str) -> None:
    value = dict(parse_qsl(query().decode()))[name]
    assert isinstance(refusal(query() + b"&" + urlencode({name: value}).encode()), UntrustedRequest)


def test_a_nonce_of_64_and_a_state_of_1000_characters_are_kept_whole() -> None:
    reply = dict(verified(query(nonce="n" * 64, state="s" * 1000)).reply)
    assert (len(reply["nonce"]), len(reply["state"])) == (64, 1000)


def test_t05_ten_thousand_mutated_redirect_uris_lead_nowhere() -> None:
    chance = random.Random(20261124)
    seen = {CALLBACK}
    refused = 0
    while refused < 10_000:
        uri = _mutated(chance)
        if uri in seen:
            continue
        seen.add(uri)
        assert isinstance(refusal(query(redirect_uri=uri)), UntrustedRequest), uri
        refused += 1


def _mutated(chance: random.Random) -> str:
    """Change a registered address the ways attackers do: user, host, port, case, path, fragment, escapes, controls."""
    uri = CALLBACK
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(uri) + 1)
        uri = chance.choice(
            [
                uri.replace("https://", f"https://{chance.randrange(10**6)}@"),
                uri.replace("portal.test", f"portal.test.evil{chance.randrange(10**4)}.test"),
                uri.replace("portal.test", f"evil{chance.randrange(10**4)}.test"),
                uri.replace("portal.test", f"portal.test:{chance.randrange(65536)}"),
                uri.replace("https", chance.choice(["http", "HTTPS", "javascript", "data", "https:https"])),
                uri.replace("a", chance.choice("аàA"), 1),
                uri.replace("/", chance.choice(["\\", "//", "/./", "/../", "/%2e%2e/"]), 3),
                f"{uri}{chance.choice(['#', '?', '/', '%00', '%0d%0aLocation:', ' ', '.', ';'])}{chance.randrange(10**4)}",
                uri[:at] + chance.choice("\r\n\t\0@#?%./:") + uri[at:],
                uri[:at] + quote(uri[at : at + 1]) + uri[at + 1 :],
                uri[:at] + uri[at + 1 :],
                uri.upper(),
            ]
        )
    return uri


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_no_query_whatever_does_more_than_be_refused(sent: bytes) -> None:
    with pytest.raises(OidcError):
        verified(sent)


@given(st.text(max_size=60), st.text(st.characters(codec="ascii"), max_size=60))
@settings(max_examples=200, deadline=None)
def test_t05_every_location_stays_at_the_registered_address(description: str, state: str) -> None:
    error = refusal(query(response_type="token", state=state or None))
    assert isinstance(error, RequestRefused)
    location = Core().use_cases.responder.refusal(error.reply_to, error.code, description, "incident")
    assert location.startswith(f"{CALLBACK}?error=")
    assert f"iss={quote(ISSUER, safe='')}" in location
    assert location.isascii()
    assert not set(location) & set("\r\n #")


def test_the_weakest_acceptable_level_is_what_the_login_must_reach() -> None:
    levels = f"{AssuranceLevel.HIGH.uri} {AssuranceLevel.SUBSTANTIAL.uri}"
    assert verified(query(acr_values=levels)).minimum_assurance is AssuranceLevel.SUBSTANTIAL


def test_every_check_says_what_it_is_for() -> None:
    assert all(check.__doc__ for check in CHECKS)
    assert len({check.__name__ for check in CHECKS}) == len(CHECKS)
