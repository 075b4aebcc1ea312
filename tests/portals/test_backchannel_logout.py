"""The gateway tells the auction portal that a session is over, and nobody else can (T15, Back-Channel Logout 2.6)."""

import base64
import hmac
import json
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from joserfc import jws
from joserfc.jwk import ECKey
from werkzeug.test import TestResponse

from portals.auctions.session_storage import SqlSessions, SqlSignedIn
from portals.auctions.storage import open_engine
from portals.browser_sessions import StoredSession
from portals.logout_token import VerifiedLogout
from portals.settings import PortalSettings
from tests.portals.browser import BASE, Visitor
from tests.portals.conftest import TestClock
from tests.portals.gateway_double import CLIENT_ID, GatewayDouble

EVENT = "http://schemas.openid.net/event/backchannel-logout"
SID = "the session of this portal"


def claims(gateway: GatewayDouble, **changed: Any) -> dict[str, Any]:
    now = int(time.time())
    values = {
        "iss": gateway.issuer,
        "aud": CLIENT_ID,
        "iat": now,
        "exp": now + 120,
        "jti": secrets.token_urlsafe(16),
        "sid": SID,
        "events": {EVENT: {}},
        **changed,
    }
    return {name: value for name, value in values.items() if value is not None}


def signed(key: Any, content: dict[str, Any], **header: Any) -> str:
    protected = {"alg": "ES256", "kid": "gateway-1", "typ": "logout+jwt", **header}
    protected = {name: value for name, value in protected.items() if value is not None}
    return jws.serialize_compact(protected, json.dumps(content), key, algorithms=[protected["alg"]])


