"""R4, T59: the disk is full: nothing is acknowledged that is not kept, everybody is told at once, and it recovers alone."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import pytest
import requests

from tests.flows.resilience.disks import Disk, LimitedFiles, SmallFileSystem, mounted_if_allowed
from tests.flows.resilience.oracle import check_acknowledged, check_intact, check_no_half_logins, check_proven
from tests.flows.resilience.world import World, a_world
from tests.support.driver import Driver, SignedIn, SignIn, Turned
from tests.support.gateway_parts import eventually
from tests.support.https_line import Reply
from tests.support.load import Load

pytestmark = [pytest.mark.xdist_group("resilience"), pytest.mark.timeout(300)]

REFUSED_WITHIN: Final = 1.0
"""Seconds (R4); the median counts, as two busy cores may keep any single answer."""
RECOVERS_WITHIN: Final = 30.0
MOST_LOGINS: Final = 2000
"""More than fit."""


@dataclass
class Flood:
    """What happened while the disk was full, and after."""

    world: World
    disk: Disk
    acknowledged: list[SignedIn]
    refusals: list[tuple[float, Reply]]
    """Seconds and answer of each new login that was turned away."""
    token_answer: Reply
    """To a code that was issued before."""
    readiness: tuple[int, list[str]]
    recovered_after: float
    parked: SignedIn
    """The login of that code, finished after the cure."""


@pytest.fixture(scope="module", params=["small file system", "limited files"])
def flood(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flood]:
    """Where this user may mount nothing, the limit is tried alone: the disk is full in any case."""
    root = tmp_path_factory.mktemp("full")
    folder = root / "gateway"
    with ExitStack() as stack:
        small = request.param == "small file system" and mounted_if_allowed(folder, stack)
        world = stack.enter_context(a_world(root))
        disk: Disk = SmallFileSystem(folder) if small else LimitedFiles(world)
        world.gateway.start()
        yield flooded(world, disk)


def flooded(world: World, disk: Disk) -> Flood:
    driver = world.driver()
    acknowledged = [driver.sign_in() for _ in range(5)]
    parked = world.driver().begin().up_to("token")
    disk.fill()
    refusals = [fill_up(driver, acknowledged)]
    refusals += [turned_away(driver.begin()) for _ in range(10)]
    token_answer = parked.lines.mutual.post("/oidc/token", parked.token_form())
    readiness = readiness_of(world)
    disk.free()
    started = time.monotonic()
    assert eventually(lambda: signs_in(driver, acknowledged), within=RECOVERS_WITHIN + 30)
    recovered_after = time.monotonic() - started
    finished: SignedIn = parked.take("token")
    with Load(world.places, at_once=4, count=20) as load:
        acknowledged += load.wait().signed_in
    return Flood(
        world, disk, [*acknowledged, finished], refusals, token_answer, readiness, recovered_after, parked=finished
    )


def fill_up(driver: Driver, acknowledged: list[SignedIn]) -> tuple[float, Reply]:
    """Sign in until a new login is turned away; a login that was under way then is not acknowledged."""
    for _ in range(MOST_LOGINS):
        login = driver.begin()
        started = time.monotonic()
        try:
            acknowledged.append(driver.finish(login))
        except Turned as turned:
            if turned.step == "authorize":
                return time.monotonic() - started, turned.reply
    raise AssertionError("the disk was never full")


def turned_away(login: SignIn) -> tuple[float, Reply]:
    started = time.monotonic()
    with pytest.raises(Turned) as refused:
        login.take("authorize")
    return time.monotonic() - started, refused.value.reply


def signs_in(driver: Driver, acknowledged: list[SignedIn]) -> bool:
    """Whether a login succeeds; one that does not must have been refused for the disk's sake."""
    refused: Turned | None = None
    try:
        acknowledged.append(driver.sign_in())
    except Turned as turned:
        refused = turned
    assert refused is None or refused.reply.status == 503, refused
    return refused is None


def readiness_of(world: World) -> tuple[int, list[str]]:
    trusted = str(world.places.root_certificate)
    answer = requests.get(f"{world.places.issuer}/readyz", verify=trusted, timeout=30)
    return answer.status_code, answer.json()["problems"]


def test_r4_new_logins_are_refused_at_once_with_a_time_to_come_back(flood: Flood) -> None:
    seconds = sorted(waited for waited, _ in flood.refusals)
    assert seconds[len(seconds) // 2] <= REFUSED_WITHIN
    for _, reply in flood.refusals:
        assert reply.status == 503
        assert int(reply.header("retry-after")) >= 1


def test_r4_the_person_reads_a_calm_page(flood: Flood) -> None:
    for _, reply in flood.refusals:
        assert reply.header("content-type").startswith("text/html")
        assert "<h1" in reply.text
        assert 'lang="lv"' in reply.text
        assert not any(word in reply.text for word in ("sqlite", "Traceback", "disk", "Exception"))


def test_r4_a_portal_is_told_that_it_may_try_again(flood: Flood) -> None:
    assert flood.token_answer.status == 503
    assert json.loads(flood.token_answer.body) == {"error": "temporarily_unavailable"}
    assert flood.token_answer.header("retry-after")


def test_r4_it_is_not_ready_meanwhile(flood: Flood) -> None:
    assert flood.readiness == (503, ["the database cannot be read or written"])


def test_r4_it_recovers_by_itself_and_logins_under_way_go_on(flood: Flood) -> None:
    print(f"recovered after {flood.recovered_after:.2f} s; {len(flood.acknowledged)} acknowledged")  # noqa: T201
    assert flood.recovered_after <= RECOVERS_WITHIN
    assert flood.parked.identity.given_name == "Anna"
    assert eventually(lambda: readiness_of(flood.world)[0] == 200, within=RECOVERS_WITHIN)


def test_r4_nothing_acknowledged_is_lost_and_the_log_is_proven(flood: Flood) -> None:
    check_acknowledged(flood.disk.database, flood.acknowledged)
    check_no_half_logins(flood.disk.database)
    check_intact(flood.disk.database)
    check_proven(flood.world.places)
