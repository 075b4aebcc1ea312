"""Every answer of the gateway that a portal must not believe (security.md 8.2, T03, T11, T14, T16)."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey

from tests.portals.browser import Visitor, callback_path
from tests.portals.conftest import TestClock
from tests.portals.gateway_double import CLIENT_ID, GatewayDouble, json_answer

OTHER_KEY = ECKey.generate_key("P-256", {"kid": "gateway-1"})
Header = Claims = dict[str, Any]
Forger = Callable[[ECKey, Header, Claims], str]


def assert_nobody_is_signed_in(visitor: Visitor) -> None:
    assert visitor.get("/my-entry.json").headers["Location"] == "/?signed=out"


def encoded(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"iss": "https://localhost:9"}, 400),
        ({"iss": None}, 400),
        ({"iss": ""}, 400),
        ({"state": "guessed"}, 400),
        ({"state": None}, 400),
        ({"code": None}, 400),
        ({"code": "never-issued"}, 400),
        ({"error": "access_denied", "code": None}, 400),
        ({"error": "temporarily_unavailable", "code": None}, 503),
        ({"error": "invalid_request", "code": None}, 400),
        ({"error": "access_denied"}, 400),
    ],
)
def test_a_wrong_authorization_response_signs_nobody_in(
    visitor: Visitor, gateway: GatewayDouble, wrong: dict[str, str | None], status: int
) -> None:
    gateway.wrong.answer = wrong
    assert visitor.sign_in().status_code == status
    assert_nobody_is_signed_in(visitor)


def test_a_parameter_sent_twice_signs_nobody_in(visitor: Visitor, gateway: GatewayDouble) -> None:
    back = callback_path(gateway.authorize(visitor.leave_for_gateway()))
    assert visitor.get(f"{back}&iss=https://other.example").status_code == 400
    assert_nobody_is_signed_in(visitor)


@dataclass(frozen=True)
class Ahead:
    """A time so many seconds from now; negative is past."""

    seconds: int


WRONG_CLAIMS: list[dict[str, Any]] = [
    {"iss": "https://localhost:9"},
    {"iss": None},
    {"aud": "applications"},
    {"aud": [CLIENT_ID, "applications"]},
    {"aud": []},
    {"aud": None},
    {"azp": "applications"},
    {"aud": "applications", "azp": CLIENT_ID},
    {"nonce": "of another sign-in"},
    {"nonce": None},
    {"exp": Ahead(-60)},
    {"exp": None},
    {"exp": "1795560000"},
    {"exp": True},
    {"iat": Ahead(-400)},
    {"iat": Ahead(120)},
    {"iat": None},
    {"auth_time": None},
    {"auth_time": Ahead(600)},
    {"acr": "http://eidas.europa.eu/LoA/low"},
    {"acr": None},
    {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    {"sub": None},
    {"sub": " "},
    {"provider": None},
    {"given_name": None},
    {"given_name": " "},
    {"given_name": ["Anna"]},
    {"family_name": None},
    {"family_name": ""},
    {"personal_code": None},
    {"personal_code": "01011712345"},
    {"personal_code": "010117-1234"},
    {"personal_code": "PNOLV-010117-12345"},
    {"personal_code": "010117-12345\n"},
    {"personal_code": "٠١٠١١٧-١٢٣٤٥"},
]


@pytest.mark.parametrize("claims", WRONG_CLAIMS, ids=str)
def test_an_id_token_with_a_wrong_claim_signs_nobody_in(
    visitor: Visitor, gateway: GatewayDouble, caplog: pytest.LogCaptureFixture, claims: dict[str, Any]
) -> None:
    gateway.wrong.claims = {name: _now(value) for name, value in claims.items()}
    assert visitor.sign_in().status_code == 400
    assert f"ID token rejected: {next(iter(claims))} " in caplog.text
    assert_nobody_is_signed_in(visitor)


def _now(value: Any) -> Any:
    return int(time.time()) + value.seconds if isinstance(value, Ahead) else value


def unsigned(_key: ECKey, header: Header, claims: Claims) -> str:
    return f"{encoded(header | {'alg': 'none'})}.{encoded(claims)}."


def signed_with_the_public_key_as_secret(key: ECKey, header: Header, claims: Claims) -> str:
    signed = f"{encoded(header | {'alg': 'HS256'})}.{encoded(claims)}"
    digest = hmac.digest(key.as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def signed_by_someone_else(_key: ECKey, header: Header, claims: Claims) -> str:
    return jwt.encode(header, claims, OTHER_KEY, algorithms=["ES256"])


def changed_after_signing(key: ECKey, header: Header, claims: Claims) -> str:
    protected, _, signature = jwt.encode(header, claims, key, algorithms=["ES256"]).split(".")
    return f"{protected}.{encoded(claims | {'given_name': 'Cita'})}.{signature}"


def signed_but_not_an_object(key: ECKey, header: Header, _claims: Claims) -> str:
    return jws.serialize_compact(header, b"[]", key, algorithms=["ES256"])


def signed_but_not_json(key: ECKey, header: Header, _claims: Claims) -> str:
    return jws.serialize_compact(header, b"{]", key, algorithms=["ES256"])


def far_too_long(key: ECKey, header: Header, claims: Claims) -> str:
    return jwt.encode(header, claims | {"more": "x" * 20_000}, key, algorithms=["ES256"])


def spelt_another_way(key: ECKey, header: Header, claims: Claims) -> str:
    """The same 64 bytes of signature: only unused bits of the last character differ (Wycheproof JWS 367, 370)."""
    token = jwt.encode(header, claims, key, algorithms=["ES256"])
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]


def with_another_keys_name(key: ECKey, header: Header, claims: Claims) -> str:
    return jwt.encode(header | {"kid": "unknown"}, claims, key, algorithms=["ES256"])


def without_a_keys_name(key: ECKey, header: Header, claims: Claims) -> str:
    return jwt.encode({"alg": header["alg"]}, claims, key, algorithms=["ES256"])


def with_the_address_of_a_key(key: ECKey, header: Header, claims: Claims) -> str:
    return jwt.encode(header | {"jku": "https://other.example/keys"}, claims, key, algorithms=["ES256"])


def with_a_key_inside(_key: ECKey, header: Header, claims: Claims) -> str:
    return jwt.encode(header | {"jwk": OTHER_KEY.as_dict(private=False)}, claims, OTHER_KEY, algorithms=["ES256"])


FORGERS: list[Forger] = [
    unsigned,
    signed_with_the_public_key_as_secret,
    signed_by_someone_else,
    changed_after_signing,
    signed_but_not_an_object,
    signed_but_not_json,
    far_too_long,
    spelt_another_way,
    with_another_keys_name,
    without_a_keys_name,
    with_the_address_of_a_key,
    with_a_key_inside,
    lambda _key, _header, _claims: "",
    lambda _key, _header, _claims: "not.a.token",
    lambda _key, _header, _claims: "A.A.A",
    lambda _key, _header, _claims: "....",
]


@pytest.mark.parametrize("forge", FORGERS)
def test_a_forged_id_token_signs_nobody_in(
    visitor: Visitor, gateway: GatewayDouble, caplog: pytest.LogCaptureFixture, forge: Forger
) -> None:
    gateway.wrong.sign = lambda header, claims: forge(gateway.key, header, claims)
    assert visitor.sign_in().status_code == 400
    assert "ID token rejected" in caplog.text
    assert_nobody_is_signed_in(visitor)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (json_answer(400, {"error": "invalid_grant"}), 400),
        (json_answer(401, {"error": "invalid_client"}), 400),
        (json_answer(200, {"access_token": "a", "token_type": "Bearer"}), 400),
        (json_answer(200, ["not an object"]), 503),
        (json_answer(500, {}), 503),
        ((200, {"Content-Type": "text/html"}, b"<h1>hello</h1>"), 503),
        ((307, {"Location": "https://localhost:9/"}, b""), 503),
        ((200, {"Content-Type": "application/json"}, b'"' + b"x" * 2_000_000 + b'"'), 503),
    ],
)
def test_a_token_endpoint_that_does_not_give_a_token_signs_nobody_in(
    visitor: Visitor, gateway: GatewayDouble, answer: tuple[int, dict[str, str], bytes], status: int
) -> None:
    gateway.wrong.token_answer = answer
    assert visitor.sign_in().status_code == status
    assert_nobody_is_signed_in(visitor)


def test_the_gateways_error_is_shown_calmly_with_a_way_to_try_again(visitor: Visitor, gateway: GatewayDouble) -> None:
    gateway.wrong.answer = {
        "error": "access_denied",
        "error_description": "incident 7 <script>x</script>",
        "code": None,
    }
    question = visitor.leave_for_gateway("/sign-in?lang=en")
    page = visitor.return_from_gateway(question).text
    assert "Signing in was not finished" in page
    assert "Nothing in the register was changed" in page
    assert 'href="/sign-in">Try again' in page
    assert "access_denied: incident 7 &lt;script&gt;" in page


@pytest.mark.parametrize("state", ["", "state=guessed&"])
def test_the_words_of_an_unsolicited_answer_are_never_shown(
    visitor: Visitor, gateway: GatewayDouble, state: str
) -> None:
    page = visitor.get(f"/callback?{state}iss={gateway.issuer}&error=ring&error_description=call-this-number")
    assert page.status_code == 400
    assert "call-this-number" not in page.text


def test_a_foreign_error_is_not_shown_as_the_gateways(visitor: Visitor, gateway: GatewayDouble) -> None:
    gateway.wrong.answer = {"error": "ring", "error_description": "call-this-number", "iss": "https://other.example"}
    assert "call-this-number" not in visitor.sign_in().text


def test_an_answer_is_taken_once(visitor: Visitor, gateway: GatewayDouble) -> None:
    back = callback_path(gateway.authorize(visitor.leave_for_gateway()))
    assert visitor.get(back).status_code == 303
    assert visitor.get(back).status_code == 400


def test_an_answer_after_twenty_minutes_signs_nobody_in(
    visitor: Visitor, gateway: GatewayDouble, clock: TestClock
) -> None:
    question = visitor.leave_for_gateway()
    clock.ahead = timedelta(minutes=21)
    assert visitor.return_from_gateway(question).status_code == 400
    assert_nobody_is_signed_in(visitor)
