"""What the portal asks, how it proves who it is, and how often it looks up keys (security.md T07, T13)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from joserfc.jwk import ECKey

from portals.auctions.app import close_app, create_app
from portals.errors import GatewayMisconfigured, IdTokenRejected
from portals.gateway_directory import GatewayDirectory, parse_metadata, parse_signing_keys
from portals.settings import PortalSettings, read_settings
from tests.portals.browser import Visitor
from tests.portals.conftest import TestClock
from tests.portals.gateway_double import CLIENT_ID, GatewayDouble, json_answer
from tests.portals.pki import Authority


def test_the_question_is_a_code_flow_with_pkce_bound_to_the_browser(visitor: Visitor) -> None:
    question = visitor.leave_for_gateway()
    assert {name: question[name] for name in ("response_type", "client_id", "redirect_uri", "scope")} == {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": "https://localhost:7443/callback",
        "scope": "openid identity",
    }
    assert question["code_challenge_method"] == "S256"
    assert question["ui_locales"] == "lv"
    assert all(len(question[name]) >= 22 for name in ("state", "nonce", "code_challenge"))
    assert len(question["nonce"]) <= 64


def test_the_language_and_a_provider_travel_to_the_gateway(visitor: Visitor) -> None:
    question = visitor.leave_for_gateway("/sign-in?lang=en&provider=mock-bank")
    assert (question["ui_locales"], question["provider"]) == ("en", "mock-bank")


@pytest.mark.parametrize("provider", ["", "../x", "A", "x" * 80, "a%20b", "a&prompt=none"])
def test_only_an_identifier_is_passed_on_as_a_provider(visitor: Visitor, provider: str) -> None:
    question = visitor.leave_for_gateway(f"/sign-in?provider={provider}")
    assert question.get("provider", "a") == "a"
    assert "prompt" not in question


def test_the_client_assertion_is_for_the_issuer_short_and_never_the_same(
    app: Flask, visitor: Visitor, gateway: GatewayDouble
) -> None:
    visitor.sign_in()
    Visitor(app, gateway).sign_in()
    (header, claims), (_, later) = gateway.assertions
    assert header == {"alg": "ES256", "kid": "auctions-1", "typ": "JWT"}
    assert (claims["iss"], claims["sub"], claims["aud"]) == (CLIENT_ID, CLIENT_ID, gateway.issuer)
    assert 0 < claims["exp"] - claims["iat"] <= 300
    assert claims["jti"] != later["jti"]


def test_metadata_and_keys_are_fetched_once_for_many_sign_ins(
    app: Flask, visitor: Visitor, gateway: GatewayDouble
) -> None:
    for _ in range(3):
        Visitor(app, gateway).sign_in()
    assert gateway.fetched.count("/.well-known/openid-configuration") == 1
    assert gateway.fetched.count("/oidc/jwks") == 1


def test_a_new_signing_key_is_found_at_the_next_sign_in(
    app: Flask, visitor: Visitor, gateway: GatewayDouble, clock: TestClock
) -> None:
    visitor.sign_in()
    first, gateway.key = gateway.key, ECKey.generate_key("P-256", {"kid": "gateway-2", "use": "sig", "alg": "ES256"})
    gateway.wrong.header = {"kid": "gateway-2"}
    clock.ahead = timedelta(minutes=0)
    assert Visitor(app, gateway).sign_in().status_code == 400  # looked five minutes ago at the earliest
    clock.ahead = timedelta(seconds=301)
    gateway.wrong.claims = {"iat": int(clock().timestamp()), "exp": int(clock().timestamp()) + 300}
    assert Visitor(app, gateway).sign_in().status_code == 303
    gateway.key = first


def test_a_thousand_unknown_keys_cost_one_look(gateway: GatewayDouble) -> None:
    now, looks = [datetime(2026, 11, 24, tzinfo=UTC)], []

    def fetch(url: str) -> dict[str, Any]:
        if url.endswith("/oidc/jwks"):
            looks.append(url)
            return {"keys": [gateway.key.as_dict(private=False)]}
        return gateway.metadata()

    directory = GatewayDirectory(gateway.issuer, fetch, lambda: now[0])
    directory.signing_key("gateway-1")
    now[0] += timedelta(minutes=6)
    for number in range(1000):
        with pytest.raises(IdTokenRejected):
            directory.signing_key(f"random-{number}")
    assert len(looks) == 2  # the first, and one for all the unknown


def test_keys_are_forgotten_after_an_hour(gateway: GatewayDouble) -> None:
    now, published = [datetime(2026, 11, 24, tzinfo=UTC)], [gateway.key.as_dict(private=False)]
    documents = {"jwks": lambda: {"keys": list(published)}, "openid-configuration": gateway.metadata}
    directory = GatewayDirectory(gateway.issuer, lambda url: documents[url.rpartition("/")[2]](), lambda: now[0])
    directory.signing_key("gateway-1")
    published.clear()
    now[0] += timedelta(minutes=61)
    with pytest.raises(IdTokenRejected):
        directory.signing_key("gateway-1")


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://localhost:9"},
        {"issuer": None},
        {"token_endpoint": "http://localhost/token"},
        {"jwks_uri": None},
        {"authorization_endpoint": 7},
        {"end_session_endpoint": ""},
        {"code_challenge_methods_supported": ["plain"]},
        {"code_challenge_methods_supported": None},
        {"mtls_endpoint_aliases": "no"},
    ],
)
def test_metadata_that_cannot_be_used_is_refused(gateway: GatewayDouble, changed: dict[str, Any]) -> None:
    with pytest.raises(GatewayMisconfigured):
        parse_metadata(gateway.metadata() | changed, issuer=gateway.issuer)


def test_the_token_endpoint_for_mutual_tls_is_preferred(gateway: GatewayDouble) -> None:
    document = gateway.metadata() | {"mtls_endpoint_aliases": {"token_endpoint": "https://mtls.example/token"}}
    assert parse_metadata(document, issuer=gateway.issuer).token_endpoint == "https://mtls.example/token"


def test_only_keys_that_verify_es256_are_taken() -> None:
    good = ECKey.generate_key("P-256").as_dict(private=False) | {"kid": "a"}
    others = [good | {"kid": "b", "use": "enc"}, good | {"kid": "c", "crv": "P-384"}, {"kty": "oct", "kid": "d"}, "e"]
    assert list(parse_signing_keys({"keys": [good, *others]})) == ["a"]


@pytest.mark.parametrize(
    "document", [{}, {"keys": {}}, {"keys": [{"kty": "EC", "crv": "P-256", "kid": "a", "x": "A"}]}]
)
def test_a_key_set_that_cannot_be_read_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(GatewayMisconfigured):
        parse_signing_keys(document)


def test_two_keys_with_one_name_are_refused() -> None:
    key = ECKey.generate_key("P-256").as_dict(private=False) | {"kid": "a"}
    with pytest.raises(GatewayMisconfigured):
        parse_signing_keys({"keys": [key, key]})


@pytest.mark.parametrize(
    "answer",
    [
        json_answer(503, {}),
        json_answer(200, []),
        json_answer(404, {}),
        (302, {"Location": "https://localhost:9/"}, b""),
        (200, {"Content-Type": "application/json"}, b"{"),
        (200, {"Content-Type": "application/json"}, b" " * 1_100_000),
    ],
)
def test_a_gateway_that_cannot_be_asked_gives_a_page_to_try_again_from(
    visitor: Visitor, gateway: GatewayDouble, answer: tuple[int, dict[str, str], bytes]
) -> None:
    gateway.wrong.metadata_answer = answer
    page = visitor.get("/sign-in?lang=en")
    assert page.status_code == 503
    assert "Signing in is not possible at this moment" in page.text
    assert "Try again" in page.text
    gateway.wrong.metadata_answer = None
    assert visitor.sign_in().status_code == 303


def test_a_gateway_with_a_certificate_of_another_ca_is_not_talked_to(
    settings_file: Path, gateway: GatewayDouble, tmp_path: Path
) -> None:
    other = Authority(tmp_path / "other", "Other")
    written = settings_file.read_text(encoding="utf-8")
    trusted = next(line for line in written.splitlines() if line.startswith("ca_file"))
    settings_file.write_text(written.replace(trusted, f'ca_file = "{other.ca_file}"'), encoding="utf-8")
    app = create_app(read_settings(settings_file))
    assert Visitor(app, gateway).get("/sign-in").status_code == 503
    assert gateway.fetched == []
    close_app(app)


def test_without_a_certificate_the_gateway_trusts_no_code_is_redeemed(
    settings_file: Path, gateway: GatewayDouble, tmp_path: Path
) -> None:
    certificate, key = Authority(tmp_path / "other", "Other").issue("auction-portal")
    lines = settings_file.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("tls_")]
    shown = [f'tls_certificate = "{certificate}"', f'tls_key = "{key}"']
    settings_file.write_text("\n".join(kept + shown), encoding="utf-8")
    app = create_app(read_settings(settings_file))
    assert Visitor(app, gateway).sign_in().status_code == 503
    assert gateway.assertions == []
    close_app(app)


def with_gateway_settings(settings_file: Path, **changed: Path) -> PortalSettings:
    lines = settings_file.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.partition(" = ")[0] not in changed]
    settings_file.write_text("\n".join([*kept, *(f'{name} = "{path}"' for name, path in changed.items())]), "utf-8")
    return read_settings(settings_file)


def test_a_revoked_gateway_certificate_is_noticed_without_a_restart(
    settings_file: Path, gateway: GatewayDouble, authority: Authority
) -> None:
    settings = with_gateway_settings(settings_file, crl_file=authority.write_crl())
    app = create_app(settings)
    assert Visitor(app, gateway).sign_in().status_code == 303
    authority.write_crl(authority.folder / "gateway.pem")
    assert Visitor(app, gateway).sign_in().status_code == 503
    authority.write_crl()
    assert Visitor(app, gateway).sign_in().status_code == 303
    close_app(app)


def test_a_renewed_client_certificate_is_taken_up_and_a_half_written_one_is_not(
    settings_file: Path, gateway: GatewayDouble, authority: Authority, tmp_path: Path
) -> None:
    foreign, foreign_key = Authority(tmp_path / "other", "Other").issue("auction-portal")
    certificate, key = authority.issue("renewed")
    app = create_app(with_gateway_settings(settings_file, tls_certificate=foreign, tls_key=foreign_key))
    assert Visitor(app, gateway).sign_in().status_code == 503
    foreign.write_bytes(certificate.read_bytes()[:100])
    assert Visitor(app, gateway).sign_in().status_code == 503
    foreign.write_bytes(certificate.read_bytes())
    foreign_key.write_bytes(key.read_bytes())
    assert Visitor(app, gateway).sign_in().status_code == 303
    close_app(app)
