"""Outgoing calls to a provider's server over TLS; ``form_post`` beside it is the only other outgoing socket.

One ``Transport`` for each server of a provider: one requests session, one TLS context, one pool of kept-alive
connections, one deadline per call. It follows no redirect, uses no proxy, keeps no cookie, unpacks nothing and reads
at most 1 MiB (T12, T57, eid-providers.md section 5 rule 6). The path is ours; no address from a message is fetched.
"""

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http.client import RemoteDisconnected
from http.cookiejar import DefaultCookiePolicy
from threading import BoundedSemaphore, Lock
from types import MappingProxyType
from typing import Any, Final

import requests
import urllib3
from requests.adapters import HTTPAdapter

from certs.errors import CertificateError
from providers.breaker import CircuitBreaker
from providers.call_failures import Failure, TransportError, cause_of, exchange_of, failed, failed_by
from providers.contract import BackChannelExchange
from providers.tls_context import CURRENT_CALL, Call, PinnedContext, Signature, TlsFiles, shared_context

LARGEST_ANSWER = 1024 * 1024
"""Bytes; a longer body is not read to its end."""
LONGEST_CALL = 5.0
"""Seconds, from the first packet to the last byte (T57)."""

NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
_CHUNK = 64 * 1024
_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "vpm-gateway"}
_TRUST_FAILURES = (OSError, ssl.SSLError, CertificateError)
_CALL_FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)


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
            max_in_flight: calls at the same time; half as many more wait within their own deadline. Whoever comes then is
                refused at once: a thread that waits for one provider is missing to all others (security.md P6).
        """
        self._base_url = base_url.rstrip("/")
        self._files = files
        self._pins = pins
        self._clock = clock
        self._deadline = deadline
        self._pool_size = max_in_flight
        self._places = BoundedSemaphore(max_in_flight)
        self._callers = BoundedSemaphore(max_in_flight + max(1, max_in_flight // 2))
        self._breaker = CircuitBreaker(time.monotonic)
        self._lock = Lock()
        self._session: requests.Session | None = None
        self._context: PinnedContext | None = None
        self._signature: Signature = ()

    def check_files(self) -> None:
        """Build the context now, so that a bad file stops the start and not the first login.

        Raises:
            OSError, ssl.SSLError, certs.errors.FileUnusable: a file is missing or garbled.
        """
        shared_context(self._files, self._pins, self._files.signature())

    def get(self, path: str) -> Reply:
        """Ask for ``path`` (with its query); see ``request``."""
        return self.request("GET", path)

    def request(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] = NO_HEADERS) -> Reply:
        """Make a call, once; a kept-alive connection that turns out dead before any byte came is replaced once.

        Args:
            method: HTTP method. A POST must be one that the server may see twice without harm.
            path: with its query.
            body: as it is sent; its type stands in ``headers``.
            headers: beside ours. The value of ``Authorization`` is not kept as evidence.

        Raises:
            TransportError: no usable answer within the deadline.
        """
        call = Call(
            endpoint=self._base_url + path,
            method=method,
            body=body,
            headers=headers,
            secret=headers.get("Authorization", "").encode("latin-1"),
            deadline=time.monotonic() + self._deadline,
        )
        token = CURRENT_CALL.set(call)
        try:
            with self._place(call):
                return self._judged(call)
        finally:
            CURRENT_CALL.reset(token)

    def close(self) -> None:
        """Close every idle connection."""
        with self._lock:
            if self._session is not None:
                self._session.close()
            self._session = None

    @contextmanager
    def _place(self, call: Call) -> Iterator[None]:
        if not self._breaker.admits():
            raise failed(Failure.LEFT_ALONE, "it failed too often and is left alone for some seconds", call)
        with _one_of(self._callers, 0, call), _one_of(self._places, self._deadline, call):
            yield

    def _judged(self, call: Call) -> Reply:
        try:
            reply = self._answer(call)
        except TransportError:
            self._breaker.failed()
            raise
        if reply.status >= requests.codes.server_error:
            self._breaker.failed()
        else:
            self._breaker.succeeded()
        return reply

    def _answer(self, call: Call) -> Reply:
        try:
            session = self._current_session()
        except _TRUST_FAILURES as error:
            raise failed(
                Failure.TRUST_UNREADABLE, f"its TLS files cannot be used ({type(error).__name__})", call
            ) from error
        try:
            return read_reply(_sent(session, call), call)
        except _CALL_FAILURES as error:
            raise failed_by(error, call) from error

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

    def _renew(self, signature: Signature) -> None:
        """New trust needs a new context, and kept-alive connections made under the old one must go."""
        context = shared_context(self._files, self._pins, signature)
        if self._session is not None:
            self._session.close()
        self._context, self._session, self._signature = context, open_session(context, self._pool_size), signature


@contextmanager
def _one_of(places: BoundedSemaphore, patience: float, call: Call) -> Iterator[None]:
    if not places.acquire(timeout=patience):
        raise failed(Failure.BUSY, "too many calls to it are waiting already", call)
    try:
        yield
    finally:
        places.release()


def open_session(context: PinnedContext, pool_size: int) -> requests.Session:
    """A session that speaks https alone, with one given context: no proxy, no cookie, nothing from the environment."""
    session = requests.Session()
    session.trust_env = False
    session.proxies = {}
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.clear()
    session.headers.update(_HEADERS)
    session.adapters.clear()  # plain http has no adapter at all
    session.mount("https://", _ContextAdapter(context, pool_size))
    return session


def _sent(session: requests.Session, call: Call) -> requests.Response:
    try:
        return _request(session, call)
    except requests.ConnectionError as error:
        if not _dead_connection(call, error):
            raise
        call.sent.clear()
        return _request(session, call)


def _request(session: requests.Session, call: Call) -> requests.Response:
    """By the session's adapter: what the session adds is switched off here, and cost a quarter of the call."""
    seconds = call.remaining()
    request = requests.PreparedRequest()
    request.prepare(
        method=call.method, url=call.endpoint, headers={**session.headers, **call.headers}, data=call.body or None
    )
    return session.get_adapter(call.endpoint).send(request, stream=True, timeout=(seconds, seconds))


def _dead_connection(call: Call, error: requests.ConnectionError) -> bool:
    """The peer had closed an idle connection before it saw our request: nothing came, and we shook no hands."""
    closed = cause_of(error, RemoteDisconnected, ConnectionResetError, BrokenPipeError, ssl.SSLEOFError)
    return call.handshakes == 0 and call.received == 0 and closed is not None


def read_reply(response: requests.Response, call: Call) -> Reply:
    """The answer to a call, complete.

    Raises:
        TransportError: it is a redirect, is packed, or is too long.
    """
    with response:
        if 300 <= response.status_code < 400:
            raise failed(
                Failure.REDIRECTED,
                "it answered with a redirect, which is never followed",
                call,
                status=response.status_code,
            )
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise failed(
                Failure.ENCODED,
                "it packed its answer although only identity was asked for",
                call,
                status=response.status_code,
            )
        body = _body(response, call)
    media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    exchange = exchange_of(call, response.status_code, body)
    return Reply(status=response.status_code, media_type=media_type, body=body, exchange=exchange)


def _body(response: requests.Response, call: Call) -> bytes:
    body = bytearray()
    for chunk in response.raw.stream(_CHUNK, decode_content=False):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            response.raw.close()  # not returned to the pool: the rest is still on its way
            raise failed(
                Failure.TOO_LARGE,
                f"its answer is longer than {LARGEST_ANSWER} bytes",
                call,
                status=response.status_code,
            )
    return bytes(body)
