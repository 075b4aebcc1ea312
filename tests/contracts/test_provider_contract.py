"""Every line of the contract suite is seen to fail: for each there is an adapter that breaks just that promise.

The honest adapter beneath is a scheme made up for this file: an HMAC over a form, with a server that is asked once.
"""

import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from inspect import signature
from urllib.parse import parse_qs, urlencode

import pytest
from _pytest.outcomes import Failed

from providers.contract import (
    LONGEST_MEMORY,
    Arrival,
    AssuranceLevel,
    AuthenticationRequest,
    Availability,
    BackChannelExchange,
    Departure,
    Expectation,
    Factor,
    FormDeparture,
    Language,
    ProviderId,
    ProviderKind,
    ProviderStatus,
    Reference,
    VerifiedIdentity,
)
from providers.errors import AssertionRejected, ProviderError, ProviderUnavailable
from providers.personal_code import PersonalCode
from tests.contracts.provider import ProviderContract, asked

KEY = b"k" * 32
LIFE = timedelta(minutes=15)
CALL = BackChannelExchange(
    method="GET",
    endpoint="https://scheme.test/person",
    sent=b"GET",
    received=b"",
    status=None,
    peer_certificate_sha256=None,
    tls_version=None,
)
PERSON = VerifiedIdentity(
    provider=ProviderId("scheme"),
    country="LV",
    personal_code=PersonalCode("32123456789", "LV"),
    given_name="Jānis",
    family_name="Paraugs",
    assurance=AssuranceLevel.LOW,
    factors=frozenset({Factor.KNOWLEDGE, Factor.POSSESSION}),
    means="made-up",
    interface="made-up",
    authenticated_at=datetime(2026, 1, 1, tzinfo=UTC),
    exchanges=(CALL,),
)


def kept_of(reference: str) -> bytes:
    return sha256(reference.encode()).digest()


def mac_of(reference: str) -> str:
    return hmac.digest(KEY, reference.encode(), sha256).hex()


@dataclass
class SchemeAnswer:
    reference: Reference
    received_at: datetime
    scheme: "Scheme"
    single_use: frozenset[str] = frozenset()
    asks_back_channel: bool = True

    def identify(self, expected: Expectation) -> VerifiedIdentity:
        if expected.reference != self.reference or expected.memory != kept_of(self.reference):
            raise AssertionRejected("unknown_nonce", reference=self.reference)
        if self.received_at - expected.asked_at > LIFE:
            raise AssertionRejected("stale", reference=self.reference)
        if self.scheme.silent:
            raise ProviderUnavailable("provider_busy", reference=self.reference, exchanges=(CALL,))
        return replace(PERSON, authenticated_at=datetime.now(UTC))


@dataclass
class Scheme:
    """The honest adapter."""

    id: ProviderId = ProviderId("scheme")  # noqa: RUF009 - a NewType is no call that could be shared
    names: dict[Language, str] = field(default_factory=lambda: dict.fromkeys(Language, "Shēma"))
    kind: ProviderKind = ProviderKind.APP
    assurance: AssuranceLevel = AssuranceLevel.LOW
    answer_methods: frozenset[str] = frozenset({"POST"})
    silent: bool = False

    def depart(self, request: AuthenticationRequest) -> Departure:
        fields = (("reference", request.reference),)
        message = urlencode(fields).encode()
        memory = kept_of(request.reference)
        return FormDeparture(
            action="https://scheme.test/", fields=fields, charset="UTF-8", message=message, memory=memory
        )

    def receive(self, arrival: Arrival) -> SchemeAnswer:
        form = parse_qs(arrival.body.decode("latin-1"))
        reference = form.get("reference", [""])[0]
        if not hmac.compare_digest(mac_of(reference), form.get("mac", [""])[0]):
            raise AssertionRejected("bad_signature")
        return SchemeAnswer(Reference(reference), arrival.received_at, self)

    def status(self) -> ProviderStatus:
        return ProviderStatus(state=Availability.UP)

    def warnings(self) -> Iterable[str]:
        return ()


class TestHonestScheme(ProviderContract):
    scheme: Scheme

    @pytest.fixture(autouse=True)
    def _scheme(self) -> None:
        self.scheme = Scheme()

    def provider(self) -> Scheme:
        return self.scheme

    def answer(self, departure: Departure, request: AuthenticationRequest) -> Arrival:
        del departure
        body = urlencode({"reference": request.reference, "mac": mac_of(request.reference)}).encode()
        return Arrival(method="POST", content_type="", body=body, received_at=datetime.now(UTC))

    def forged(self, arrival: Arrival) -> Arrival:
        return replace(arrival, body=arrival.body[:-1] + (b"1" if arrival.body[-1:] == b"0" else b"0"))

    def silence(self) -> None:
        self.scheme.silent = True


# --- adapters that each break one promise ---


class Nameless(Scheme):
    def __init__(self) -> None:
        super().__init__(names={Language.LATVIAN: "Shēma", Language.ENGLISH: ""})


class WithoutTls(Scheme):
    def depart(self, request: AuthenticationRequest) -> Departure:
        return replace(super().depart(request), action="http://scheme.test/")  # type: ignore[call-arg]


class AlwaysTheSame(Scheme):
    def depart(self, request: AuthenticationRequest) -> Departure:
        return replace(super().depart(request), message=b"who?")  # type: ignore[call-arg]


