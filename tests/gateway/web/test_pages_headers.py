"""The headers of every answer, and the files that pages load."""

import gzip
from time import perf_counter

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from gateway.web.assets import asset_addresses, assets
from gateway.web.headers import set_security_headers

NONCE = "c2l4dGVlbiBvciBtb3Jl"


def answered(*, form_action: tuple[str, ...] = (), script_nonce: str | None = None) -> Response:
    response = Response("page")
    set_security_headers(response, form_action=form_action, script_nonce=script_nonce)
    return response


def test_a_page_allows_nothing_that_it_does_not_need() -> None:
    """T16: no unsafe-inline, nobody frames it, forms lead only to the gateway itself."""
    assert answered().headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "form-action 'self'"
    )


def test_a_departure_allows_its_bank_and_its_own_script_only() -> None:
    policy = answered(form_action=("https://bank.example:9443",), script_nonce=NONCE).headers["Content-Security-Policy"]
    assert policy.endswith(f"form-action 'self' https://bank.example:9443; script-src 'nonce-{NONCE}'")
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    "origin",
    [
        "http://bank.example",
        "https://bank.example/",
        "https://bank.example; script-src *",
        "https://bank.example https://evil.example",
        "https://bank.example\r\nSet-Cookie: a=b",
        "https://bank.example\n",
        "*",
        "",
    ],
)
def test_an_origin_that_could_change_the_policy_is_refused(origin: str) -> None:
    with pytest.raises(ValueError, match="no https origin"):
        answered(form_action=(origin,))


@pytest.mark.parametrize("nonce", ["", "short", "c2l4dGVlbiBvciBtb3Jl' 'unsafe-inline", "c2l4dGVlbiBvciBtb3Jl\n"])
def test_a_nonce_that_could_change_the_policy_is_refused(nonce: str) -> None:
    with pytest.raises(ValueError, match="nonce"):
        answered(script_nonce=nonce)


def test_every_answer_has_the_other_headers_and_is_not_stored() -> None:
    """T17: no shared cache keeps a page."""
    headers = answered().headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Vary"] == "Cookie"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Strict-Transport-Security"].startswith("max-age=")
    assert "camera=()" in headers["Permissions-Policy"]


def test_an_answer_that_says_how_it_may_be_cached_keeps_what_it_says() -> None:
    response = Response("keys", headers={"Cache-Control": "public, max-age=300"})
    set_security_headers(response)
    assert response.headers["Cache-Control"] == "public, max-age=300"
    assert "Vary" not in response.headers


def test_headers_are_cheap() -> None:
    """About 10 µs; a tenth of a millisecond is what a loaded machine may need."""
    assert min(_seconds() for _ in range(50)) < 100e-6


def _seconds() -> float:
    response = Response("page")
    began = perf_counter()
    set_security_headers(response, form_action=("https://bank.example",), script_nonce=NONCE)
    return perf_counter() - began


@pytest.fixture
def client() -> FlaskClient:
    app = Flask(__name__)
    app.register_blueprint(assets)
    return app.test_client()


def test_pages_load_two_stylesheets_an_icon_and_the_cards_script_from_our_own_origin() -> None:
    assert set(asset_addresses()) == {"bootstrap.min.css", "gateway.css", "icon.svg", "web_eid.js"}


@pytest.mark.parametrize("name", ["bootstrap.min.css", "gateway.css", "icon.svg", "web_eid.js"])
def test_an_asset_is_kept_for_ever_and_compressed_for_whoever_accepts_it(client: FlaskClient, name: str) -> None:
    address = asset_addresses()[name]
    plain = client.get(address)
    small = client.get(address, headers={"Accept-Encoding": "gzip, br"})
    assert plain.status_code == small.status_code == 200
    assert "immutable" in plain.headers["Cache-Control"]
    assert plain.headers["Vary"] == "Accept-Encoding"
    assert plain.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.data) == plain.data


@pytest.mark.parametrize("name", ["gateway.css", "gateway.000000000000.css", "..%2fapp.py", "bootstrap.min.css.map"])
def test_nothing_else_can_be_had_under_assets(client: FlaskClient, name: str) -> None:
    assert client.get(f"/assets/{name}").status_code == 404


def test_the_own_stylesheet_loads_nothing_and_overrides_by_force_nowhere(client: FlaskClient) -> None:
    css = client.get(asset_addresses()["gateway.css"]).text
    assert "url(" not in css
    assert "@import" not in css
    assert "!important" not in css
