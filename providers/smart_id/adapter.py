"""A Smart-ID service, as the gateway sees it: ``depart``, ``attend``, ``receive``, ``identify``."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from providers.contract import (
    ATTENDED,
    Arrival,
    AssuranceLevel,
    Attendance,
    AuthenticationRequest,
    Availability,
    BackChannelExchange,
    Expectation,
    Language,
    PageDeparture,
    ProviderId,
    ProviderKind,
    ProviderStatus,
    Reference,
    VerifiedIdentity,
)
from providers.errors import AssertionRejected, ProviderError, ProviderUnavailable
from providers.refusals import SENTENCES, Reason
from providers.settings import shared_warnings
from providers.smart_id.callback import Callback, check_callback, parse_callback
from providers.smart_id.dialogue import Dialogue
from providers.smart_id.judging import Judge
from providers.smart_id.memory import Memory, new_memory, read_memory
from providers.smart_id.profile import SmartIdSettings, weaknesses
from providers.smart_id.service import SmartIdService
from providers.smart_id.strict_json import malformed

LIFETIME: Final = timedelta(minutes=15)
"""Of a login (VPM-INT-16)."""
RETURN_POLL: Final = 3000
"""Milliseconds: the app comes back when it has sent its answer, which the service may still be storing."""
NOBODYS_SESSION: Final = "00000000-0000-4000-8000-000000000000"
"""The service has no call that tells how it is; it knows every session, and this is none."""
_OWN_WORD: Final = re.compile(rb"([0-9a-f]{32})\n(.+)", re.DOTALL)
"""What ``Concluded`` holds: the login and the result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmartIdAnswer:
    """What came of a session, or a browser back from the app; nobody is vouched for yet."""

    reference: Reference
    single_use: frozenset[str]
    brought: Callback | None = None
    """Set when the app on the same device sent the browser back."""
    body: bytes = field(default=b"", repr=False)
    """The session's result, when a page of ours waited for it."""
    received_at: datetime
    _provider: "SmartIdProvider"

    @property
    def asks_back_channel(self) -> bool:
        """Always: for the result where the browser came back, and whether the certificate is revoked."""
        return True

    def identify(self, expected: Expectation) -> VerifiedIdentity:
        """Vouch for the person by the checks of 10.8; every failure ends the login.

        Raises:
            ProviderError: with ``reference`` and the calls that were made.
        """
        try:
            return self._provider.identify(self, expected)
        except ProviderError as error:
            error.reference = self.reference
            raise


class SmartIdProvider:
    """One agreement with one service; threads may share it."""

    answer_methods = frozenset({"GET"})

    def __init__(self, settings: SmartIdSettings, service: SmartIdService, dialogue: Dialogue, judge: Judge) -> None:
        """Keep what ``open_smart_id`` read."""
        self.id: ProviderId = settings.id
        self.names: dict[Language, str] = settings.names.by_language()
        self.kind: ProviderKind = settings.kind
        self.assurance: AssuranceLevel = settings.assurance
        self._settings = settings
        self._service = service
        self._dialogue = dialogue
        self._judge = judge

    def depart(self, request: AuthenticationRequest) -> PageDeparture:
        """The person stays with us; nobody is called before they have said how they want to be asked."""
        del request
        memory = new_memory()
        return PageDeparture(
            endpoint=self._settings.smart_id.base_url, message=memory.challenge.encode(), memory=memory.encoded()
        )

    def attend(
        self, request: AuthenticationRequest, memory: bytes, said: Mapping[str, str], now: datetime
    ) -> Attendance:
        """See ``Dialogue.attend``."""
        return self._dialogue.attend(request, read_memory(memory), said, now)

    def receive(self, arrival: Arrival) -> SmartIdAnswer:
        """Find the login: our own word of it where our page waited, else the value in the address (10.7).

        Raises:
            AssertionRejected: ``malformed``; no login ends by it.
        """
        if arrival.method == ATTENDED:
            found = _OWN_WORD.fullmatch(arrival.body)
            if found is None:
                malformed("the answer is not what a page of ours concludes with")
            reference, body = Reference(found[1].decode("ascii")), found[2]
            return self._answer(reference, f"result:{_digest(body)}", arrival, body=body)
        brought = parse_callback(arrival.query)
        return self._answer(brought.reference, f"callback:{_digest(brought.value.encode())}", arrival, brought=brought)

    def identify(self, answer: SmartIdAnswer, expected: Expectation) -> VerifiedIdentity:
        """The checks of 10.8 in their order; see ``SmartIdAnswer.identify``."""
        memory = read_memory(expected.memory)
        if answer.received_at - expected.asked_at > LIFETIME:
            raise AssertionRejected(Reason.EXPIRED, SENTENCES[Reason.EXPIRED])
        body = answer.body
        exchanges: tuple[BackChannelExchange, ...] = ()
        if answer.brought is not None:
            body, exchanges = self._result_for(answer.brought, memory)
        elif memory.flow is None or memory.flow.on_this_device:
            raise AssertionRejected(Reason.WRONG_BROWSER, SENTENCES[Reason.WRONG_BROWSER])
        return self._judge.verify(body, memory, answer.brought, answer.received_at, exchanges)

    def status(self) -> ProviderStatus:
        """Whether the service answers, by asking after a session that never was.

        Raises:
            ProviderUnavailable: it does not.
        """
        try:
            self._service.poll(NOBODYS_SESSION)
        except ProviderError as error:
            if error.reason != Reason.TIMEOUT:
                raise ProviderUnavailable(Reason.STATUS_UNAVAILABLE, error.detail, exchanges=error.exchanges) from error
        return ProviderStatus(state=Availability.UP)

    def warnings(self) -> Iterable[str]:
        """Sentences for the operator about settings that weaken this provider."""
        return (*shared_warnings(self._settings), *weaknesses(self._settings))

    def _answer(
        self,
        reference: Reference,
        fact: str,
        arrival: Arrival,
        *,
        body: bytes = b"",
        brought: Callback | None = None,
    ) -> SmartIdAnswer:
        return SmartIdAnswer(
            reference=reference,
            single_use=frozenset({f"smart-id-{fact}"}),
            body=body,
            brought=brought,
            received_at=arrival.received_at,
            _provider=self,
        )

    def _result_for(self, brought: Callback, memory: Memory) -> tuple[bytes, tuple[BackChannelExchange, ...]]:
        """Check what the browser brought, then fetch the result: never before the person has come back (10.7)."""
        check_callback(brought, memory.callback, memory.secret)
        polled = self._service.poll(memory.session, RETURN_POLL)
        return polled.body, (polled.exchange,)


def _digest(octets: bytes) -> str:
    return sha256(octets).hexdigest()
