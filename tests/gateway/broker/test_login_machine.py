"""A login under any order of steps: whatever happens, nobody is signed in twice, late, or in a foreign browser (S6)."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from gateway.audit.event import Correlation
from gateway.broker.login import Asked, AtProvider, BrowserMark, Refused, asked_of
from gateway.oidc.back_channel import NotGranted
from gateway.use_cases import HandedOver, Leaving, Turned
from providers.contract import (
    Arrival,
    AssuranceLevel,
    AuthenticationRequest,
    Availability,
    Expectation,
    FormDeparture,
    Language,
    ProviderId,
    ProviderStatus,
    Reference,
    VerifiedIdentity,
)
from providers.errors import AssertionRejected, ProviderUnavailable
from tests.support.gateway_parts import BROWSER, PORTAL_CERTIFICATE, Core, code_of, person, query

BANK = ProviderId("bank")
OTHER_BROWSER = BrowserMark("d" * 64)


@dataclass
class DoubleAnswer:
    """An authentic answer of the double."""

    reference: Reference
    vouches: bool
    single_use: frozenset[str] = frozenset()
    asks_back_channel: bool = True
    asked: list[Reference] = field(default_factory=list)

    def identify(self, expected: Expectation) -> VerifiedIdentity:
        self.asked.append(expected.reference)
        assert expected.reference == self.reference
        if not self.vouches:
            raise ProviderUnavailable("confirmation_unavailable")
        return person()


class DoubleBank:
    """A provider whose messages are ``verdict:reference``; a double because what it says is the test's choice."""

    id = BANK
    assurance = AssuranceLevel.HIGH

    def __init__(self) -> None:
        self.names = {Language.LATVIAN: "Banka", Language.ENGLISH: "Bank"}
        self.confirmed: list[Reference] = []

    def depart(self, request: AuthenticationRequest) -> FormDeparture:
        return FormDeparture(
            action="https://bank.test/", fields=(("VK_NONCE", request.reference),), charset="UTF-8", message=b"question"
        )

    def receive(self, arrival: Arrival) -> DoubleAnswer:
        verdict, reference = arrival.body.decode().split(":")
        if verdict == "forged":
            raise AssertionRejected("bad_signature")
        if verdict == "stale":
            raise AssertionRejected("stale", reference=Reference(reference))
        return DoubleAnswer(Reference(reference), verdict == "good", asked=self.confirmed)

    def status(self) -> ProviderStatus:
        return ProviderStatus(state=Availability.UP)

    def warnings(self) -> tuple[str, ...]:
        return ()