class Telling(Scheme):
    def depart(self, request: AuthenticationRequest) -> Departure:
        return replace(super().depart(request), memory=request.reference.encode())


class Hoarding(Scheme):
    def depart(self, request: AuthenticationRequest) -> Departure:
        return replace(super().depart(request), memory=b"m" * (LONGEST_MEMORY + 1))


class ByAnotherRoad(Scheme):
    def __init__(self) -> None:
        super().__init__(answer_methods=frozenset({"GET"}))


class Vouching(SchemeAnswer):
    """Answers that say something else of the person, or of the call."""

    changes: dict[str, object]

    def identify(self, expected: Expectation) -> VerifiedIdentity:
        return replace(super().identify(expected), **self.changes)


def saying(**changes: object) -> type[Scheme]:
    class Saying(Scheme):
        def receive(self, arrival: Arrival) -> SchemeAnswer:
            honest = super().receive(arrival)
            answer = Vouching(honest.reference, honest.received_at, self)
            answer.changes = changes
            return answer

    return Saying


class Remembering(Scheme):
    seen: int = 0

    def receive(self, arrival: Arrival) -> SchemeAnswer:
        self.seen += 1
        return replace(super().receive(arrival), single_use=frozenset({str(self.seen)}))


class Gullible(Scheme):
    def receive(self, arrival: Arrival) -> SchemeAnswer:
        reference = parse_qs(arrival.body.decode("latin-1")).get("reference", [""])[0]
        return SchemeAnswer(Reference(reference), arrival.received_at, self)


class EndingTooEarly(Scheme):
    """Lets whoever forges an answer end somebody's login."""

    def receive(self, arrival: Arrival) -> SchemeAnswer:
        try:
            return super().receive(arrival)
        except ProviderError as error:
            error.reference = Reference(parse_qs(arrival.body.decode("latin-1")).get("reference", ["0"])[0])
            raise


class Lax(SchemeAnswer):
    def identify(self, expected: Expectation) -> VerifiedIdentity:
        del expected
        return replace(PERSON, authenticated_at=datetime.now(UTC))


class NeverAsking(Scheme):
    def receive(self, arrival: Arrival) -> SchemeAnswer:
        return Lax(super().receive(arrival).reference, arrival.received_at, self)


class Down(Scheme):
    def status(self) -> ProviderStatus:
        return ProviderStatus(state=Availability.DOWN)


class Mute(Scheme):
    def warnings(self) -> Iterable[str]:
        return ("",)


WRONG: dict[Callable[..., None], tuple[type[Scheme], ...]] = {
    ProviderContract.test_it_has_an_id_a_kind_and_a_name_in_both_languages: (Nameless,),
    ProviderContract.test_a_departure_goes_to_an_https_address_and_its_message_is_what_is_sent: (WithoutTls,),
    ProviderContract.test_two_departures_of_two_logins_differ: (AlwaysTheSame,),
    ProviderContract.test_what_a_departure_wants_kept_is_short_and_travels_nowhere: (Hoarding, Telling),
    ProviderContract.test_an_answer_comes_by_a_method_that_is_announced: (ByAnotherRoad,),
    ProviderContract.test_a_person_who_signs_in_is_vouched_for: (
        saying(given_name=" Jānis"),
        saying(family_name=""),
        saying(country="EE"),
        saying(factors=frozenset({Factor.KNOWLEDGE})),
        saying(assurance=AssuranceLevel.HIGH),
        saying(authenticated_at=datetime(2020, 1, 1, tzinfo=UTC)),
        saying(provider=ProviderId("other")),
    ),
    ProviderContract.test_a_call_is_announced_exactly_when_one_is_made: (saying(exchanges=()),),
    ProviderContract.test_receiving_needs_no_memory_and_gives_the_same_answer_again: (Remembering,),
    ProviderContract.test_a_forged_answer_vouches_for_nobody_and_ends_no_login_before_that_login_is_known: (
        Gullible,
        EndingTooEarly,
    ),
    ProviderContract.test_garbage_is_refused_and_ends_no_login: (Gullible, EndingTooEarly),
    ProviderContract.test_an_answer_that_comes_an_hour_late_ends_its_login: (NeverAsking,),
    ProviderContract.test_an_answer_about_another_login_vouches_for_nobody: (NeverAsking,),
    ProviderContract.test_status_says_that_it_is_up: (Down,),
    ProviderContract.test_a_silent_server_refuses_the_login_and_says_what_was_tried: (NeverAsking,),
    ProviderContract.test_warnings_are_sentences: (Mute,),
}


def test_no_line_of_the_suite_is_without_an_adapter_that_breaks_it() -> None:
    lines = {line for name, line in vars(ProviderContract).items() if name.startswith("test_")}
    assert lines == set(WRONG)


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        pytest.param(line, wrong, id=f"{line.__name__}-{n}")
        for line, all_ in WRONG.items()
        for n, wrong in enumerate(all_)
    ],
)
def test_a_wrong_adapter_is_caught_by_the_line_that_it_breaks(line: Callable[..., None], wrong: type[Scheme]) -> None:
    suite = TestHonestScheme()
    suite.scheme = wrong()
    arguments = {"garbage": b"reference=0"} if "garbage" in signature(line).parameters else {}
    with pytest.raises((AssertionError, Failed)):
        line(suite, **arguments)


def test_the_honest_scheme_departs_with_what_it_wants_kept() -> None:
    request = asked()
    assert Scheme().depart(request).memory == kept_of(request.reference)
