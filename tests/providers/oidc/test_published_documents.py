"""What a provider publishes: metadata from the configured issuer alone, keys within the limits of T13."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from secrets import token_hex
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from providers.errors import AssertionRejected, ProviderError, ProviderUnavailable
from providers.oidc.kept import OLD, REST, REST_AFTER_FAILURE, Kept
from providers.oidc.key_set import KeySet, PublishedKeys, read_key_set
from providers.oidc.opening import open_oidc
from providers.refusals import Reason
from tests.providers.https_server import http
from tests.providers.little_bank import now
from tests.providers.little_op import KID, LittleOp, jwk, jwt
from tests.providers.oidc.asking import Asking, opened
from tests.providers.oidc.test_id_token import expected, verify_id_token

KEY = ec.generate_private_key(ec.SECP256R1())


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Document:
    """Something that can be read, or fails."""

    def __init__(self) -> None:
        self.readings = 0
        self.fails = False

    def __call__(self) -> int:
        self.readings += 1
        if self.fails:
            raise ProviderUnavailable(Reason.PROVIDER_BUSY, "made up")
        return self.readings


def test_t13_between_two_readings_there_are_five_minutes_whatever_is_asked() -> None:
    clock, document = Clock(), Document()
    kept = Kept(document, clock)
    assert [kept.renew() for _ in range(10)] == [1] * 10
    clock.seconds += REST - 1
    assert kept.renew() == 1
    clock.seconds += 1
    assert kept.renew() == 2


def test_a_first_reading_that_fails_is_tried_again_soon_but_not_at_once() -> None:
    clock, document = Clock(), Document()
    document.fails = True
    kept = Kept(document, clock)
    assert [kept.renew() for _ in range(10)] == [None] * 10
    assert document.readings == 1
    document.fails = False
    clock.seconds += REST_AFTER_FAILURE
    assert kept.renew() == 2


def test_what_was_read_stays_when_a_later_reading_fails() -> None:
    clock, document = Clock(), Document()
    kept = Kept(document, clock)
    kept.renew()
    document.fails = True
    clock.seconds += OLD
    assert kept.old
    assert kept.renew() == 1
    assert document.readings == 2
    clock.seconds += REST - 1
    assert kept.renew() == 1
    assert document.readings == 2


def test_one_thread_reads_and_the_others_wait_for_it() -> None:
    inside, readings = threading.Event(), []

    def read() -> int:
        readings.append(1)
        assert not inside.is_set(), "two readings at a time"
        inside.set()
        return 7

    kept = Kept(read, Clock())
    with ThreadPoolExecutor(16) as threads:
        assert set(threads.map(lambda _: kept.renew(), range(64))) == {7}
    assert len(readings) == 1


def test_t13_a_thousand_tokens_with_random_kids_cost_one_fetch_at_most(op: LittleOp) -> None:
    provider = opened(op)
    op.server.requests.clear()
    wanted = expected(issuer=op.issuer)

    def present(_: int) -> str:
        made = jwt(op.key, {"alg": "ES256", "kid": token_hex(8)}, json.dumps(op.claims(wanted.nonce, "a")).encode())
        with pytest.raises(AssertionRejected) as refused:
            verify_id_token(made, provider._keys.find, wanted)
        return refused.value.reason

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(present, range(1000))) == {"bad_signature"}
    assert op.asked_for("/op/jwks") <= 1


def test_t13_whole_logins_with_random_kids_cost_one_fetch_at_most(op: LittleOp) -> None:
    provider = opened(op)
    for _ in range(20):
        op.header_changes["kid"] = token_hex(8)
        assert Asking(provider, op).refused().reason == "bad_signature"
    assert op.asked_for("/op/jwks") == 1


def test_goi_17_a_new_key_is_found_once_the_rest_is_over() -> None:
    clock, published = Clock(), [jwk(KEY, "old")]
    keys = PublishedKeys(lambda: read_key_set({"keys": published}, "ES256"), clock)
    assert keys.find("old")
    published.append(jwk(KEY, "new"))
    assert keys.find("new") is None, "not before the rest is over"
    clock.seconds += REST
    assert keys.find("new")
    published.pop(0)
    clock.seconds += OLD
    assert keys.find("old") is None, "a key that is no longer published is forgotten"


@pytest.mark.parametrize(
    "answer",
    [
        http(b"{}", status="500 Internal Server Error"),
        http(b"<html>", headers=("Content-Type: text/html",)),
        http(b'{"keys": {}}', headers=("Content-Type: application/json",)),
        http(b'{"keys": [], "keys": []}', headers=("Content-Type: application/json",)),
        http(b"", status="302 Found", headers=("Location: https://localhost/",)),
    ],
)
def test_goi_19_without_keys_nobody_is_vouched_for(op: LittleOp, answer: bytes) -> None:
    provider = opened(op)
    op.instead["/op/jwks"] = answer
    assert Asking(provider, op).refused().reason in {"provider_busy", "malformed"}


def found(*listed: Any, algorithm: Any = "ES256") -> KeySet:
    return read_key_set({"keys": list(listed)}, algorithm)


def test_a_key_whose_private_half_is_published_is_not_used() -> None:
    assert found(jwk(KEY)).find(KID)
    assert found(jwk(KEY, d="AAAA")).find(KID) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"kty": "oct"},
        {"kty": "RSA"},
        {"crv": "P-384"},
        {"crv": "secp256k1"},
        {"use": "enc"},
        {"alg": "ES384"},
        {"key_ops": ["sign"]},
        {"x": None},
        {"x": "AAAA"},
        {"x": 1},
        {"kid": 1},
    ],
    ids=str,
)
def test_a_key_that_cannot_verify_is_passed_over(changes: dict[str, Any]) -> None:
    assert found(jwk(KEY, **changes)).keys == ()
    assert found(jwk(KEY, **changes), jwk(KEY, "other")).find("other")


def test_an_rsa_key_under_2048_bits_is_passed_over() -> None:
    assert found(jwk(rsa.generate_private_key(65537, 1024)), algorithm="PS256").keys == ()


def test_a_set_that_is_no_list_or_too_long_is_refused() -> None:
    for listed in (None, {}, [jwk(KEY, str(number)) for number in range(65)]):
        with pytest.raises(AssertionRejected):
            read_key_set({"keys": listed}, "ES256")


WRONG_METADATA: list[tuple[dict[str, Any], str]] = [
    ({"issuer": None}, "not_trusted"),
    ({"issuer": "https://other.example"}, "not_trusted"),
    ({"token_endpoint": None}, "malformed"),
    ({"token_endpoint": 1}, "malformed"),
    ({"token_endpoint": "https://elsewhere.example/token"}, "not_trusted"),
    ({"jwks_uri": "https://elsewhere.example/jwks"}, "not_trusted"),
    ({"userinfo_endpoint": "https://169.254.169.254/"}, "not_trusted"),
    ({"userinfo_endpoint": None}, "malformed"),
    ({"authorization_endpoint": "https://elsewhere.example/"}, "not_trusted"),
    ({"authorization_endpoint": "http://localhost/"}, "not_trusted"),
    ({"mtls_endpoint_aliases": {"token_endpoint": "https://elsewhere.example/token"}}, "not_trusted"),
    ({"mtls_endpoint_aliases": []}, "malformed"),
    ({"response_types_supported": ["token"]}, "malformed"),
    ({"response_types_supported": None}, "malformed"),
    ({"id_token_signing_alg_values_supported": ["RS256"]}, "malformed"),
    ({"code_challenge_methods_supported": ["plain"]}, "malformed"),
    ({"token_endpoint_auth_methods_supported": ["client_secret_basic"]}, "malformed"),
]


@pytest.mark.parametrize(("changes", "reason"), WRONG_METADATA, ids=str)
def test_t12_goi_16_metadata_that_is_not_as_agreed_is_not_used(
    op: LittleOp, changes: dict[str, Any], reason: str
) -> None:
    op.metadata_changes |= changes
    provider = open_oidc(op.entry(), op.folder, now)
    with pytest.raises(ProviderUnavailable) as refused:
        provider.status()
    assert refused.value.reason == reason
    with pytest.raises(ProviderUnavailable) as refused:
        Asking(provider, op)
    assert refused.value.reason == reason


def test_endpoints_for_clients_with_a_certificate_are_used_by_such_a_client(op: LittleOp) -> None:
    """RFC 8705 section 5."""
    op.metadata_changes["mtls_endpoint_aliases"] = {"token_endpoint": f"{op.issuer}/token-by-certificate"}
    asking = Asking(opened(op), op)
    asking.refused()
    assert op.asked_for("/op/token-by-certificate") == 1


def test_metadata_that_was_read_once_serves_while_a_later_reading_fails(op: LittleOp) -> None:
    provider = opened(op)
    op.instead["/op/.well-known/openid-configuration"] = http(b"", status="503 Service Unavailable")
    assert Asking(provider, op).answered()


@pytest.mark.parametrize("status", ["404 Not Found", "500 Internal Server Error"])
def test_oid_01_without_metadata_nobody_departs(op: LittleOp, status: str) -> None:
    op.instead["/op/.well-known/openid-configuration"] = http(b"{}", status=status)
    provider = open_oidc(op.entry(), op.folder, now)
    with pytest.raises(ProviderError) as refused:
        provider.status()
    assert refused.value.reason == "provider_busy"