def spelled(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def unsigned(content: dict[str, Any], algorithm: str = "none") -> str:
    head = {"alg": algorithm, "kid": "gateway-1", "typ": "logout+jwt"}
    return f"{spelled(json.dumps(head).encode())}.{spelled(json.dumps(content).encode())}."


def by_the_public_key(key: ECKey, content: dict[str, Any]) -> str:
    start = unsigned(content, "HS256")
    return start + spelled(hmac.digest(key.as_pem(private=False), start.rstrip(".").encode(), "sha256"))


def tell(app: Flask, *tokens: str) -> TestResponse:
    """The gateway's server: no cookie, no CSRF token, no referrer."""
    return app.test_client().post("/backchannel-logout", data={"logout_token": list(tokens)}, base_url=BASE)


def is_in(visitor: Visitor) -> bool:
    return visitor.get("/my-entry.json").status_code == 200


@pytest.fixture
def signed_in(visitor: Visitor, gateway: GatewayDouble) -> Visitor:
    gateway.wrong.claims = {"sid": SID}
    visitor.sign_in()
    assert is_in(visitor)
    return visitor


def test_the_session_that_is_named_ends_and_no_other(app: Flask, signed_in: Visitor, gateway: GatewayDouble) -> None:
    gateway.wrong.claims = {"sid": "another session of the same person"}
    elsewhere = Visitor(app, gateway)
    elsewhere.sign_in()
    answer = tell(app, signed(gateway.key, claims(gateway, sub="whatever")))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert not is_in(signed_in)
    assert is_in(elsewhere)


def test_a_session_that_is_stored_only_after_its_end_is_none(settings: PortalSettings) -> None:
    """The gateway may be faster than our own answer to the browser, which stores the session."""
    engine = open_engine(settings.database)
    now = datetime.now(UTC)
    stored = StoredSession(sealed=b"sealed", created_at=now, seen_at=now)
    names, kept = SqlSignedIn(engine), SqlSessions(engine)
    for digest, ends in ((b"ended", True), (b"alive", False)):
        names.note(gateway_session=str(digest), subject="s", session_digest=digest, at=now)
        if ends:
            over = VerifiedLogout(identifier="once", expires_at=now, session=str(digest), subject="")
            assert names.end(over, at=now)
        kept.add(digest, stored)
    assert (kept.load(b"ended"), kept.load(b"alive")) == (None, replace(stored, **_whole_seconds(now)))
    engine.dispose()


def _whole_seconds(now: datetime) -> dict[str, datetime]:
    return dict.fromkeys(("created_at", "seen_at"), now.replace(microsecond=0))


def test_without_a_session_every_session_of_the_subject_ends(
    app: Flask, signed_in: Visitor, gateway: GatewayDouble
) -> None:
    gateway.subject = "somebody"
    gateway.wrong.claims = {}
    gateway.person = {"given_name": "Otrs", "family_name": "Cilvēks", "personal_code": "010117-12346"}
    both = [Visitor(app, gateway), Visitor(app, gateway)]
    for visitor in both:
        visitor.sign_in()
    assert tell(app, signed(gateway.key, claims(gateway, sid=None, sub="somebody"))).status_code == 200
    assert [is_in(visitor) for visitor in both] == [False, False]
    assert is_in(signed_in)


def test_a_session_that_is_unknown_is_confirmed_all_the_same(app: Flask, gateway: GatewayDouble) -> None:
    """It may have ended long ago; the gateway need not try again."""
    assert tell(app, signed(gateway.key, claims(gateway))).status_code == 200


def test_a_person_can_sign_in_again_after_being_signed_out(
    app: Flask, signed_in: Visitor, gateway: GatewayDouble
) -> None:
    tell(app, signed(gateway.key, claims(gateway)))
    signed_in.sign_in()
    assert is_in(signed_in)


MUTATIONS: dict[str, Any] = {
    "alg none": lambda gateway: unsigned(claims(gateway)),
    "HS256 with the public key": lambda gateway: by_the_public_key(gateway.key, claims(gateway)),
    "another key": lambda gateway: signed(ECKey.generate_key("P-256"), claims(gateway)),
    "a kid that is not published": lambda gateway: signed(gateway.key, claims(gateway), kid="gateway-9"),
    "no kid": lambda gateway: signed(gateway.key, claims(gateway), kid=None),
    "typ of an ID token": lambda gateway: signed(gateway.key, claims(gateway), typ="JWT"),
    "no typ": lambda gateway: signed(gateway.key, claims(gateway), typ=None),
    "aud of another portal": lambda gateway: signed(gateway.key, claims(gateway, aud="another")),
    "aud of this and another portal": lambda gateway: signed(gateway.key, claims(gateway, aud=[CLIENT_ID, "another"])),
    "no aud": lambda gateway: signed(gateway.key, claims(gateway, aud=None)),
    "iss of another gateway": lambda gateway: signed(gateway.key, claims(gateway, iss="https://other.test")),
    "no iss": lambda gateway: signed(gateway.key, claims(gateway, iss=None)),
    "no events": lambda gateway: signed(gateway.key, claims(gateway, events=None)),
    "another event": lambda gateway: signed(gateway.key, claims(gateway, events={"urn:other": {}})),
    "an event that is no object": lambda gateway: signed(gateway.key, claims(gateway, events={EVENT: True})),
    "events as a list": lambda gateway: signed(gateway.key, claims(gateway, events=[EVENT])),
    "a nonce": lambda gateway: signed(gateway.key, claims(gateway, nonce="n")),
    "an empty nonce": lambda gateway: signed(gateway.key, claims(gateway, nonce="")),
    "no exp": lambda gateway: signed(gateway.key, claims(gateway, exp=None)),
    "exp past": lambda gateway: signed(gateway.key, claims(gateway, exp=int(time.time()) - 11)),
    "a life of more than two minutes": lambda gateway: signed(gateway.key, claims(gateway, exp=int(time.time()) + 600)),
    "no iat": lambda gateway: signed(gateway.key, claims(gateway, iat=None)),
    "iat long ago": lambda gateway: signed(
        gateway.key, claims(gateway, iat=int(time.time()) - 600, exp=int(time.time()) - 480)
    ),
    "iat in the future": lambda gateway: signed(
        gateway.key, claims(gateway, iat=int(time.time()) + 60, exp=int(time.time()) + 90)
    ),
    "no jti": lambda gateway: signed(gateway.key, claims(gateway, jti=None)),
    "a jti that is no text": lambda gateway: signed(gateway.key, claims(gateway, jti=7)),
    "neither sid nor sub": lambda gateway: signed(gateway.key, claims(gateway, sid=None)),
    "a sid that is no text": lambda gateway: signed(gateway.key, claims(gateway, sid=[SID])),
    "crit in the header": lambda gateway: signed(gateway.key, claims(gateway), crit=["b64"], b64=True),
    "no token": lambda _gateway: "",
    "too long": lambda gateway: signed(gateway.key, claims(gateway, more="x" * 20_000)),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_t15_no_mutation_of_a_logout_token_ends_a_session(
    app: Flask, signed_in: Visitor, gateway: GatewayDouble, mutation: str
) -> None:
    answer = tell(app, MUTATIONS[mutation](gateway))
    assert (answer.status_code, answer.json) == (400, {"error": "invalid_request"})
    assert is_in(signed_in)


def test_t15_an_id_token_of_the_person_ends_no_session(app: Flask, signed_in: Visitor, gateway: GatewayDouble) -> None:
    assert tell(app, gateway.id_token("a nonce")).status_code == 400
    assert is_in(signed_in)


def test_t15_a_logout_token_counts_once(app: Flask, signed_in: Visitor, gateway: GatewayDouble) -> None:
    token = signed(gateway.key, claims(gateway))
    assert tell(app, token).status_code == 200
    signed_in.sign_in()
    assert tell(app, token).status_code == 400
    assert is_in(signed_in), "a replayed token ends nothing"


def test_t15_of_many_at_once_one_counts(app: Flask, signed_in: Visitor, gateway: GatewayDouble) -> None:
    token = signed(gateway.key, claims(gateway))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: tell(app, token).status_code, range(16)))
    assert sorted(answers) == [200] + [400] * 15
    assert not is_in(signed_in)


def test_a_used_token_is_forgotten_once_it_would_have_expired_anyway(
    app: Flask, clock: TestClock, gateway: GatewayDouble
) -> None:
    token = signed(gateway.key, claims(gateway))
    tell(app, token)
    clock.ahead = clock.ahead.__class__(minutes=10)
    later = int(time.time()) + 600
    assert tell(app, signed(gateway.key, claims(gateway, iat=later, exp=later + 120))).status_code == 200
    assert tell(app, token).status_code == 400, "its own time is over"


def test_two_tokens_in_one_form_are_none(app: Flask, signed_in: Visitor, gateway: GatewayDouble) -> None:
    assert tell(app, *(signed(gateway.key, claims(gateway)) for _ in range(2))).status_code == 400
    assert is_in(signed_in)


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_nothing_but_a_post_is_taken(app: Flask, method: str) -> None:
    assert getattr(app.test_client(), method)("/backchannel-logout", base_url=BASE).status_code == 405


def test_what_is_logged_holds_nothing_of_the_token(
    app: Flask, gateway: GatewayDouble, caplog: pytest.LogCaptureFixture
) -> None:
    tell(app, signed(gateway.key, claims(gateway, nonce="a-secret-nonce", sub="a-subject")))
    tell(app, signed(gateway.key, claims(gateway)))
    assert "nonce must not be there" in caplog.text
    assert "a-secret-nonce" not in caplog.text
    assert "a-subject" not in caplog.text
    assert SID not in caplog.text
