"""Negative matrix, lines Token, with T02 (every combination) and T09 (proofs at the token endpoint)."""

from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from gateway.oidc.back_channel import NotGranted
from tests.support.fapi import (
    BOUND,
    BOUND_CALLBACK,
    BOUND_CERTIFICATE,
    BOUND_KEY,
    OTHER_PROOF_KEY,
    PROOF_KEY,
    Fapi,
    code_of,
    handed_over,
)
from tests.support.gateway_parts import CALLBACK, ISSUER, OTHER, OTHER_KEY
from tests.support.proofs import Prover, b64, hash_of

PUBLIC = PROOF_KEY.as_dict(private=False)


def refused(gateway: Fapi, outcome: dict[str, Any] | NotGranted) -> str:
    assert isinstance(outcome, NotGranted), outcome
    assert gateway.storage.events[-1].name == "token.refused"
    return outcome.code


# --- codes ---


def test_neg_tok_01_code_twice_at_once() -> None:
    gateway = Fapi()
    code = gateway.code()
    sent = [(gateway.token_form(code), gateway.prover.proof()) for _ in range(20)]
    with ThreadPoolExecutor(20) as threads:
        outcomes = list(threads.map(lambda each: gateway.redeem(each[0], None, (each[1],)), sent))
    assert sum(isinstance(outcome, dict) for outcome in outcomes) == 1


def test_neg_tok_02_code_again_after_1_s_takes_the_tokens_back() -> None:
    gateway = Fapi()
    code = gateway.code()
    granted = gateway.exchange(code)
    assert isinstance(granted, dict)
    gateway.clock.move(seconds=1)
    assert refused(gateway, gateway.exchange(code)) == "invalid_grant"
    assert code_of(gateway.read(granted["access_token"])) == "invalid_token"


def test_neg_tok_03_code_after_expiry() -> None:
    gateway = Fapi()
    code = gateway.code()
    gateway.clock.move(seconds=61)
    assert refused(gateway, gateway.exchange(code)) == "invalid_grant"


def test_neg_tok_04_code_of_another_client() -> None:
    gateway = Fapi()
    code = gateway.code()
    assertion = gateway.assertion(OTHER_KEY, {"kid": "other-1"}, iss=OTHER, sub=OTHER)
    assert refused(gateway, gateway.exchange(code, client_assertion=assertion)) == "invalid_grant"
    assert isinstance(gateway.exchange(code), dict), "and the code is still whole"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        pytest.param({"redirect_uri": "https://other.test/callback"}, "invalid_grant", id="NEG-TOK-05"),
        pytest.param({"redirect_uri": f"{CALLBACK}?x=1"}, "invalid_grant", id="NEG-TOK-05-query"),
        pytest.param({"redirect_uri": None}, "invalid_grant", id="NEG-TOK-05-missing"),
        pytest.param({"code_verifier": "w" * 43}, "invalid_grant", id="NEG-TOK-06"),
        pytest.param({"code_verifier": "v" * 44}, "invalid_grant", id="NEG-TOK-06-longer"),
        pytest.param({"code_verifier": None}, "invalid_request", id="NEG-TOK-07"),
        pytest.param({"client_id": OTHER}, "invalid_client", id="NEG-TOK-08-other"),
        pytest.param({"client_id": None, "client_assertion": None}, "invalid_client", id="NEG-TOK-08"),
    ],
)
def test_code_refused_and_still_whole(changed: dict[str, str | None], code: str) -> None:
    gateway = Fapi()
    value = gateway.code()
    assert refused(gateway, gateway.exchange(value, **changed)) == code
    assert isinstance(gateway.exchange(value), dict)


@pytest.mark.parametrize("certificate", [None, "f" * 64, "a" * 64, BOUND_CERTIFICATE.upper()])
def test_neg_tok_09_other_certificate(certificate: str | None) -> None:
    gateway = Fapi()

    def assertion() -> str:
        return gateway.assertion(BOUND_KEY, iss=BOUND, sub=BOUND)

    form = gateway.push_form(client_id=BOUND, redirect_uri=BOUND_CALLBACK, client_assertion=assertion())
    name = gateway.push(form, BOUND_CERTIFICATE)
    assert isinstance(name, str)
    code = handed_over(gateway, gateway.visit(name, BOUND))

    def redeem(presented: str | None) -> dict[str, Any] | NotGranted:
        asked = gateway.token_form(code, client_assertion=assertion(), redirect_uri=BOUND_CALLBACK)
        return gateway.redeem(asked, presented)

    assert refused(gateway, redeem(certificate)) == "invalid_client"
    assert isinstance(redeem(BOUND_CERTIFICATE), dict)


