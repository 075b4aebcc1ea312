"""Every route: says who may enter, carries the security headers, never caches, answers POST with 303 (T06, T16, T17)."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from gateway.provider_directory import ProviderDirectory
from gateway.web.access import Access, access_of, may_enter, refuse_undeclared
from gateway.web.app import Gateway, create_card_app, create_mutual_tls_app, create_public_app
from tests.support.gateway_parts import ADDRESSES, query
from tests.support.saml_portal import SamlPortal

CARDS = "https://cards.gw.example"
CACHEABLE = {
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/oidc/jwks",
    "/saml/metadata",
    "/assets/<name>",
}


def apps() -> dict[str, Flask]:
    portal = SamlPortal()
    gateway = Gateway(
        use_cases=portal.core.use_cases,
        directory=ProviderDirectory([]),
        saml=portal.desk,
        problems=list,
        close=lambda: None,
    )
    return {
        ADDRESSES.issuer: create_public_app(gateway),
        ADDRESSES.mutual_tls: create_mutual_tls_app(gateway),
        CARDS: create_card_app(gateway, CARDS),
    }


def every_route() -> Iterator[tuple[str, str, str]]:
    for base, app in apps().items():
        for rule in app.url_map.iter_rules():
            for method in sorted(rule.methods or set()):
                yield base, method, rule.rule


def call(base: str, method: str, path: str) -> TestResponse:
    return apps()[base].test_client().open(path, method=method, base_url=base)


def filled(rule: str) -> str:
    return re.sub(r"<[^>]+>", "unheard-of", rule)


@pytest.mark.parametrize(("base", "method", "rule"), list(every_route()))
def test_every_route_carries_the_security_headers(base: str, method: str, rule: str) -> None:
    response = call(base, method, filled(rule))
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "max-age=" in response.headers["Strict-Transport-Security"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(("base", "method", "rule"), list(every_route()))
def test_t17_no_dynamic_answer_is_kept_by_a_cache(base: str, method: str, rule: str) -> None:
    if rule in CACHEABLE:
        return
    response = call(base, method, filled(rule))
    assert response.headers["Cache-Control"] == "no-store"
    assert "Cookie" in response.headers["Vary"]


@pytest.mark.parametrize(("base", "method", "rule"), list(every_route()))
def test_t06_no_route_redirects_so_that_a_form_is_posted_again(base: str, method: str, rule: str) -> None:
    assert call(base, method, filled(rule)).status_code not in {301, 302, 307, 308}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
@pytest.mark.parametrize(
    "path", ["/return//bank", "//return/bank", "/login//x", "/oidc//authorize", "/oidc/jwks/", "//"]
)
def test_t06_an_address_written_otherwise_is_not_redirected(method: str, path: str) -> None:
    """A doubled slash in a bank's settings would send its answer around with 308."""
    answer = call(ADDRESSES.issuer, method, path)
    assert answer.status_code in {404, 405}
    assert "Location" not in answer.headers


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "NONSENSE"])
@pytest.mark.parametrize("path", ["/oidc/authorize", "/oidc/token", "/return/bank", "/healthz", "/unheard-of"])
def test_t16_an_unheard_of_method_is_refused_with_the_headers(method: str, path: str) -> None:
    for base in (ADDRESSES.issuer, ADDRESSES.mutual_tls):
        answer = call(base, method, path)
        assert answer.status_code in {404, 405}
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(("base", "method", "rule"), list(every_route()))
def test_t61_a_foreign_host_is_refused_and_never_echoed(base: str, method: str, rule: str) -> None:
    response = apps()[base].test_client().open(filled(rule), method=method, base_url="https://evil.test")
    assert response.status_code == 421
    assert b"evil.test" not in response.data
    assert "evil.test" not in str(response.headers)


def test_every_view_declares_who_may_enter() -> None:
    for app in apps().values():
        assert all(access_of(view) for view in app.view_functions.values())


def test_an_undeclared_view_stops_the_start() -> None:
    app = Flask("planted", static_folder=None)
    app.add_url_rule("/open", "forgotten", lambda: "")
    with pytest.raises(LookupError, match="forgotten"):
        refuse_undeclared(app)


def test_each_port_has_only_its_own_routes() -> None:
    public, mutual, cards = (routes(app) for app in apps().values())
    shared = {"/oidc/par", "/oidc/token", "/oidc/revoke", "/oidc/introspect", "/oidc/userinfo", "/healthz", "/readyz"}
    assert mutual == shared
    assert public & mutual == shared
    assert cards == {"/return/<provider>", "/assets/<name>", "/healthz", "/readyz"}


def routes(app: Flask) -> set[str]:
    return {rule.rule for rule in app.url_map.iter_rules() if isinstance(rule, Rule)}


def test_a_login_is_another_browsers_business() -> None:
    """T14: without the cookie of the browser that began it, a login cannot be seen, chosen for, ended or finished."""
    app = apps()[ADDRESSES.issuer]
    first, second = app.test_client(), app.test_client()
    started = first.get("/oidc/authorize", query_string=query().decode(), base_url=ADDRESSES.issuer)
    assert started.status_code == 303
    login = started.headers["Location"]
    assert first.get(login, base_url=ADDRESSES.issuer).status_code == 200
    assert second.get(login, base_url=ADDRESSES.issuer).status_code == 404
    for step in ("choose", "cancel", "again", "forget"):
        assert second.post(f"{login}/{step}", base_url=ADDRESSES.issuer).status_code == 404


def test_the_declaration_is_kept_on_the_view() -> None:
    @may_enter(Access.ANYONE)
    def view() -> str:
        return ""

    assert access_of(view) is Access.ANYONE
