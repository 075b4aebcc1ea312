"""The profile fapi2 as it is meant to be used: pushed requests, tokens bound to a key or a certificate."""

from dataclasses import replace
from datetime import timedelta

import pytest
from joserfc.jwk import OKPKey, RSAKey

from gateway.broker.login import Answered, Refused
from gateway.oidc.back_channel import NotGranted
from gateway.oidc.userinfo import Scheme
from tests.support.fapi import (
    BOUND,
    BOUND_CALLBACK,
    BOUND_CERTIFICATE,
    BOUND_KEY,
    OTHER_PROOF_KEY,
    PLAIN,
    PLAIN_KEY,
    Fapi,
    code_of,
    handed_over,
    settled,
)
from tests.support.proofs import Prover, hash_of


def test_a_pushed_request_brings_a_token_that_works_with_its_key_alone() -> None:
    gateway = Fapi()
    granted = gateway.exchange(gateway.code())
    assert isinstance(granted, dict)
    assert granted["token_type"] == "DPoP"
    claims = gateway.read(granted["access_token"])
    assert isinstance(claims, dict)
    assert claims["family_name"] == "Bērziņa-Kalna"
    stolen = Prover(gateway, OTHER_PROOF_KEY).proof("userinfo", method="GET", ath=hash_of(granted["access_token"]))
    assert code_of(gateway.read(granted["access_token"], stolen)) == "invalid_token"
    assert code_of(gateway.claims(granted["access_token"], None)) == "invalid_token", "nor as a bearer token"


def test_what_was_pushed_counts_and_what_the_browser_adds_does_not() -> None:
    gateway = Fapi()
    name = gateway.pushed(state="pushed", nonce="pushed", acr_values="http://eidas.europa.eu/LoA/high")
    asked = gateway.visit(name, state="added", nonce="added", redirect_uri="https://evil.test/", acr_values="x")
    reply = dict(asked.question.reply)
    assert (reply["state"], reply["nonce"]) == ("pushed", "pushed")
    assert reply["redirect_uri"] == "https://portal.test/callback"
    assert asked.question.minimum_assurance.uri.endswith("high")


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("PS256", RSAKey.generate_key(2048)),
        pytest.param(
            "EdDSA", OKPKey.generate_key("Ed25519"), marks=pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
        ),
        ("Ed25519", OKPKey.generate_key("Ed25519")),
    ],
)
def test_every_algorithm_on_offer_works(algorithm: str, key: RSAKey | OKPKey) -> None:
    gateway = Fapi()
    gateway.prover = Prover(gateway, key, algorithm)
    assert isinstance(gateway.read(gateway.token()), dict)


def test_a_token_of_mutual_tls_works_with_the_certificate_it_was_given_for() -> None:
    gateway = Fapi()
    renewed = "e" * 64
    party = gateway.parties[BOUND]
    gateway.register(replace(party, oidc=replace(party.client, certificates=frozenset({BOUND_CERTIFICATE, renewed}))))

    def assertion() -> str:
        return gateway.assertion(BOUND_KEY, iss=BOUND, sub=BOUND)

    form = gateway.push_form(client_id=BOUND, redirect_uri=BOUND_CALLBACK, client_assertion=assertion())
    name = gateway.push(form, BOUND_CERTIFICATE)
    assert isinstance(name, str)
    code = handed_over(gateway, gateway.visit(name, BOUND))
    asked = gateway.token_form(code, client_assertion=assertion(), redirect_uri=BOUND_CALLBACK)
    granted = gateway.redeem(asked, BOUND_CERTIFICATE)
    assert isinstance(granted, dict), granted
    assert granted["token_type"] == "Bearer"
    token = granted["access_token"]
    assert isinstance(gateway.claims(token, BOUND_CERTIFICATE), dict)
    for certificate in (renewed, None, "f" * 64):
        assert code_of(gateway.claims(token, certificate)) == "invalid_token"


