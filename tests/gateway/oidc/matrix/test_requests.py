"""Negative matrix, lines PAR and Authorize, and those about answers; a test's id names its line."""

from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest

from gateway.oidc.back_channel import NotGranted
from gateway.oidc.errors import OidcError, UntrustedRequest
from gateway.provider_directory import ProviderDirectory
from gateway.use_cases import HandedOver
from gateway.web.app import Gateway, create_public_app
from tests.support.fapi import ASSERTION_TYPE, BOUND, BOUND_CERTIFICATE, BOUND_KEY, PLAIN, Fapi, settled
from tests.support.gateway_parts import BROWSER, ISSUER, OTHER, OTHER_CERTIFICATE, OTHER_KEY, PORTAL, Core, query


def refused(gateway: Fapi, form: bytes, certificate: str | None = None) -> str:
    outcome = gateway.push(form, certificate)
    assert isinstance(outcome, NotGranted), outcome
    assert outcome.description
    event = gateway.storage.events[-1]
    assert (event.name, event.received) == ("login.push-refused", form)
    assert event.corr == outcome.corr
    return outcome.code


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        pytest.param({"client_assertion": None}, "invalid_client", id="NEG-PAR-01"),
        pytest.param({"client_assertion": None, "client_secret": "s3cret"}, "invalid_client", id="NEG-PAR-01-secret"),
        pytest.param({"client_assertion_type": "urn:other"}, "invalid_client", id="NEG-PAR-01-type"),
        pytest.param({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request", id="NEG-PAR-03"),
        pytest.param({"request_uri": ""}, "invalid_request", id="NEG-PAR-03-empty"),
        pytest.param({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported", id="NEG-PAR-04"),
        pytest.param({"redirect_uri": None}, "invalid_request", id="NEG-PAR-05"),
        pytest.param({"redirect_uri": "http://portal.test/callback"}, "invalid_request", id="NEG-PAR-06"),
        pytest.param({"redirect_uri": "https://evil.test/callback"}, "invalid_request", id="NEG-PAR-07"),
        pytest.param({"redirect_uri": "https://portal.test/callback/"}, "invalid_request", id="NEG-PAR-07-slash"),
        pytest.param({"code_challenge": None}, "invalid_request", id="NEG-PAR-08"),
        pytest.param({"code_challenge_method": "plain"}, "invalid_request", id="NEG-PAR-09"),
        pytest.param({"code_challenge_method": None}, "invalid_request", id="NEG-PAR-09-by-default"),
    ],
)
def test_pushed_request_refused(changed: dict[str, str | None], code: str) -> None:
    gateway = Fapi()
    assert refused(gateway, gateway.push_form(**changed)) == code


def test_neg_par_02_another_partys_key_or_certificate() -> None:
    gateway = Fapi()
    foreign = gateway.assertion(OTHER_KEY)
    assert refused(gateway, gateway.push_form(client_assertion=foreign)) == "invalid_client"
    others = gateway.assertion(OTHER_KEY, {"kid": "other-1"}, iss=OTHER, sub=OTHER)
    assert refused(gateway, gateway.push_form(client_assertion=others)) == "invalid_client"
    bound = gateway.push_form(client_id=BOUND, client_assertion=gateway.assertion(BOUND_KEY, iss=BOUND, sub=BOUND))
    for certificate in (None, OTHER_CERTIFICATE, "f" * 64):
        assert refused(gateway, bound, certificate) == "invalid_client"
    own = gateway.push_form(client_assertion=gateway.assertion())
    assert refused(gateway, own, BOUND_CERTIFICATE) == "invalid_client"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("code_challenge", id="NEG-PAR-10"),
        *[
            pytest.param(name, id=f"NEG-PAR-11-{name}")
            for name in ("client_id", "redirect_uri", "scope", "state", "nonce", "client_assertion", "unheard_of")
        ],
    ],
)
def test_pushed_parameter_sent_twice(name: str) -> None:
    gateway = Fapi()
    once = gateway.push_form(unheard_of="x")
    for twice in (once + b"&" + urlencode({name: "x"}).encode(), urlencode({name: "x"}).encode() + b"&" + once):
        assert refused(gateway, twice) == "invalid_request"


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD"])
def test_neg_par_12_get(method: str) -> None:
    gateway = Gateway(use_cases=Fapi().use_cases, directory=ProviderDirectory([]), problems=list, close=lambda: None)
    browser = create_public_app(gateway).test_client()
    answer = browser.open(f"/oidc/par?{query().decode()}", method=method, base_url=ISSUER)
    assert (answer.status_code, "request_uri" in answer.text) == (405, False)


# --- Authorize ---


