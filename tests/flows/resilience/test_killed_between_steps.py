"""Issue 2, "process killed between any two steps": before each durable step, and after it with the answer lost.

Seven logins, each at another step, are killed together; then each person goes on with the same browser.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

import pytest

from gateway.demo.places import PROVIDER
from tests.flows.resilience.oracle import (
    check_no_half_logins,
    check_proven,
    database_of,
    own_way,
    state_of,
    trails,
)
from tests.flows.resilience.relay import Relay
from tests.flows.resilience.walking_on import go_on
from tests.flows.resilience.world import OTHER_PROVIDER, World, a_world
from tests.flows.resilience.writers_turn import nobody_commits, wait_for_writers
from tests.support.driver import SignIn
from tests.support.gateway_parts import eventually
from tests.support.https_line import Broken
from tests.support.services import connections_by_process

pytestmark = [
    pytest.mark.xdist_group("resilience"),
    pytest.mark.timeout(400),
    # The standard library forgets a socket whose peer is killed between connect and handshake.
    pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning"),
]

BEFORE: Final = "before it is durable"
AFTER: Final = "after it, with the answer lost"


@dataclass
class Stage:
    """A world with each provider's back channel behind a relay."""

    world: World
    relay: Relay
    other_relay: Relay

    def login(self, provider: str | None = PROVIDER) -> SignIn:
        return self.world.driver(provider).begin()

    def state(self, login: SignIn) -> str | None:
        return state_of(database_of(self.world.places), login.login)

    def wait_for(self, login: SignIn, state: str) -> None:
        assert eventually(lambda: self.state(login) == state, within=30), (self.state(login), state)

    def restart(self) -> None:
        for relay in (self.relay, self.other_relay):
            relay.release()
            relay.hang_up()
        self.world.gateway.start()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with ExitStack() as stack:
        world = stack.enter_context(a_world(tmp_path_factory.mktemp("steps")))
        mutual = world.places.bank_mutual_port
        relay, other = stack.enter_context(Relay(mutual)), stack.enter_context(Relay(mutual))
        world.add_other_provider(relay.url, other_back_channel=other.url)
        world.gateway.start()
        yield Stage(world, relay, other)


@dataclass
class Interrupted:
    """A login that was killed at a step, and what came of it."""

    login: SignIn
    state: str | None
    """As the database had it when the gateway was dead."""
    ended: str
    seconds: float
    """From the kill to the end, the gateway's start included."""


@pytest.fixture(scope="module")
def before(stage: Stage) -> dict[str, Interrupted]:
    """Every step was sent, none could be saved, then all processes died."""
    return killed(stage, park_before_each_step)


@pytest.fixture(scope="module")
def after(stage: Stage, before: dict[str, Interrupted]) -> dict[str, Interrupted]:
    """Every step was saved, its answer never arrived, then all processes died."""
    return killed(stage, take_each_step_and_lose_its_answer)


def killed(stage: Stage, prepare: Callable[[Stage], dict[str, SignIn]]) -> dict[str, Interrupted]:
    logins = prepare(stage)
    states = {step: stage.state(login) for step, login in logins.items()}
    at = time.monotonic()
    stage.restart()
    found = {}
    for step in sorted(logins, key=lambda step: step != "token"):  # a code lives for a minute only
        ended = walk_on(logins[step])
        found[step] = Interrupted(logins[step], states[step], ended, time.monotonic() - at)
    return found


def walk_on(login: SignIn) -> str:
    if login.login is None:  # nothing was shown yet: the browser repeats the portal's request
        login.up_to("token").take("token")
        return "signed in"
    return go_on(login.party, login)


