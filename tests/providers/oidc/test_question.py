"""What the browser carries away, and how the token endpoint is asked (OIDC Core 3.1.2.1, RFC 7636, 7523, 8705)."""

import hashlib
import json
import time
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from providers.contract import AssuranceLevel, Language
from providers.errors import ProviderError
from tests.providers.https_server import http
from tests.providers.little_bank import pem_of, write_private
from tests.providers.little_op import CLIENT_ID, SUBSTANTIAL, LittleOp, b64, json_answer
from tests.providers.oidc.asking import RETURN, Asking, opened

LOW = "http://eidas.europa.eu/LoA/low"


def query_of(asking: Asking) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(asking.departure.location).query, strict_parsing=True))


def test_the_request_is_for_a_code_with_a_challenge_a_state_and_a_nonce(op: LittleOp) -> None:
    asking = Asking(opened(op), op)
    kept = json.loads(asking.departure.memory)
    assert asking.departure.location.startswith(f"{op.issuer}/authorize?")
    assert query_of(asking) == {
        "response_type": "code", "client_id": CLIENT_ID, "redirect_uri": RETURN, "scope": "openid profile",
        "state": asking.request.reference, "nonce": kept["nonce"],
        "code_challenge": b64(hashlib.sha256(kept["verifier"].encode()).digest()), "code_challenge_method": "S256",
        "acr_values": f"{SUBSTANTIAL} {LOW}", "ui_locales": "lv",
    }  # fmt: skip
    assert kept["verifier"] not in asking.departure.location


def test_a_fresh_login_a_level_and_a_language_are_asked_for(op: LittleOp) -> None:
    asked = query_of(Asking(opened(op), op, AssuranceLevel.SUBSTANTIAL, fresh=True, language=Language.ENGLISH))
    assert asked["prompt"] == "login"
    assert asked["acr_values"] == SUBSTANTIAL
    assert asked["ui_locales"] == "en"


def test_a_fresh_login_that_was_none_is_refused(op: LittleOp) -> None:
    op.claim_changes["auth_time"] = int(time.time()) - 3600
    assert Asking(opened(op), op).answered()
    assert Asking(opened(op), op, fresh=True).refused().reason == "stale"


def token_form(op: LittleOp) -> dict[str, str]:
    sent = next(one for one in op.server.requests if one.startswith(b"POST /op/token"))
    return {name: values[0] for name, values in parse_qs(sent.partition(b"\r\n\r\n")[2].decode()).items()}


def test_rfc_8705_a_client_with_a_certificate_says_only_who_it_is(op: LittleOp) -> None:
    asking = Asking(opened(op), op)
    asking.answered()
    form = token_form(op)
    assert form.pop("code_verifier") == json.loads(asking.departure.memory)["verifier"]
    assert form == {
        "grant_type": "authorization_code",
        "code": "code-0",
        "redirect_uri": RETURN,
        "client_id": CLIENT_ID,
    }


@pytest.mark.parametrize("algorithm", ["ES256", "PS256", "RS256"])
@pytest.mark.parametrize("audience", ["issuer", "token_endpoint"])
def test_rfc_7523_an_assertion_is_signed_for_this_provider_for_a_minute_and_once(
    op: LittleOp, algorithm: str, audience: str
) -> None:
    key: Any = (
        ec.generate_private_key(ec.SECP256R1()) if algorithm == "ES256" else rsa.generate_private_key(65537, 2048)
    )
    write_private(op.folder / "a.key", key)
    assertion = {"key": str(op.folder / "a.key"), "kid": "a-1", "algorithm": algorithm, "audience": audience}
    provider = opened(op, authentication="private_key_jwt", assertion=assertion)
    statements = []
    for _ in range(2):
        op.server.requests.clear()
        Asking(provider, op).answered()
        form = token_form(op)
        assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        public = (ECKey if algorithm == "ES256" else RSAKey).import_key(pem_of(key.public_key()))
        signed = jws.deserialize_compact(form["client_assertion"], public, algorithms=[algorithm])
        assert signed.headers() == {"alg": algorithm, "kid": "a-1", "typ": "JWT"}
        statements.append(json.loads(signed.payload))
    first, second = statements
    assert first["iss"] == first["sub"] == form["client_id"] == CLIENT_ID
    assert first["aud"] == (op.issuer if audience == "issuer" else f"{op.issuer}/token")
    assert first["exp"] - first["iat"] == 60
    assert abs(first["iat"] - time.time()) < 30
    assert first["jti"] != second["jti"]


