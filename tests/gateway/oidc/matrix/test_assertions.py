"""Negative matrix, lines Assertion, and T07: each mutation at every endpoint that takes an assertion."""

import hmac
from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from gateway.oidc.back_channel import NotGranted
from tests.support.fapi import Fapi
from tests.support.gateway_parts import ISSUER, OTHER, OTHER_KEY, PORTAL_KEY
from tests.support.proofs import b64

ENDPOINTS = ("par", "token", "revoke", "introspect")


def send(gateway: Fapi, endpoint: str, assertion: str | None) -> str:
    """Send an otherwise good request; give the error code, empty where it is accepted."""
    if endpoint == "par":
        outcome = gateway.push(gateway.push_form(client_assertion=assertion), None)
        assert gateway.storage.events[-1].name in {"login.request-pushed", "login.push-refused"}
    elif endpoint in {"revoke", "introspect"}:
        form = gateway.care_form(gateway.token(), client_assertion=assertion)
        outcome = gateway.revoke(form) if endpoint == "revoke" else gateway.inspect(form)  # type: ignore[assignment] # as below
        assert gateway.storage.events[-1].name in {"token.revoked", "token.inspected", "token.refused"}
    else:
        outcome = gateway.exchange(gateway.code(), client_assertion=assertion)  # type: ignore[assignment] # both refuse alike
        assert gateway.storage.events[-1].name in {"token.issued", "token.refused"}
    return outcome.code if isinstance(outcome, NotGranted) else ""


def now(gateway: Fapi, seconds: int = 0) -> int:
    return int(gateway.clock().timestamp()) + seconds


def with_header(header: str) -> Callable[[Fapi], str]:
    return lambda gateway: f"{b64(header.encode())}.{gateway.assertion().split('.')[1]}."


def hs256_with_the_public_key(gateway: Fapi) -> str:
    header = b64(b'{"alg":"HS256","kid":"portal-1"}')
    content = f"{header}.{gateway.assertion().split('.')[1]}"
    return f"{content}.{b64(hmac.digest(PORTAL_KEY.as_pem(private=False), content.encode(), 'sha256'))}"


MUTATIONS: list[Any] = [
    pytest.param(lambda gateway: gateway.assertion(aud=[ISSUER]), id="NEG-ASR-01"),
    pytest.param(lambda gateway: gateway.assertion(aud=[ISSUER, "https://evil.test"]), id="NEG-ASR-01-two"),
    pytest.param(lambda gateway: gateway.assertion(aud=f"{ISSUER}/oidc/par"), id="NEG-ASR-02"),
    pytest.param(lambda gateway: gateway.assertion(aud=f"{ISSUER}/oidc/token"), id="NEG-ASR-03"),
    pytest.param(lambda gateway: gateway.assertion(aud="https://mtls.gateway.test/oidc/token"), id="NEG-ASR-03-mtls"),
    pytest.param(lambda gateway: gateway.assertion(aud=f"{ISSUER}/"), id="NEG-ASR-03-slash"),
    pytest.param(lambda gateway: gateway.assertion(aud=None), id="NEG-ASR-03-missing"),
    pytest.param(lambda gateway: gateway.assertion(RSAKey.generate_key(2048), {"alg": "RS256"}), id="NEG-ASR-04"),
    pytest.param(with_header('{"alg":"none"}'), id="NEG-ASR-05"),
    pytest.param(with_header('{"alg":"none","kid":"portal-1"}'), id="NEG-ASR-05-kid"),
    pytest.param(with_header('{"alg":"ES256","kid":"portal-1"}'), id="NEG-ASR-05-no-signature"),
    pytest.param(hs256_with_the_public_key, id="NEG-ASR-06"),
    pytest.param(lambda gateway: gateway.assertion(exp=now(gateway, -300), iat=now(gateway, -360)), id="NEG-ASR-07"),
    pytest.param(lambda gateway: gateway.assertion(exp=None), id="NEG-ASR-07-missing"),
    pytest.param(lambda gateway: gateway.assertion(exp=now(gateway, 320)), id="NEG-ASR-07-too-far"),
    pytest.param(lambda gateway: gateway.assertion(sub=None), id="NEG-ASR-08"),
    pytest.param(lambda gateway: gateway.assertion(sub=OTHER), id="NEG-ASR-09"),
    pytest.param(lambda gateway: gateway.assertion(iss=OTHER), id="NEG-ASR-09-iss"),
    pytest.param(lambda gateway: gateway.assertion(jti=None), id="NEG-ASR-10-missing"),
    pytest.param(lambda gateway: gateway.assertion(jti="short"), id="NEG-ASR-10-short"),
    pytest.param(lambda gateway: gateway.assertion(iat=now(gateway, 61)), id="NEG-ASR-12"),
    pytest.param(lambda gateway: gateway.assertion(nbf=now(gateway, 61)), id="NEG-ASR-12-nbf"),
    pytest.param(lambda gateway: gateway.assertion(OTHER_KEY), id="NEG-PAR-02-signature"),
    pytest.param(lambda _gateway: None, id="NEG-ASR-13"),
]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("make", MUTATIONS)
def test_t07_mutated_assertion_refused(endpoint: str, make: Callable[[Fapi], str | None]) -> None:
    gateway = Fapi()
    assert send(gateway, endpoint, make(gateway)) == "invalid_client"


def test_t07_there_are_at_least_twelve_mutations() -> None:
    assert len(MUTATIONS) >= 12


@pytest.mark.parametrize("second", ENDPOINTS)
@pytest.mark.parametrize("first", ENDPOINTS)
def test_neg_asr_10_a_jti_is_used_once_whatever_the_endpoint(first: str, second: str) -> None:
    gateway = Fapi()
    assertion = gateway.assertion()
    assert send(gateway, first, assertion) == ""
    assert send(gateway, second, assertion) == "invalid_client"


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_neg_asr_11_eight_seconds_ahead(endpoint: str, name: str) -> None:
    gateway = Fapi()
    assert send(gateway, endpoint, gateway.assertion(**{name: now(gateway, 8)})) == ""


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_assertion_may_name_the_client_alone(endpoint: str) -> None:
    """RFC 7521 4.2: ``client_id`` is optional beside an assertion; a pushed request holds it for another reason."""
    gateway = Fapi()
    if endpoint in {"revoke", "introspect"}:
        outcome = gateway.inspect(gateway.care_form(gateway.token(), client_id=None))
        assert not isinstance(outcome, NotGranted)
    elif endpoint == "token":
        assert isinstance(gateway.exchange(gateway.code(), client_id=None), dict)
    else:
        outcome = gateway.push(gateway.push_form(client_id=None), None)  # type: ignore[assignment] # another answer
        assert isinstance(outcome, NotGranted)
        assert outcome.code == "invalid_request"
