"""The strict check of ID tokens: T10, T11 and the tokens of conformance-catalogue.md 9.2, none of them accepted."""

import itertools
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from providers.errors import AssertionRejected
from providers.oidc.id_token import Expected, IdToken, verify_id_token
from providers.oidc.key_set import read_key_set
from tests.providers.little_op import CLIENT_ID, KID, SUBSTANTIAL, PrivateKey, b64, jwk, jwt

NIGHTLY = os.environ.get("VPM_NIGHTLY") == "1"
KEY = ec.generate_private_key(ec.SECP256R1())
STRANGER = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
ISSUER, NONCE, ACCESS = "https://op.example/op", "nonce-of-this-login", "access-1"
MISSING = object()
GOOD_HASH = b64(sha256(ACCESS.encode()).digest()[:16])


def expected(**changes: Any) -> Expected:
    now = datetime.now(UTC)
    values: dict[str, Any] = {
        "issuer": ISSUER, "client_id": CLIENT_ID, "algorithm": "ES256", "nonce": NONCE, "access_token": ACCESS,
        "asked_at": now - timedelta(seconds=30), "fresh": False, "now": now,
    }  # fmt: skip
    return Expected(**{**values, **changes})


def good_claims() -> dict[str, Any]:
    now = int(time.time())
    return {
        "iss": ISSUER, "aud": CLIENT_ID, "sub": "s-1", "iat": now, "exp": now + 300, "auth_time": now - 5,
        "nonce": NONCE, "acr": SUBSTANTIAL, "amr": ["pwd", "otp"],
    }  # fmt: skip


def claims(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**good_claims(), **changes}.items() if value is not MISSING}


def token(key: PrivateKey | bytes | None = KEY, header: Mapping[str, Any] | None = None, **changes: Any) -> str:
    head = {"alg": "ES256", "kid": KID, "typ": "JWT"} if header is None else header
    return jwt(key, head, json.dumps(claims(**changes)).encode())


def judged(compact: str, *, keys: list[dict[str, Any]] | None = None, **changes: Any) -> IdToken:
    wanted = expected(**changes)
    found = read_key_set({"keys": [jwk(KEY)] if keys is None else keys}, wanted.algorithm)
    return verify_id_token(compact, found.find, wanted)


def refusal(compact: str, **changes: Any) -> str:
    with pytest.raises(AssertionRejected) as refused:
        judged(compact, **changes)
    return refused.value.reason


def test_goi_01_a_good_token_is_accepted() -> None:
    accepted = judged(token())
    assert accepted.subject == "s-1"
    assert datetime.now(UTC) - accepted.authenticated_at < timedelta(seconds=30)


def moments(**spans: int) -> list[object]:
    return [
        MISSING,
        "soon",
        True,
        None,
        [],
        float("1e300"),
        *(lambda span=span: int(time.time()) + span for span in spans.values()),
    ]


WRONG: dict[str, list[object]] = {
    "iss": [MISSING, None, "", ISSUER + "/", ISSUER.upper(), [ISSUER], "https://other.example/op"],
    "aud": [MISSING, None, "", [], "other", ["other"], [CLIENT_ID, "other"], [CLIENT_ID, CLIENT_ID], {"0": CLIENT_ID}],
    "azp": ["other", "", None, [CLIENT_ID]],
    "nonce": [MISSING, None, "", NONCE + "x", NONCE.upper(), [NONCE], "nonce-of-an-older-login", "\ud800"],
    "exp": moments(past=-11, long_past=-86400),
    "iat": moments(old=-330, very_old=-86400, ahead=120),
    "sub": [MISSING, None, "", 1, ["s-1"], "ā", "s" * 256],
    "at_hash": ["", "A" * 22, GOOD_HASH + "=", 1, None],
}
"""What each claim must not be; a function gives a moment when the token is made."""
RIGHT: dict[str, object] = {"azp": MISSING, "at_hash": MISSING}


def made(value: object) -> object:
    return value() if callable(value) else value


def combinations(size: int) -> Iterator[dict[str, object]]:
    """Every choice of wrong values for every choice of that many claims, the others being right."""
    for names in itertools.combinations(WRONG, size):
        for values in itertools.product(*(WRONG[name] for name in names)):
            yield dict(zip(names, values, strict=True))


def test_t11_no_token_with_mutated_claims_is_accepted_in_any_combination() -> None:
    """One and two claims wrong at a time; all of up to four by night."""
    tried = 0
    for size in range(1, 5 if NIGHTLY else 3):
        for wrong in combinations(size):
            changes = {**RIGHT, **{name: made(value) for name, value in wrong.items()}}
            with pytest.raises(AssertionRejected):
                judged(token(**changes))
            tried += 1
    assert tried >= 300