def turned_away(gateway: Core, sent: bytes) -> OidcError:
    with pytest.raises(OidcError) as caught:
        gateway.use_cases.authorize(sent, BROWSER)
    event = gateway.storage.events[-1]
    assert (event.name, event.corr) == ("login.request-refused", caught.value.corr)
    return caught.value


def by_name(request_uri: str, client_id: str = PORTAL, **more: str) -> bytes:
    return urlencode({"client_id": client_id, "request_uri": request_uri, **more}).encode()


def test_neg_aut_01_without_par() -> None:
    gateway = Fapi()
    for sent in (query(), query(client_id=BOUND), query(request_uri=""), query(request_uri="https://portal.test/r")):
        error = turned_away(gateway, sent)
        assert isinstance(error, UntrustedRequest)
        assert error.rule == "pushed_where_required"


def test_neg_aut_02_expired_request_uri() -> None:
    gateway = Fapi()
    name = gateway.pushed()
    gateway.clock.move(seconds=60)
    gateway.visit(name)
    gateway.clock.move(microseconds=1)
    assert turned_away(gateway, by_name(name)).code == "invalid_request_uri"


def test_neg_aut_03_reused_after_authentication() -> None:
    gateway = Fapi()
    name = gateway.pushed()
    settled(gateway, gateway.visit(name))
    error = turned_away(gateway, by_name(name))
    assert (error.code, isinstance(error, UntrustedRequest)) == ("invalid_request_uri", True)


def test_neg_aut_04_reused_before_authentication_ends() -> None:
    gateway = Fapi()
    name = gateway.pushed()
    assert len({gateway.visit(name).id for _ in range(5)}) == 5


@pytest.mark.parametrize("client_id", [OTHER, BOUND, PLAIN, "", "unheard-of"])
def test_neg_aut_05_other_clients_request_uri(client_id: str) -> None:
    gateway = Fapi()
    name = gateway.pushed()
    assert turned_away(gateway, by_name(name, client_id)).code == "invalid_request_uri"
    assert turned_away(gateway, by_name(name) + b"&client_id=other").code == "invalid_request_uri"
    assert gateway.visit(name)


@pytest.mark.parametrize(
    "name", ["urn:ietf:params:oauth:request_uri:", "urn:ietf:params:oauth:request_uri:" + "A" * 43, "URN:x"]
)
def test_neg_aut_05_a_name_that_was_never_given(name: str) -> None:
    assert isinstance(turned_away(Fapi(), by_name(name)), UntrustedRequest)


@pytest.mark.parametrize(
    "response_type",
    [
        pytest.param("token", id="NEG-AUT-06"),
        pytest.param("id_token", id="NEG-AUT-07"),
        pytest.param("code id_token", id="NEG-AUT-08"),
        pytest.param("none", id="NEG-AUT-09"),
        pytest.param("code token", id="NEG-AUT-08-token"),
        pytest.param(None, id="NEG-AUT-09-missing"),
    ],
)
def test_response_type(response_type: str | None) -> None:
    gateway = Fapi()
    assert refused(gateway, gateway.push_form(response_type=response_type)) == "unsupported_response_type"
    assert turned_away(Core(), query(response_type=response_type)).code == "unsupported_response_type"


# --- what is accepted, and what everybody is told ---


def test_neg_any_01_and_neg_any_02_long_nonce_and_state() -> None:
    gateway = Fapi()
    handed_over = gateway.use_cases.resume(gateway.answered(nonce="n" * 64, state="s" * 1000), BROWSER)
    assert isinstance(handed_over, HandedOver)
    read = parse_qs(urlsplit(handed_over.answer.location).query)
    assert (read["state"], read["iss"]) == (["s" * 1000], [ISSUER])
    assert dict(handed_over.login.asked.question.reply)["nonce"] == "n" * 64


def test_neg_any_03_the_person_refuses() -> None:
    core = Fapi()
    gateway = Gateway(use_cases=core.use_cases, directory=ProviderDirectory([]), problems=list, close=lambda: None)
    browser = create_public_app(gateway).test_client()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    name = browser.post("/oidc/par", data=core.push_form(), base_url=ISSUER, headers=headers).get_json()["request_uri"]
    begun = browser.get(f"/oidc/authorize?client_id={PORTAL}&request_uri={quote(name)}", base_url=ISSUER)
    answer = browser.post(f"{begun.headers['Location']}/cancel", base_url=ISSUER)
    assert answer.status_code == 303
    read = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert (read["error"], read["iss"], read["state"]) == (["access_denied"], [ISSUER], ["a state"])
    assert ASSERTION_TYPE not in str(answer.headers)
