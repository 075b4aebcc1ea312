"""The suite that every ``Provider`` must pass, whatever its protocol; a test class subclasses it.

The subclass brings a provider and a way to have its bank (or scheme) answer.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from urllib.parse import parse_qsl, urlsplit

import pytest

from providers.contract import (
    ATTENDED,
    CARD,
    LONGEST_MEMORY,
    Answer,
    Arrival,
    AttendedProvider,
    AuthenticationRequest,
    Availability,
    Departure,
    Expectation,
    Factor,
    FormDeparture,
    Language,
    PageDeparture,
    Provider,
    ProviderKind,
    RedirectDeparture,
    Reference,
)
from providers.errors import AssertionRejected, ProviderError, ProviderUnavailable

RETURN = "https://gw.example/b/any/return"
GARBAGE = (b"", b"=", b"&&&", b"\x00", b"<a/>", b"{}", b"a=" + b"b" * 100_000)


@dataclass(frozen=True)
class Trip:
    """A person went to the provider and came back."""

    provider: Provider
    request: AuthenticationRequest
    departure: Departure
    arrival: Arrival
    answer: Answer

    @property
    def expected(self) -> Expectation:
        return expected(self.request, self.departure.memory)


class ProviderContract(ABC):
    """Subclass it and bring the four abstract methods; each line is seen to fail in ``test_provider_contract``."""

    @abstractmethod
    def provider(self) -> Provider:
        """A live provider."""

    @abstractmethod
    def answer(self, departure: Departure, request: AuthenticationRequest) -> Arrival:
        """What comes back when a made-up person signs in: through the browser, or out of ``attend``."""

    @abstractmethod
    def forged(self, arrival: Arrival) -> Arrival:
        """The same answer with the same reference, but not made by the provider."""

    @abstractmethod
    def silence(self) -> None:
        """From now on the provider's server answers no call."""

    def memory(self, departure: Departure) -> bytes:
        """What is kept of a login when its answer comes; an attended provider exchanges it on the way."""
        return departure.memory

    def ended_by_a_forgery(self, trip: Trip) -> tuple[Reference | None, ...]:
        """Which login may end by a forged answer: none, where the message itself proves its sender.

        Where only the call that follows can prove it (OpenID Connect), the reference is a secret between provider and
        browser, and the login that it names is spent by whoever brings it.
        """
        del trip
        return (None,)

    def round_trip(self) -> Trip:
        provider, request = self.provider(), asked()
        departure = provider.depart(request)
        arrival = self.answer(departure, request)
        departure = replace(departure, memory=self.memory(departure))
        return Trip(provider, request, departure, arrival, provider.receive(arrival))

    def test_it_has_an_id_a_kind_and_a_name_in_both_languages(self) -> None:
        provider = self.provider()
        assert provider.id
        assert provider.kind in set(ProviderKind)
        assert all(provider.names[language] for language in Language)

    def test_a_departure_goes_to_an_https_address_and_its_message_is_what_is_sent(self) -> None:
        departure = self.provider().depart(asked())
        assert urlsplit(departure.endpoint).scheme == "https"
        assert departure.message
        names = [name for name, _ in fields_of(departure)]
        assert len(set(names)) == len(names)

    def test_two_departures_of_two_logins_differ(self) -> None:
        provider = self.provider()
        assert provider.depart(asked()).message != provider.depart(asked()).message

    def test_what_a_departure_wants_kept_is_short_and_travels_nowhere(self) -> None:
        departure = self.provider().depart(asked())
        assert len(departure.memory) <= LONGEST_MEMORY
        assert not departure.memory or departure.memory not in departure.message

    def test_an_answer_comes_by_a_method_that_is_announced(self) -> None:
        trip = self.round_trip()
        assert trip.arrival.method in trip.provider.answer_methods | {ATTENDED}
        assert isinstance(trip.provider, AttendedProvider) or trip.arrival.method != ATTENDED

    def test_a_person_who_signs_in_is_vouched_for(self) -> None:
        trip = self.round_trip()
        identity = trip.answer.identify(trip.expected)
        assert trip.answer.reference == trip.request.reference
        assert identity.provider == trip.provider.id
        assert identity.given_name.strip() == identity.given_name != ""
        assert identity.family_name.strip() == identity.family_name != ""
        assert identity.country == identity.personal_code.country
        assert len(identity.factors) >= 2
        assert identity.factors <= set(Factor)
        assert identity.assurance <= trip.provider.assurance
        assert abs(identity.authenticated_at - datetime.now(UTC)) < timedelta(minutes=5)

    def test_a_call_is_announced_exactly_when_one_is_made(self) -> None:
        trip = self.round_trip()
        assert trip.answer.asks_back_channel == bool(trip.answer.identify(trip.expected).exchanges)

    def test_receiving_needs_no_memory_and_gives_the_same_answer_again(self) -> None:
        trip = self.round_trip()
        again = trip.provider.receive(trip.arrival)
        assert (again.reference, again.single_use) == (trip.answer.reference, trip.answer.single_use)

    def test_a_forged_answer_vouches_for_nobody_and_ends_no_login_before_that_login_is_known(self) -> None:
        trip = self.round_trip()
        forged = self.forged(trip.arrival)
        assert forged != trip.arrival
        with pytest.raises(ProviderError) as refused:
            trip.provider.receive(forged).identify(trip.expected)
        assert refused.value.reference in self.ended_by_a_forgery(trip)

    @pytest.mark.parametrize("garbage", GARBAGE)
    def test_garbage_is_refused_and_ends_no_login(self, garbage: bytes) -> None:
        trip = self.round_trip()
        place = "query" if trip.arrival.method in {"GET", CARD} else "body"
        with pytest.raises(AssertionRejected) as refused:
            trip.provider.receive(replace(trip.arrival, **{place: garbage}))
        assert refused.value.reference is None

    def test_an_answer_that_comes_an_hour_late_ends_its_login(self) -> None:
        trip = self.round_trip()
        late = replace(trip.arrival, received_at=trip.arrival.received_at + timedelta(hours=1))
        with pytest.raises(ProviderError) as refused:
            trip.provider.receive(late).identify(trip.expected)
        assert refused.value.reference == trip.request.reference

    def test_an_answer_about_another_login_vouches_for_nobody(self) -> None:
        trip = self.round_trip()
        other = asked()
        with pytest.raises(AssertionRejected):
            trip.answer.identify(expected(other, self.provider().depart(other).memory))

    def test_status_says_that_it_is_up(self) -> None:
        assert self.provider().status().state is Availability.UP

    def test_a_silent_server_refuses_the_login_and_says_what_was_tried(self) -> None:
        trip = self.round_trip()
        self.silence()
        if trip.answer.asks_back_channel:
            with pytest.raises(ProviderUnavailable) as refused:
                trip.answer.identify(trip.expected)
            assert refused.value.reference == trip.request.reference
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


def expected(request: AuthenticationRequest, memory: bytes = b"") -> Expectation:
    """Our own record of a question."""
    return Expectation(reference=request.reference, asked_at=request.asked_at, memory=memory)