def test_t11_the_same_claims_are_accepted_when_all_are_right() -> None:
    for azp, audience in itertools.product((MISSING, CLIENT_ID), (CLIENT_ID, [CLIENT_ID])):
        assert judged(token(azp=azp, aud=audience))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "x"}, "not_trusted"),
        ({"aud": "x"}, "not_trusted"),
        ({"azp": "x"}, "not_trusted"),
        ({"nonce": "x"}, "not_trusted"),
        ({"sub": MISSING}, "malformed"),
        ({"exp": MISSING}, "malformed"),
        ({"exp": 1}, "expired"),
        ({"iat": 1}, "stale"),
        ({"at_hash": "x"}, "bad_signature"),
    ],
)
def test_a_refusal_says_which_rule_was_broken(changes: dict[str, object], reason: str) -> None:
    assert refusal(token(**changes)) == reason


@pytest.mark.parametrize(("span", "accepted"), [(-9, True), (-11, False)])
def test_t11_exp_has_a_leeway_of_ten_seconds(span: int, accepted: bool) -> None:
    at = datetime.fromtimestamp(int(time.time()), UTC)
    compact = token(exp=int(at.timestamp()) + span)
    assert accepted is (not _refused(compact, now=at))


@pytest.mark.parametrize(("span", "accepted"), [(-300, True), (-301, False), (60, True), (61, False)])
def test_t11_iat_is_within_five_minutes_and_a_minute_ahead_at_most(span: int, accepted: bool) -> None:
    at = datetime.fromtimestamp(int(time.time()), UTC)
    compact = token(iat=int(at.timestamp()) + span, exp=int(at.timestamp()) + 600)
    assert accepted is (not _refused(compact, now=at))


def test_goi_11_a_token_that_is_not_valid_yet_is_refused() -> None:
    assert refusal(token(nbf=int(time.time()) + 120)) == "stale"


def _refused(compact: str, **changes: Any) -> bool:
    try:
        judged(compact, **changes)
    except AssertionRejected:
        return True
    return False


def test_a_fresh_login_is_believed_only_with_an_auth_time_after_the_question() -> None:
    assert judged(token(), fresh=True)
    assert refusal(token(auth_time=MISSING), fresh=True) == "malformed"
    assert refusal(token(auth_time=int(time.time()) - 3600), fresh=True) == "stale"
    assert judged(token(auth_time=int(time.time()) - 3600)), "an old login is one where none was demanded"
    assert refusal(token(auth_time=int(time.time()) + 3600)) == "stale"


HEADERS: dict[str, Callable[[], str]] = {
    "goi-02-none": lambda: token(None, {"alg": "none"}),
    "goi-02-None": lambda: token(None, {"alg": "None", "kid": KID}),
    "goi-02-NONE": lambda: token(None, {"alg": "NONE", "kid": KID}),
    "goi-02-nOnE": lambda: token(None, {"alg": "nOnE", "kid": KID}),
    "goi-02-empty-signature": lambda: token(None),
    "goi-03-pem": lambda: token(public(Encoding.PEM), {"alg": "HS256", "kid": KID}),
    "goi-03-der": lambda: token(public(Encoding.DER), {"alg": "HS256", "kid": KID}),
    "goi-03-jwk": lambda: token(json.dumps(jwk(KEY)).encode(), {"alg": "HS256", "kid": KID}),
    "goi-04-unpublished-key": lambda: token(STRANGER),
    "goi-05-embedded-jwk": lambda: token(STRANGER, {"alg": "ES256", "kid": "x", "jwk": jwk(STRANGER)}),
    "goi-05-embedded-jwk-known-kid": lambda: token(STRANGER, {"alg": "ES256", "kid": KID, "jwk": jwk(STRANGER)}),
    "goi-06-jku": lambda: token(STRANGER, {"alg": "ES256", "kid": "x", "jku": "https://canary.example/jwks"}),
    "goi-06-x5u": lambda: token(STRANGER, {"alg": "ES256", "kid": "x", "x5u": "https://canary.example/x5"}),
    "goi-06-x5c": lambda: token(KEY, {"alg": "ES256", "kid": KID, "x5c": ["AAAA"]}),
    "goi-23-crit": lambda: token(KEY, {"alg": "ES256", "kid": KID, "crit": ["b64"], "b64": True}),
    "goi-23-crit-unknown": lambda: token(KEY, {"alg": "ES256", "kid": KID, "crit": ["exp"], "exp": 1}),
    "goi-24-jwe": lambda: "eyJhbGciOiJSU0ExXzUiLCJlbmMiOiJBMTI4R0NNIn0.AA.AA.AA.AA",
    "goi-24-zip": lambda: token(KEY, {"alg": "ES256", "kid": KID, "zip": "DEF"}),
    "goi-24-p2c": lambda: token(KEY, {"alg": "ES256", "kid": KID, "p2c": 100_000_000}),
    "goi-27-padding": lambda: token() + "=",
    "goi-27-fourth-part": lambda: token() + ".AAAA",
    "goi-27-two-parts": lambda: token().rpartition(".")[0],
    "goi-27-json": lambda: json_serialised(token()),
    "goi-27-newline": lambda: token() + "\n",
    "goi-27-non-canonical": lambda: non_canonical(token()),
    "goi-27-plain-base64": lambda: token().replace("-", "+").replace("_", "/") + "+",
    "alternate-alg": lambda: token(RSA, {"alg": "RS256", "kid": KID}),
    "typ-of-a-logout-token": lambda: token(KEY, {"alg": "ES256", "kid": KID, "typ": "logout+jwt"}),
    "kid-a-number": lambda: token(KEY, {"alg": "ES256", "kid": 1}),
    "too-long": lambda: token(note="x" * 16_384),
    "nested": lambda: jwt(KEY, {"alg": "ES256", "kid": KID}, b"[" * 10_000),
    "no-object": lambda: jwt(KEY, {"alg": "ES256", "kid": KID}, b'"s-1"'),
    "not-a-number": lambda: jwt(KEY, {"alg": "ES256", "kid": KID}, b'{"exp": NaN}'),
    "not-ascii": lambda: token() + "ā",
}


