"""The token endpoint: who may redeem a code, how often, and with what proof (T01, T02, T07, T08)."""

import hmac
import json
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from gateway.broker.relying_party import AssertionAudience, ClientAuthentication
from gateway.oidc.back_channel import NotGranted
from gateway.oidc.userinfo import ClaimsRefused
from tests.support.gateway_parts import (
    ADDRESSES,
    ISSUER,
    OTHER,
    OTHER_CERTIFICATE,
    OTHER_KEY,
    PORTAL,
    PORTAL_CERTIFICATE,
    PORTAL_KEY,
    SIGNING_KEY,
    Core,
    relying_party,
)


def redeemed(core: Core, form: bytes, certificate: str | None = PORTAL_CERTIFICATE) -> dict[str, Any]:
    outcome = core.redeem(form, certificate)
    assert isinstance(outcome, dict), outcome
    return outcome


def refused(core: Core, form: bytes, certificate: str | None = PORTAL_CERTIFICATE) -> NotGranted:
    outcome = core.redeem(form, certificate)
    assert isinstance(outcome, NotGranted)
    assert core.storage.events[-1].name == "token.refused"
    return outcome


def claims_of(id_token: str) -> dict[str, Any]:
    return dict(json.loads(jws.deserialize_compact(id_token, SIGNING_KEY, algorithms=["ES256"]).payload))


def test_vpm_drv_07_a_code_brings_the_three_fields_unchanged() -> None:
    core = Core()
    claims = claims_of(redeemed(core, core.token_form(core.code()))["id_token"])
    assert (claims["given_name"], claims["family_name"]) == ("Anna Marija", "Bērziņa-Kalna")
    assert claims["personal_code"] == "321234-56789"
    assert claims["acr"] == "http://eidas.europa.eu/LoA/substantial"
    assert claims["amr"] == ["mfa", "otp", "pin"]
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (ISSUER, PORTAL, "a nonce")
    assert "32123456789" not in claims["sub"]


def test_the_same_person_has_another_subject_in_another_sector() -> None:
    core = Core()
    first = claims_of(redeemed(core, core.token_form(core.code()))["id_token"])["sub"]
    again = claims_of(redeemed(core, core.token_form(core.code()))["id_token"])["sub"]
    core.register(relying_party(PORTAL, PORTAL_CERTIFICATE, PORTAL_KEY, sector="elsewhere"))
    assert first == again
    assert claims_of(redeemed(core, core.token_form(core.code()))["id_token"])["sub"] != first


def test_a_relying_party_gets_nothing_that_it_is_not_registered_for() -> None:
    core = Core()
    core.register(relying_party(PORTAL, PORTAL_CERTIFICATE, PORTAL_KEY, claims=frozenset({"family_name"})))
    claims = claims_of(redeemed(core, core.token_form(core.code()))["id_token"])
    assert claims["family_name"] == "Bērziņa-Kalna"
    assert not {"given_name", "personal_code"} & claims.keys()


def test_t01_a_code_works_once_and_a_second_use_takes_the_tokens_back() -> None:
    core = Core()
    code = core.code()
    token = redeemed(core, core.token_form(code))["access_token"]
    assert isinstance(core.claims(token, PORTAL_CERTIFICATE), dict)
    assert refused(core, core.token_form(code)).code == "invalid_grant"
    assert isinstance(core.claims(token, PORTAL_CERTIFICATE), ClaimsRefused)
    assert "token.revoked" in [event.name for event in core.storage.events]


def test_t01_fifty_parallel_redemptions_have_one_winner() -> None:
    core = Core()
    code = core.code()
    forms = [core.token_form(code) for _ in range(50)]
    with ThreadPoolExecutor(50) as threads:
        outcomes = list(threads.map(lambda form: core.redeem(form, PORTAL_CERTIFICATE), forms))
    assert sum(isinstance(outcome, dict) for outcome in outcomes) == 1


def test_a_code_lives_sixty_seconds() -> None:
    core = Core()
    in_time, late = core.code(), core.code()
    core.clock.move(seconds=60)
    redeemed(core, core.token_form(in_time))
    core.clock.move(microseconds=1)
    assert refused(core, core.token_form(late)).code == "invalid_grant"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, "unsupported_grant_type"),
        ({"grant_type": None}, "unsupported_grant_type"),
        ({"code": None}, "invalid_request"),
        ({"code": "unheard-of"}, "invalid_grant"),
        ({"redirect_uri": "https://portal.test/elsewhere"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_request"),
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"client_assertion": None}, "invalid_client"),
        ({"client_assertion_type": "urn:other"}, "invalid_client"),
        ({"client_id": "other"}, "invalid_client"),
    ],
)
def test_t02_every_faulty_token_request_is_refused_and_leaves_the_code_whole(
    changed: dict[str, str], code: str
) -> None:
    core = Core()
    value = core.code()
    assert refused(core, core.token_form(**{"code": value, **changed})).code == code
    redeemed(core, core.token_form(value))


def test_a_parameter_sent_twice_is_refused() -> None:
    core = Core()
    assert refused(core, core.token_form(core.code()) + b"&code=again").code == "invalid_request"


@pytest.mark.parametrize("certificate", [None, "", "f" * 64, OTHER_CERTIFICATE])
def test_vpm_sec_02_a_code_needs_the_certificate_of_the_party_it_was_made_for(certificate: str | None) -> None:
    core = Core()
    assert refused(core, core.token_form(core.code()), certificate).code == "invalid_client"


