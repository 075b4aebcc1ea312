"""A partner that asks by OpenID Connect, for these tests, and what it can see of the bank for each fault."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from werkzeug.test import TestResponse

from mock_bank.back_channel import PEER
from tests.mock_bank.world import World

CALLBACK = "https://gw.example/return/demobank"
OTHER_CALLBACK = "https://other.example/callback"
ISSUER = "https://bank.example/oidc"
MUTUAL = "https://bank.example:8444"
ASSERTION_KEY = ec.generate_private_key(ec.SECP256R1())
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
VERIFIER = "v" * 43
Scenario = Callable[[World], object]


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def request(**changes: str | None) -> dict[str, str]:
    fields: dict[str, str | None] = {
        "response_type": "code", "client_id": "EIDGW", "redirect_uri": CALLBACK, "scope": "openid profile",
        "state": "st/a+te", "nonce": "nonce-1", "code_challenge": b64(hashlib.sha256(VERIFIER.encode()).digest()),
        "code_challenge_method": "S256",
    }  # fmt: skip
    return {name: value for name, value in (fields | changes).items() if value is not None}


def answer_of(response: TestResponse) -> dict[str, str]:
    """What the browser takes back, with the address that it goes to."""
    assert response.status_code == 303, response.text
    parts = urlsplit(response.headers["Location"])
    return {"to": f"{parts.scheme}://{parts.netloc}{parts.path}", **dict(parse_qsl(parts.query))}


def begun(world: World, **changes: str | None) -> str:
    response = world.browser.get("/oidc/authorize", query_string=request(**changes))
    assert response.status_code == 303, response.text
    return response.headers["Location"]


def agreed(world: World, person: str = "100001", **changes: str | None) -> dict[str, str]:
    login = begun(world, **changes)
    world.password(login, person)
    world.post(f"{login}/code", code=world.code(login))
    return answer_of(world.post(f"{login}/consent", decision="agree"))


def redeemed(world: World, code: str, **changes: str | None) -> TestResponse:
    form: dict[str, str | None] = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "client_id": "EIDGW",
        "code_verifier": VERIFIER,
    }  # fmt: skip
    sent = {name: value for name, value in (form | changes).items() if value is not None}
    return world.back_channel.post("/oidc/token", data=sent)


def public_key(world: World) -> ec.EllipticCurvePublicKey:
    key = world.bank.keys.oidc
    assert key is not None
    return key.public_key()


def signed_by_the_bank(world: World, token: str) -> bool:
    head, _, signature = token.rpartition(".")
    raw = unb64(signature)
    r, s = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])
    try:
        public_key(world).verify(encode_dss_signature(r, s), head.encode(), ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def parts_of(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, payload, _ = token.split(".")
    return json.loads(unb64(header)), json.loads(unb64(payload))


def id_token(world: World) -> object:
    """Header without what is made anew each time, claims, and whether the bank's key signed them."""
    token = redeemed(world, agreed(world)["code"]).json["id_token"]
    header, claims = parts_of(token)
    return sorted(header), header["alg"], header.get("kid"), claims, signed_by_the_bank(world, token)


def discovery(world: World) -> object:
    response = world.browser.get("/oidc/.well-known/openid-configuration")
    return response.status_code, response.json if response.status_code == 200 else None


def keys(world: World) -> object:
    published = world.browser.get("/oidc/jwks").json["keys"]
    return [(sorted(key), key["kid"]) for key in published]


def front_channel(world: World) -> object:
    return {name: name == "code" or value for name, value in agreed(world).items()}


def user_info(world: World) -> object:
    tokens = redeemed(world, agreed(world)["code"]).json
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    return world.back_channel.get("/oidc/userinfo", headers=header).json


def token_request(**changes: str | None) -> Scenario:
    return lambda world: redeemed(world, agreed(world)["code"], **changes).status_code