# --- proofs: T09 ---


def test_neg_tok_10_mismatched_dpop_jkt() -> None:
    gateway = Fapi()
    code = gateway.code(dpop_jkt=Prover(gateway, OTHER_PROOF_KEY).thumbprint)
    assert refused(gateway, gateway.exchange(code)) == "invalid_grant"
    push = gateway.push(
        gateway.push_form(dpop_jkt=Prover(gateway, OTHER_PROOF_KEY).thumbprint), None, (gateway.prover.proof("par"),)
    )
    assert code_of(push) == "invalid_request"


def test_neg_tok_10_dpop_jkt_that_is_none() -> None:
    for value in ("short", "x" * 44, "+" * 43):
        assert code_of(Fapi().push(Fapi().push_form(dpop_jkt=value), None)) == "invalid_request"


def test_neg_tok_11_mismatched_proof_key() -> None:
    gateway = Fapi()
    code = gateway.code(dpop_jkt=gateway.prover.thumbprint)
    stolen = Prover(gateway, OTHER_PROOF_KEY)
    assert refused(gateway, gateway.exchange(code, stolen.proof())) == "invalid_grant"
    assert refused(gateway, gateway.exchange(code, stolen.proof(header={"jwk": PUBLIC}))) == "invalid_dpop_proof"
    assert isinstance(gateway.exchange(code), dict)


PROOFS: list[Any] = [
    pytest.param({"method": "GET"}, id="NEG-TOK-12"),
    pytest.param({"htm": "post"}, id="NEG-TOK-12-case"),
    pytest.param({"htm": None}, id="NEG-TOK-12-missing"),
    pytest.param({"htu": f"{ISSUER}/oidc/userinfo"}, id="NEG-TOK-13"),
    pytest.param({"htu": "https://evil.test/oidc/token"}, id="NEG-TOK-13-host"),
    pytest.param({"htu": "https://mtls.gateway.test/oidc/token"}, id="NEG-TOK-13-port"),
    pytest.param({"htu": "http://gateway.test/oidc/token"}, id="NEG-TOK-13-http"),
    pytest.param({"htu": "https://gateway.test:bad/oidc/token"}, id="NEG-TOK-13-broken"),
    pytest.param({"htu": "https://x@gateway.test/oidc/token"}, id="NEG-TOK-13-userinfo"),
    pytest.param({"htu": ["https://gateway.test/oidc/token"]}, id="NEG-TOK-13-array"),
    pytest.param({"htu": None}, id="NEG-TOK-13-missing"),
    pytest.param({"iat": 61}, id="NEG-TOK-15"),
    pytest.param({"iat": -61}, id="NEG-TOK-15-ahead"),
    pytest.param({"iat": None}, id="NEG-TOK-15-missing"),
    pytest.param({"jti": None}, id="NEG-TOK-16-missing"),
    pytest.param({"jti": "short"}, id="NEG-TOK-16-short"),
    pytest.param({"header": {"alg": "HS256", "jwk": {"kty": "oct", "k": "AAAA"}}}, id="NEG-TOK-17"),
    pytest.param({"header": {"jwk": {"kty": "oct", "k": "AAAA"}}}, id="NEG-TOK-17-es256"),
    pytest.param({"header": {"alg": "HS256"}}, id="NEG-TOK-17-public"),
    pytest.param({"header": {"jwk": PROOF_KEY.as_dict(private=True)}}, id="NEG-TOK-18"),
    pytest.param({"header": {"jwk": {**PUBLIC, "d": ""}}}, id="NEG-TOK-18-empty"),
    pytest.param({"header": {"typ": "JWT"}}, id="NEG-TOK-17-typ"),
    pytest.param({"header": {"typ": None}}, id="NEG-TOK-17-no-typ"),
    pytest.param({"header": {"alg": "none"}}, id="NEG-TOK-17-none"),
    pytest.param({"header": {"alg": "RS256"}}, id="NEG-TOK-17-rs256"),
    pytest.param({"header": {"jwk": None}}, id="NEG-TOK-17-no-jwk"),
    pytest.param({"header": {"jwk": {**PUBLIC, "crv": "P-384"}}}, id="NEG-TOK-17-curve"),
    pytest.param({"header": {"jwk": {**PUBLIC, "x": 1}}}, id="NEG-TOK-17-number"),
    pytest.param({"header": {"jwk": {**PUBLIC, "x5u": "https://evil.test/"}}}, id="NEG-TOK-17-x5u"),
    pytest.param({"header": {"kid": "x"}}, id="NEG-TOK-17-kid"),
    pytest.param({"header": {"crit": ["b64"], "b64": False}}, id="NEG-TOK-17-crit"),
    pytest.param({"header": {"jku": "https://evil.test/"}}, id="NEG-TOK-17-jku"),
    pytest.param({"header": {"jwk": OTHER_PROOF_KEY.as_dict(private=False)}}, id="NEG-TOK-11-jwk"),
]


