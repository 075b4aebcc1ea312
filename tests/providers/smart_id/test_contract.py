"""The promise of every provider, kept by Smart-ID: through our page, and through the app on the same device."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from certs.dev_pki import DevPki
from providers.contract import Arrival, AuthenticationRequest, Departure, PageDeparture, Provider, Reference
from tests.contracts.provider import ProviderContract, Trip
from tests.providers.smart_id.setting import ANNA, Setting, Visits
from tests.support.telephone import way_back


class SmartIdContract(ProviderContract):
    setting: Setting
    visits: Visits

    @pytest.fixture(autouse=True)
    def _setting(
        self, setting: Setting, pki: DevPki, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
    ) -> Iterator[None]:
        silenced = "silent" in request.node.name  # that test stops its bank, so it gets one of its own
        self.setting = Setting(pki, tmp_path_factory.mktemp("silent")) if silenced else setting
        yield
        if silenced:
            self.setting.stop()

    def provider(self) -> Provider:
        return self.setting.provider(deadline_seconds=2.0)

    def begun(self, departure: Departure, request: AuthenticationRequest) -> Visits:
        assert isinstance(departure, PageDeparture)
        self.visits = Visits(self.setting.provider(deadline_seconds=2.0))
        self.visits.request, self.visits.memory = request, departure.memory
        return self.visits

    def memory(self, departure: Departure) -> bytes:
        return self.visits.memory

    def silence(self) -> None:
        self.setting.running.stop()

    def ended_by_a_forgery(self, trip: Trip) -> tuple[Reference | None, ...]:
        """Only the signature proves it, and that needs the memory: the login is known by then, and ends."""
        return (trip.request.reference,)


class TestThroughOurPage(SmartIdContract):
    def answer(self, departure: Departure, request: AuthenticationRequest) -> Arrival:
        visits = self.begun(departure, request)
        self.setting.telephone.answer_link(visits.qr(), ANNA)
        visits.until_over()
        return visits.arrival()

    def forged(self, arrival: Arrival) -> Arrival:
        return replace(arrival, body=arrival.body.replace(b'"serverRandom": "', b'"serverRandom": "AAAA'))


class TestThroughTheAppOnTheSameDevice(SmartIdContract):
    def answer(self, departure: Departure, request: AuthenticationRequest) -> Arrival:
        visits = self.begun(departure, request)
        return visits.returned(way_back(self.setting.telephone.answer_link(visits.tapped(), ANNA)))

    def forged(self, arrival: Arrival) -> Arrival:
        return replace(arrival, query=arrival.query.replace(b"sessionSecretDigest=", b"sessionSecretDigest=A"))