def park_before_each_step(stage: Stage) -> dict[str, SignIn]:
    logins = {
        "authorize": stage.login(),
        "choose": stage.login(provider=None),
        "return": stage.login().up_to("return"),
        "confirmation": stage.login().up_to("return"),
        "outcome": stage.login(OTHER_PROVIDER).up_to("return"),
        "continue": stage.login().up_to("continue"),
        "token": stage.login().up_to("token"),
    }
    logins["choose"].take("authorize")
    with ThreadPoolExecutor(len(logins)) as threads:
        stage.relay.hold()
        stage.other_relay.hold()
        asking = [threads.submit(logins[step].take, "return") for step in ("confirmation", "outcome")]
        for step in ("confirmation", "outcome"):
            stage.wait_for(logins[step], "arrived")
        with nobody_commits(database_of(stage.world.places)) as lock:
            asking += [threads.submit(action) for action in steps_to_send(logins)]
            stage.other_relay.release()
            assert eventually(lambda: stage.other_relay.answered > 0, within=30)
            wait_for_writers(lock, serving(stage))
            stage.world.gateway.kill()
            check_broken(asking)
    return logins


def steps_to_send(logins: dict[str, SignIn]) -> list[Callable[[], Any]]:
    steps = ("authorize", "return", "continue", "token")
    return [logins["choose"].choose, *(lambda step=step: logins[step].take(step) for step in steps)]


def serving(stage: Stage) -> set[int]:
    """The worker process of each port: the one that holds our connection."""
    places, processes = stage.world.places, stage.world.gateway.processes
    ports = (places.gateway_port, places.gateway_mutual_port)
    return {process for port in ports for process in connections_by_process(processes, port)}


def check_broken(asking: list[Future[Any]]) -> None:
    for future in asking:
        assert isinstance(future.exception(timeout=60), Broken)


def take_each_step_and_lose_its_answer(stage: Stage) -> dict[str, SignIn]:
    logins = {
        "authorize": stage.login(),
        "choose": stage.login(provider=None),
        "outcome": stage.login().up_to("return"),
        "continue": stage.login().up_to("continue"),
        "token": stage.login().up_to("token"),
    }
    logins["choose"].take("authorize")
    logins["choose"].choose()
    logins["choose"].form = ("", b"")
    for name, step in (("authorize", "authorize"), ("outcome", "return"), ("continue", "continue"), ("token", "token")):
        logins[name].take(step)
        del logins[name].seconds[step]
    logins["authorize"].login = logins["continue"].code = None
    stage.world.gateway.kill()
    return logins


@pytest.mark.parametrize(
    ("step", "state", "ended"),
    [
        ("authorize", None, "signed in"),
        ("choose", "asked", "signed in"),
        ("return", "atprovider", "signed in"),
        ("confirmation", "arrived", "began again"),
        ("outcome", "arrived", "began again"),
        ("continue", "answered", "signed in"),
        ("token", "delivered", "signed in"),
    ],
)
def test_r1_killed_before_a_step_is_durable_the_login_is_where_it_was(
    before: dict[str, Interrupted], step: str, state: str | None, ended: str
) -> None:
    assert before[step].state == state
    assert before[step].ended == ended


@pytest.mark.parametrize(
    ("step", "state", "ended"),
    [
        ("authorize", None, "signed in"),
        ("choose", "atprovider", "began again"),
        ("outcome", "answered", "signed in"),
        ("continue", "delivered", "already complete"),
        ("token", "redeemed", "already complete"),
    ],
)
def test_r1_killed_after_a_step_is_durable_nothing_is_done_twice(
    after: dict[str, Interrupted], step: str, state: str | None, ended: str
) -> None:
    assert after[step].state == state
    assert after[step].ended == ended


def test_t50_no_login_has_two_successes_or_half_a_trail(stage: Stage, after: dict[str, Interrupted]) -> None:
    database = database_of(stage.world.places)
    check_no_half_logins(database)
    for login, trail in trails(database).items():
        way = own_way(trail)
        assert len(way) == len(set(way)), (login, way)
    check_proven(stage.world.places)


def test_t01_tokens_whose_answer_was_lost_are_taken_back_when_the_portal_asks_again(
    stage: Stage, after: dict[str, Interrupted]
) -> None:
    login = after["token"].login.login
    assert trails(database_of(stage.world.places))[login or ""][-1] == "token.revoked"
