"""A page of ours and a person's telephone: who may ask, how often, and who sees what came of it (T39, T40)."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from gateway.broker.identifiers import new_correlation
from gateway.broker.login import Answered, AtProvider, BrowserMark, Refusal, Refused
from gateway.use_cases import Leaving, Turned
from providers.contract import (
    Answer,
    AppPage,
    Arrival,
    Asking,
    AssuranceLevel,
    Attendance,
    AuthenticationRequest,
    Availability,
    Concluded,
    Expectation,
    Language,
    PageDeparture,
    ProviderId,
    ProviderKind,
    ProviderStatus,
    Reference,
    Shown,
    VerifiedIdentity,
)
from providers.errors import AuthenticationDeclined
from providers.personal_code import PersonalCode
from tests.support.gateway_parts import BROWSER, Core, person, query

APP = ProviderId("app")
ANNA, JANIS = PersonalCode("15038201230"), PersonalCode("15038200060")
STRANGER = BrowserMark("d" * 64)


@dataclass
class AppAnswer:
    reference: Reference
    single_use: frozenset[str] = frozenset()
    asks_back_channel: bool = False

    def identify(self, expected: Expectation) -> VerifiedIdentity:
        assert expected.reference == self.reference
        return person()


@dataclass
class App:
    """A double of a provider with telephones, because what it does at each visit is the test's choice."""

    person: PersonalCode | None = ANNA
    act: Callable[[], Attendance] = lambda: Shown(page=AppPage(verification_code="1234"), memory=b"waiting")
    waits: Callable[[bytes], Attendance] = lambda memory: Shown(page=AppPage(), memory=memory)
    rang: int = 0
    id: ProviderId = APP
    kind: ProviderKind = ProviderKind.APP
    assurance: AssuranceLevel = AssuranceLevel.HIGH
    answer_methods: frozenset[str] = frozenset({"GET"})
    names: dict[Language, str] = field(default_factory=lambda: dict.fromkeys(Language, "Lietotne"))

    def depart(self, request: AuthenticationRequest) -> PageDeparture:
        return PageDeparture(endpoint="https://app.test/", message=b"question", memory=b"new")

    def attend(
        self, request: AuthenticationRequest, memory: bytes, said: Mapping[str, str], now: datetime
    ) -> Attendance:
        if memory == b"new":
            return Asking(memory=b"asking", act=self._ring, person=self.person)
        return self.waits(memory)

    def _ring(self) -> Attendance:
        self.rang += 1
        return self.act()

    def receive(self, arrival: Arrival) -> Answer:
        brought = arrival.query if arrival.method == "GET" else arrival.body
        return AppAnswer(Reference(brought.decode()))

    def status(self) -> ProviderStatus:
        return ProviderStatus(state=Availability.UP)

    def warnings(self) -> tuple[str, ...]:
        return ()


@pytest.fixture
def core() -> Core:
    return Core()


def at_app(core: Core, app: App) -> AtProvider:
    core.use_cases.providers = {APP: app}
    left = core.use_cases.authorize(query(provider=APP), BROWSER)
    assert isinstance(left, Leaving)
    return left.login


def visit(core: Core, login: AtProvider) -> object:
    found = core.use_cases.find(login.asked.id, BROWSER)
    return core.use_cases.attend(found, Language.LATVIAN, {}) if isinstance(found, AtProvider) else found


def names(core: Core) -> list[str]:
    return [event.name for event in core.storage.events]


def why(core: Core, login: AtProvider) -> str | None:
    found = core.storage.load(login.asked.id)
    return found.why if isinstance(found, Refused) else None


def test_t50_the_intent_to_call_is_recorded_before_the_call(core: Core) -> None:
    app = App(
        act=lambda: (
            pytest.fail("the intent is missing")
            if "login.back-channel-intended" not in names(core)
            else Shown(page=AppPage(), memory=b"waiting")
        )
    )
    visit(core, at_app(core, app))
    assert app.rang == 1


def test_what_the_call_brought_is_shown_and_kept(core: Core) -> None:
    app = App()
    login = at_app(core, app)
    assert visit(core, login) == AppPage(verification_code="1234")
    assert visit(core, login) == AppPage()
    assert app.rang == 1


def test_t39_of_twenty_visits_at_once_one_rings(core: Core) -> None:
    started = threading.Barrier(20)
    app = App()
    login = at_app(core, app)

    def look() -> None:
        started.wait()
        assert visit(core, login) is not None

    visits = [threading.Thread(target=look) for _ in range(20)]
    for one in visits:
        one.start()
    for one in visits:
        one.join()
    assert app.rang == 1


