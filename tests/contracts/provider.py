"""The suite that every ``Provider`` must pass, whatever its protocol; a test class subclasses it.

The subclass brings a provider and a way to have its bank (or scheme) answer.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from urllib.parse import parse_qsl, urlsplit

import pytest

from providers.contract import (
    Answer,
    Arrival,
    AuthenticationRequest,
    Availability,
    Departure,
    Expectation,
    Factor,
    FormDeparture,
    Language,
    PageDeparture,
    Provider,
    RedirectDeparture,
    Reference,
)
from providers.errors import AssertionRejected, ProviderError, ProviderUnavailable

RETURN = "https://gw.example/b/any/return"


class ProviderContract(ABC):
    """Subclass it and bring the four abstract methods."""

    @abstractmethod
    def provider(self) -> Provider:
        """A live provider."""

    @abstractmethod
    def answer(self, departure: Departure, request: AuthenticationRequest) -> Arrival:
        """What comes back through the browser when a made-up person signs in."""

    @abstractmethod
    def forged(self, arrival: Arrival) -> Arrival:
        """The same answer, not signed by the provider."""

    @abstractmethod
    def silence(self) -> None:
        """From now on the provider's server answers no call."""

    def round_trip(self) -> tuple[Provider, AuthenticationRequest, Arrival, Answer]:
        provider, request = self.provider(), asked()
        arrival = self.answer(provider.depart(request), request)
        return provider, request, arrival, provider.receive(arrival)

    def test_it_has_an_id_and_a_name_in_both_languages(self) -> None:
        provider = self.provider()
        assert provider.id
        assert all(provider.names[language] for language in Language)

    def test_a_departure_goes_to_an_https_address_and_its_message_is_what_the_browser_sends(self) -> None:
        departure = self.provider().depart(asked())
        assert urlsplit(departure.endpoint).scheme == "https"
        assert departure.message
        names = [name for name, _ in fields_of(departure)]
        assert len(set(names)) == len(names)

    def test_two_departures_of_two_logins_differ(self) -> None:
        provider = self.provider()
        assert provider.depart(asked()).message != provider.depart(asked()).message

    def test_a_person_who_signs_in_is_vouched_for(self) -> None:
        provider, request, _, answer = self.round_trip()
        identity = answer.identify(expected(request))
        assert answer.reference == request.reference
        assert identity.provider == provider.id
        assert identity.given_name.strip() == identity.given_name != ""
        assert identity.family_name.strip() == identity.family_name != ""
        assert identity.country == identity.personal_code.country
        assert len(identity.factors) >= 2
        assert identity.factors <= set(Factor)
        assert abs(identity.authenticated_at - datetime.now(UTC)) < timedelta(minutes=5)

    def test_the_back_channel_is_announced_exactly_when_it_is_used(self) -> None:
        _, request, _, answer = self.round_trip()
        assert answer.asks_back_channel == bool(answer.identify(expected(request)).exchanges)

    def test_receiving_needs_no_memory_and_gives_the_same_answer_again(self) -> None:
        provider, _, arrival, answer = self.round_trip()
        again = provider.receive(arrival)
        assert (again.reference, again.single_use) == (answer.reference, answer.single_use)

    def test_a_forged_answer_ends_no_login(self) -> None:
        provider, _, arrival, _ = self.round_trip()
        with pytest.raises(AssertionRejected) as refused:
            provider.receive(self.forged(arrival))
        assert refused.value.reference is None

    @pytest.mark.parametrize("body", [b"", b"=", b"&&&", b"\x00", b"<a/>", b"{}", b"a=" + b"b" * 100_000])
    def test_garbage_is_refused_and_ends_no_login(self, body: bytes) -> None:
        provider, _, arrival, _ = self.round_trip()
        with pytest.raises(AssertionRejected) as refused:
            provider.receive(replace(arrival, body=body))
        assert refused.value.reference is None

    def test_an_answer_that_comes_an_hour_late_ends_its_login(self) -> None:
        provider, request, arrival, _ = self.round_trip()
        late = replace(arrival, received_at=arrival.received_at + timedelta(hours=1))
        with pytest.raises(ProviderError) as refused:
            provider.receive(late).identify(expected(request))
        assert refused.value.reference == request.reference

    def test_an_answer_about_another_login_vouches_for_nobody(self) -> None:
        _, _, _, answer = self.round_trip()
        with pytest.raises(AssertionRejected):
            answer.identify(expected(asked()))

    def test_status_says_that_it_is_up(self) -> None:
        assert self.provider().status().state is Availability.UP

    def test_a_silent_server_is_unavailable_and_refuses_the_login(self) -> None:
        provider, request, _, answer = self.round_trip()
        self.silence()
        with pytest.raises(ProviderUnavailable):
            provider.status()
        if answer.asks_back_channel:
            with pytest.raises(ProviderUnavailable) as refused:
                answer.identify(expected(request))
            assert refused.value.reference == request.reference
            assert refused.value.exchanges

    def test_warnings_are_sentences(self) -> None:
        assert all(isinstance(sentence, str) and sentence for sentence in self.provider().warnings())


def fields_of(departure: Departure) -> Sequence[tuple[str, str]]:
    """What a departure carries, by name."""
    match departure:
        case FormDeparture():
            return departure.fields
        case RedirectDeparture():
            return parse_qsl(urlsplit(departure.location).query, keep_blank_values=True, strict_parsing=True)
        case PageDeparture():
            return ()


def asked() -> AuthenticationRequest:
    """A new question, asked now."""
    return AuthenticationRequest(
        reference=Reference(token_hex(16)),
        return_url=RETURN,
        language=Language.LATVIAN,
        asked_at=datetime.now(UTC),
    )


def expected(request: AuthenticationRequest) -> Expectation:
    """Our own record of a question."""
    return Expectation(reference=request.reference, asked_at=request.asked_at)