JSON = ("Content-Type: application/json",)
ANSWERS: list[tuple[str, Any, str]] = [
    ("goi-21-html", http(b"<html>", headers=("Content-Type: text/html",)), "malformed"),
    ("goi-21-html-called-json", http(b"<html>", headers=JSON), "malformed"),
    ("goi-21-redirect", http(b"", status="302 Found", headers=("Location: https://localhost/",)), "provider_busy"),
    ("goi-21-200-with-error", json_answer({"error": "server_error"}), "provider_busy"),
    ("goi-21-slow", [http(b"{", headers=("Content-Length: 90",))[:60]], "provider_busy"),
    ("goi-21-500", http(b"{}", status="500 Internal Server Error"), "provider_busy"),
    ("goi-21-503", http(b"", status="503 Service Unavailable"), "provider_busy"),
    ("goi-21-gzip", http(b"x", headers=("Content-Encoding: gzip",)), "provider_busy"),
    ("goi-21-too-long", http(b" " * (1 << 20) + b"{}", headers=JSON), "provider_busy"),
    ("goi-22-twice", http(b'{"access_token": "a", "access_token": "b"}', headers=JSON), "malformed"),
    ("a-list", json_answer([]), "malformed"),
    ("invalid-client", json_answer({"error": "invalid_client"}, "401 Unauthorized"), "provider_refused_us"),
    ("invalid-request", json_answer({"error": "invalid_request"}, "400 Bad Request"), "provider_refused_us"),
    ("invalid-scope", json_answer({"error": "invalid_scope"}, "400 Bad Request"), "provider_refused_us"),
    ("unauthorized", json_answer({"error": "unauthorized_client"}, "400 Bad Request"), "provider_refused_us"),
    ("invalid-grant", json_answer({"error": "invalid_grant"}, "400 Bad Request"), "expired"),
    ("busy", json_answer({"error": "temporarily_unavailable"}, "400 Bad Request"), "provider_busy"),
    ("unknown-error", json_answer({"error": "teapot"}, "400 Bad Request"), "malformed"),
    ("no-error", json_answer({}, "400 Bad Request"), "malformed"),
]


@pytest.mark.parametrize(("answer", "reason"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS])
def test_a_token_endpoint_that_misbehaves_vouches_for_nobody(op: LittleOp, answer: Any, reason: str) -> None:
    asking = Asking(opened(op, server={"deadline_seconds": 0.5}), op)
    op.instead["/op/token"] = answer
    refused = asking.refused()
    assert refused.reason == reason
    assert refused.exchanges


@pytest.mark.parametrize(
    "changes", [{"token_type": "DPoP"}, {"token_type": None}, {"id_token": None}, {"id_token": 1}, {"access_token": ""}]
)
def test_tokens_of_another_kind_are_refused(op: LittleOp, changes: dict[str, object]) -> None:
    asking = Asking(opened(op), op)
    op.answer_changes |= changes
    assert asking.refused().reason == "malformed"


@pytest.mark.parametrize("kind", ["bearer", "BEARER"])
def test_the_kind_of_token_is_compared_without_letter_case(op: LittleOp, kind: str) -> None:
    op.answer_changes["token_type"] = kind
    assert Asking(opened(op), op).answered()


def test_no_token_that_still_opens_something_is_kept_as_evidence(op: LittleOp) -> None:
    identity = Asking(opened(op), op).answered()
    kept = b"".join(exchange.sent + exchange.received for exchange in identity.exchanges)
    assert b"access-" not in kept
    assert kept.count(b"(not kept)") == 2
    assert b"id_token" in kept


ERRORS = {
    "access_denied": "cancelled",
    "temporarily_unavailable": "provider_busy",
    "server_error": "provider_busy",
    "invalid_request": "provider_refused_us",
    "invalid_scope": "provider_refused_us",
    "unauthorized_client": "provider_refused_us",
    "unsupported_response_type": "provider_refused_us",
    "unmet_authentication_requirements": "loa_insufficient",
    "interaction_required": "malformed",
    "<script>": "malformed",
}


@pytest.mark.parametrize(("error", "reason"), ERRORS.items())
def test_an_error_in_the_answer_ends_the_login_for_a_reason_of_the_closed_list(
    op: LittleOp, error: str, reason: str
) -> None:
    asking = Asking(opened(op), op)
    query = op.signed_in(asking.departure.location, code=None, error=error, error_description="150930-24177 said no")
    refused = asking.refused(query)
    assert refused.reason == reason
    assert refused.reference == asking.request.reference
    assert "150930" not in str(refused)
    assert not refused.exchanges


def test_a_server_whose_key_is_not_the_pinned_one_is_told_nothing(op: LittleOp) -> None:
    with pytest.raises(ProviderError) as refused:
        opened(op, server={"pins": ["0" * 64]})
    assert refused.value.reason == "not_trusted"
    assert op.server.requests == []
