"""A provider for which no message can be made: the login ends for that reason, and nobody sees an error page."""

from dataclasses import dataclass

import pytest

from gateway.broker.login import Asked, Refused
from providers.contract import AuthenticationRequest, Language, PageDeparture, ProviderId
from providers.errors import ProviderError, ProviderMisconfigured, ProviderUnavailable
from tests.gateway.test_attending import APP, App
from tests.support.gateway_parts import BROWSER, Core, query


@dataclass
class Unready(App):
    """A double that cannot be left for."""

    why: ProviderError | None = None

    def depart(self, request: AuthenticationRequest) -> PageDeparture:
        assert self.why is not None
        raise self.why


@pytest.fixture
def core() -> Core:
    return Core()


WHY = pytest.mark.parametrize(
    "why", [ProviderUnavailable("provider_busy"), ProviderMisconfigured("sha1_exception_ended")], ids=str
)


@WHY
def test_choosing_it_ends_the_login_for_its_reason(core: Core, why: ProviderError) -> None:
    core.use_cases.providers = {APP: Unready(why=why), ProviderId("other"): App(id=ProviderId("other"))}
    asked = core.use_cases.authorize(query(), BROWSER)
    assert isinstance(asked, Asked)
    ended = core.use_cases.choose(asked, APP, Language.LATVIAN)
    assert isinstance(ended, Refused)
    assert ended.why == why.reason
    assert core.storage.events[-1].name == "login.refused"


@WHY
def test_a_portal_that_names_it_learns_the_reason(core: Core, why: ProviderError) -> None:
    core.use_cases.providers = {APP: Unready(why=why)}
    ended = core.use_cases.authorize(query(provider=APP), BROWSER)
    assert isinstance(ended, Refused)
    assert ended.why == why.reason
    assert [event.name for event in core.storage.events][-2:] == ["login.requested", "login.refused"]
