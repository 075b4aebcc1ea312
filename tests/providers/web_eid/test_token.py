"""Tokens and their signatures: eid-providers.md 7.1, 7.3, 7.4 steps 1, 7 and 9; EID-17 to EID-19, T36."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA384
from hypothesis import given
from hypothesis import strategies as st

from providers.errors import AssertionRejected
from providers.web_eid.token import LONGEST, parse_token, signed_bytes, verify_signature
from tests.support.eid_authority import EidAuthority, Held
from tests.support.soft_card import b64, data_of, sign, token_of

ORIGIN, NONCE = "https://login.example.lv", "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8="
AUTHORITY = EidAuthority()
KEYS = {
    "RS": rsa.generate_private_key(65537, 2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "ES512": ec.generate_private_key(ec.SECP521R1()),
}
CARDS = {name: AUTHORITY.card(key=key) for name, key in KEYS.items()}
ALGORITHMS = ["ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"]


def card_for(algorithm: str) -> Held:
    return CARDS[algorithm if algorithm.startswith("ES") else "RS"]


def check(text: str, card: Held, *, origin: str = ORIGIN, nonce: str = NONCE, **changes: Any) -> None:
    verify_signature(parse_token(text.encode()), card.certificate.public_key(), origin=origin, nonce=nonce, **changes)


def refusal(text: str, card: Held, **changes: Any) -> str:
    with pytest.raises(AssertionRejected) as refused:
        check(text, card, **changes)
    return refused.value.reason


def test_the_worked_example_of_the_specification() -> None:
    """7.3, digit for digit."""
    assert signed_bytes(ORIGIN, NONCE, "RS256").hex() == (
        "a6037d9970c6676c45f1e0ece411d3099623b5d4d98f4b0a507cfa0c9e73011a"
        "d97d14cfb5bf28ccbb6e8d5651376b753376242452d744938635699be672050a"
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_algorithm_of_the_list_verifies_with_its_key(algorithm: str) -> None:
    card = card_for(algorithm)
    check(token_of(card, ORIGIN, NONCE, algorithm), card)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signature_for_another_origin_or_nonce_is_refused(algorithm: str) -> None:
    """T36: a challenge relayed from another site; EID-17."""
    card = card_for(algorithm)
    token = token_of(card, ORIGIN, NONCE, algorithm)
    for origin in ("https://login.example.lv.evil.test", "https://login.example.lv:443", f"{ORIGIN}/"):
        assert refusal(token, card, origin=origin) == "bad_signature"
    assert refusal(token, card, nonce=NONCE[:-2] + "9=") == "bad_signature"


def test_a_signature_by_another_key_is_refused() -> None:
    """EID-18."""
    other = AUTHORITY.card(key=ec.generate_private_key(ec.SECP384R1()))
    assert refusal(token_of(other, ORIGIN, NONCE), CARDS["ES384"]) == "bad_signature"


@pytest.mark.parametrize("declared", ALGORITHMS)
@pytest.mark.parametrize("used", ALGORITHMS)
def test_a_token_that_declares_another_algorithm_than_was_used_is_refused(used: str, declared: str) -> None:
    """EID-19: the family must fit the key, the digest the signature."""
    card = card_for(used)
    text = token_of(card, ORIGIN, NONCE, used, algorithm=declared)
    if used == declared:
        check(text, card)
    else:
        assert refusal(text, card) == "bad_signature"


def test_es384_with_another_curve_is_taken_only_by_its_setting() -> None:
    card = CARDS["ES256"]
    text = token_of(card, ORIGIN, NONCE, "ES384")
    assert refusal(text, card) == "bad_signature"
    check(text, card, curves=frozenset({"secp256r1"}))
    assert refusal(text, card, curves=frozenset({"secp521r1"})) == "bad_signature"


def test_a_der_signature_and_one_of_uneven_halves_are_refused() -> None:
    card, key = CARDS["ES384"], KEYS["ES384"]
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    honest = sign(card, data_of(ORIGIN, NONCE, "ES384"), "ES384")
    der = key.sign(data_of(ORIGIN, NONCE, "ES384"), ec.ECDSA(SHA384()))
    for signature in (der, honest[:-1], honest + b"\x00", honest[:48], b"\x00" * 96):
        assert refusal(token_of(card, ORIGIN, NONCE, signature=b64(signature)), card) == "bad_signature"


BASE = json.loads(token_of(CARDS["ES384"], ORIGIN, NONCE))
MALFORMED: dict[str, str] = {
    "empty": "",
    "short": "{}",
    "long": json.dumps({**BASE, "filler": "x" * LONGEST}),
    "no JSON": "x" * 200,
    "a list": json.dumps([BASE]),
    "a string": json.dumps(json.dumps(BASE)),
    "deep": "[" * 5000,
    "a member twice": json.dumps(BASE)[:-1] + f', "algorithm": "{BASE["algorithm"]}"' + "}",
    "alg none": json.dumps({**BASE, "algorithm": "none"}),
    "alg HS256": json.dumps({**BASE, "algorithm": "HS256"}),
    "alg SHA-1": json.dumps({**BASE, "algorithm": "RS1"}),
    "alg in small letters": json.dumps({**BASE, "algorithm": "es384"}),
    "format 2": json.dumps({**BASE, "format": "web-eid:2.0"}),
    "format 10": json.dumps({**BASE, "format": "web-eid:10"}),
    "format without digits": json.dumps({**BASE, "format": "web-eid:1."}),
    "format with a line end": json.dumps({**BASE, "format": "web-eid:1.0\n"}),
    "certificate no base64": json.dumps({**BASE, "unverifiedCertificate": BASE["unverifiedCertificate"] + "*"}),
    "signature by base64url": json.dumps({**BASE, "signature": "_-" * 64}),
    **{f"{name} missing": json.dumps({k: v for k, v in BASE.items() if k != name}) for name in list(BASE)[:4]},
    **{f"{name} empty": json.dumps({**BASE, name: ""}) for name in list(BASE)[:4]},
    **{f"{name} a number": json.dumps({**BASE, name: 7}) for name in list(BASE)[:4]},
    **{f"{name} a list": json.dumps({**BASE, name: [BASE[name]]}) for name in list(BASE)[:4]},
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_token_of_another_form_is_malformed(name: str) -> None:
    with pytest.raises(AssertionRejected) as refused:
        parse_token(MALFORMED[name].encode())
    assert refused.value.reason == "malformed"


@pytest.mark.parametrize("form", ["web-eid:1", "web-eid:1.0", "web-eid:1.12"])
def test_every_format_of_version_1_is_read(form: str) -> None:
    assert parse_token(json.dumps({**BASE, "format": form}).encode()).algorithm == "ES384"


def test_members_that_nobody_knows_are_ignored() -> None:
    assert parse_token(json.dumps({**BASE, "more": {"a": 1}, "appVersion": None}).encode()).signature


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_whatever_comes_is_read_or_malformed(content: bytes) -> None:
    with pytest.raises(AssertionRejected):
        parse_token(content)
