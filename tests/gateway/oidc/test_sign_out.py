"""Sign-out requests: only an ID token of ours proves who asks, and only a registered address is answered (T05, T15)."""

import json
from base64 import urlsafe_b64encode
from urllib.parse import urlencode

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from gateway.oidc.errors import SignOutRefused
from tests.support.gateway_parts import ISSUER, OTHER, PORTAL, PORTAL_CERTIFICATE, SIGNING_KEY, Core

SIGNED_OUT = "https://portal.test/signed-out"


def id_token(core: Core) -> str:
    granted = core.redeem(core.token_form(core.code()), PORTAL_CERTIFICATE)
    assert isinstance(granted, dict)
    return str(granted["id_token"])


def forged(header: str, payload: str = "{}") -> str:
    parts = (urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in (header, payload, "x" * 64))
    return ".".join(parts)


def made_by(key: ECKey, **claims: str) -> str:
    payload = json.dumps({"iss": ISSUER, "aud": PORTAL, **claims})
    return jws.serialize_compact({"alg": "ES256"}, payload, key, algorithms=["ES256"])


def refusal(core: Core, *parameters: tuple[str, str]) -> str:
    with pytest.raises(SignOutRefused) as caught:
        core.use_cases.sign_out(urlencode(parameters).encode())
    event = core.storage.events[-1]
    assert event.name == "login.sign-out-requested", "every attempt is recorded"
    assert event.corr == caught.value.corr
    return caught.value.rule


def test_an_expired_id_token_of_ours_still_says_who_asks() -> None:
    """RP-Initiated Logout 1.0, 2: the hint of a session long over is accepted."""
    core = Core()
    hint = id_token(core)
    core.clock.move(days=400)
    asked = urlencode({"id_token_hint": hint, "post_logout_redirect_uri": SIGNED_OUT, "state": "a b&c"})
    answer = core.use_cases.sign_out(asked.encode())
    assert (answer.party.id, answer.location) == (PORTAL, f"{SIGNED_OUT}?state=a+b%26c")


@pytest.mark.parametrize(
    "header",
    [
        '{"alg":"none"}',
        '{"alg":"HS256"}',
        '{"alg":["ES256"]}',
        '{"alg":{}}',
        '{"alg":null}',
        '{"alg":"ES256","kid":[]}',
        '{"alg":"ES256","kid":{}}',
        '{"alg":"ES256","crit":1}',
        '{"alg":"ES256","crit":["b64"],"b64":false}',
        '{"alg":"ES256","alg":"none"}',
        '{"alg":"ES256","kid":NaN}',
        '{"alg":"ES256","jwk":{}}',
        "[" * 9000,
        "[]",
        "null",
        "",
    ],
)
def test_t10_no_header_whatever_breaks_the_check_or_gets_through(header: str) -> None:
    assert refusal(Core(), ("id_token_hint", forged(header))) == "id_token_hint_is_ours"


@pytest.mark.parametrize(
    "payload", ["[" * 2000, "[]", '{"aud":NaN}', '{"aud":"portal","aud":"other"}', '{"aud":["portal"]}']
)
def test_t10_no_payload_whatever_breaks_the_check(payload: str) -> None:
    hint = jws.serialize_compact({"alg": "ES256"}, payload, SIGNING_KEY, algorithms=["ES256"])
    assert refusal(Core(), ("id_token_hint", hint)) == "id_token_hint_is_ours"


def test_a_token_that_we_did_not_sign_or_not_for_anybody_registered_is_no_hint() -> None:
    core = Core()
    for hint in (
        made_by(ECKey.generate_key("P-256")),
        made_by(SIGNING_KEY, aud="nobody"),
        made_by(SIGNING_KEY, iss="https://other.test"),
        "a.b.c",
        "x" * 20_000,
    ):
        assert refusal(core, ("id_token_hint", hint)) == "id_token_hint_is_ours"


def test_t05_an_address_that_is_not_registered_is_not_visited() -> None:
    core = Core()
    hint = ("id_token_hint", id_token(core))
    for uri in (f"{SIGNED_OUT}/", f"{SIGNED_OUT}?x=1", "https://evil.test/", "//evil.test", "javascript:alert(1)"):
        assert refusal(core, hint, ("post_logout_redirect_uri", uri)) == "registered_post_logout_redirect_uri"


@pytest.mark.parametrize("twice", ["post_logout_redirect_uri", "client_id", "state"])
def test_a_parameter_sent_twice_is_refused_and_not_taken_for_absent(twice: str) -> None:
    core = Core()
    assert refusal(core, ("id_token_hint", id_token(core)), (twice, PORTAL), (twice, PORTAL)) == "no_parameter_twice"


def test_one_party_cannot_sign_out_in_anothers_name() -> None:
    core = Core()
    assert refusal(core, ("id_token_hint", id_token(core)), ("client_id", OTHER)) == "same_relying_party"