@pytest.mark.parametrize("pushes", [True, False])
def test_baseline_pushes_or_not_and_gets_a_bearer_token_for_user_info(pushes: bool) -> None:
    gateway = Fapi()
    asked = {"client_id": PLAIN, "redirect_uri": BOUND_CALLBACK}
    assertion = gateway.assertion(PLAIN_KEY, iss=PLAIN, sub=PLAIN)
    if pushes:
        begun = gateway.visit(gateway.pushed(**asked, client_assertion=assertion), PLAIN)
    else:
        begun = super(Fapi, gateway).begin(**asked)
    again = gateway.assertion(PLAIN_KEY, iss=PLAIN, sub=PLAIN)
    form = gateway.token_form(handed_over(gateway, begun), client_assertion=again, redirect_uri=BOUND_CALLBACK)
    granted = gateway.redeem(form, None)
    assert isinstance(granted, dict), granted
    assert granted["token_type"] == "Bearer"
    assert isinstance(gateway.claims(granted["access_token"], None), dict)
    assert code_of(gateway.claims(granted["access_token"], None, (), Scheme.DPOP)) == "invalid_token"
    assert code_of(gateway.claims(granted["access_token"], "f" * 64)) == "invalid_token"
    gateway.clock.move(minutes=5, seconds=1)
    assert code_of(gateway.claims(granted["access_token"], None)) == "invalid_token"


def test_t04_a_pushed_request_may_be_used_until_somebody_has_authenticated() -> None:
    gateway = Fapi()
    name = gateway.pushed()
    first, second, third = (gateway.visit(name) for _ in range(3))
    gateway.clock.move(seconds=50)
    assert isinstance(settled(gateway, second), Answered)
    assert gateway.storage.load_pushed(first.question.pushed or second.question.pushed) is None  # type: ignore[arg-type] # one of them is there
    assert isinstance(settled(gateway, first), Refused), "two people cannot both answer one question"
    assert isinstance(settled(gateway, third), Refused)
    assert gateway.storage.events[-1].name == "login.refused"


def test_t04_whoever_gives_up_may_start_again_within_the_minute() -> None:
    gateway = Fapi()
    name = gateway.pushed()
    gateway.use_cases.cancel(gateway.visit(name))
    assert isinstance(settled(gateway, gateway.visit(name)), Answered)


def test_a_nonce_is_good_for_two_to_four_minutes_and_told_to_whoever_has_none() -> None:
    gateway = Fapi()
    gateway.clock.now = gateway.clock.now.replace(minute=0, second=0)
    nonce = gateway.use_cases.nonces.current()
    for seconds, known in ((0, True), (119, True), (239, True), (240, False)):
        gateway.clock.now = gateway.clock.now.replace(minute=0, second=0) + timedelta(seconds=seconds)
        assert gateway.use_cases.nonces.knows(nonce) is known
    refused = gateway.exchange(gateway.code(), gateway.prover.proof(nonce=None))
    assert isinstance(refused, NotGranted)
    assert (refused.code, refused.status) == ("use_dpop_nonce", 400)
    assert isinstance(gateway.exchange(gateway.code()), dict)


def test_a_proof_that_comes_with_a_pushed_request_binds_the_code_to_its_key() -> None:
    gateway = Fapi()
    code = handed_over(gateway, gateway.visit(gateway.pushed(proofs=(gateway.prover.proof("par"),))))
    other = Prover(gateway, OTHER_PROOF_KEY).proof()
    assert code_of(gateway.exchange(code, other)) == "invalid_grant"
    assert isinstance(gateway.exchange(code), dict), "and the code is still whole"


def test_what_is_pushed_is_recorded_and_what_is_refused_as_well() -> None:
    gateway = Fapi()
    gateway.pushed()
    assert isinstance(gateway.push(gateway.push_form(client_assertion=None), None), NotGranted)
    assert [event.name for event in gateway.storage.events] == ["login.request-pushed", "login.push-refused"]
    assert all(event.received for event in gateway.storage.events)
