"""The only outgoing sockets: calls to a provider's server over mutual TLS.

``open_transport`` makes one ``Transport`` per provider: one requests session, one TLS context, one pool of kept-alive
connections, one deadline per call. It follows no redirect, uses no proxy, keeps no cookie, unpacks nothing and reads
at most 1 MiB (T12, T57, eid-providers.md section 5 rule 6). The path is ours; no address from a message is fetched.
"""

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from http.client import RemoteDisconnected
from http.cookiejar import DefaultCookiePolicy
from threading import BoundedSemaphore, Lock
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from certs.errors import CertificateError
from providers.breaker import CircuitBreaker
from providers.contract import BackChannelExchange
from providers.tls_context import CURRENT_CALL, Call, PinnedContext, TlsFiles, open_context

LARGEST_ANSWER = 1024 * 1024
"""Bytes; a longer body is not read to its end."""
LONGEST_CALL = 5.0
"""Seconds, from the first packet to the last byte (T57)."""

_CHUNK = 64 * 1024
_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "vpm-gateway"}
_TRUST_FAILURES = (OSError, ssl.SSLError, CertificateError)
_CALL_FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)


class Failure(StrEnum):
    """Why a call brought no usable answer."""

    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    TLS_REFUSED = "tls_refused"
    WRONG_PIN = "wrong_pin"
    TRUST_UNREADABLE = "trust_unreadable"
    REDIRECTED = "redirected"
    TOO_LARGE = "too_large"
    ENCODED = "encoded"
    LEFT_ALONE = "left_alone"
    BUSY = "busy"


class TransportError(Exception):
    """A call brought no usable answer."""

    def __init__(self, failure: Failure, detail: str, exchange: BackChannelExchange) -> None:
        """Say which failure, in a sentence for the operator, with what was exchanged."""
        super().__init__(f"{failure}: {detail}")
        self.failure = failure
        self.detail = detail
        self.exchange = exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A provider's answer: complete, unpacked by nobody, at most 1 MiB."""

    status: int
    """HTTP status; never a redirect."""
    media_type: str
    """Lower case, without parameters; empty when the server named none."""
    body: bytes
    exchange: BackChannelExchange


class _ContextAdapter(HTTPAdapter):
    """Connections made with one given TLS context and nothing else."""

    def __init__(self, context: PinnedContext, pool_size: int) -> None:
        self._context = context
        super().__init__(pool_connections=1, pool_maxsize=pool_size)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, ssl_context=self._context, **pool_kwargs)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave trust to the context: requests would add the public certificate authorities to it."""


class Transport:
    """Calls to one provider's server; threads may share it."""

    def __init__(
        self,
        base_url: str,
        files: TlsFiles,
        *,
        pins: frozenset[str] = frozenset(),
        clock: Callable[[], datetime],
        deadline: float = LONGEST_CALL,
        max_in_flight: int = 16,
    ) -> None:
        """Prepare; nothing is opened before the first call.

        Args:
            base_url: ``https://host:port`` without a path.
            files: trust and identity; read again when one changes.
            pins: public keys the server may have, see ``open_context``.
            clock: UTC, aware; decides when the revocation list has expired.
            deadline: seconds for a whole call.
            max_in_flight: calls at the same time; further ones wait within their own deadline.
        """
        self._base_url = base_url.rstrip("/")
        self._files = files
        self._pins = pins
        self._clock = clock
        self._deadline = deadline
        self._pool_size = max_in_flight
        self._places = BoundedSemaphore(max_in_flight)
        self._breaker = CircuitBreaker(time.monotonic)
        self._lock = Lock()
        self._session: requests.Session | None = None
        self._context: PinnedContext | None = None
        self._signature: tuple[tuple[int, int, int], ...] = ()

    def check_files(self) -> None:
        """Build the context now, so that a bad file stops the start and not the first login.

        Raises:
            OSError, ssl.SSLError, certs.errors.FileUnusable: a file is missing or garbled.
        """
        self._current_session()

    def get(self, path: str) -> Reply:
        """Ask for ``path`` (with its query), once; a kept-alive connection that turns out dead is replaced once.

        Raises:
            TransportError: no usable answer within the deadline.
        """
        url = self._base_url + path
        call = Call(deadline=time.monotonic() + self._deadline)
        token = CURRENT_CALL.set(call)
        try:
            with self._place(url, call):
                return self._judged(url, call)
        finally:
            CURRENT_CALL.reset(token)

    def close(self) -> None:
        """Close every idle connection."""
        with self._lock:
            if self._session is not None:
                self._session.close()
            self._session = None

    @contextmanager
    def _place(self, url: str, call: Call) -> Iterator[None]:
        if not self._breaker.admits():
            raise _failure(Failure.LEFT_ALONE, "it failed too often and is left alone for some seconds", url, call)
        if not self._places.acquire(timeout=self._deadline):
            raise _failure(Failure.BUSY, "too many calls to it are waiting already", url, call)
        try:
            yield
        finally:
            self._places.release()

    def _judged(self, url: str, call: Call) -> Reply:
        try:
            reply = self._answer(url, call)
        except TransportError:
            self._breaker.failed()
            raise
        if reply.status >= requests.codes.server_error:
            self._breaker.failed()
        else:
            self._breaker.succeeded()
        return reply

    def _answer(self, url: str, call: Call) -> Reply:
        try:
            session = self._current_session()
        except _TRUST_FAILURES as error:
            raise _failure(
                Failure.TRUST_UNREADABLE, f"its TLS files cannot be used ({type(error).__name__})", url, call
            ) from error
        try:
            return _read(_sent(session, url, call), url, call)
        except _CALL_FAILURES as error:
            failure = _classified(call, error)
            raise _failure(failure, _sentence(failure, error), url, call) from error

    def _current_session(self) -> requests.Session:
        signature = self._files.signature()
        with self._lock:
            if self._session is None or signature != self._signature or self._crl_expired():
                self._renew(signature)
            assert self._session is not None  # noqa: S101 - just made, for the type checker
            return self._session

    def _crl_expired(self) -> bool:
        expires = self._context.crl_expires if self._context is not None else None
        return expires is not None and self._clock() >= expires

    def _renew(self, signature: tuple[tuple[int, int, int], ...]) -> None:
        """New trust needs a new context, and kept-alive connections made under the old one must go."""
        context = open_context(self._files, self._pins)
        if self._session is not None:
            self._session.close()
        self._context, self._session, self._signature = context, _open_session(context, self._pool_size), signature


