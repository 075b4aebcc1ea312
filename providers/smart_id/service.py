"""Calls to the service: begin a session, and ask how it stands. Nothing but this module reaches it."""

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from providers.call_failures import Failure, TransportError
from providers.contract import BackChannelExchange
from providers.errors import AssertionRejected, ProviderError, ProviderUnavailable
from providers.refusals import SENTENCES, Reason
from providers.smart_id.end_results import reason_of_status
from providers.smart_id.requests import StartRequest
from providers.smart_id.strict_json import malformed, parse_object, text
from providers.transport import Reply, Transport

SHORTEST_POLL: Final = 1000
"""Milliseconds that the service waits at least before it says that nothing has happened (10.6)."""

_HEADERS: Final = {"Content-Type": "application/json", "Accept": "application/json"}
_NOT_TRUSTED: Final = frozenset({Failure.WRONG_PIN, Failure.TLS_REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session that the service has begun."""

    id: str
    token: str = ""
    secret: str = ""
    """Base64; with ``token`` and ``base`` for device links alone."""
    base: str = ""
    exchange: BackChannelExchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """What the service said of a session."""

    body: bytes
    exchange: BackChannelExchange


class SmartIdService:
    """One service; threads may share it."""

    def __init__(self, transport: Transport, prefix: str) -> None:
        """Reach it by ``transport``; every path begins with ``prefix``."""
        self._transport = transport
        self._prefix = prefix

    def start(self, request: StartRequest, *, device_link: bool) -> Session:
        """Begin a session.

        Raises:
            ProviderError: the service did not begin one (10.9), with the exchange.
        """
        reply = self._call("POST", request.path, request.body)
        exchange = replace(reply.exchange, endpoint=self._endpoint(reply, request.path_without_person))
        _refuse_unless_ok(reply, exchange, unknown=Reason.NO_ACCOUNT)
        try:
            return _session(reply.body, exchange, device_link=device_link)
        except AssertionRejected as error:
            error.exchanges = (exchange,)
            raise

    def poll(self, session: str, timeout_ms: int = SHORTEST_POLL) -> Polled:
        """Ask how a session stands; the service answers after ``timeout_ms`` at the latest, or at once when it is over.

        Raises:
            ProviderError: the session is gone (``timeout``), or the service does not answer.
        """
        reply = self._call("GET", f"/session/{session}?timeoutMs={timeout_ms}")
        _refuse_unless_ok(reply, reply.exchange, unknown=Reason.TIMEOUT)
        return Polled(body=reply.body, exchange=reply.exchange)

    def _call(self, method: str, path: str, body: bytes = b"") -> Reply:
        try:
            return self._transport.request(method, self._prefix + path, body, _HEADERS)
        except TransportError as error:
            reason = Reason.NOT_TRUSTED if error.failure in _NOT_TRUSTED else Reason.PROVIDER_BUSY
            exchange = replace(error.exchange, endpoint=_without_person(error.exchange.endpoint))
            raise ProviderUnavailable(reason, error.detail, exchanges=(exchange,)) from error

    def _endpoint(self, reply: Reply, path: str) -> str:
        parts = urlsplit(reply.exchange.endpoint)
        return f"{parts.scheme}://{parts.netloc}{self._prefix}{path}"


def _without_person(endpoint: str) -> str:
    """An address as it may be written down: whose account was asked for stands in the evidence alone."""
    before, marker, _ = endpoint.partition("/etsi/")
    return f"{before}{marker}{{id}}" if marker else endpoint


def _refuse_unless_ok(reply: Reply, exchange: BackChannelExchange, *, unknown: Reason) -> None:
    if reply.status != HTTPStatus.OK:
        reason = reason_of_status(reply.status, unknown=unknown)
        raise ProviderError(reason, f"the service answered {reply.status}", exchanges=(exchange,))
    if reply.media_type != "application/json":
        raise AssertionRejected(Reason.MALFORMED, SENTENCES[Reason.MALFORMED], exchanges=(exchange,))


def _session(body: bytes, exchange: BackChannelExchange, *, device_link: bool) -> Session:
    answer = parse_object(body)
    session = text(answer, "sessionID")
    if not session.replace("-", "").isalnum() or not session.isascii():
        malformed("sessionID cannot stand in an address")
    if not device_link:
        return Session(id=session, exchange=exchange)
    base = text(answer, "deviceLinkBase")
    if not base.startswith("https://") or "?" in base or "#" in base:
        malformed("deviceLinkBase is no plain https address")
    return Session(
        id=session,
        token=text(answer, "sessionToken"),
        secret=text(answer, "sessionSecret"),
        base=base,
        exchange=exchange,
    )
