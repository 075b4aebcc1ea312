"""The page where a person proves who they are: whose it is, what it keeps, and how it ends."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from gateway.broker.events import BackChannelAnswered
from gateway.broker.login import Refused
from providers.contract import (
    AppPage,
    Arrival,
    AssuranceLevel,
    Attendance,
    AuthenticationRequest,
    Availability,
    BackChannelExchange,
    CodePage,
    Concluded,
    Expectation,
    Language,
    Page,
    PageDeparture,
    ProviderId,
    ProviderKind,
    ProviderStatus,
    Reference,
    Shown,
    VerifiedIdentity,
)
from providers.errors import AuthenticationDeclined, ProviderUnavailable
from tests.support.gateway_parts import person
from tests.support.group import ALONE, BANK, Browser, Town, Vouched

CALL = BackChannelExchange(
    method="POST",
    endpoint="https://app.test/start",
    sent=b"asked",
    received=b"said",
    status=200,
    peer_certificate_sha256=None,
    tls_version="TLSv1.3",
)


@dataclass
class Answered(Vouched):
    """Vouches for somebody when the memory is the one that was kept last."""

    memory: bytes = b""

    def identify(self, expected: Expectation) -> VerifiedIdentity:
        assert expected.memory == self.memory
        return super().identify(expected)


@dataclass
class Telephone:
    """An attended provider that does what the test says next; a double because that is the test's choice."""

    town: Town
    id: ProviderId = BANK
    names: dict[Language, str] = field(default_factory=lambda: dict.fromkeys(Language, "Lietotne"))
    kind: ProviderKind = ProviderKind.APP
    assurance: AssuranceLevel = AssuranceLevel.HIGH
    answer_methods: frozenset[str] = frozenset({"GET"})
    then: str = "show"
    said: list[Mapping[str, str]] = field(default_factory=list)
    page: Page = field(default_factory=lambda: AppPage(verification_code="4317"))
    meet: threading.Barrier | None = None

    def depart(self, request: AuthenticationRequest) -> PageDeparture:
        assert request.portal == "Portāls alone"
        return PageDeparture(endpoint="https://app.test/start", message=b"question", memory=b"1")

    def attend(
        self, request: AuthenticationRequest, memory: bytes, said: Mapping[str, str], now: datetime
    ) -> Attendance:
        assert now == self.town.core.clock()
        self.said.append(said)
        if self.meet is not None and memory == b"1":
            self.meet.wait(timeout=20)
        match self.then:
            case "start" if memory == b"1":
                return Shown(page=self.page, memory=b"2", exchanges=(CALL,))
            case "show" | "start":
                return Shown(page=self.page, memory=memory)
            case "conclude":
                return Concluded(answer=request.reference.encode(), exchanges=(CALL,))
            case "decline":
                raise AuthenticationDeclined("cancelled", exchanges=(CALL,))
        raise ProviderUnavailable("provider_busy")

    def receive(self, arrival: Arrival) -> Answered:
        assert arrival.method == "ATTENDED"
        identity = person(authenticated_at=self.town.core.clock())
        return Answered(Reference(arrival.body.decode()), identity, memory=b"2")

    def status(self) -> ProviderStatus:
        return ProviderStatus(state=Availability.UP)

    def warnings(self) -> tuple[str, ...]:
        return ()


@pytest.fixture
def town() -> Town:
    return Town()


@pytest.fixture
def telephone(town: Town) -> Telephone:
    telephone = Telephone(town)
    town.bank = telephone  # type: ignore[assignment]  # another provider in the place of the bank
    town.open()
    return telephone


def arrive_at_the_page(browser: Browser) -> str:
    """Choose the app; gives the address of the page."""
    asked = browser.ask(ALONE)
    gone = browser.open(f"{asked.location}/choose", "POST", data={"provider": BANK})
    assert (gone.status_code, gone.location) == (303, f"{asked.location}/here")
    return str(gone.location)


def calls(town: Town) -> int:
    return sum(isinstance(event, BackChannelAnswered) for event in town.core.storage.events)  # type: ignore[attr-defined]


