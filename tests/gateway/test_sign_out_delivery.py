"""Logout tokens reach the other portals of a group: signed, tried again, recorded, and never waited for (T15)."""

import threading
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest

from gateway.broker.session import Standing
from gateway.broker.sign_out import PAUSES
from gateway.sign_out_delivery import SignOutDelivery
from providers.call_failures import Failure, TransportError
from providers.contract import BackChannelExchange
from providers.transport import Reply
from tests.support.gateway_parts import ISSUER, eventually
from tests.support.group import AUCTIONS, REGISTER, Town, claims_of

EVENT = "http://schemas.openid.net/event/backchannel-logout"


def exchange(status: int | None, body: bytes = b"") -> BackChannelExchange:
    return BackChannelExchange(
        method="POST",
        endpoint="https://register.test/backchannel-logout",
        sent=b"",
        received=body,
        status=status,
        peer_certificate_sha256=None,
        tls_version="TLSv1.3" if status else None,
    )


class Portals:
    """The portals' servers, as the test wants them: a status, or None for no answer."""

    def __init__(self, *statuses: int | None) -> None:
        self.statuses = list(statuses)
        self.received: list[tuple[str, bytes]] = []

    def send(self, address: str, form: bytes) -> Reply:
        self.received.append((address, form))
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if status is None:
            raise TransportError(Failure.UNREACHABLE, "nobody there", exchange(None))
        return Reply(status=status, media_type="", body=b"", exchange=exchange(status))

    def tokens(self) -> list[dict[str, Any]]:
        return [claims_of(parse_qs(form.decode())["logout_token"][0]) for _, form in self.received]


@pytest.fixture
def town() -> Town:
    return Town()


@pytest.fixture
def delivery_by(town: Town, request: pytest.FixtureRequest) -> Callable[[Portals], SignOutDelivery]:
    def make(portals: Any) -> SignOutDelivery:
        core = town.core
        made = SignOutDelivery(
            core.storage, core.parties, core.use_cases.keys, portals, issuer=ISSUER, clock=core.clock, every=60
        )
        request.addfinalizer(made.stop)
        return made

    return make


Make = Callable[[Portals], SignOutDelivery]