class LoginMachine(RuleBasedStateMachine):
    """Steps of several logins in any order, by the right browser and a wrong one, in time and late."""

    logins = Bundle("logins")
    sent = Bundle("sent")
    codes = Bundle("codes")

    @initialize(target=logins)
    def connect(self) -> Correlation:
        self.core = Core()
        self.bank = DoubleBank()
        self.core.use_cases.providers = {BANK: self.bank}
        self.delivered: dict[Correlation, int] = {}
        self.redeemed: dict[str, int] = {}
        return self.begin()

    @rule(target=logins)
    def begin_another(self) -> Correlation:
        return self.begin()

    def begin(self) -> Correlation:
        asked = self.core.use_cases.authorize(query(), BROWSER)
        assert isinstance(asked, Asked)
        return asked.id

    @rule(target=sent, login=logins)
    def choose(self, login: Correlation) -> Any:
        found = self.core.use_cases.find(login, BROWSER)
        if not isinstance(found, Asked):
            return multiple()
        outcome = self.core.use_cases.choose(found, BANK, Language.LATVIAN)
        return (login, outcome.login.reference) if isinstance(outcome, Leaving) else multiple()

    @rule(step=sent, verdict=st.sampled_from(["good", "bad", "stale", "forged"]))
    def answer(self, step: tuple[Correlation, Reference], verdict: str) -> None:
        login, reference = step
        before = self.core.storage.load(login)
        outcome = self.core.use_cases.complete(
            self.bank,
            Arrival(
                method="POST",
                content_type="",
                body=f"{verdict}:{reference}".encode(),
                received_at=self.core.clock(),
            ),
        )
        after = self.core.storage.load(login)
        if verdict == "forged" or not isinstance(before, AtProvider):
            assert isinstance(outcome, Turned)
            assert after == before
        elif verdict == "stale":
            assert isinstance(after, Refused)

    @rule(target=codes, login=logins)
    def resume(self, login: Correlation) -> Any:
        outcome = self.core.use_cases.resume(login, BROWSER)
        if not isinstance(outcome, HandedOver):
            return multiple()
        assert outcome.login.asked.in_time(self.core.clock())
        self.delivered[login] = self.delivered.get(login, 0) + 1
        return code_of(outcome)

    @rule(login=logins)
    def resume_elsewhere(self, login: Correlation) -> None:
        assert not isinstance(self.core.use_cases.resume(login, OTHER_BROWSER), HandedOver)
        assert self.core.use_cases.find(login, OTHER_BROWSER) is None

    @rule(code=codes)
    def redeem(self, code: str) -> None:
        outcome = self.core.redeem(self.core.token_form(code), PORTAL_CERTIFICATE)
        if not isinstance(outcome, NotGranted):
            self.redeemed[code] = self.redeemed.get(code, 0) + 1

    @rule(login=logins)
    def cancel(self, login: Correlation) -> None:
        found = self.core.use_cases.find(login, BROWSER)
        assert found is not None
        self.core.use_cases.cancel(found)

    @rule(target=logins, login=logins)
    def again(self, login: Correlation) -> Correlation:
        found = self.core.use_cases.find(login, BROWSER)
        assert found is not None
        again = self.core.use_cases.start_again(found)
        assert asked_of(again).expires_at == asked_of(found).expires_at
        assert isinstance(again, Asked) or asked_of(again).id == login
        return asked_of(again).id

    @rule(minutes=st.sampled_from([1, 5, 14, 16]))
    def wait(self, minutes: int) -> None:
        self.core.clock.move(minutes=minutes)

    @invariant()
    def nobody_is_delivered_or_redeemed_twice(self) -> None:
        if hasattr(self, "delivered"):
            assert all(count == 1 for count in self.delivered.values())
            assert all(count == 1 for count in self.redeemed.values())

    @invariant()
    def a_provider_is_asked_once_for_each_question(self) -> None:
        if hasattr(self, "bank"):
            assert len(self.bank.confirmed) == len(set(self.bank.confirmed))

    @invariant()
    def every_delivery_and_redemption_is_recorded(self) -> None:
        if hasattr(self, "delivered"):
            names = [event.name for event in self.core.storage.events]
            assert names.count("login.code-issued") == len(self.delivered)
            assert names.count("token.issued") == len(self.redeemed)


TestLoginMachine = LoginMachine.TestCase
TestLoginMachine.settings = settings(max_examples=300, stateful_step_count=50, deadline=None)


def test_a_login_at_exactly_fifteen_minutes_counts_and_a_microsecond_later_does_not() -> None:
    """VPM-INT-16, VPM-DRV-12."""
    for late in (False, True):
        core = Core()
        login = core.answered()
        core.clock.move(minutes=15, microseconds=int(late))
        assert isinstance(core.use_cases.resume(login, BROWSER), HandedOver) is not late


@pytest.mark.parametrize("step", ["choose", "resume"])
def test_an_expired_login_says_so(step: str) -> None:
    core = Core()
    core.use_cases.providers = {BANK: DoubleBank()}
    login = core.answered() if step == "resume" else core.begin().id
    core.clock.move(minutes=16)
    found = core.use_cases.find(login, BROWSER)
    if isinstance(found, Asked):
        outcome: object = core.use_cases.choose(found, BANK, Language.ENGLISH)
    else:
        outcome = core.use_cases.resume(login, BROWSER)
    assert isinstance(outcome, Refused)
    assert outcome.why == "timeout"


def test_a_weaker_login_than_asked_for_is_refused() -> None:
    core = Core()
    bank = DoubleBank()
    core.use_cases.providers = {BANK: bank}
    level = "http://eidas.europa.eu/LoA/high"
    left = core.use_cases.authorize(query(acr_values=level, provider="bank"), BROWSER)
    assert isinstance(left, Leaving)
    arrival = Arrival(
        method="POST", content_type="", body=f"good:{left.login.reference}".encode(), received_at=core.clock()
    )
    login = core.use_cases.complete(bank, arrival)
    assert isinstance(login, str)
    outcome = core.use_cases.resume(Correlation(login), BROWSER)
    assert isinstance(outcome, Refused)
    assert outcome.why == "loa_insufficient"


def test_t14_an_answer_in_a_foreign_browser_ends_the_login_for_good() -> None:
    core = Core()
    login = core.answered()
    for browser in (OTHER_BROWSER, None, BROWSER):
        outcome = core.use_cases.resume(login, browser)
        assert isinstance(outcome, Refused)
        assert outcome.why == "wrong_browser"