def public(encoding: Encoding) -> bytes:
    return KEY.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)


def json_serialised(compact: str) -> str:
    protected, payload, signature = compact.split(".")
    return json.dumps({"protected": protected, "payload": payload, "signature": signature})


def non_canonical(compact: str) -> str:
    """The same bytes in another spelling: 64 bytes of signature leave four bits of the last character unused."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return compact[:-1] + alphabet[alphabet.index(compact[-1]) + 1]


@pytest.mark.parametrize("name", HEADERS)
def test_t10_no_trick_with_the_form_or_the_header_is_accepted(name: str) -> None:
    assert refusal(HEADERS[name]()) in {"malformed", "bad_signature"}


@pytest.mark.parametrize("member", ["sub", "nin", "nonce"])
def test_goi_22_a_member_twice_is_refused(member: str) -> None:
    payload = json.dumps(claims(nin="150930-24177")).encode()
    twice = payload[:-1] + b', "' + member.encode() + b'": "other"}'
    assert refusal(jwt(KEY, {"alg": "ES256", "kid": KID}, twice)) == "malformed"


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("ES256", KEY),
        ("ES384", ec.generate_private_key(ec.SECP384R1())),
        ("PS256", RSA),
        ("RS256", RSA),
        ("Ed25519", ed25519.Ed25519PrivateKey.generate()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_algorithm_that_may_be_agreed_is_accepted_and_no_other_beside_it(algorithm: Any, key: PrivateKey) -> None:
    compact = jwt(key, {"alg": algorithm, "kid": KID}, json.dumps(claims()).encode())
    assert judged(compact, keys=[jwk(key)], algorithm=algorithm)
    for other in {"ES256", "ES384", "PS256", "RS256", "Ed25519"} - {algorithm}:
        assert refusal(compact, keys=[jwk(key)], algorithm=other) == "bad_signature"


def test_goi_13_at_hash_is_compared_and_an_algorithm_without_a_hash_fails() -> None:
    assert judged(token(at_hash=GOOD_HASH))
    key = ed25519.Ed25519PrivateKey.generate()
    compact = jwt(key, {"alg": "Ed25519", "kid": KID}, json.dumps(claims(at_hash=GOOD_HASH)).encode())
    assert refusal(compact, keys=[jwk(key)], algorithm="Ed25519") == "bad_signature"


LOGOUT = {"http://schemas.openid.net/event/backchannel-logout": {}}


@pytest.mark.parametrize("kind", ["JWT", "logout+jwt"])
def test_a_logout_token_is_no_id_token(kind: str) -> None:
    header = {"alg": "ES256", "kid": KID, "typ": kind}
    assert refusal(token(KEY, header, events=LOGOUT, jti="1", nonce=MISSING)) in {"not_trusted", "malformed"}
