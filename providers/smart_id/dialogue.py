"""What a login's page shows next, and when the service is called for it.

Each visit of the browser is one step. A call to the service is only ever made by a visit whose intent is durable, so
that two visits at a time never ask a person twice; and a visit never waits for the person (see ``watch``).
"""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from secrets import randbelow
from typing import Final

from providers.contract import (
    AppPage,
    Asking,
    Attendance,
    AuthenticationRequest,
    BackChannelExchange,
    CodePage,
    Concluded,
    DevicePage,
    Shown,
)
from providers.errors import AssertionRejected, AuthenticationDeclined, ProviderError
from providers.personal_code import InvalidPersonalCode, PersonalCode, parse_personal_code
from providers.protocol import Clock
from providers.refusals import SENTENCES, Reason
from providers.smart_id.callback import callback_url
from providers.smart_id.device_link import LANGUAGES, Flow, LinkTerms, device_link, link_without_code, verification_code
from providers.smart_id.interactions import FOR_DEVICE_LINKS, FOR_NOTIFICATIONS, Interactions, interactions
from providers.smart_id.memory import Memory, Step
from providers.smart_id.profile import SmartIdSettings
from providers.smart_id.requests import start_request
from providers.smart_id.result import ended_well, parse_v2, parse_v3
from providers.smart_id.service import Polled, SmartIdService
from providers.smart_id.strict_json import parse_object
from providers.smart_id.watch import Watch

LOST: Final = timedelta(seconds=10)
"""After which a call that nobody has told the end of is made anew: its process died. No call takes longer."""
VEIL: Final = 5.0
"""Seconds: refusals and unknown accounts are told at multiples of this from the start, and so look alike (T41)."""
LONGEST_VEIL: Final = 3
"""Multiples after which an unknown account is told at the latest."""
VEILED: Final = frozenset({Reason.CANCELLED, Reason.NO_ACCOUNT, Reason.ACCOUNT_UNUSABLE})
DEVICES: Final = {"this": Flow.WEB2APP, "other": Flow.QR}
"""What the person says of where the app is."""


