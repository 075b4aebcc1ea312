"""Compact JWS: one algorithm per key, one spelling, a short header (security.md section 9)."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.keys import KeyUnusable
from providers.wire.jose import JwsFault, JwsRefused, JwsVerifier, SigningKey, load_signing_key
from tests.providers.little_bank import b64url, es256_jws, pem_of

EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
TYP = "vpm-confirmation+jwt"
HEADER = {"alg": "ES256", "kid": "ec", "typ": TYP}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SigningKey]:
    folder = tmp_path_factory.mktemp("keys")
    (folder / "ec.pem").write_bytes(pem_of(EC_KEY.public_key()))
    (folder / "rsa.pem").write_bytes(pem_of(RSA_KEY.public_key()))
    return {
        "ec": load_signing_key(folder / "ec.pem", "ES256"),
        "rsa": load_signing_key(folder / "rsa.pem", "PS256"),
    }


@pytest.fixture(scope="module")
def verifier(keys: dict[str, SigningKey]) -> JwsVerifier:
    return JwsVerifier(keys, typ=TYP, largest=4096)


def fault(verifier: JwsVerifier, compact: bytes) -> JwsFault:
    with pytest.raises(JwsRefused) as refused:
        verifier.verify(compact)
    return refused.value.fault


def rsa_jws(header: dict[str, Any], payload: bytes, *, pss: bool = True) -> bytes:
    signed = b64url(json.dumps(header).encode()) + b"." + b64url(payload)
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32) if pss else padding.PKCS1v15()
    return signed + b"." + b64url(RSA_KEY.sign(signed, scheme, hashes.SHA256()))


def test_es256_and_ps256_verify_each_with_its_own_key(verifier: JwsVerifier) -> None:
    assert verifier.verify(es256_jws(EC_KEY, HEADER, b'{"a": 1}')) == {"a": 1}
    assert verifier.verify(rsa_jws({**HEADER, "alg": "PS256", "kid": "rsa"}, b'{"a": "\xc4\x80"}')) == {"a": "Ā"}


@pytest.mark.parametrize(
    "header", [{"alg": "RS256", "kid": "rsa"}, {"alg": "ES256", "kid": "rsa"}, {"alg": "PS256", "kid": "ec"}]
)
def test_a_key_works_with_no_algorithm_but_its_own(header: dict[str, str], verifier: JwsVerifier) -> None:
    for compact in (rsa_jws({**HEADER, **header}, b"{}"), rsa_jws({**HEADER, **header}, b"{}", pss=False)):
        assert fault(verifier, compact) is JwsFault.BAD_SIGNATURE


def test_ps256_with_the_other_padding_does_not_verify(verifier: JwsVerifier) -> None:
    compact = rsa_jws({**HEADER, "alg": "PS256", "kid": "rsa"}, b"{}", pss=False)
    assert fault(verifier, compact) is JwsFault.BAD_SIGNATURE


def test_a_symmetric_signature_made_with_the_public_key_is_refused(verifier: JwsVerifier) -> None:
    import hmac

    signed = b64url(json.dumps({**HEADER, "alg": "HS256"}).encode()) + b"." + b64url(b"{}")
    mac = hmac.digest(pem_of(EC_KEY.public_key()), signed, "sha256")
    assert fault(verifier, signed + b"." + b64url(mac)) is JwsFault.BAD_SIGNATURE


@settings(max_examples=100)
@given(st.binary(min_size=1, max_size=40))
def test_a_second_spelling_of_the_same_bytes_is_malformed(verifier: JwsVerifier, raw: bytes) -> None:
    payload = json.dumps({"x": base64.b64encode(raw).decode()}).encode()
    header, body, signature = es256_jws(EC_KEY, HEADER, payload).split(b".")
    assert verifier.verify(b".".join((header, body, signature)))
    for spelled in (body + b"=", body + b"\n", b" " + body):
        assert fault(verifier, b".".join((header, spelled, signature))) is JwsFault.MALFORMED
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = signature[:-1] + bytes([alphabet[(alphabet.index(signature[-1]) & ~3) | 1]])
    assert fault(verifier, b".".join((header, body, twin))) is JwsFault.MALFORMED


@pytest.mark.parametrize(
    "payload", [b"[]", b"1", b"null", b'{"a": 1, "a": 1}', b'{"a": NaN}', b"{", b"\xff", b'{"a":{"b":1,"b":2}}']
)
def test_a_payload_that_is_no_object_with_each_member_once_is_malformed(payload: bytes, verifier: JwsVerifier) -> None:
    assert fault(verifier, es256_jws(EC_KEY, HEADER, payload)) is JwsFault.MALFORMED


def test_a_deeply_nested_payload_is_malformed_and_breaks_nothing(keys: dict[str, SigningKey]) -> None:
    deep = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert fault(JwsVerifier(keys, typ=TYP, largest=500_000), es256_jws(EC_KEY, HEADER, deep)) is JwsFault.MALFORMED


def test_more_bytes_than_agreed_are_malformed(verifier: JwsVerifier) -> None:
    assert fault(verifier, es256_jws(EC_KEY, HEADER, b'{"a": "' + b"x" * 4096 + b'"}')) is JwsFault.MALFORMED


def test_a_header_member_that_occurs_twice_is_malformed(verifier: JwsVerifier) -> None:
    header = b64url(b'{"alg":"none","alg":"ES256","kid":"ec","typ":"vpm-confirmation+jwt"}')
    assert fault(verifier, header + b".e30." + b64url(b"x" * 64)) is JwsFault.MALFORMED


def test_no_refusal_repeats_the_content(verifier: JwsVerifier) -> None:
    compact = es256_jws(ec.generate_private_key(ec.SECP256R1()), HEADER, b'{"personal_code": "321234-56789"}')
    with pytest.raises(JwsRefused) as refused:
        verifier.verify(compact)
    assert "321234" not in str(refused.value)


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP256K1()])
def test_a_key_on_another_curve_is_no_key_for_es256(curve: ec.EllipticCurve, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(pem_of(ec.generate_private_key(curve).public_key()))
    with pytest.raises(KeyUnusable):
        load_signing_key(tmp_path / "key.pem", "ES256")