def made(gateway: Fapi, changed: dict[str, Any]) -> str:
    if isinstance(changed.get("iat"), int):
        changed = {**changed, "iat": int(gateway.clock().timestamp()) - changed["iat"]}
    if changed.get("header", {}).get("alg") in {"HS256", "RS256"}:
        key: Any = OctKey.generate_key(256) if changed["header"]["alg"] == "HS256" else RSAKey.generate_key(2048)
        return Prover(gateway, key).proof(**{**changed, "header": {"jwk": PUBLIC, **changed["header"]}})
    return gateway.prover.proof(**changed)


@pytest.mark.parametrize("changed", PROOFS)
def test_t09_proof_refused(changed: dict[str, Any]) -> None:
    gateway = Fapi()
    code = gateway.code()
    assert refused(gateway, gateway.exchange(code, made(gateway, changed))) == "invalid_dpop_proof"
    assert isinstance(gateway.exchange(code), dict), "and the code is still whole"
    assert code_of(gateway.push(gateway.push_form(), None, (made(gateway, changed),))) == "invalid_dpop_proof"


def test_t09_there_are_at_least_fourteen_cases() -> None:
    assert len(PROOFS) >= 14


@pytest.mark.parametrize("bits", [1024, 4352])
def test_neg_tok_17_a_key_too_small_or_too_large(bits: int) -> None:
    gateway = Fapi()
    modulus = b64((1 << (bits - 1) | 1).to_bytes(bits // 8))
    proof = gateway.prover.proof(header={"alg": "PS256", "jwk": {"kty": "RSA", "e": "AQAB", "n": modulus}}, signs=False)
    outcome = gateway.exchange(gateway.code(), proof)
    assert isinstance(outcome, NotGranted)
    assert (outcome.code, outcome.description) == ("invalid_dpop_proof", "jwk is no key for PS256")


def test_neg_tok_17_another_curve() -> None:
    gateway = Fapi()
    for key in (ECKey.generate_key("P-384"), OKPKey.generate_key("Ed448")):
        proof = gateway.prover.proof(header={"jwk": key.as_dict(private=False)})
        assert refused(gateway, gateway.exchange(gateway.code(), proof)) == "invalid_dpop_proof"


def test_neg_tok_14_wrong_ath() -> None:
    gateway = Fapi()
    token = gateway.token()
    for ath in (None, hash_of("another"), token, [hash_of(token)]):
        proof = gateway.prover.proof("userinfo", method="GET", ath=ath)
        assert code_of(gateway.read(token, proof)) == "invalid_dpop_proof"
        assert gateway.storage.events[-1].name == "token.claims-read"
    assert isinstance(gateway.read(token), dict)


def test_neg_tok_16_jti_used_before() -> None:
    gateway = Fapi()
    proof = gateway.prover.proof()
    assert isinstance(gateway.exchange(gateway.code(), proof), dict)
    assert refused(gateway, gateway.exchange(gateway.code(), proof)) == "invalid_dpop_proof"
    token = gateway.token()
    read = gateway.prover.proof("userinfo", method="GET", ath=hash_of(token))
    assert isinstance(gateway.read(token, read), dict)
    assert code_of(gateway.read(token, read)) == "invalid_dpop_proof"


def test_t09_one_proof_in_one_header_and_none_for_whoever_is_not_registered() -> None:
    gateway = Fapi()
    code, proof = gateway.code(), gateway.prover.proof()
    assert code_of(gateway.redeem(gateway.token_form(code), None)) == "invalid_dpop_proof"
    assert code_of(gateway.redeem(gateway.token_form(code), None, (proof, proof))) == "invalid_dpop_proof"
    bound = gateway.token_form(code, client_assertion=gateway.assertion(BOUND_KEY, iss=BOUND, sub=BOUND))
    assert code_of(gateway.redeem(bound, BOUND_CERTIFICATE, (proof,))) == "invalid_dpop_proof"


@pytest.mark.parametrize("nonce", [None, "", "x" * 43, 7, ["x"], "ā" * 43])
def test_t09_a_proof_needs_our_nonce(nonce: object) -> None:
    gateway = Fapi()
    assert code_of(gateway.exchange(gateway.code(), gateway.prover.proof(nonce=nonce))) == "use_dpop_nonce"


@pytest.mark.parametrize(
    "htu",
    ["HTTPS://GATEWAY.test/oidc/token", f"{ISSUER}:443/oidc/token", f"{ISSUER}/oidc/token?x#y"],
)
def test_rfc_9449_4_3_an_address_that_means_the_same_is_accepted(htu: str) -> None:
    gateway = Fapi()
    assert isinstance(gateway.exchange(gateway.code(), gateway.prover.proof(htu=htu)), dict)


# --- T02: every combination ---

CHALLENGES = (Ellipsis, None, "", "v" * 43, "short", "=" * 43)
METHODS = (Ellipsis, None, "plain", "s256", "")
REDIRECTS = (Ellipsis, None, "https://other.test/callback")


def test_t02_of_every_combination_at_par_the_good_one_is_accepted() -> None:
    gateway = Fapi()
    accepted = []
    for combination in product(CHALLENGES, METHODS, REDIRECTS):
        names = ("code_challenge", "code_challenge_method", "redirect_uri")
        changed = {name: value for name, value in zip(names, combination, strict=True) if value is not Ellipsis}
        if isinstance(gateway.push(gateway.push_form(**changed), None), str):
            accepted.append(combination)
    # A challenge is the hash of something: 43 letters whatever they are; none but its verifier will redeem the code.
    assert accepted == [(Ellipsis, Ellipsis, Ellipsis), ("v" * 43, Ellipsis, Ellipsis)]


def test_t02_of_every_combination_at_token_the_good_one_is_accepted() -> None:
    gateway = Fapi()
    code = gateway.code(dpop_jkt=gateway.prover.thumbprint)
    other = gateway.parties[OTHER].client.redirect_uris
    accepted = 0
    grants = (Ellipsis, None, "password", "refresh_token")
    verifiers = (Ellipsis, None, "w" * 43, "plain")
    redirects = (Ellipsis, None, *other)
    senders = ("portal", "other")
    keys = (PROOF_KEY, OTHER_PROOF_KEY)
    good = (Ellipsis, Ellipsis, Ellipsis, "portal", PROOF_KEY)
    combinations = [each for each in product(grants, verifiers, redirects, senders, keys) if each != good]
    for grant, verifier, redirect, sender, key in [*combinations, good]:
        named = {"grant_type": grant, "code_verifier": verifier, "redirect_uri": redirect}
        changed: dict[str, Any] = {name: value for name, value in named.items() if value is not Ellipsis}
        if sender == "other":
            changed["client_assertion"] = gateway.assertion(OTHER_KEY, {"kid": "other-1"}, iss=OTHER, sub=OTHER)
        accepted += isinstance(gateway.exchange(code, Prover(gateway, key).proof(), **changed), dict)
    assert accepted == 1, "the last one, and nothing before it has touched the code"


def test_t02_a_verifier_for_a_request_without_challenge_cannot_exist() -> None:
    assert code_of(Fapi().push(Fapi().push_form(code_challenge=None, code_challenge_method=None), None)) != ""