def signed_out(town: Town) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two portals took part, and the person ended it; gives both ID tokens."""
    browser = town.browser()
    first, second = claims_of(browser.sign_in(AUCTIONS)), claims_of(browser.is_known_to(REGISTER))
    browser.open("/session/end", "POST", data={"group": "registers"})
    return first, second


def standings(town: Town) -> set[Standing]:
    parties = town.core.storage.look(lambda sessions: vars(sessions)["_state"].parties.values())
    return {party.standing for party in parties}


def test_every_portal_of_the_session_gets_a_token_about_its_own_session(town: Town, delivery_by: Make) -> None:
    """OIDC Back-Channel Logout 2.4: each member, and nothing that an ID token has."""
    first, second = signed_out(town)
    portals = Portals(200)
    assert delivery_by(portals).deliver_due() == 2
    now = int(town.core.clock().timestamp())
    by_audience = {token["aud"]: token for token in portals.tokens()}
    for name, id_token in ((AUCTIONS, first), (REGISTER, second)):
        token = by_audience[name]
        assert (token["iss"], token["iat"], token["exp"]) == (ISSUER, now, now + 120)
        assert (token["sub"], token["sid"]) == (id_token["sub"], id_token["sid"])
        assert token["events"] == {EVENT: {}}
        assert token.keys() == {"iss", "aud", "iat", "exp", "jti", "sub", "sid", "events"}, "no nonce"
    assert len({token["jti"] for token in portals.tokens()}) == 2
    assert standings(town) == {Standing.TOLD}


def test_a_token_says_in_its_header_that_it_is_a_logout_token(town: Town, delivery_by: Make) -> None:
    signed_out(town)
    portals = Portals(204)
    delivery_by(portals).deliver_due()
    compact = parse_qs(portals.received[0][1].decode())["logout_token"][0]
    assert town.core.use_cases.keys.verify(compact)
    assert '"typ":"logout+jwt"' in _header(compact)


def _header(compact: str) -> str:
    head = compact.partition(".")[0]
    return urlsafe_b64decode(head + "=" * (-len(head) % 4)).decode().replace(" ", "")


def test_t12_tokens_go_to_the_registered_address_and_nowhere_else(town: Town, delivery_by: Make) -> None:
    signed_out(town)
    portals = Portals(200)
    delivery_by(portals).deliver_due()
    assert {address for address, _ in portals.received} == {
        "https://auctions.test/backchannel-logout",
        "https://register.test/backchannel-logout",
    }


def test_what_was_sent_and_what_came_back_is_recorded_for_each_attempt(town: Town, delivery_by: Make) -> None:
    signed_out(town)
    delivery_by(Portals(None)).deliver_due()
    recorded = [event for event in town.core.storage.events if event.name.startswith("session.sign-out-")]
    assert [event.name for event in recorded].count("session.sign-out-sent") == 2
    answers = [event for event in recorded if event.name == "session.sign-out-answered"]
    assert {(event.members().get("status"), event.members()["verdict"].rule) for event in answers} == {  # type: ignore[attr-defined]
        (None, "unreachable")
    }
    sent = next(event for event in recorded if event.name == "session.sign-out-sent")
    assert sent.sent is not None
    assert sent.sent.startswith(b"logout_token=")


@pytest.mark.parametrize("status", [None, 400, 500, 302])
def test_a_portal_that_does_not_confirm_is_tried_again_later_and_given_up_in_the_end(
    town: Town, delivery_by: Make, status: int | None
) -> None:
    signed_out(town)
    portals = Portals(status)
    delivery = delivery_by(portals)
    for pause in PAUSES:
        assert delivery.deliver_due() == 2
        assert delivery.deliver_due() == 0, "not before its time"
        assert standings(town) == {Standing.TO_BE_TOLD}
        town.core.clock.now += pause
    assert delivery.deliver_due() == 2
    assert standings(town) == {Standing.UNREACHABLE}
    town.core.clock.move(minutes=20)
    assert delivery.deliver_due() == 0
    assert len({token["jti"] for token in portals.tokens()}) == len(portals.received), "each attempt has its own token"


def test_a_portal_that_comes_back_is_told_and_the_person_sees_it(town: Town, delivery_by: Make) -> None:
    browser = town.browser()
    browser.sign_in(AUCTIONS)
    ended = browser.open("/session/end", "POST", data={"group": "registers"})
    delivery = delivery_by(Portals(None, 200))
    delivery.deliver_due()
    assert "Being told" in browser.open(f"{ended.location}?lang=en").text
    town.core.clock.move(seconds=2)
    delivery.deliver_due()
    page = browser.open(f"{ended.location}?lang=en").text
    assert "Signed out</dd>" in page.replace("\n", "")
    assert "See the answers anew" not in page


def test_a_portal_that_is_registered_no_more_is_not_called(town: Town, delivery_by: Make) -> None:
    signed_out(town)
    town.core.parties.swap([party for party in town.core.parties.values() if party.id != REGISTER])
    portals = Portals(200)
    assert delivery_by(portals).deliver_due() == 1
    assert standings(town) == {Standing.TOLD, Standing.NO_ADDRESS}


def test_two_processes_deliver_each_token_once(town: Town, delivery_by: Make) -> None:
    """One claims the attempt by one statement; the other goes away with empty hands."""
    signed_out(town)
    both_look = threading.Barrier(2, timeout=20)
    look = town.core.storage.look
    listed = town.core.storage.look(lambda sessions: sessions.due(town.core.clock(), 8))
    portals = Portals(200)
    deliveries = [delivery_by(portals), delivery_by(portals)]

    def deliver(one: SignOutDelivery) -> None:
        both_look.wait()
        one.deliver_due()

    threads = [threading.Thread(target=deliver, args=(one,)) for one in deliveries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(listed) == 2
    assert len(portals.received) == 2
    assert look(lambda sessions: sessions.due(town.core.clock(), 8)) == []


class Hanging:
    """A portal that answers only when the test is over."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.let_go = threading.Event()

    def send(self, address: str, form: bytes) -> Reply:
        self.asked.set()
        assert self.let_go.wait(60)
        return Reply(status=200, media_type="", body=b"", exchange=exchange(200))


def test_the_persons_page_does_not_wait_for_a_portal_that_hangs(town: Town, delivery_by: Make) -> None:
    hanging = Hanging()
    delivery = delivery_by(hanging)  # type: ignore[arg-type]
    town.core.use_cases.sessions.on_end = delivery.wake
    delivery.start()
    browser = town.browser()
    try:
        browser.sign_in(AUCTIONS)
        ended = browser.open("/session/end", "POST", data={"group": "registers"})
        assert hanging.asked.wait(20), "the thread was woken"
        assert "Being told" in browser.open(f"{ended.location}?lang=en").text
    finally:
        hanging.let_go.set()
    assert eventually(lambda: standings(town) == {Standing.TOLD}, within=20)


def test_a_gateway_without_a_group_never_looks_into_the_outbox(town: Town, delivery_by: Make) -> None:
    town.core.parties.swap([])
    looked: list[object] = []
    town.core.storage.look = looked.append  # type: ignore[method-assign, assignment]
    delivery = delivery_by(Portals(200))
    delivery.start()
    delivery.wake()
    delivery.stop()
    assert looked == []
