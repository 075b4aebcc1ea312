"""T01, R9, S18: two worker processes behind each port, and everything single stays single."""

import json
import os
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Final

import pytest

from tests.flows.resilience.oracle import (
    check_acknowledged,
    check_no_half_logins,
    check_proven,
    database_of,
    own_way,
    trails,
)
from tests.flows.resilience.world import World, a_world
from tests.support.driver import SignIn
from tests.support.gateway_parts import eventually
from tests.support.https_line import Line, Reply
from tests.support.load import run_logins
from tests.support.relying_party import RelyingParty
from tests.support.services import connections_by_process

pytestmark = [pytest.mark.xdist_group("resilience"), pytest.mark.timeout(300)]

ROUNDS: Final = 200 if os.environ.get("VPM_NIGHTLY") else 20
AT_ONCE: Final = 50
MOST_LINES: Final = 400


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_world(tmp_path_factory.mktemp("workers"), workers=2) as world:
        world.gateway.start()
        yield world


@pytest.fixture(scope="module")
def token_lines(world: World) -> Iterator[list[Line]]:
    party = RelyingParty(world.places)
    yield from spread(world, [Line(world.places.mutual_tls, party.portal_tls) for _ in range(MOST_LINES)])


@pytest.fixture(scope="module")
def browser_lines(world: World) -> Iterator[list[Line]]:
    party = RelyingParty(world.places)
    yield from spread(world, [Line(world.places.issuer, party.browser_tls) for _ in range(MOST_LINES)])


def spread(world: World, lines: list[Line]) -> Iterator[list[Line]]:
    """Open fifty connections, anew until each worker of the port holds ten of them at least."""
    with ExitStack() as stack:
        for line in lines:
            stack.callback(line.close)
        yield open_at_both(world, lines)


def open_at_both(world: World, lines: Sequence[Line]) -> list[Line]:
    def held() -> dict[int, int]:
        return connections_by_process(world.gateway.processes, lines[0].port)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        for start in range(0, len(lines), AT_ONCE):
            newest = lines[start : start + AT_ONCE]
            list(threads.map(Line.open, newest))
            if len(held()) == 2 and min(held().values()) >= 10:
                return list(newest)
            for line in newest:
                line.close()
            assert eventually(lambda: not held(), within=30)
    raise AssertionError("one worker takes all connections")


def all_at_once(lines: Sequence[Line], target: str, bodies: Sequence[bytes]) -> list[Reply]:
    """Send one request on each line in the same moment."""
    together = threading.Barrier(len(lines))

    def send(line: Line, body: bytes) -> Reply:
        line.open()
        together.wait(60)
        return line.post(target, body)

    with ThreadPoolExecutor(len(lines)) as threads:
        return list(threads.map(send, lines, bodies))


def test_t01_fifty_redemptions_at_once_by_two_workers_give_tokens_once(world: World, token_lines: list[Line]) -> None:
    """And the tokens of the one success are taken back, for a code that comes twice was stolen from somebody."""
    driver = world.driver()
    logins = []
    for _ in range(ROUNDS):
        login = driver.begin().up_to("token")
        replies = all_at_once(token_lines, "/oidc/token", [login.token_form() for _ in token_lines])
        assert Counter(reply.status for reply in replies) == {200: 1, 400: AT_ONCE - 1}
        won = next(reply for reply in replies if reply.status == 200)
        assert {json.loads(reply.body)["error"] for reply in replies if reply is not won} == {"invalid_grant"}
        assert claims_by(driver.lines.mutual, login, won) == 401
        logins.append(login.login or "")
    recorded = trails(database_of(world.places))
    for login_id in logins:
        assert Counter(recorded[login_id])["token.issued"] == 1
        assert Counter(recorded[login_id])["token.revoked"] == 1


def claims_by(line: Line, login: SignIn, tokens: Reply) -> int:
    """Ask for the claims with the access token that somebody got."""
    signed_in = login.acknowledge(tokens)
    return line.get("/oidc/userinfo", {"Authorization": f"Bearer {signed_in.access_token}"}).status


def test_tokens_of_a_code_that_came_once_are_good(world: World) -> None:
    """What the test before sees as revoked would be 401 for another reason, if this did not hold."""
    driver = world.driver()
    signed_in = driver.sign_in()
    reply = driver.lines.mutual.get("/oidc/userinfo", {"Authorization": f"Bearer {signed_in.access_token}"})
    assert reply.status == 200
    assert json.loads(reply.body)["personal_code"] == signed_in.identity.personal_code


def test_r9_fifty_equal_answers_of_a_bank_at_once_by_two_workers_sign_in_once(
    world: World, browser_lines: list[Line]
) -> None:
    """And five late ones: 1 success, 54 refusals, 55 events."""
    driver = world.driver()
    login = driver.begin().up_to("return")
    target, body = login.form
    path = target.removeprefix(world.places.issuer)
    replies = all_at_once(browser_lines, path, [body] * AT_ONCE)
    late = [browser_lines[0].post(path, body) for _ in range(5)]
    assert Counter(reply.status for reply in replies) == {303: 1, 400: AT_ONCE - 1}
    assert {reply.status for reply in late} == {400}
    login.seconds["return"] = 0.0
    signed_in = driver.finish(login)
    events = Counter(trails(database_of(world.places))[signed_in.login])
    assert events["login.answer-received"] == 1
    assert events["login.answer-refused"] == AT_ONCE - 1 + len(late)
    check_acknowledged(database_of(world.places), [signed_in])


def test_no_login_fails_when_its_requests_are_spread_over_workers(world: World) -> None:
    run = run_logins(world.places, 200, at_once=8)
    print(f"two workers: {run.summary()}")  # noqa: T201 - a figure
    assert not run.stopped, run.stopped[0].error
    assert len(run.signed_in) == 200
    check_acknowledged(database_of(world.places), run.signed_in)


def test_t48_the_log_of_two_workers_is_one_log(world: World) -> None:
    check_no_half_logins(database_of(world.places))
    assert all(len(own_way(way)) == len(set(own_way(way))) for way in trails(database_of(world.places)).values())
    check_proven(world.places)
