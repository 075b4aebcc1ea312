"""The negative matrix of security.md 8.2, "As client of OIDC providers": each line over real sockets, by its id."""

import json
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from providers.errors import ProviderError
from providers.oidc.opening import open_oidc
from tests.providers.little_bank import now
from tests.providers.little_op import CLIENT_ID, KID, LittleOp, arrived, jwk, jwt
from tests.providers.oidc.asking import Asking, opened

CLAIMS: list[tuple[str, Callable[[], dict[str, Any]], str]] = [
    ("NEG-CLI-01-wrong-aud", lambda: {"aud": "other"}, "not_trusted"),
    ("NEG-CLI-01-wrong-aud-in-a-list", lambda: {"aud": ["other"]}, "not_trusted"),
    ("NEG-CLI-02-missing-aud", lambda: {"aud": None}, "not_trusted"),
    ("NEG-CLI-02-empty-aud", lambda: {"aud": []}, "not_trusted"),
    ("NEG-CLI-03-extra-aud", lambda: {"aud": [CLIENT_ID, "other"]}, "not_trusted"),
    ("NEG-CLI-03-extra-aud-and-our-azp", lambda: {"aud": [CLIENT_ID, "other"], "azp": CLIENT_ID}, "not_trusted"),
    ("NEG-CLI-04-azp-alone-right", lambda: {"aud": "other", "azp": CLIENT_ID}, "not_trusted"),
    ("NEG-CLI-04-azp-alone-right-without-aud", lambda: {"aud": None, "azp": CLIENT_ID}, "not_trusted"),
    ("NEG-CLI-05-wrong-iss", lambda: {"iss": "https://other.example"}, "not_trusted"),
    ("NEG-CLI-06-missing-iss", lambda: {"iss": None}, "not_trusted"),
    ("NEG-CLI-08-wrong-nonce", lambda: {"nonce": "other"}, "not_trusted"),
    ("NEG-CLI-09-missing-nonce", lambda: {"nonce": None}, "not_trusted"),
    ("NEG-CLI-11-exp-missing", lambda: {"exp": None}, "malformed"),
    ("NEG-CLI-12-exp-past", lambda: {"exp": int(time.time()) - 11}, "expired"),
    ("NEG-CLI-13-iat-missing", lambda: {"iat": None}, "malformed"),
    ("NEG-CLI-14-iat-old", lambda: {"iat": int(time.time()) - 320}, "stale"),
    ("NEG-CLI-15-sub-missing", lambda: {"sub": None}, "malformed"),
    ("NEG-CLI-27-at-hash-wrong", lambda: {"at_hash": "A" * 22}, "bad_signature"),
]


@pytest.mark.parametrize(("changes", "reason"), [row[1:] for row in CLAIMS], ids=[row[0] for row in CLAIMS])
def test_claim_refused(op: LittleOp, changes: Callable[[], dict[str, Any]], reason: str) -> None:
    asking = Asking(opened(op), op)
    op.claim_changes |= changes()
    refused = asking.refused()
    assert refused.reason == reason
    assert refused.reference == asking.request.reference
    assert refused.exchanges


def test_neg_cli_07_metadata_issuer_mismatch(op: LittleOp) -> None:
    op.metadata_changes["issuer"] = f"{op.issuer}/"
    provider = open_oidc(op.entry(), op.folder, now)
    with pytest.raises(ProviderError) as refused:
        provider.status()
    assert refused.value.reason == "not_trusted"
    with pytest.raises(ProviderError):
        Asking(provider, op)


def test_neg_cli_10_a_nonce_is_stored_for_every_question_and_without_it_nothing_is_accepted(op: LittleOp) -> None:
    asking = Asking(opened(op), op)
    kept = json.loads(asking.departure.memory)
    assert len(kept["nonce"]) >= 43
    assert f"nonce={kept['nonce']}" in asking.departure.location
    op.claim_changes["nonce"] = ""
    asking.departure = type(asking.departure)(
        location=asking.departure.location, memory=json.dumps({**kept, "nonce": ""}).encode()
    )
    assert asking.refused().reason == "not_trusted"


