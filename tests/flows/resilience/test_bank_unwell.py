"""T57, R6: one bank is down, slow, or answers nonsense: its customers are told in time, everybody else notices nothing."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import pytest

from tests.flows.resilience.oracle import check_acknowledged, check_no_half_logins, check_proven, database_of
from tests.flows.resilience.relay import Relay
from tests.flows.resilience.unwell_bank import FAULTS, UnwellBank
from tests.flows.resilience.walking_on import AGAIN, NUMBER
from tests.flows.resilience.world import OTHER_PROVIDER, World, a_world
from tests.support.driver import SignIn, Turned, quantile
from tests.support.gateway_parts import eventually
from tests.support.load import Load, Run, run_logins
from tests.support.services import resident_bytes

pytestmark = [pytest.mark.xdist_group("resilience"), pytest.mark.timeout(400)]

TOLD_WITHIN: Final = 10.0
"""Seconds (T57)."""
DEADLINE: Final = 5.0
"""Seconds that a call to a bank may take in all (T57)."""
OPENS_AFTER: Final = 5
"""Failures within 10 seconds."""
CLOSES_WITHIN: Final = 30.0
"""Seconds after the cure (R6)."""


@dataclass
class Ward:
    """A gateway with two ways to sign in; the first bank's back channel goes by a relay."""

    world: World
    relay: Relay
    unwell: UnwellBank
    before: Run
    """Logins through the other bank while both were well."""
    memory: int

    def person(self) -> SignIn:
        return self.world.driver().begin().up_to("return")

    def cure(self) -> None:
        self.relay.release()
        self.relay.lead_to(None)

    def wait_until_well(self) -> float:
        """Sign in until it succeeds; give the seconds that took."""
        started = time.monotonic()
        assert eventually(self.succeeds, within=CLOSES_WITHIN + 30)
        return time.monotonic() - started

    def succeeds(self) -> bool:
        run = run_logins(self.world.places, 1, at_once=1)
        return len(run.signed_in) == 1

    def memory_now(self) -> int:
        return sum(map(resident_bytes, self.world.gateway.processes))


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    with ExitStack() as stack:
        world = stack.enter_context(a_world(tmp_path_factory.mktemp("unwell")))
        relay = stack.enter_context(Relay(world.places.bank_mutual_port))
        unwell = stack.enter_context(UnwellBank(world.places))
        world.add_other_provider(relay.url)
        world.gateway.start()
        run_logins(world.places, 30, at_once=4)
        before = run_logins(world.places, 60, at_once=2, provider=OTHER_PROVIDER)
        ward = Ward(world, relay, unwell, before, memory=0)
        ward.memory = ward.memory_now()
        yield ward


def told(login: SignIn) -> tuple[float, str]:
    """Bring the bank's answer back; give how long the person waited, and the page that was shown."""
    started = time.monotonic()
    login.take("return")
    page = login.at_gateway("GET", f"/login/{login.login}/continue")
    waited = time.monotonic() - started
    assert page.status == 400
    assert NUMBER.search(page.text)
    assert AGAIN.search(page.text)
    return waited, page.text


def slow(ward: Ward) -> None:
    ward.relay.hold()


def dripping(ward: Ward) -> None:
    ward.relay.drip(0.4)


def down(ward: Ward) -> None:
    ward.relay.close()


CHANNEL_FAULTS: Final[dict[str, Callable[[Ward], None]]] = {"slow": slow, "dripping": dripping, "down": down}


@pytest.mark.parametrize("fault", [*CHANNEL_FAULTS, *FAULTS])
def test_t57_whoever_uses_the_unwell_bank_is_told_in_time_and_others_notice_nothing(ward: Ward, fault: str) -> None:
    login = ward.person()
    break_it(ward, fault)
    try:
        with Load(ward.world.places, at_once=2, provider=OTHER_PROVIDER) as others:
            waited, page = told(login)
            assert eventually(lambda: len(others.run.signed_in) >= 10, within=60)
        run = others.wait()
    finally:
        mend_it(ward, fault)
    assert waited <= TOLD_WITHIN
    assert "150930" not in page
    assert not run.stopped
    assert as_fast_as_before(run, ward.before), (run.summary(), ward.before.summary())
    ward.wait_until_well()


