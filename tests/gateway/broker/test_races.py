"""Two tabs, a late click, a click while the bank is being asked: nothing is lost, and the person has a way on."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from flask.testing import FlaskClient

from gateway.broker.login import Arrived, Asked, AtProvider, Delivered, Redeemed, Refused
from gateway.provider_directory import ProviderDirectory
from gateway.use_cases import HandedOver, Leaving
from gateway.web.app import Gateway, create_public_app
from providers.contract import (
    Arrival,
    AssuranceLevel,
    AuthenticationRequest,
    Availability,
    BackChannelExchange,
    Expectation,
    FormDeparture,
    Language,
    ProviderId,
    ProviderKind,
    ProviderStatus,
    Reference,
    VerifiedIdentity,
)
from tests.support.gateway_parts import BROWSER, ISSUER, PORTAL_CERTIFICATE, Core, code_of, person, query

BANK = ProviderId("bank")
EXCHANGE = BackChannelExchange(
    method="GET",
    endpoint="https://bank.test/vpm/v1/authentications/x",
    status=200,
    tls_version="TLSv1.3",
    peer_certificate_sha256="e" * 64,
    sent=b"asked",
    received=b"answered",
)


@dataclass
class SlowAnswer:
    """An authentic answer; something else happens while the bank is asked to confirm it."""

    reference: Reference
    meanwhile: Callable[[], object]
    single_use: frozenset[str] = frozenset()
    asks_back_channel: bool = True

    def identify(self, expected: Expectation) -> VerifiedIdentity:
        assert expected.reference == self.reference
        self.meanwhile()
        return replace(person(), exchanges=(EXCHANGE,))


@dataclass
class SlowBank:
    """A double, because what happens during its confirmation is the test's choice."""

    meanwhile: Callable[[], object] = lambda: None
    id: ProviderId = BANK
    kind: ProviderKind = ProviderKind.BANK
    assurance: AssuranceLevel = AssuranceLevel.HIGH
    answer_methods: frozenset[str] = frozenset({"POST"})
    names: dict[Language, str] = field(default_factory=lambda: dict.fromkeys(Language, "Banka"))

    def depart(self, request: AuthenticationRequest) -> FormDeparture:
        return FormDeparture(
            action="https://bank.test/", fields=(("VK_NONCE", request.reference),), charset="UTF-8", message=b"question"
        )

    def receive(self, arrival: Arrival) -> SlowAnswer:
        return SlowAnswer(Reference(arrival.body.decode()), self.meanwhile)

    def status(self) -> ProviderStatus:
        return ProviderStatus(state=Availability.UP)

    def warnings(self) -> tuple[str, ...]:
        return ()


def at_bank(core: Core, bank: SlowBank) -> AtProvider:
    core.use_cases.providers = {BANK: bank}
    left = core.use_cases.authorize(query(provider=BANK), BROWSER)
    assert isinstance(left, Leaving)
    return left.login


def answer(core: Core, bank: SlowBank, login: AtProvider) -> object:
    arrival = Arrival(method="POST", content_type="", body=login.reference.encode(), received_at=core.clock())
    return core.use_cases.complete(bank, arrival)


def names(core: Core) -> list[str]:
    return [event.name for event in core.storage.events]


@pytest.mark.parametrize("step", ["cancel", "start_again"])
def test_vpm_drv_09_what_the_bank_said_is_recorded_although_the_person_gave_up_meanwhile(step: str) -> None:
    core, bank = Core(), SlowBank()
    login = at_bank(core, bank)
    arrived: list[object] = []

    def gives_up() -> None:
        found = core.use_cases.find(login.asked.id, BROWSER)
        assert isinstance(found, Arrived)
        arrived.append(getattr(core.use_cases, step)(found))

    bank.meanwhile = gives_up
    answer(core, bank, login)
    assert arrived
    assert names(core).count("login.back-channel-answered") == 1
    assert "login.identity-verified" not in names(core)
    assert isinstance(core.storage.load(login.asked.id), Refused)
    assert not isinstance(core.use_cases.resume(login.asked.id, BROWSER), HandedOver)


def test_a_login_whose_result_is_handed_over_meanwhile_is_not_started_again() -> None:
    """The second tab saw it before; one question must not be answered twice."""
    core = Core()
    login = core.answered()
    seen_by_the_second_tab = core.use_cases.find(login, BROWSER)
    assert seen_by_the_second_tab is not None
    assert isinstance(core.use_cases.resume(login, BROWSER), HandedOver)
    again = core.use_cases.start_again(seen_by_the_second_tab)
    assert isinstance(again, Delivered)
    assert names(core).count("login.requested") == 1