STRANGER = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
SIGNATURES: list[tuple[str, Callable[[dict[str, Any]], str]]] = [
    ("NEG-CLI-16-none", lambda claims: jwt(None, {"alg": "none"}, json.dumps(claims).encode())),
    ("NEG-CLI-16-none-with-kid", lambda claims: jwt(None, {"alg": "none", "kid": KID}, json.dumps(claims).encode())),
    ("NEG-CLI-17-hs256", lambda claims: jwt(b"shared", {"alg": "HS256", "kid": KID}, json.dumps(claims).encode())),
    ("NEG-CLI-18-alternate", lambda claims: jwt(RSA, {"alg": "RS256", "kid": KID}, json.dumps(claims).encode())),
    (
        "NEG-CLI-19-bad-signature",
        lambda claims: jwt(STRANGER, {"alg": "ES256", "kid": KID}, json.dumps(claims).encode()),
    ),
]


@pytest.mark.parametrize("make", [row[1] for row in SIGNATURES], ids=[row[0] for row in SIGNATURES])
def test_signature_refused(op: LittleOp, make: Callable[[dict[str, Any]], str]) -> None:
    asking = Asking(opened(op), op)
    op.make_token = make
    assert asking.refused().reason == "bad_signature"


def test_neg_cli_20_kid_absent_with_one_key_is_accepted(op: LittleOp) -> None:
    op.header_changes["kid"] = None
    assert Asking(opened(op), op).answered().family_name == "Paraudziņa-Ķēra"


def test_neg_cli_21_kid_absent_with_several_keys_of_which_one_fits_is_accepted(op: LittleOp) -> None:
    op.header_changes["kid"] = None
    op.published = [jwk(op.key), jwk(RSA, "r"), jwk(STRANGER, "e", use="enc"), jwk(STRANGER, "p", alg="ES384")]
    assert Asking(opened(op), op).answered()


def test_neg_cli_21_kid_absent_with_several_keys_that_fit_is_refused(op: LittleOp) -> None:
    op.header_changes["kid"] = None
    op.published = [jwk(op.key), jwk(STRANGER, "other")]
    assert Asking(opened(op), op).refused().reason == "bad_signature"


def test_neg_cli_21_two_keys_of_one_kid_are_refused(op: LittleOp) -> None:
    op.published = [jwk(op.key), jwk(STRANGER)]
    assert Asking(opened(op), op).refused().reason == "bad_signature"


@pytest.mark.parametrize("subject", ["s-2", "", None, 1])
def test_neg_cli_22_userinfo_sub_differs(op: LittleOp, subject: object) -> None:
    asking = Asking(opened(op), op)
    op.userinfo_changes["sub"] = subject
    assert asking.refused().reason == "not_trusted"


@pytest.mark.parametrize("issuer", ["https://other.example/op", ""])
def test_neg_cli_23_response_iss_wrong(op: LittleOp, issuer: str) -> None:
    asking = Asking(opened(op), op)
    refused = asking.refused(op.signed_in(asking.departure.location, iss=issuer))
    assert refused.reason == "not_trusted"
    assert refused.reference is None, "whoever sent the browser ends no login"
    assert not op.asked_for("/op/token"), "the code was not sent anywhere"


def test_neg_cli_23_response_iss_wrong_although_none_is_announced(op: LittleOp) -> None:
    op.metadata_changes["authorization_response_iss_parameter_supported"] = None
    asking = Asking(opened(op), op)
    assert asking.refused(op.signed_in(asking.departure.location, iss="https://b.example")).reason == "not_trusted"


def test_neg_cli_23_response_iss_wrong_in_an_error(op: LittleOp) -> None:
    asking = Asking(opened(op), op)
    query = urlencode(
        {"error": "access_denied", "state": asking.request.reference, "iss": "https://b.example"}
    ).encode()
    assert asking.refused(query).reason == "not_trusted"


def test_neg_cli_24_response_iss_absent_when_advertised(op: LittleOp) -> None:
    asking = Asking(opened(op), op)
    assert asking.refused(op.signed_in(asking.departure.location, iss=None)).reason == "not_trusted"


def test_neg_cli_24_response_iss_absent_when_the_settings_require_it(op: LittleOp) -> None:
    op.metadata_changes["authorization_response_iss_parameter_supported"] = None
    asking = Asking(opened(op, response_issuer="required"), op)
    assert asking.refused(op.signed_in(asking.departure.location, iss=None)).reason == "not_trusted"


def test_neg_cli_24_response_iss_absent_where_nobody_promised_it_is_accepted(op: LittleOp) -> None:
    op.metadata_changes["authorization_response_iss_parameter_supported"] = None
    asking = Asking(opened(op), op)
    assert asking.answered(op.signed_in(asking.departure.location, iss=None))


