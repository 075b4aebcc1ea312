"""Web eID keeps the promise that every provider keeps."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from providers.contract import (
    ATTENDED,
    Arrival,
    AuthenticationRequest,
    Concluded,
    Departure,
    Provider,
    Reference,
)
from providers.web_eid.challenge import Challenge
from providers.web_eid.opening import open_web_eid
from tests.contracts.provider import ProviderContract, Trip
from tests.providers.eid_certificates.world import World
from tests.providers.web_eid.test_adapter import entry
from tests.support.eid_authority import Held
from tests.support.plain_server import http
from tests.support.soft_card import token_of


class TestWebEid(ProviderContract):
    @pytest.fixture(autouse=True)
    def opened(self, world: World, tmp_path: Path) -> None:
        world.now = datetime.now(UTC)
        (tmp_path / "ca.pem").write_bytes(world.authority.ca.pem)
        self.world, self.folder = world, tmp_path
        self.card: Held = world.authority.card()
        world.answers(self.card)

    def provider(self) -> Provider:
        return open_web_eid(entry(self.world), self.folder, self.world.clock)

    def answer(self, departure: Departure, request: AuthenticationRequest) -> Arrival:
        challenge = Challenge.remembered(departure.memory)
        token = token_of(self.card, challenge.origin, challenge.nonce)
        concluded = open_web_eid(entry(self.world), self.folder, self.world.clock).attend(
            request, departure.memory, {"token": token}, self.world.now
        )
        assert isinstance(concluded, Concluded)
        return Arrival(method=ATTENDED, content_type="", body=concluded.answer, received_at=self.world.now)

    def forged(self, arrival: Arrival) -> Arrival:
        reference, _, _ = arrival.body.partition(b"\n")
        other = token_of(self.card, "https://evil.test", "A" * 44)
        return replace(arrival, body=reference + b"\n" + other.encode())

    def silence(self) -> None:
        self.world.paths["/ocsp"] = lambda _: http(status="503 Service Unavailable")

    def ended_by_a_forgery(self, trip: Trip) -> tuple[Reference | None, ...]:
        """The token came with the cookie of the browser that was shown the challenge: that login is over."""
        return (trip.request.reference,)