@pytest.mark.usefixtures("telephone")
def test_the_page_shows_what_the_provider_says_and_may_fetch_from_us_alone(town: Town) -> None:
    browser = town.browser()
    page = browser.open(arrive_at_the_page(browser))
    assert page.status_code == 200
    assert "4317" in page.text
    assert "connect-src 'self'" in page.headers["Content-Security-Policy"]


def test_t39_another_browser_sees_neither_page_nor_state(town: Town, telephone: Telephone) -> None:
    here = arrive_at_the_page(town.browser())
    stranger = town.browser()
    unknown = stranger.open("/login/ZZZZZZZZZZZZZZZZZZZZZZZZZZ/here")
    assert stranger.open(here).get_data() == unknown.get_data()
    assert stranger.open(here, "POST", data={"a": "b"}).status_code == unknown.status_code
    assert stranger.open(f"{here}/state").json == {"over": True}
    assert telephone.said == []


def test_what_the_person_types_reaches_the_provider(town: Town, telephone: Telephone) -> None:
    telephone.page = CodePage(wrong=True)
    browser = town.browser()
    page = browser.open(arrive_at_the_page(browser), "POST", data={"personal_code": "150382-01230"})
    assert telephone.said == [{"personal_code": "150382-01230"}]
    assert 'aria-invalid="true"' in page.text
    assert "150382" not in page.text


def test_a_call_made_for_the_page_is_recorded_with_what_is_kept(town: Town, telephone: Telephone) -> None:
    browser = town.browser()
    here = arrive_at_the_page(browser)
    telephone.then = "start"
    assert browser.open(here).status_code == 200
    assert calls(town) == 1
    telephone.then = "conclude"
    assert browser.open(f"{here}/state").json == {"over": True}
    assert calls(town) == 2
    assert browser._redeem(ALONE, browser.open(here.replace("here", "continue")))


def test_of_two_visits_at_a_time_one_is_kept_and_both_end_well(town: Town, telephone: Telephone) -> None:
    browser = town.browser()
    here = arrive_at_the_page(browser)
    telephone.then, telephone.meet = "start", threading.Barrier(2)
    answers: list[int] = []
    cookie = browser.client.get_cookie("__Host-vpm-browser", "gateway.test")
    assert cookie is not None

    def visit() -> None:
        other = town.browser()
        other.client.set_cookie(cookie.key, cookie.value, domain="gateway.test", secure=True)
        answers.append(other.open(here).status_code)

    visits = [threading.Thread(target=visit) for _ in range(2)]
    for one in visits:
        one.start()
    for one in visits:
        one.join(timeout=30)
    assert answers == [200, 200]
    assert len(telephone.said) == 3, "the loser asked again, with what the winner kept"
    assert calls(town) == 2, "VPM-DRV-09: what was exchanged is recorded, whoever won"


@pytest.mark.parametrize(("then", "why"), [("decline", "cancelled"), ("fail", "provider_busy")])
def test_what_goes_wrong_on_the_page_ends_the_login_with_its_reason(
    town: Town, telephone: Telephone, then: str, why: str
) -> None:
    browser = town.browser()
    here = arrive_at_the_page(browser)
    telephone.then = then
    ended = browser.open(here)
    assert (ended.status_code, ended.location) == (303, here.replace("here", "continue"))
    assert browser.open(ended.location).status_code == 400
    login = town.core.storage.load(here.split("/")[2])  # type: ignore[arg-type]
    assert isinstance(login, Refused)
    assert login.why == why
    assert browser.open(f"{here}/state").json == {"over": True}


def test_a_page_that_outlived_its_login_asks_nobody(town: Town, telephone: Telephone) -> None:
    browser = town.browser()
    here = arrive_at_the_page(browser)
    town.core.clock.move(minutes=16)
    assert browser.open(here).status_code == 303
    assert telephone.said == []
    login = town.core.storage.load(here.split("/")[2])  # type: ignore[arg-type]
    assert isinstance(login, Refused)
    assert login.why == "timeout"
