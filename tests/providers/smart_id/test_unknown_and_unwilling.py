"""T41: nobody can tell an account that does not exist from a person who refuses, by words or by time."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter
from typing import Final

import pytest

from providers.contract import AppPage
from providers.errors import AuthenticationDeclined
from providers.smart_id.adapter import SmartIdProvider
from providers.smart_id.dialogue import LONGEST_VEIL, VEIL
from providers.smart_id.memory import Step, read_memory
from tests.providers.smart_id.setting import BLOCKED, Setting, Visits
from tests.support.gateway_parts import eventually

SAMPLES: Final = 2000 if "VPM_NIGHTLY" in os.environ else 100
BAND: Final = 0.020
"""Seconds between the medians; on a machine that is slow, half of what either takes."""
UNKNOWN, KNOWN = "399999-11111", "350000-00017"
NIKS = "100006"


@pytest.fixture
def provider(setting: Setting) -> SmartIdProvider:
    return setting.provider(flow="notification")


class Later:
    """A clock that a test puts forward."""

    def __init__(self) -> None:
        self.by = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.by


def rung(provider: SmartIdProvider, code: str) -> tuple[Visits, float]:
    """A login whose telephone was rung, or would have been; and how long that visit took."""
    visits = Visits(provider, later=Later())
    visits.visit()
    visits.visit(personal_code=code)
    before = perf_counter()
    visits.app()
    return visits, perf_counter() - before


def told_after(visits: Visits) -> float:
    """Seconds after which the login ends, by the clock of the visits."""
    began = read_memory(visits.memory).since
    later = visits.later
    assert isinstance(later, Later)
    for tenths in range(1, 400):
        later.by = timedelta(seconds=tenths / 10)
        try:
            assert isinstance(visits.visit(), AppPage)
        except AuthenticationDeclined:
            return later().timestamp() - began
    raise AssertionError("nothing was told in forty seconds")


def test_t41_the_visit_that_rings_takes_as_long_for_an_account_that_does_not_exist(provider: SmartIdProvider) -> None:
    taken: dict[str, list[float]] = {UNKNOWN: [], KNOWN: []}
    for _ in range(SAMPLES):
        for code, times in taken.items():
            times.append(rung(provider, code)[1])
    unknown, known = median(taken[UNKNOWN]), median(taken[KNOWN])
    assert abs(unknown - known) < max(BAND, max(unknown, known) / 2), (unknown, known)


def test_t41_the_page_is_the_same_while_it_waits(provider: SmartIdProvider) -> None:
    for code in (UNKNOWN, KNOWN):
        visits, _ = rung(provider, code)
        page = visits.app()
        assert page.verification_code is not None
        assert len(page.verification_code) == 4
        assert read_memory(visits.memory).step is Step.WAITING


def test_t41_an_account_that_does_not_exist_is_told_at_a_multiple_chosen_by_chance(provider: SmartIdProvider) -> None:
    moments = {round(told_after(rung(provider, UNKNOWN)[0]) / VEIL) for _ in range(24)}
    assert moments <= set(range(1, LONGEST_VEIL + 1))
    assert len(moments) > 1, "a fixed moment would tell"


def test_t41_a_refusal_is_told_at_a_multiple_too(setting: Setting, provider: SmartIdProvider) -> None:
    visits, _ = rung(provider, KNOWN)
    setting.telephone.answer_push(
        setting.bank, NIKS, code=None, approve=False, session=read_memory(visits.memory).session
    )
    assert eventually(lambda: visits.visit() is not None and read_memory(visits.memory).ends_for == "cancelled", 60.0)
    assert 0 <= told_after(visits) % VEIL < 1


@pytest.mark.parametrize(
    ("code", "reason"), [(UNKNOWN, "no_account"), (BLOCKED, "no_account"), ("070707-00000", "no_account")]
)
def test_t41_the_operator_alone_learns_which_it_was(
    setting: Setting, provider: SmartIdProvider, code: str, reason: str
) -> None:
    people = setting.running.bank.personas
    visits, _ = rung(provider, people[code].personal_code if code in people else code)
    assert read_memory(visits.memory).ends_for == reason
    assert visits.exchanges
    assert code not in visits.exchanges[0].endpoint


@pytest.mark.parametrize("fault", ["sid.no-suitable-account", "sid.open-the-app"])
def test_10_11_an_account_that_the_older_version_cannot_use_is_told_as_late(setting: Setting, fault: str) -> None:
    provider = setting.provider(api="v2", flow="notification")
    setting.switch(fault)
    visits, _ = rung(provider, KNOWN)
    assert read_memory(visits.memory).ends_for == "account_unusable"


def ends_at_once(setting: Setting, fault: str) -> Callable[[], object]:
    provider = setting.provider(flow="notification")
    setting.switch(fault)
    return lambda: rung(provider, KNOWN)


@pytest.mark.parametrize("fault", ["sid.maintenance", "sid.refuse-relying-party", "sid.bad-request"])
def test_what_tells_nothing_of_anybody_is_told_at_once(setting: Setting, fault: str) -> None:
    from providers.errors import ProviderError

    with pytest.raises(ProviderError):
        ends_at_once(setting, fault)()


def test_t40_the_address_of_a_start_is_kept_without_the_code(provider: SmartIdProvider) -> None:
    visits, _ = rung(provider, KNOWN)
    assert [one.endpoint.partition("/authentication/")[2] for one in visits.exchanges] == ["notification/etsi/{id}"]
