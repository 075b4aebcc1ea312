"""Our side of the VPM back channel: status, confirmation and journal of one provider (design.md section 4).

``docs/providers/vpm-back-channel.yaml`` describes the three calls for whoever implements the other side.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote, urlencode

from providers.call_failures import TransportError
from providers.contract import Availability, BackChannelExchange, ProviderStatus
from providers.errors import AssertionRejected, ProviderError, ProviderUnavailable
from providers.refusals import SENTENCES, Reason
from providers.transport import Reply, Transport
from providers.vpm_confirmation import Confirmation, Question, confirm
from providers.vpm_journal import Journal, JournalQuestion, read_journal
from providers.wire.jose import JwsFault, JwsRefused, JwsVerifier, SigningKey, without_repeats

CONFIRMATION_TYPE = "vpm-confirmation+jwt"
JOURNAL_TYPE = "vpm-journal+jwt"
LARGEST_CONFIRMATION = 16 * 1024
LARGEST_JOURNAL = 1024 * 1024

_OK = 200
_MISSING = frozenset({404, 410})
_REFUSED_US = frozenset({401, 403})
_MOST_PLANNED = 20

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Who is who between us and the provider."""

    sender: str
    """The provider's id."""
    recipient: str
    """Our id at the provider."""
    interface: str
    """The front-channel protocol."""


class VpmBackChannel:
    """Asks one provider's server; threads may share it."""

    def __init__(
        self, transport: Transport, agreement: Agreement, keys: dict[str, SigningKey], clock: Callable[[], datetime]
    ) -> None:
        """Ask through ``transport`` and believe what one of ``keys`` (by kid) signed; ``clock`` tells UTC, aware."""
        self._transport = transport
        self._agreement = agreement
        self._clock = clock
        self._confirmations = JwsVerifier(keys, typ=CONFIRMATION_TYPE, largest=LARGEST_CONFIRMATION)
        self._journals = JwsVerifier(keys, typ=JOURNAL_TYPE, largest=LARGEST_JOURNAL)

    def confirmation(self, asked: str, asked_at: datetime) -> tuple[Confirmation, BackChannelExchange]:
        """The provider's signed word on one authentication, with the call as evidence.

        Args:
            asked: the nonce or request id of the front-channel exchange, as it was sent there.
            asked_at: when; UTC, aware.

        Raises:
            AssertionRejected: there is none, or it is not as agreed; ``exchanges`` holds the call.
            ProviderUnavailable: no usable answer within the deadline.
        """
        reply = self._get(f"/vpm/v1/authentications/{quote(asked, safe='')}", Reason.CONFIRMATION_UNAVAILABLE)
        return _with_evidence(reply, lambda: self._confirmed(reply, asked, asked_at)), reply.exchange

    def status(self) -> ProviderStatus:
        """How the provider says it is.

        Raises:
            ProviderUnavailable: it does not answer, or not as agreed.
        """
        reply = self._get("/vpm/v1/status", Reason.STATUS_UNAVAILABLE)
        return _with_evidence(reply, lambda: _read_status(reply))

    def journal(self, start: datetime, end: datetime) -> tuple[Journal, BackChannelExchange]:
        """What the provider recorded from ``start`` to ``end`` (UTC, aware, whole seconds), with the call as evidence.

        Raises:
            AssertionRejected: ``journal_refused``.
            ProviderUnavailable: no usable answer within the deadline.
        """
        span = urlencode({"from": int(start.timestamp()), "to": int(end.timestamp())})
        reply = self._get(f"/vpm/v1/journal?{span}", Reason.JOURNAL_UNAVAILABLE)
        return _with_evidence(reply, lambda: self._journal(reply, start, end)), reply.exchange

    def _get(self, path: str, unavailable: Reason) -> Reply:
        try:
            return self._transport.get(path)
        except TransportError as error:
            raise ProviderUnavailable(unavailable, str(error), exchanges=(error.exchange,)) from error

    def _confirmed(self, reply: Reply, asked: str, asked_at: datetime) -> Confirmation:
        # (1) There is an answer. (2) A registered key signed it. (3) It is about this login, whole and fresh.
        if reply.status in _MISSING:
            _refuse(Reason.CONFIRMATION_MISSING)
        _check_status(reply, Reason.CONFIRMATION_UNAVAILABLE)
        claims = self._signed(reply.body)
        question = Question(
            sender=self._agreement.sender,
            recipient=self._agreement.recipient,
            authentication_id=asked,
            interface=self._agreement.interface,
            asked_at=asked_at,
            now=self._clock(),
        )
        return confirm(claims, question)

    def _signed(self, body: bytes) -> dict[str, Any]:
        try:
            return self._confirmations.verify(body.strip())
        except JwsRefused as error:
            bad = error.fault is JwsFault.BAD_SIGNATURE
            reason = Reason.CONFIRMATION_BAD_SIGNATURE if bad else Reason.CONFIRMATION_MALFORMED
            raise AssertionRejected(reason, str(error)) from error

    def _journal(self, reply: Reply, start: datetime, end: datetime) -> Journal:
        _check_status(reply, Reason.JOURNAL_UNAVAILABLE)
        try:
            claims = self._journals.verify(reply.body.strip())
        except JwsRefused as error:
            raise AssertionRejected(Reason.JOURNAL_REFUSED, str(error)) from error
        question = JournalQuestion(
            sender=self._agreement.sender,
            recipient=self._agreement.recipient,
            start=start,
            end=end,
            now=self._clock(),
        )
        return read_journal(claims, question)


def _with_evidence(reply: Reply, judge: Callable[[], Value]) -> Value:
    try:
        return judge()
    except ProviderError as error:
        error.exchanges = (reply.exchange,)
        raise


def _check_status(reply: Reply, unavailable: Reason) -> None:
    if reply.status in _REFUSED_US:
        raise ProviderUnavailable(Reason.PROVIDER_REFUSED_US, SENTENCES[Reason.PROVIDER_REFUSED_US])
    if reply.status != _OK:
        raise ProviderUnavailable(unavailable, f"it answered with status {reply.status}")


def _read_status(reply: Reply) -> ProviderStatus:
    _check_status(reply, Reason.STATUS_UNAVAILABLE)
    try:
        content = json.loads(reply.body, object_pairs_hook=without_repeats)
        return ProviderStatus(
            state=Availability(content["state"]),
            since=_since(content.get("since")),
            planned=_planned(content.get("planned", [])),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise ProviderUnavailable(Reason.STATUS_UNAVAILABLE, SENTENCES[Reason.STATUS_UNAVAILABLE]) from error


def _since(value: Any) -> datetime | None:
    """A moment as whole seconds since 1970 or as ISO 8601 with zone; None where nothing is said."""
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC)
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a moment must name its zone")
    return moment.astimezone(UTC)


def _planned(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError("planned interruptions are a list")
    return tuple(one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in value[:_MOST_PLANNED])


def _refuse(reason: Reason) -> NoReturn:
    raise AssertionRejected(reason, SENTENCES[reason])
