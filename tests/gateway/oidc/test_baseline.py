"""The lines of security.md 8.2 once more, for relying parties of the profile baseline over mutual TLS."""

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jws
from joserfc.jwk import RSAKey

from gateway.broker.relying_party import AssertionKey, ClientAuthentication, RelyingParties
from gateway.oidc.back_channel import NotGranted
from gateway.oidc.errors import OidcError, RequestRefused, UntrustedRequest
from gateway.oidc.userinfo import ClaimsRefused
from gateway.provider_directory import ProviderDirectory
from gateway.serving.client_certificate import CLIENT_CERTIFICATE
from gateway.use_cases import HandedOver
from gateway.web.app import Gateway, create_mutual_tls_app, create_public_app
from tests.support.gateway_parts import (
    ADDRESSES,
    BROWSER,
    CALLBACK,
    ISSUER,
    OTHER,
    OTHER_CERTIFICATE,
    OTHER_KEY,
    PORTAL,
    PORTAL_CERTIFICATE,
    PORTAL_KEY,
    Core,
    query,
    relying_party,
)


def asking(sent: bytes) -> OidcError:
    core = Core()
    with pytest.raises(OidcError) as caught:
        core.use_cases.authorize(sent, BROWSER)
    assert [event.name for event in core.storage.events] == ["login.request-refused"]
    return caught.value


def told(sent: bytes) -> dict[str, list[str]]:
    """Give what the relying party reads at its redirect URI."""
    error = asking(sent)
    assert isinstance(error, RequestRefused)
    location = Core().use_cases.responder.refusal(error.reply_to, error.code, error.description, "incident")
    assert location.startswith(f"{CALLBACK}?")
    read = parse_qs(urlsplit(location).query)
    assert read["iss"] == [ISSUER]
    return read


def redeeming(core: Core, certificate: str | None = PORTAL_CERTIFICATE, **changed: str | None) -> dict[str, Any] | str:
    """Redeem a code; give the tokens, or the error code."""
    code = changed.pop("code", None) or core.code()
    outcome = core.redeem(core.token_form(code, **changed), certificate)
    return outcome.code if isinstance(outcome, NotGranted) else outcome


def with_keys(**changed: Any) -> Core:
    core = Core()
    core.register(relying_party(PORTAL, PORTAL_CERTIFICATE, PORTAL_KEY, **changed))
    return core


# --- PAR lines, at the authorization endpoint of the baseline ---


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("missing redirect_uri", {"redirect_uri": None}),
        ("http redirect", {"redirect_uri": "http://portal.test/callback"}),
        ("unregistered redirect", {"redirect_uri": "https://evil.test/callback"}),
    ],
)
def test_par_line_nothing_is_sent_to_an_unproven_address(line: str, changed: dict[str, str | None]) -> None:
    assert isinstance(asking(query(**changed)), UntrustedRequest), line