def a_code_twice(world: World) -> object:
    code = agreed(world)["code"]
    redeemed(world, code)
    return redeemed(world, code).status_code


def a_code_of_another_client(world: World) -> object:
    code = agreed(world)["code"]
    world.back_channel.environ_base[PEER] = lambda: "cd" * 32
    assertion = client_assertion(world)
    return redeemed(
        world, code, client_id="OTHERGW", client_assertion=assertion, client_assertion_type=ASSERTION_TYPE
    ).status_code


def an_unknown_certificate(world: World) -> object:
    code = agreed(world)["code"]
    world.back_channel.environ_base[PEER] = lambda: "ef" * 32
    return redeemed(world, code).status_code


def client_assertion(world: World, **changes: object) -> str:
    now = int(world.clock().timestamp())
    claims = {"iss": "OTHERGW", "sub": "OTHERGW", "aud": ISSUER, "exp": now + 60, "iat": now, "jti": "once"} | changes
    signed = f"{b64(json.dumps({'alg': 'ES256'}).encode())}.{b64(json.dumps(claims).encode())}"
    r, s = decode_dss_signature(ASSERTION_KEY.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{b64(r.to_bytes(32) + s.to_bytes(32))}"


def by_assertion(world: World, nonce: str = "nonce-1", **changes: object) -> TestResponse:
    code = agreed(world, client_id="OTHERGW", redirect_uri=OTHER_CALLBACK, nonce=nonce)["code"]
    return redeemed(
        world,
        code,
        client_id="OTHERGW",
        redirect_uri=OTHER_CALLBACK,
        client_assertion=client_assertion(world, **changes),
        client_assertion_type=ASSERTION_TYPE,
    )


def an_old_assertion(world: World) -> object:
    return by_assertion(world, exp=int(world.clock().timestamp()) - 600).status_code


def sent_back_to(address: str) -> Scenario:
    return lambda world: world.browser.get("/oidc/authorize", query_string=request(redirect_uri=address)).status_code


def cancelled_after_the_password(world: World) -> object:
    login = begun(world)
    world.password(login)
    response = world.post(f"{login}/cancel")
    if not response.headers["Location"].startswith("https://gw."):
        return "stays"
    return {name: name == "code" or value for name, value in answer_of(response).items()}


SCENARIOS: dict[str, Scenario] = {
    "oid.no-discovery": discovery,
    "oid.issuer-mismatch": discovery,
    "oid.metadata-http": discovery,
    "oid.advertises-none": discovery,
    "oid.jwks-private": keys,
    "oid.jwks-dup-kid": keys,
    "oid.no-code": front_channel,
    "oid.state-drop": front_channel,
    "oid.no-iss-param": front_channel,
    **{
        f"oid.{name}": id_token
        for name in [
            "nonce-drop",
            "wrong-iss",
            "wrong-aud",
            "alg-none",
            "alg-hs256",
            "bad-signature",
            "unknown-kid",
            "embedded-jwk",
            "no-exp",
            "iat-future",
            "auth-time-missing",
            "wrong-at-hash",
        ]
    },
    "oid.userinfo-sub-mismatch": user_info,
    "oid.pkce-optional": token_request(code_verifier=None),
    "oid.pkce-ignored": token_request(code_verifier="w" * 43),
    "oid.code-reuse": a_code_twice,
    "oid.code-any-client": a_code_of_another_client,
    "oid.open-redirect": sent_back_to("https://evil.example/"),
    "oid.redirect-prefix": sent_back_to(f"{CALLBACK}.evil.example/"),
    "oid.no-client-auth": an_unknown_certificate,
    "oid.assertion-unchecked": an_old_assertion,
    "err.cancel-dead-end": cancelled_after_the_password,
    "err.cancel-success": cancelled_after_the_password,
    "err.cancel-leaks-person": cancelled_after_the_password,
    "err.cancel-unsigned": cancelled_after_the_password,
}