@pytest.mark.parametrize("state", ["0" * 31, "0" * 33, "G" * 32, "", "0" * 32 + "\n"])
def test_neg_cli_25_a_state_that_was_never_made_here(op: LittleOp, state: str) -> None:
    asking = Asking(opened(op), op)
    refused = asking.refused(op.signed_in(asking.departure.location, state=state))
    assert refused.reason == "wrong_browser"
    assert refused.reference is None


def test_neg_cli_25_the_state_of_another_login(op: LittleOp) -> None:
    provider = opened(op)
    mine, other = Asking(provider, op), Asking(provider, op)
    query = op.signed_in(mine.departure.location, state=other.request.reference)
    answer = provider.receive(arrived(query))
    assert answer.reference == other.request.reference, "the gateway finds the other login by it"
    with pytest.raises(ProviderError) as refused:
        answer.identify(other.expected)
    assert refused.value.reason == "expired", "GOI-26: its verifier does not fit the code, so the provider refuses"


def test_neg_cli_26_state_absent(op: LittleOp) -> None:
    asking = Asking(opened(op), op)
    assert asking.refused(op.signed_in(asking.departure.location, state=None)).reason == "wrong_browser"


def test_neg_cli_28_at_hash_with_an_algorithm_without_a_known_hash(op: LittleOp) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    op.metadata_changes["id_token_signing_alg_values_supported"] = ["Ed25519"]
    op.published = [jwk(key)]
    op.make_token = lambda claims: jwt(key, {"alg": "Ed25519", "kid": KID}, json.dumps(claims).encode())
    provider = opened(op, id_token_algorithm="Ed25519")
    assert Asking(provider, op).refused().reason == "bad_signature"
    op.claim_changes["at_hash"] = None
    assert Asking(provider, op).answered()


EVENTS = {"http://schemas.openid.net/event/backchannel-logout": {}}
LOGOUT: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("NEG-CLI-29-logout-token-none", {"alg": "none"}, {}),
    ("NEG-CLI-30-logout-token-wrong-alg", {"alg": "RS256", "kid": KID}, {}),
    ("NEG-CLI-31-logout-token-aud", {}, {"aud": "other"}),
    ("NEG-CLI-32-logout-token-iss", {}, {"iss": "https://other.example"}),
    ("NEG-CLI-33-logout-token-event-missing", {}, {"events": None}),
    ("NEG-CLI-34-logout-token-event-wrong", {}, {"events": {"http://schemas.openid.net/event/other": {}}}),
    ("NEG-CLI-35-logout-token-nonce-present", {}, {"nonce": "n"}),
]


@pytest.mark.parametrize(("header", "changes"), [row[1:] for row in LOGOUT], ids=[row[0] for row in LOGOUT])
@pytest.mark.parametrize("kind", ["JWT", "logout+jwt"])
def test_logout_token_ends_and_proves_nothing(
    op: LittleOp, header: dict[str, Any], changes: dict[str, Any], kind: str
) -> None:
    """Providers cannot end sessions here: a logout token has no address, and in an ID token's place it is refused."""
    provider = opened(op)
    head = {"alg": "ES256", "kid": KID, "typ": kind, **header}
    claims = {"iss": op.issuer, "aud": CLIENT_ID, "iat": int(time.time()), "jti": "1", "sub": "s-1", "events": EVENTS}
    body = json.dumps({**claims, **changes}).encode()
    made = jwt({"none": None, "RS256": RSA}.get(head["alg"], op.key), head, body)
    assert provider.answer_methods == {"GET"}, "a logout token comes by POST"
    with pytest.raises(ProviderError) as refused:
        provider.receive(arrived(urlencode({"logout_token": made}).encode()))
    assert refused.value.reference is None
    op.make_token = lambda _: made
    assert Asking(provider, op).refused().reason in {"malformed", "bad_signature", "not_trusted"}


@pytest.mark.parametrize("name", ["code", "state", "iss", "note"])
def test_a_parameter_twice_is_refused(op: LittleOp, name: str) -> None:
    asking = Asking(opened(op), op)
    query = op.signed_in(asking.departure.location, note="x")
    value = dict(parse_qsl(query.decode()))[name]
    refused = asking.refused(query + b"&" + urlencode({name: value}).encode())
    assert refused.reason == "malformed"
    assert refused.reference is None


def test_t11_the_right_answer_is_accepted_and_unknown_parameters_are_ignored(op: LittleOp) -> None:
    asking = Asking(opened(op), op)
    identity = asking.answered(op.signed_in(asking.departure.location, session_state="abc"))
    assert re.fullmatch(r"[0-9]{11}", identity.personal_code.key)
    assert [exchange.method for exchange in identity.exchanges] == ["POST", "GET"]