def _open_session(context: PinnedContext, pool_size: int) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.proxies = {}
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.clear()
    session.headers.update(_HEADERS)
    session.adapters.clear()  # plain http has no adapter at all
    session.mount("https://", _ContextAdapter(context, pool_size))
    return session


def _sent(session: requests.Session, url: str, call: Call) -> requests.Response:
    try:
        return _request(session, url, call)
    except requests.ConnectionError as error:
        if not _dead_connection(call, error):
            raise
        call.sent.clear()
        return _request(session, url, call)


def _request(session: requests.Session, url: str, call: Call) -> requests.Response:
    seconds = call.remaining()
    return session.get(url, stream=True, allow_redirects=False, timeout=(seconds, seconds))


def _dead_connection(call: Call, error: requests.ConnectionError) -> bool:
    """The peer had closed an idle connection before it saw our request: nothing came, and we shook no hands."""
    closed = _cause(error, RemoteDisconnected, ConnectionResetError, BrokenPipeError, ssl.SSLEOFError)
    return call.handshakes == 0 and call.received == 0 and closed is not None


def _read(response: requests.Response, url: str, call: Call) -> Reply:
    with response:
        if 300 <= response.status_code < 400:
            raise _failure(
                Failure.REDIRECTED, "it answered with a redirect, which is never followed", url, call, response
            )
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise _failure(
                Failure.ENCODED, "it packed its answer although only identity was asked for", url, call, response
            )
        body = _body(response, url, call)
    media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    exchange = _exchange(url, call, response.status_code, body)
    return Reply(status=response.status_code, media_type=media_type, body=body, exchange=exchange)


def _body(response: requests.Response, url: str, call: Call) -> bytes:
    body = bytearray()
    for chunk in response.raw.stream(_CHUNK, decode_content=False):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            response.raw.close()  # not returned to the pool: the rest is still on its way
            raise _failure(Failure.TOO_LARGE, f"its answer is longer than {LARGEST_ANSWER} bytes", url, call, response)
    return bytes(body)


def _classified(call: Call, error: Exception) -> Failure:
    if call.wrong_pin:
        return Failure.WRONG_PIN
    if call.deadline <= time.monotonic() or _cause(error, TimeoutError) is not None:
        return Failure.TIMED_OUT
    if _cause(error, ssl.SSLError) is not None:
        return Failure.TLS_REFUSED
    return Failure.UNREACHABLE


def _sentence(failure: Failure, error: Exception) -> str:
    """What OpenSSL says of a refusal; nothing else of the error, as it may quote the address asked for."""
    refusal = _cause(error, ssl.SSLError)
    if failure is Failure.TLS_REFUSED and isinstance(refusal, ssl.SSLError):
        return f"no mutual TLS: {getattr(refusal, 'verify_message', None) or refusal.reason or 'handshake failed'}"
    return f"no answer ({type(error).__name__})"


def _cause(error: BaseException, *kinds: type[BaseException]) -> BaseException | None:
    """The first error of one of ``kinds`` among an error, its arguments and what caused it."""
    seen: list[BaseException] = [error]
    for one in seen:
        if isinstance(one, kinds):
            return one
        nearby = (*one.args, one.__cause__, one.__context__, getattr(one, "reason", None))
        seen.extend(found for found in nearby if isinstance(found, BaseException) and found not in seen)
    return None


def _failure(
    failure: Failure, detail: str, url: str, call: Call, response: requests.Response | None = None
) -> TransportError:
    status = response.status_code if response is not None else None
    return TransportError(failure, detail, _exchange(url, call, status, b""))


def _exchange(url: str, call: Call, status: int | None, received: bytes) -> BackChannelExchange:
    return BackChannelExchange(
        method="GET",
        endpoint=url,
        sent=bytes(call.sent),
        received=received,
        status=status,
        peer_certificate_sha256=call.peer_certificate_sha256,
        tls_version=call.tls_version,
    )
