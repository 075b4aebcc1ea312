"""Sessions are asked after in the background: no visit waits, no session is asked after too often."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

import pytest

from providers.contract import BackChannelExchange
from providers.errors import ProviderError, ProviderUnavailable
from providers.refusals import Reason
from providers.smart_id.service import Polled
from providers.smart_id.watch import FORGET, INTERVAL, Watch
from tests.support.gateway_parts import eventually as within_seconds

EXCHANGE = BackChannelExchange(
    method="GET",
    endpoint="https://sid.test/session/1",
    sent=b"",
    received=b"",
    status=200,
    peer_certificate_sha256=None,
    tls_version=None,
)
RUNNING = Polled(body=b'{"state": "RUNNING"}', exchange=EXCHANGE)
COMPLETE = Polled(body=b'{"state": "COMPLETE"}', exchange=EXCHANGE)


@dataclass
class Service:
    """Answers what a test wants, and counts."""

    answers: Callable[[], Polled] = lambda: RUNNING
    asked: list[str] = field(default_factory=list)

    def __call__(self, session: str) -> Polled:
        self.asked.append(session)
        return self.answers()


@dataclass
class Seconds:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def eventually(condition: Callable[[], bool]) -> bool:
    return within_seconds(condition, 60.0)


def settled(watch: Watch, session: str) -> bool:
    return not watch._watched[session].busy


def test_t57_a_visit_never_waits_for_the_service() -> None:
    free = threading.Event()

    def blocks() -> Polled:
        assert free.wait(60)
        return RUNNING

    watch = Watch(Service(blocks), threads=1)
    before = monotonic()
    for number in range(50):
        assert watch.look(f"session-{number}") is None
    assert monotonic() - before < 30, "fifty visits took as long as one question"
    free.set()


def test_a_session_is_asked_after_at_most_every_two_seconds() -> None:
    service, seconds = Service(), Seconds()
    watch = Watch(service, threads=2, seconds=seconds)
    for _ in range(30):
        watch.look("one")
    assert eventually(lambda: settled(watch, "one"))
    watch.look("one")
    assert len(service.asked) == 1
    seconds.now += INTERVAL
    watch.look("one")
    assert eventually(lambda: len(service.asked) == 2)


def test_a_session_that_is_over_is_asked_after_no_more() -> None:
    service, seconds = Service(lambda: COMPLETE), Seconds()
    watch = Watch(service, threads=2, seconds=seconds)
    assert eventually(lambda: watch.look("one") is COMPLETE)
    seconds.now += 10 * INTERVAL
    assert watch.look("one") is COMPLETE
    assert len(service.asked) == 1


def test_t57_one_failure_is_forgiven_and_two_in_a_row_end_the_login() -> None:
    service, seconds = Service(), Seconds()

    def fails() -> Polled:
        raise ProviderUnavailable(Reason.PROVIDER_BUSY)

    def asked(times: int) -> bool:
        return len(service.asked) == times and settled(watch, "one")

    watch = Watch(service, threads=1, seconds=seconds)
    for times, answers in enumerate((fails, lambda: RUNNING, fails, fails), start=1):
        service.answers = answers
        assert watch.look("one") is None
        assert eventually(lambda times=times: asked(times))
        seconds.now += INTERVAL
    with pytest.raises(ProviderError) as refused:
        watch.look("one")
    assert refused.value.reason == "provider_busy"


@pytest.mark.parametrize("reason", [Reason.TIMEOUT, Reason.PROVIDER_REFUSED_US, Reason.NOT_TRUSTED])
def test_what_no_second_question_mends_ends_the_login_at_once(reason: Reason) -> None:
    def fails() -> Polled:
        raise ProviderError(reason)

    watch = Watch(Service(fails), threads=1, seconds=Seconds())
    watch.look("one")
    assert eventually(lambda: settled(watch, "one"))
    with pytest.raises(ProviderError) as refused:
        watch.look("one")
    assert refused.value.reason == reason


def test_noise_in_place_of_a_session_is_malformed() -> None:
    watch = Watch(Service(lambda: Polled(body=b"noise", exchange=EXCHANGE)), threads=1, seconds=Seconds())
    watch.look("one")
    assert eventually(lambda: settled(watch, "one"))
    with pytest.raises(ProviderError) as refused:
        watch.look("one")
    assert refused.value.reason == "malformed"


def test_sessions_that_nobody_looks_at_are_forgotten() -> None:
    seconds = Seconds()
    watch = Watch(Service(), threads=1, seconds=seconds)
    watch.look("old")
    seconds.now += FORGET
    watch.look("new")
    assert set(watch._watched) == {"new"}
    watch.forget("new")
    assert not watch._watched
