"""A card in the handshake keeps the promise of every provider, and answers its own browser alone (12.1, T36)."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from providers.card_tls.adapter import CardTlsProvider
from providers.card_tls.opening import open_card_tls
from providers.contract import CARD, Arrival, AuthenticationRequest, Departure, RedirectDeparture, Reference
from providers.errors import AuthenticationDeclined, ProviderError
from providers.settings import InvalidProviderSettings
from tests.contracts.provider import ProviderContract, Trip, asked, expected
from tests.providers.eid_certificates.world import World
from tests.support.eid_authority import POLICY, EidAuthority, Held
from tests.support.plain_server import http

STRANGER = EidAuthority()


def entry(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "id": "eid-card-tls",
        "names": {"lv": "eID karte", "en": "eID card"},
        "kind": "card",
        "assurance": "high",
        "assurance_ground": "notified scheme, 2026-01-01",
        "environment": "test",
        "protocol": "card-tls",
        "card_tls": {"url": "https://cards.login.example.lv"},
        "certificates": {
            "anchors": [{"file": "ca.pem"}],
            "policies": [POLICY],
            "ocsp": {"responders": [world.server.url]},
        },
        **changes,
    }


class TestCardTls(ProviderContract):
    @pytest.fixture(autouse=True)
    def opened(self, world: World, tmp_path: Path) -> None:
        world.now = datetime.now(UTC)
        (tmp_path / "ca.pem").write_bytes(world.authority.ca.pem)
        self.world, self.folder = world, tmp_path
        self.card: Held = world.authority.card()
        world.answers(self.card)

    def provider(self) -> CardTlsProvider:
        return open_card_tls(entry(self.world), self.folder, self.world.clock)

    def answer(self, departure: Departure, request: AuthenticationRequest) -> Arrival:
        assert isinstance(departure, RedirectDeparture)
        assert departure.needs_browser_reference
        return Arrival(
            method=CARD,
            content_type="",
            body=b"",
            query=urlsplit(departure.location).query.encode(),
            received_at=self.world.now,
            browser_reference=request.reference,
            client_certificate=self.card.der,
        )

    def forged(self, arrival: Arrival) -> Arrival:
        return replace(arrival, client_certificate=STRANGER.card().der)

    def silence(self) -> None:
        self.world.paths["/ocsp"] = lambda _: http(status="503 Service Unavailable")

    def ended_by_a_forgery(self, trip: Trip) -> tuple[Reference | None, ...]:
        """It came with the cookie of the browser that began the login: that one is over."""
        return (trip.request.reference,)

    def test_the_card_port_is_asked_and_the_certificate_kept_as_evidence(self) -> None:
        trip = self.round_trip()
        assert trip.departure.endpoint == "https://cards.login.example.lv/return/eid-card-tls"
        assert trip.arrival.message == self.card.der

    @pytest.mark.parametrize("carried", [None, Reference("0" * 32)])
    def test_a_handshake_in_another_browser_is_refused_and_ends_nothing(self, carried: Reference | None) -> None:
        """T36: the link was opened by somebody else."""
        arrival = replace(self.round_trip().arrival, browser_reference=carried)
        with pytest.raises(ProviderError, match="wrong_browser") as refused:
            self.provider().receive(arrival)
        assert refused.value.reference is None

    def test_a_browser_without_a_card_ends_its_login(self) -> None:
        trip = self.round_trip()
        with pytest.raises(AuthenticationDeclined, match="cancelled") as declined:
            trip.provider.receive(replace(trip.arrival, client_certificate=None))
        assert declined.value.reference == trip.request.reference

    @pytest.mark.parametrize("query", [b"", b"login=x", b"login=" + b"0" * 32 + b"&login=" + b"1" * 32, b"LOGIN=0"])
    def test_another_query_is_malformed(self, query: bytes) -> None:
        with pytest.raises(ProviderError, match="malformed"):
            self.provider().receive(replace(self.round_trip().arrival, query=query))

    def test_an_arrival_at_another_port_is_no_answer(self) -> None:
        with pytest.raises(ProviderError, match="malformed"):
            self.provider().receive(replace(self.round_trip().arrival, method="GET"))

    def test_a_handshake_for_one_login_does_not_answer_another(self) -> None:
        trip = self.round_trip()
        with pytest.raises(ProviderError, match="unknown_nonce"):
            trip.answer.identify(expected(asked()))

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"card_tls": {"url": "https://cards.example/path"}}, "card_tls.url"),
            ({"kind": "bank"}, "kind"),
            ({"environment": "production"}, "ca.pem says that it is for tests"),
        ],
    )
    def test_settings_that_cannot_be_are_refused(self, changes: dict[str, Any], said: str) -> None:
        with pytest.raises(InvalidProviderSettings) as refused:
            open_card_tls(entry(self.world, **changes), self.folder, self.world.clock)
        assert said in str(refused.value)