def break_it(ward: Ward, fault: str) -> None:
    if fault in CHANNEL_FAULTS:
        CHANNEL_FAULTS[fault](ward)
    else:
        ward.unwell.fault = fault
        ward.relay.lead_to(ward.unwell.port)


def mend_it(ward: Ward, fault: str) -> None:
    if fault == "down":
        ward.relay.reopen()
    ward.cure()


def as_fast_as_before(run: Run, before: Run) -> bool:
    """Within what a shared machine's noise allows; a login that waits for the other bank takes seconds longer."""
    then, now = quantile(before.latencies(), 0.95), quantile(run.latencies(), 0.95)
    return now <= max(3 * then, then + 2.0)


def test_t57_many_customers_of_an_unwell_bank_take_no_threads_from_others(ward: Ward) -> None:
    """P6: forty people wait for the unwell bank at once, more than there are threads; some are told at once."""
    people = [ward.person() for _ in range(40)]
    ward.relay.hold()
    try:
        with (
            ThreadPoolExecutor(len(people)) as threads,
            Load(ward.world.places, at_once=2, provider=OTHER_PROVIDER) as others,
        ):
            waits = [told_wait for told_wait, _ in threads.map(told, people)]
        run = others.wait()
    finally:
        ward.cure()
    assert max(waits) <= TOLD_WITHIN
    assert not run.stopped
    print(f"others, while forty wait: {run.summary()}; before: {ward.before.summary()}")  # noqa: T201 - a figure
    assert max(run.latencies()) < DEADLINE - 1
    assert as_fast_as_before(run, ward.before), (run.summary(), ward.before.summary())
    ward.wait_until_well()


def test_t57_the_breaker_opens_after_five_failures_and_closes_after_the_cure(ward: Ward) -> None:
    people = [ward.person() for _ in range(OPENS_AFTER + 1)]
    ward.unwell.fault = "half an answer"
    ward.relay.lead_to(ward.unwell.port)
    for person in people[:OPENS_AFTER]:
        told(person)
    asked = ward.relay.connections
    waited, _ = told(people[-1])
    assert ward.relay.connections == asked, "a bank that is left alone is not asked"
    assert waited < DEADLINE / 2
    ward.cure()
    closed_after = ward.wait_until_well()
    print(f"breaker closed {closed_after:.1f} s after the cure")  # noqa: T201 - a figure
    assert closed_after <= CLOSES_WITHIN


def test_t57_a_person_told_of_an_unwell_bank_signs_in_another_way(ward: Ward) -> None:
    login = ward.person()
    ward.unwell.fault = "status 500"
    ward.relay.lead_to(ward.unwell.port)
    _, page = told(login)
    again = AGAIN.search(page)
    assert again is not None
    offered = login.at_gateway("POST", again[1])
    login.login = offered.header("location").rpartition("/")[2]
    login.provider, login.seconds = OTHER_PROVIDER, {"authorize": 0.0}
    login.choose()
    signed_in = login.up_to("token").take("token")
    assert signed_in.identity.provider == OTHER_PROVIDER
    ward.cure()
    ward.wait_until_well()


def test_r6_nothing_of_all_this_stays_in_memory_or_breaks_the_log(ward: Ward) -> None:
    grown = ward.memory_now() - ward.memory
    print(f"resident memory grew by {grown / 2**20:.1f} MiB")  # noqa: T201 - a figure
    assert grown <= 50 * 2**20
    check_acknowledged(database_of(ward.world.places), ward.before.signed_in)
    check_no_half_logins(database_of(ward.world.places))
    check_proven(ward.world.places)


def test_a_redirect_is_never_followed(ward: Ward) -> None:
    """A provider that names another address is not believed (T12): the person is told, nobody else is asked."""
    login = ward.person()
    ward.unwell.fault = "a redirect"
    ward.relay.lead_to(ward.unwell.port)
    asked = ward.relay.connections
    with pytest.raises(Turned):
        login.up_to("token")
    assert ward.relay.connections == asked + 1
    ward.cure()
    ward.wait_until_well()
