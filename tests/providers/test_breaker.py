"""T57: a provider that fails five times in ten seconds is left alone, and tried again within thirty."""

import pytest

from providers.breaker import CircuitBreaker


class Seconds:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


def failing(breaker: CircuitBreaker, times: int = 5) -> CircuitBreaker:
    for _ in range(times):
        breaker.failed()
    return breaker


def test_four_failures_change_nothing_and_the_fifth_opens(seconds: Seconds) -> None:
    breaker = failing(CircuitBreaker(seconds), 4)
    assert breaker.admits()
    assert not failing(breaker, 1).admits()


def test_failures_that_lie_further_apart_change_nothing(seconds: Seconds) -> None:
    breaker = CircuitBreaker(seconds)
    for _ in range(20):
        breaker.failed()
        seconds.now += 2.6
    assert breaker.admits()


def test_a_success_forgets_the_failures(seconds: Seconds) -> None:
    breaker = failing(CircuitBreaker(seconds), 4)
    breaker.succeeded()
    assert failing(breaker, 4).admits()


def test_after_the_rest_one_trial_is_let_through_and_no_second(seconds: Seconds) -> None:
    breaker = failing(CircuitBreaker(seconds))
    seconds.now += 9.9
    assert not breaker.admits()
    seconds.now += 0.2
    assert [breaker.admits() for _ in range(3)] == [True, False, False]


def test_a_good_trial_closes_and_a_bad_one_opens_again(seconds: Seconds) -> None:
    breaker = failing(CircuitBreaker(seconds))
    seconds.now += 10
    assert breaker.admits()
    breaker.failed()
    assert not breaker.admits()
    seconds.now += 10
    assert breaker.admits()
    breaker.succeeded()
    assert breaker.admits()
    assert breaker.admits()


def test_no_rest_is_longer_than_thirty_seconds(seconds: Seconds) -> None:
    breaker = failing(CircuitBreaker(seconds, rest=3600))
    seconds.now += 30
    assert breaker.admits()
