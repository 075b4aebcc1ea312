"""Nobody makes the gateway call an address (T12): URLs in requests are compared with registered ones, never followed."""

import base64
import json
import secrets
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from flask import Flask
from joserfc.jwk import ECKey

from gateway.provider_directory import ProviderDirectory
from gateway.web.app import Gateway, create_public_app
from tests.support.fapi import ASSERTION_TYPE, Fapi
from tests.support.gateway_parts import CALLBACK, ISSUER, PORTAL, PORTAL_KEY, query
from tests.support.proofs import Prover, signed

ADDRESSES: Final = (
    "http://127.0.0.1:1/",
    "https://127.0.0.1/keys.json",
    "https://localhost:8443/oidc/jwks",
    "http://[::1]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2130706433/",
    "http://0x7f.1/",
    "https://10.0.0.1/metadata.xml",
    "https://internal.test@attacker.test/",
    "https://attacker.test/request.jwt#sha256",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "ftp://127.0.0.1/",
    "//attacker.test/",
    "https://attacker.test/\r\nHost: internal.test",
    "data:application/json,{}",
)
IN_QUESTIONS: Final = (
    "request_uri", "request", "redirect_uri", "registration", "client_uri", "logo_uri", "jwks_uri", "policy_uri",
    "sector_identifier_uri", "login_hint", "id_token_hint", "claims", "acr_values", "provider", "ui_locales",
    "post_logout_redirect_uri", "resource", "client_id", "initiate_login_uri",
)  # fmt: skip
IN_HEADERS: Final = ("jku", "x5u", "jwk", "kid", "x5c", "cty")
LOOKED_AT: Final = frozenset({"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "open"})

_calls: list[tuple[str, Any]] = []
_watching = False


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching and event in LOOKED_AT and (event != "open" or str(arguments[0]).startswith("/etc/pass")):
        _calls.append((event, arguments))


sys.addaudithook(_watch)


@contextmanager
def counted_calls() -> Iterator[list[tuple[str, Any]]]:
    """Every connection, look-up of a name and reading of a foreign file that the interpreter begins meanwhile."""
    global _watching  # noqa: PLW0603 - an audit hook stays for the life of the process
    _calls.clear()
    _watching = True
    try:
        yield _calls
    finally:
        _watching = False


@pytest.fixture(scope="module")
def fapi() -> Fapi:
    return Fapi()


@pytest.fixture(scope="module")
def app(fapi: Fapi) -> Flask:
    gateway = Gateway(use_cases=fapi.use_cases, directory=ProviderDirectory([]), problems=list, close=lambda: None)
    return create_public_app(gateway)


def test_the_count_sees_a_connection_and_a_name() -> None:
    with counted_calls() as calls, socket.socket() as line:
        assert line.connect_ex(("127.0.0.1", 1)) != 0
        socket.getaddrinfo("localhost", 1)
    assert {event for event, _ in calls} == {"socket.connect", "socket.getaddrinfo"}


@pytest.mark.parametrize("address", ADDRESSES)
def test_t12_no_address_in_a_request_is_ever_called(app: Flask, fapi: Fapi, address: str) -> None:
    browser = app.test_client()
    forms = list(_forms(fapi, address))
    with counted_calls() as calls:
        for name in IN_QUESTIONS:
            sent = query(**{name: address}).decode()
            browser.get(f"/oidc/authorize?{sent}", base_url=ISSUER)
            browser.post(
                "/oidc/authorize", data=sent, base_url=ISSUER, content_type="application/x-www-form-urlencoded"
            )
            browser.get(f"/oidc/logout?{urlencode({name: address})}", base_url=ISSUER)
        for path, form, headers in forms:
            answer = browser.post(path, data=form, headers=headers, base_url=ISSUER)
            assert answer.status_code in {201, 400, 401}
    assert calls == []


def _forms(fapi: Fapi, address: str) -> Iterator[tuple[str, dict[str, str], dict[str, str]]]:
    """Requests of relying parties' servers with the address in their parameters, assertions and proofs."""
    for name in IN_QUESTIONS:
        yield "/oidc/par", {**_pushed(fapi), name: address}, {}
        yield "/oidc/token", {**_token(fapi), name: address}, {}
    for name in IN_HEADERS:
        assertion = _assertion(fapi, {name: address})
        yield "/oidc/token", {**_token(fapi), "client_assertion": assertion}, {}
        yield "/oidc/par", {**_pushed(fapi), "client_assertion": assertion}, {}
        proof = Prover(fapi, ECKey.generate_key("P-256")).proof(header={name: address})
        yield "/oidc/token", _token(fapi), {"DPoP": proof}
    userinfo = {"Authorization": f"Bearer {base64.urlsafe_b64encode(address.encode()).decode()}"}
    yield "/oidc/userinfo", {"access_token": address}, userinfo


def _pushed(fapi: Fapi) -> dict[str, str]:
    return {
        "client_id": PORTAL,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": fapi.assertion(),
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "openid",
        "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
    }


def _token(fapi: Fapi) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": "no such code",
        "redirect_uri": CALLBACK,
        "code_verifier": "v" * 43,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": fapi.assertion(),
    }


def _assertion(fapi: Fapi, header: dict[str, str]) -> str:
    now = int(fapi.clock().timestamp())
    claims = {
        "iss": PORTAL,
        "sub": PORTAL,
        "aud": ISSUER,
        "iat": now,
        "exp": now + 60,
        "jti": secrets.token_urlsafe(16),
    }
    return signed({"alg": "ES256", "kid": "portal-1", **header}, json.dumps(claims).encode(), PORTAL_KEY)