def test_another_registered_party_cannot_redeem_the_code() -> None:
    core = Core()
    code = core.code()
    assertion = core.assertion(OTHER_KEY, {"kid": "other-1"}, iss=OTHER, sub=OTHER)
    assert refused(core, core.token_form(code, client_assertion=assertion), OTHER_CERTIFICATE).code == "invalid_grant"
    redeemed(core, core.token_form(code))


def test_a_party_registered_for_tls_needs_no_assertion() -> None:
    core = Core()
    core.register(relying_party(PORTAL, PORTAL_CERTIFICATE, PORTAL_KEY, authentication=ClientAuthentication.TLS))
    form = core.token_form(core.code(), client_assertion=None, client_assertion_type=None, client_id=PORTAL)
    redeemed(core, form)


def test_an_assertion_for_the_token_endpoint_counts_only_where_that_is_registered() -> None:
    """T07: one audience each, never a choice."""
    core = Core()
    elsewhere = core.assertion(aud=ADDRESSES.back_channel(mutual_tls=True).token)
    assert refused(core, core.token_form(core.code(), client_assertion=elsewhere)).code == "invalid_client"
    core.register(
        relying_party(PORTAL, PORTAL_CERTIFICATE, PORTAL_KEY, assertion_audience=AssertionAudience.TOKEN_ENDPOINT)
    )
    assert refused(core, core.token_form(core.code())).code == "invalid_client"
    assert redeemed(core, core.token_form(core.code(), client_assertion=elsewhere))["token_type"] == "Bearer"


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": [ISSUER]},
        {"aud": f"{ISSUER}/oidc/token"},
        {"aud": "https://mtls.gateway.test/oidc/token"},
        {"aud": None},
        {"iss": "other"},
        {"sub": "other"},
        {"sub": None},
        {"exp": None},
        {"exp": 1},
        {"exp": 1e300},
        {"exp": "soon"},
        {"jti": None},
        {"jti": "short"},
        {"jti": 12345678901234567890},
    ],
)
def test_t07_a_mutated_assertion_is_refused(changed: dict[str, Any]) -> None:
    core = Core()
    form = core.token_form(core.code(), client_assertion=core.assertion(**changed))
    assert refused(core, form).code == "invalid_client"


@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_t07_a_clock_8_seconds_ahead_is_accepted_and_61_is_not(name: str) -> None:
    core = Core()
    now = int(core.clock().timestamp())
    redeemed(core, core.token_form(core.code(), client_assertion=core.assertion(**{name: now + 8})))
    late = core.assertion(**{name: now + 61})
    assert refused(core, core.token_form(core.code(), client_assertion=late)).code == "invalid_client"


def test_t07_an_assertion_works_once() -> None:
    core = Core()
    assertion = core.assertion()
    redeemed(core, core.token_form(core.code(), client_assertion=assertion))
    second = core.code()
    answer = refused(core, core.token_form(second, client_assertion=assertion))
    assert (answer.code, answer.description) == ("invalid_client", "jti was used before")
    redeemed(core, core.token_form(second))


def test_t07_a_life_over_five_minutes_is_refused() -> None:
    core = Core()
    now = int(core.clock().timestamp())
    form = core.token_form(core.code(), client_assertion=core.assertion(exp=now + 311))
    assert refused(core, form).code == "invalid_client"


def _hs256_with_the_public_key(core: Core) -> str:
    _, payload, _ = core.assertion().split(".")
    header = urlsafe_b64encode(b'{"alg":"HS256","kid":"portal-1"}').rstrip(b"=").decode()
    mac = hmac.digest(PORTAL_KEY.as_pem(private=False), f"{header}.{payload}".encode(), "sha256")
    return f"{header}.{payload}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _unsigned(core: Core) -> str:
    _, payload, _ = core.assertion().split(".")
    return f"eyJhbGciOiJub25lIn0.{payload}."


def _non_canonical(core: Core) -> str:
    assertion = core.assertion()
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return assertion[:-1] + last[last.index(assertion[-1]) ^ 1]


@pytest.mark.parametrize(
    "make",
    [
        _hs256_with_the_public_key,
        _unsigned,
        _non_canonical,
        lambda core: core.assertion(ECKey.generate_key("P-256")),
        lambda core: core.assertion(RSAKey.generate_key(2048), {"alg": "RS256"}),
        lambda core: core.assertion(header={"kid": "unheard-of"}),
        lambda core: core.assertion(header={"jwk": PORTAL_KEY.as_dict(private=False)}),
        lambda core: core.assertion(header={"jku": "https://evil.test/jwks"}),
        lambda core: "a.b.c",
        lambda core: "ā" * 40,
        lambda core: "x" * 20_000,
    ],
)
def test_t10_no_trick_with_the_signature_gets_through(make: Any) -> None:
    core = Core()
    assert refused(core, core.token_form(core.code(), client_assertion=make(core))).code == "invalid_client"


def test_t08_an_access_token_works_with_its_own_certificate_for_five_minutes() -> None:
    core = Core()
    token = redeemed(core, core.token_form(core.code()))["access_token"]
    assert isinstance(core.claims(token, OTHER_CERTIFICATE), ClaimsRefused)
    assert isinstance(core.claims(token, None), ClaimsRefused)
    assert isinstance(core.claims("unheard-of", PORTAL_CERTIFICATE), ClaimsRefused)
    core.clock.move(minutes=5)
    claims = core.claims(token, PORTAL_CERTIFICATE)
    assert claims is not None
    assert claims["family_name"] == "Bērziņa-Kalna"
    core.clock.move(seconds=1)
    assert isinstance(core.claims(token, PORTAL_CERTIFICATE), ClaimsRefused)