@pytest.mark.parametrize(
    ("line", "changed", "code"),
    [
        ("request_uri to be fetched", {"request_uri": "https://portal.test/request"}, "request_uri_not_supported"),
        ("request_uri (object)", {"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
        ("missing challenge", {"code_challenge": None}, "invalid_request"),
        ("plain challenge", {"code_challenge_method": "plain"}, "invalid_request"),
        ("challenge without method, which means plain", {"code_challenge_method": None}, "invalid_request"),
    ],
)
def test_par_line_the_portal_is_told_with_iss(line: str, changed: dict[str, str | None], code: str) -> None:
    assert told(query(**changed))["error"] == [code], line


@pytest.mark.parametrize(
    "name", ["code_challenge", "code_challenge_method", "scope", "response_type", "state", "nonce"]
)
def test_par_line_duplicate_parameters(name: str) -> None:
    assert told(query() + b"&" + urlencode({name: "S256"}).encode())["error"] == ["invalid_request"]


# --- Authorize ---


@pytest.mark.parametrize(
    "response_type", ["token", "id_token", "code id_token", "none", "code token", "CODE", "", None]
)
def test_authorize_line_response_type(response_type: str | None) -> None:
    assert told(query(response_type=response_type))["error"] == ["unsupported_response_type"]


def test_authorize_line_no_other_site_may_read_it() -> None:
    """8.1: CORS on /authorize is refused: no answer allows another origin."""
    gateway = Gateway(use_cases=Core().use_cases, directory=ProviderDirectory([]), problems=list, close=lambda: None)
    browser = create_public_app(gateway).test_client()
    for method in ("GET", "OPTIONS"):
        headers = {"Origin": "https://evil.test", "Access-Control-Request-Method": "GET"}
        answer = browser.open("/oidc/authorize", method=method, base_url=ISSUER, headers=headers)
        assert not [name for name, _ in answer.headers if name.lower().startswith("access-control")]


# --- Assertion ---


def hs256_with_public_key(core: Core) -> str:
    del core
    return "eyJhbGciOiJIUzI1NiIsImtpZCI6InBvcnRhbC0xIn0.e30.AAAA"


@pytest.mark.parametrize(
    ("line", "make"),
    [
        ("aud array", lambda core: core.assertion(aud=[ISSUER])),
        ("aud PAR URL", lambda core: core.assertion(aud=f"{ISSUER}/oidc/par")),
        ("aud token URL", lambda core: core.assertion(aud=f"{ISSUER}/oidc/token")),
        ("RS256", lambda core: core.assertion(RSAKey.generate_key(2048), {"alg": "RS256"})),
        ("none", lambda core: f"eyJhbGciOiJub25lIn0.{core.assertion().split('.')[1]}."),
        ("HS256 with public key", hs256_with_public_key),
        ("expired 5 min", lambda core: core.assertion(exp=int(core.clock().timestamp()) - 300)),
        ("no sub", lambda core: core.assertion(sub=None)),
        ("sub is not iss", lambda core: core.assertion(sub=OTHER)),
        ("iss is not sub", lambda core: core.assertion(iss=OTHER)),
        ("iat 61 s ahead", lambda core: core.assertion(iat=int(core.clock().timestamp()) + 61)),
        ("nbf 61 s ahead", lambda core: core.assertion(nbf=int(core.clock().timestamp()) + 61)),
        ("missing at token endpoint", lambda core: None),
        ("a number too large to compute with", lambda core: core.assertion(exp=10**400)),
        ("another too large number", lambda core: core.assertion(iat=10**400)),
        ("no number", lambda core: core.assertion(iat=float("nan"))),
        ("endless", lambda core: core.assertion(iat=float("-inf"))),
        ("jti that is no text", lambda core: core.assertion(jti="\ud800" * 20)),
        ("jti of controls", lambda core: core.assertion(jti="\0" * 20)),
        ("kid that is no text", lambda core: "eyJhbGciOiJFUzI1NiIsImtpZCI6WyJwb3J0YWwtMSJdfQ.e30.AAAA"),
        ("crit", lambda core: "eyJhbGciOiJFUzI1NiIsImNyaXQiOjF9.e30.AAAA"),
        (
            "claims without end",
            lambda core: jws.serialize_compact({"alg": "ES256"}, "[" * 5000, PORTAL_KEY, algorithms=["ES256"]),
        ),
    ],
)
def test_assertion_line_refused(line: str, make: Callable[[Core], str | None]) -> None:
    core = Core()
    assert redeeming(core, client_assertion=make(core)) == "invalid_client", line
    assert core.storage.events[-1].name == "token.refused"


def test_assertion_line_jti_reuse() -> None:
    core = Core()
    assertion = core.assertion()
    assert isinstance(redeeming(core, client_assertion=assertion), dict)
    assert redeeming(core, client_assertion=assertion) == "invalid_client"


@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_assertion_line_8_s_ahead_accepted(name: str) -> None:
    core = Core()
    ahead = core.assertion(**{name: int(core.clock().timestamp()) + 8})
    assert isinstance(redeeming(core, client_assertion=ahead), dict)


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [("RS256", RSAKey.generate_key(2048)), ("PS256", RSAKey.generate_key(2048))],
)
def test_baseline_also_takes_rs256_and_ps256_where_registered(algorithm: str, key: RSAKey) -> None:
    core = with_keys(assertion_keys=(AssertionKey(kid="portal-1", algorithm=algorithm, key=key),))
    now = int(core.clock().timestamp())
    claims = {"iss": PORTAL, "sub": PORTAL, "aud": ISSUER, "exp": now + 60, "jti": "j" * 16}
    header = {"alg": algorithm, "kid": "portal-1"}
    signed = jws.serialize_compact(header, json.dumps(claims), key, algorithms=[algorithm])
    assert isinstance(redeeming(core, client_assertion=signed), dict)


# --- Token ---


def test_token_line_code_twice_after_1_s_takes_the_tokens_back() -> None:
    core = Core()
    code = core.code()
    granted = redeeming(core, code=code)
    assert isinstance(granted, dict)
    core.clock.move(seconds=1)
    assert redeeming(core, code=code) == "invalid_grant"
    assert isinstance(core.claims(granted["access_token"], PORTAL_CERTIFICATE), ClaimsRefused)


def test_token_line_code_after_expiry() -> None:
    core = Core()
    code = core.code()
    core.clock.move(seconds=61)
    assert redeeming(core, code=code) == "invalid_grant"


def test_token_line_other_client() -> None:
    core = Core()
    code = core.code()
    assertion = core.assertion(OTHER_KEY, {"kid": "other-1"}, iss=OTHER, sub=OTHER)
    assert redeeming(core, OTHER_CERTIFICATE, code=code, client_assertion=assertion) == "invalid_grant"
    assert redeeming(core, OTHER_CERTIFICATE, code=code) == "invalid_client", "nor with the portal's assertion"
    assert isinstance(redeeming(core, code=code), dict), "and the code is still whole"


@pytest.mark.parametrize(
    ("line", "changed", "code"),
    [
        ("other redirect_uri", {"redirect_uri": "https://other.test/callback"}, "invalid_grant"),
        ("missing redirect_uri", {"redirect_uri": None}, "invalid_grant"),
        ("wrong verifier", {"code_verifier": "w" * 43}, "invalid_grant"),
        ("verifier with more behind it", {"code_verifier": "v" * 43 + "\n"}, "invalid_grant"),
        ("missing verifier", {"code_verifier": None}, "invalid_request"),
        ("other client_id", {"client_id": OTHER}, "invalid_client"),
        ("a shared secret", {"client_secret": "s3cret"}, "invalid_client"),
        ("password grant", {"grant_type": "password"}, "unsupported_grant_type"),
        ("implicit", {"grant_type": "implicit"}, "unsupported_grant_type"),
        ("refresh", {"grant_type": "refresh_token"}, "unsupported_grant_type"),
        ("client credentials", {"grant_type": "client_credentials"}, "unsupported_grant_type"),
    ],
)
def test_token_line_refused(line: str, changed: dict[str, str | None], code: str) -> None:
    assert redeeming(Core(), **changed) == code, line


def test_token_line_missing_client_id_where_only_tls_proves_who_asks() -> None:
    """RFC 8705, 2: with tls_client_auth the request names the client."""
    core = with_keys(authentication=ClientAuthentication.TLS)
    bare = {"client_assertion": None, "client_assertion_type": None}
    assert redeeming(core, **bare) == "invalid_client"
    assert isinstance(redeeming(core, client_id=PORTAL, **bare), dict)


@pytest.mark.parametrize("certificate", [None, "", "0" * 64, OTHER_CERTIFICATE, PORTAL_CERTIFICATE.upper()])
def test_token_line_other_certificate(certificate: str | None) -> None:
    assert redeeming(Core(), certificate) == "invalid_client"


# --- Userinfo ---


def userinfo(core: Core, headers: dict[str, str], path: str = "/oidc/userinfo", **sent: Any) -> tuple[int, str]:
    gateway = Gateway(use_cases=core.use_cases, directory=ProviderDirectory([]), problems=list, close=lambda: None)
    server = create_mutual_tls_app(gateway).test_client()
    certificate = sent.pop("certificate", b"the portal's certificate")
    answer = server.open(
        path,
        base_url=ADDRESSES.mutual_tls,
        headers=headers,
        environ_overrides={CLIENT_CERTIFICATE: certificate} if certificate else {},
        **sent,
    )
    return answer.status_code, answer.headers.get("WWW-Authenticate", "")


@pytest.fixture
def holder() -> tuple[Core, str]:
    """A relying party whose certificate is known by its bytes, and its access token."""
    portal = relying_party(PORTAL, sha256(b"the portal's certificate").hexdigest(), PORTAL_KEY)
    other = relying_party(OTHER, sha256(b"another's certificate").hexdigest(), OTHER_KEY)
    core = Core(parties=RelyingParties((portal, other)))
    granted = core.redeem(core.token_form(core.code()), *portal.client.certificates)
    assert isinstance(granted, dict)
    return core, str(granted["access_token"])


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_userinfo_line_scheme_in_other_case_accepted(holder: tuple[Core, str], scheme: str) -> None:
    core, token = holder
    assert userinfo(core, {"Authorization": f"{scheme} {token}"}) == (200, "")


def test_userinfo_line_token_in_query(holder: tuple[Core, str]) -> None:
    core, token = holder
    assert userinfo(core, {}, f"/oidc/userinfo?access_token={token}")[0] == 401


def test_userinfo_line_token_in_the_body(holder: tuple[Core, str]) -> None:
    core, token = holder
    assert userinfo(core, {}, method="POST", data={"access_token": token})[0] == 401


@pytest.mark.parametrize("certificate", [None, b"another's certificate", b"nobody's certificate"])
def test_userinfo_line_without_or_with_other_certificate(holder: tuple[Core, str], certificate: bytes | None) -> None:
    core, token = holder
    status, challenge = userinfo(core, {"Authorization": f"Bearer {token}"}, certificate=certificate)
    assert (status, challenge) == (401, 'Bearer error="invalid_token"')
    assert core.storage.events[-1].name == "token.claims-read"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic cG9ydGFsOng="}])
def test_rfc_6750_whoever_brings_no_token_is_told_how_and_nothing_else(
    holder: tuple[Core, str], headers: dict[str, str]
) -> None:
    assert userinfo(holder[0], headers) == (401, "Bearer")


@pytest.mark.parametrize("value", ["Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer \xfe"])
def test_rfc_6750_a_token_that_is_none_is_a_malformed_request(holder: tuple[Core, str], value: str) -> None:
    assert userinfo(holder[0], {"Authorization": value}) == (400, 'Bearer error="invalid_request"')


# --- the remaining lines ---


def test_nonce_line_64_characters_accepted_and_state_line_1000_characters_kept() -> None:
    core = Core()
    handed_over = core.use_cases.resume(core.answered(nonce="n" * 64, state="s" * 1000), BROWSER)
    assert isinstance(handed_over, HandedOver)
    reply = dict(handed_over.login.asked.question.reply)
    assert (reply["nonce"], reply["state"]) == ("n" * 64, "s" * 1000)


def test_user_refuses_line_error_with_iss() -> None:
    """Over HTTP: the person gives up, the portal reads access_denied, its state and the issuer."""
    core = Core()
    gateway = Gateway(use_cases=core.use_cases, directory=ProviderDirectory([]), problems=list, close=lambda: None)
    browser = create_public_app(gateway).test_client()
    login = browser.get(f"/oidc/authorize?{query().decode()}", base_url=ISSUER).headers["Location"]
    answer = browser.post(f"{login}/cancel", base_url=ISSUER)
    assert answer.status_code == 303
    read = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert (read["error"], read["iss"], read["state"]) == (["access_denied"], [ISSUER], ["a state"])
    assert [event.name for event in core.storage.events][-2:] == ["login.refused", "login.refusal-delivered"]