def test_t39_another_browser_finds_no_login(core: Core) -> None:
    login = at_app(core, App())
    assert core.use_cases.find(login.asked.id, STRANGER) is None


def test_t40_a_second_request_to_a_person_waits_for_the_first(core: Core) -> None:
    app = App()
    first, second = at_app(core, app), at_app(core, app)
    visit(core, first)
    assert visit(core, second) is None
    assert why(core, second) == Refusal.ASKED_TOO_OFTEN
    assert app.rang == 1


def test_t40_somebody_else_may_be_asked_at_the_same_time(core: Core) -> None:
    app = App()
    visit(core, at_app(core, app))
    app.person = JANIS
    assert visit(core, at_app(core, app)) is not None
    assert app.rang == 2


def test_t40_the_fourth_request_in_five_minutes_is_refused_although_none_is_open(core: Core) -> None:
    def refuses() -> Attendance:
        raise AuthenticationDeclined("cancelled")

    app = App(act=refuses)
    outcomes = []
    for _ in range(4):
        login = at_app(core, app)
        visit(core, login)
        outcomes.append(why(core, login))
        core.clock.move(minutes=1)
    assert outcomes == ["cancelled", "cancelled", "cancelled", Refusal.ASKED_TOO_OFTEN]
    assert app.rang == 3
    core.clock.move(minutes=2)
    assert visit(core, at_app(core, app)) is None
    assert app.rang == 4


def test_t40_a_request_whose_end_nobody_saw_stays_open_for_three_minutes(core: Core) -> None:
    app = App()
    visit(core, at_app(core, app))
    core.clock.move(minutes=3)
    assert visit(core, at_app(core, app)) is None
    core.clock.move(seconds=1)
    assert visit(core, at_app(core, app)) is not None


def test_t40_a_finished_request_makes_room_at_once(core: Core) -> None:
    app = App()
    login = at_app(core, app)
    visit(core, login)
    app.waits = lambda _: Concluded(answer=login.reference.encode())
    assert visit(core, login) is None
    assert isinstance(core.storage.load(login.asked.id), Answered)
    app.waits = lambda memory: Shown(page=AppPage(), memory=memory)
    assert visit(core, at_app(core, app)) is not None


def test_a_way_without_a_named_person_is_not_counted(core: Core) -> None:
    app = App(person=None)
    for _ in range(5):
        assert visit(core, at_app(core, app)) is not None
    assert app.rang == 5


def test_t40_the_name_of_a_place_tells_nothing_of_the_person(core: Core) -> None:
    visit(core, at_app(core, App()))
    assert ANNA.key not in repr(core.storage._state.places)


def brought(core: Core, login: AtProvider, browser: BrowserMark | None) -> object:
    arrival = Arrival(method="GET", content_type="", body=b"", query=login.reference.encode(), received_at=core.clock())
    return core.use_cases.complete(core.use_cases.providers[APP], arrival, browser)


def test_10_7_an_answer_by_query_counts_in_the_browser_that_began(core: Core) -> None:
    login = at_app(core, App())
    assert brought(core, login, BROWSER) == login.asked.id


@pytest.mark.parametrize("browser", [STRANGER, None])
def test_t40_an_answer_by_query_through_another_browser_ends_the_login(core: Core, browser: BrowserMark | None) -> None:
    """Whoever relayed the request to somebody else must not get what that person's browser brings back."""
    login = at_app(core, App())
    turned = brought(core, login, browser)
    assert isinstance(turned, Turned)
    assert (turned.why, turned.login) == (Refusal.WRONG_BROWSER, None)
    assert why(core, login) == Refusal.WRONG_BROWSER
    again = brought(core, login, BROWSER)
    assert isinstance(again, Turned)
    assert again.why == Refusal.REPLAYED


def test_a_reference_that_nobody_has_is_turned_away(core: Core) -> None:
    app = App()
    core.use_cases.providers = {APP: app}
    arrival = Arrival(method="GET", content_type="", body=b"", query=b"0" * 32, received_at=core.clock())
    turned = core.use_cases.complete(app, arrival, BROWSER)
    assert isinstance(turned, Turned)
    assert turned.why == Refusal.UNKNOWN_NONCE
    assert new_correlation() != turned.corr