class Dialogue:
    """The steps of every login with one service; threads may share it."""

    def __init__(self, settings: SmartIdSettings, service: SmartIdService, watch: Watch, clock: Clock) -> None:
        """Ask ``service`` and wait by ``watch``; ``clock`` is UTC, aware."""
        self._settings = settings
        self._profile = settings.smart_id
        self._service = service
        self._watch = watch
        self._clock = clock

    def attend(
        self, request: AuthenticationRequest, memory: Memory, said: Mapping[str, str], now: datetime
    ) -> Attendance:
        """One visit.

        Raises:
            ProviderError: the login ends: nobody will be identified.
        """
        match memory.step:
            case Step.CHOOSING if self._profile.flow == "device_link":
                return self._choose_device(request, memory, said, now)
            case Step.CHOOSING:
                return self._take_code(request, memory, said, now)
            case Step.ASKING if now - memory.began < LOST:
                return self._shown(request, memory, now)
            case Step.ANNOUNCED | Step.ASKING:
                return self._ask(request, memory, now)
            case Step.WAITING:
                return self._wait(request, memory, now)

    def _choose_device(
        self, request: AuthenticationRequest, memory: Memory, said: Mapping[str, str], now: datetime
    ) -> Attendance:
        flow = DEVICES.get(said.get("device", ""))
        if flow is None:
            return Shown(page=DevicePage(), memory=memory.encoded())
        callback = callback_url(request.return_url, request.reference) if flow.on_this_device else ""
        chosen = memory.at(Step.CHOOSING, now, flow=flow, callback=callback, interactions=self._said(request))
        return self._ask(request, chosen, now)

    def _take_code(
        self, request: AuthenticationRequest, memory: Memory, said: Mapping[str, str], now: datetime
    ) -> Attendance:
        """The code that the person typed; the verification code is on the page before anybody is asked (10.5)."""
        typed = said.get("personal_code")
        code = self._code(typed) if typed is not None else None
        if code is None:
            return Shown(page=CodePage(wrong=typed is not None), memory=memory.encoded())
        announced = memory.at(
            Step.ANNOUNCED, now, flow=Flow.NOTIFICATION, person=code.key, interactions=self._said(request)
        )
        return self._shown(request, announced, now)

    def _ask(self, request: AuthenticationRequest, memory: Memory, now: datetime) -> Asking:
        asking = memory.at(Step.ASKING, now)
        person = self._person(memory)
        return Asking(memory=asking.encoded(), person=person, act=partial(self._start, request, asking, person))

    def _start(self, request: AuthenticationRequest, memory: Memory, person: PersonalCode | None) -> Attendance:
        """Begin the session; a failure that tells whether an account exists is told later (T41)."""
        links = memory.flow is not Flow.NOTIFICATION
        try:
            session = self._service.start(start_request(self._profile, memory, person), device_link=links)
        except ProviderError as error:
            return self._veiled(request, memory.at(Step.WAITING, self._clock()), error, randbelow(LONGEST_VEIL))
        waiting = memory.at(
            Step.WAITING,
            self._clock(),
            session=session.id,
            token=session.token,
            secret=session.secret,
            base=session.base,
        )
        return self._shown(request, waiting, waiting.began, session.exchange)

    def _wait(self, request: AuthenticationRequest, memory: Memory, now: datetime) -> Attendance:
        if memory.ends_for:
            return self._end_in_time(request, memory, now)
        try:
            polled = self._watch.look(memory.session)
            ended = polled is not None and self._judged(polled)
        except ProviderError as error:
            return self._veiled(request, memory, error, 0)
        if polled is None or not ended or (memory.flow or Flow.QR).on_this_device:
            return self._shown(request, memory, now)  # on this device the browser must come back first (10.7)
        self._watch.forget(memory.session)
        return Concluded(answer=f"{request.reference}\n".encode() + polled.body, exchanges=(polled.exchange,))

    def _judged(self, polled: Polled) -> bool:
        """Whether a session brings a signature to look at; what is wrong otherwise.

        Raises:
            ProviderError: it ended without one, with the exchange.
        """
        try:
            if ended_well(parse_object(polled.body)):
                return True
            (parse_v2 if self._profile.api == "v2" else parse_v3)(polled.body)
        except ProviderError as error:
            error.exchanges = (polled.exchange,)
            raise
        raise AssertionRejected(Reason.MALFORMED, SENTENCES[Reason.MALFORMED], exchanges=(polled.exchange,))

    def _veiled(self, request: AuthenticationRequest, memory: Memory, error: ProviderError, more: int) -> Attendance:
        """Keep to ourselves for some seconds that the person refused, or that there is no such account (T41)."""
        if not memory.person or error.reason not in VEILED:
            raise error
        now = self._clock()
        passed = max(0.0, now.timestamp() - memory.since)
        ends_at = memory.since + VEIL * (math.floor(passed / VEIL) + 1 + more)
        kept = memory.ending(error.reason, ends_at)
        return Shown(page=self._page(request, kept, now), memory=kept.encoded(), exchanges=error.exchanges)

    def _end_in_time(self, request: AuthenticationRequest, memory: Memory, now: datetime) -> Attendance:
        if now.timestamp() < memory.ends_at:
            return self._shown(request, memory, now)
        reason = Reason(memory.ends_for)
        raise AuthenticationDeclined(reason, SENTENCES[reason])

    def _shown(
        self, request: AuthenticationRequest, memory: Memory, now: datetime, *exchanges: BackChannelExchange
    ) -> Shown:
        return Shown(page=self._page(request, memory, now), memory=memory.encoded(), exchanges=exchanges)

    def _page(self, request: AuthenticationRequest, memory: Memory, now: datetime) -> AppPage:
        if memory.flow is Flow.NOTIFICATION:
            return AppPage(verification_code=verification_code(memory.octets))
        if not memory.session:
            return AppPage()
        if memory.flow is Flow.WEB2APP:
            return AppPage(same_device_link=self._link(request, memory, None))
        elapsed = max(0, int(now.timestamp() - memory.since))
        return AppPage(device_link=self._link(request, memory, elapsed))

    def _link(self, request: AuthenticationRequest, memory: Memory, elapsed: int | None) -> str:
        """The link of this second; the browser gets no other (10.4)."""
        flow = memory.flow or Flow.QR
        terms = LinkTerms(
            scheme_name=self._profile.scheme_name,
            rp_challenge=memory.challenge,
            relying_party_name=self._profile.relying_party_name,
            interactions=memory.interactions,
            callback_url=memory.callback,
        )
        link = link_without_code(memory.base, flow, memory.token, LANGUAGES[request.language], elapsed)
        return device_link(memory.secret, terms, link)

    def _said(self, request: AuthenticationRequest) -> str:
        """The interactions as they are sent: encoded once, and kept."""
        ways = FOR_DEVICE_LINKS if self._profile.flow == "device_link" else FOR_NOTIFICATIONS
        offered: Interactions = interactions(
            ways, self._profile.question[request.language].replace("{portal}", request.portal)
        )
        return offered.plain() if self._profile.api == "v2" else offered.encoded()

    def _code(self, typed: str) -> PersonalCode | None:
        try:
            return parse_personal_code(typed, structure=self._settings.code_structure)
        except InvalidPersonalCode:
            return None

    def _person(self, memory: Memory) -> PersonalCode | None:
        return PersonalCode(memory.person) if memory.person else None