def test_a_redeemed_login_is_not_started_again() -> None:
    core = Core()
    login = core.answered()
    handed_over = core.use_cases.resume(login, BROWSER)
    assert isinstance(handed_over, HandedOver)
    assert isinstance(core.redeem(core.token_form(code_of(handed_over)), PORTAL_CERTIFICATE), dict)
    found = core.use_cases.find(login, BROWSER)
    assert isinstance(found, Redeemed)
    assert core.use_cases.start_again(found) == found


def test_two_tabs_choosing_at_once_send_one_question() -> None:
    core = Core()
    core.use_cases.providers = {BANK: SlowBank()}
    asked = core.begin()
    first = core.use_cases.choose(asked, BANK, Language.LATVIAN)
    second = core.use_cases.choose(asked, BANK, Language.LATVIAN)
    assert isinstance(first, Leaving)
    assert isinstance(second, AtProvider), "as it is now; the page of ways to sign in is shown"
    assert names(core).count("login.sent-to-provider") == 1


def test_a_login_stopped_between_answer_and_outcome_lets_the_person_go_on() -> None:
    """The process dies after the answer spent the reference: reload is a replay, but choosing anew works."""
    core, bank = Core(), SlowBank()
    login = at_bank(core, bank)
    core.storage.commit(lambda unit: unit.replace(login, login.arrived()))
    answer(core, bank, login)
    assert names(core)[-1] == "login.answer-refused"
    found = core.use_cases.find(login.asked.id, BROWSER)
    assert isinstance(found, Arrived)
    again = core.use_cases.start_again(found)
    assert isinstance(again, Asked)
    assert isinstance(core.use_cases.choose(again, BANK, Language.LATVIAN), Leaving)


def browser_of(core: Core) -> FlaskClient:
    gateway = Gateway(
        use_cases=core.use_cases,
        directory=ProviderDirectory(core.use_cases.providers.values()),
        problems=list,
        close=lambda: None,
    )
    return create_public_app(gateway).test_client()


@pytest.mark.parametrize(
    "address", ["%00", "%00" * 26, "A" * 25, "a" * 26, "I" * 26, "A" * 27, "%ff" * 26, "%F0%9F%94%91"]
)
@pytest.mark.parametrize("step", ["", "/continue", "/choose", "/cancel", "/again", "/forget"])
def test_an_address_that_is_no_login_never_reaches_the_database(address: str, step: str) -> None:
    """PostgreSQL takes no NUL: the page would end in a fault instead of a notice."""
    core = Core()
    tab = browser_of(core)
    core.use_cases.storage = object()  # type: ignore[assignment] # whoever asks it anything fails
    method = "GET" if step in {"", "/continue"} else "POST"
    page = tab.open(f"/login/{address}{step}", method=method, base_url=ISSUER)
    assert page.status_code == 404
    assert "Atveriet port" in page.text


@pytest.mark.parametrize("provider", ["", "unheard-of", "\0", "<script>"])
def test_vpm_drv_15_a_provider_that_is_not_listed_leads_back_to_the_list(provider: str) -> None:
    core = Core()
    tab = browser_of(core)
    login = tab.get(f"/oidc/authorize?{query().decode()}", base_url=ISSUER).headers["Location"]
    answer = tab.post(f"{login}/choose", data={"provider": provider}, base_url=ISSUER)
    assert (answer.status_code, answer.headers["Location"]) == (303, login)


def test_complaint_22_an_expired_login_offers_the_way_to_the_portal_and_no_circle() -> None:
    core = Core()
    core.use_cases.providers = {BANK: SlowBank()}
    tab = browser_of(core)
    login = tab.get(f"/oidc/authorize?{query().decode()}", base_url=ISSUER).headers["Location"]
    assert tab.post(f"{login}/choose", data={"provider": BANK}, base_url=ISSUER).status_code == 200
    core.clock.move(minutes=15, seconds=1)
    for step in ("again", "choose"):
        sent_on = tab.post(f"{login}/{step}", data={"provider": BANK}, base_url=ISSUER)
        assert sent_on.headers["Location"] == f"{login}/continue"
    page = tab.get(f"{login}/continue", base_url=ISSUER)
    assert page.status_code == 400
    assert "/again" not in page.text
    back = tab.post(f"{login}/cancel", base_url=ISSUER)
    assert back.headers["Location"].startswith("https://portal.test/callback?error=")
