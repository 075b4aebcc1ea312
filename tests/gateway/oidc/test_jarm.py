"""Signed answers of the authorization endpoint (JARM), for whoever is registered to get them."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jws

from gateway.oidc.errors import RequestRefused
from gateway.use_cases import HandedOver
from tests.support.fapi import Fapi, code_of, parties
from tests.support.gateway_parts import (
    BROWSER,
    CALLBACK,
    ISSUER,
    PORTAL,
    PORTAL_CERTIFICATE,
    PORTAL_KEY,
    SIGNING_KEY,
    Core,
    query,
    relying_party,
)


def signed(**changed: Any) -> Fapi:
    return Fapi(parties=parties(signed_responses=True, **changed))


def read(location: str) -> dict[str, Any]:
    """Verify what a browser carries to the redirect URI; nothing stands beside the token."""
    assert location.startswith(f"{CALLBACK}?")
    parameters = parse_qs(urlsplit(location).query)
    assert list(parameters) == ["response"]
    payload = jws.deserialize_compact(parameters["response"][0], SIGNING_KEY, algorithms=["ES256"]).payload
    claims: dict[str, Any] = json.loads(payload)
    return claims


@pytest.mark.parametrize("mode", ["jwt", "query.jwt"])
def test_a_code_comes_in_a_token_for_the_portal_that_lives_five_minutes(mode: str) -> None:
    gateway = signed()
    handed_over = gateway.use_cases.resume(gateway.answered(response_mode=mode), BROWSER)
    assert isinstance(handed_over, HandedOver)
    claims = read(handed_over.answer.location)
    now = int(gateway.clock().timestamp())
    assert (claims["iss"], claims["aud"], claims["state"]) == (ISSUER, PORTAL, "a state")
    assert (claims["iat"], claims["exp"]) == (now, now + 300)
    assert isinstance(gateway.exchange(claims["code"]), dict)


def test_a_refusal_comes_in_a_token_as_well() -> None:
    gateway = signed()
    ended = gateway.use_cases.cancel(gateway.begin(response_mode="jwt"))
    claims = read(gateway.use_cases.tell_refusal(ended, "access_denied", "not done").location)  # type: ignore[arg-type] # a cancelled login
    assert (claims["error"], claims["iss"], claims["state"]) == ("access_denied", ISSUER, "a state")


def test_t03_without_asking_for_it_the_answer_is_plain_and_names_the_issuer() -> None:
    gateway = signed()
    handed_over = gateway.use_cases.resume(gateway.answered(), BROWSER)
    assert isinstance(handed_over, HandedOver)
    assert parse_qs(urlsplit(handed_over.answer.location).query)["iss"] == [ISSUER]


@pytest.mark.parametrize("mode", ["jwt", "query.jwt", "fragment", "fragment.jwt", "form_post", "form_post.jwt"])
def test_a_mode_that_is_not_registered_or_not_on_is_refused(mode: str) -> None:
    assert code_of(Fapi().push(Fapi().push_form(response_mode=mode), None)) == "invalid_request"
    if "query" not in mode and mode != "jwt":
        gateway = signed()
        assert code_of(gateway.push(gateway.push_form(response_mode=mode), None)) == "invalid_request"


def test_a_mistake_in_the_request_is_told_as_it_asked() -> None:
    baseline = Core()
    baseline.register(relying_party(PORTAL, PORTAL_CERTIFICATE, PORTAL_KEY, signed_responses=True))
    for gateway, asked in ((baseline, True), (Core(), False)):
        with pytest.raises(RequestRefused) as caught:
            gateway.use_cases.authorize(query(response_mode="jwt", code_challenge=None), BROWSER)
        refused = caught.value
        location = gateway.use_cases.responder.refusal(refused.reply_to, refused.code, refused.description, "incident")
        assert ("response=" in location, "error=" in location) == (asked, not asked)
