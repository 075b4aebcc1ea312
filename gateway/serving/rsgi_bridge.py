"""Stands between Granian's event loop and the application of the public port.

Granian's own WSGI interface gives a request its thread before the body has arrived and sets no deadline for the body:
as many dripping peers as threads stop the port. Here the event loop awaits the body, at most so long and so much, and
a thread is taken only for a request that is whole (security.md T56).
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final, Protocol

from gateway.serving.admission import AdmissionQueue
from gateway.serving.quiet_stop import stop_quietly_on_sigterm
from gateway.serving.settings import BODY_LIMIT, HEAD_LIMIT, PublicPort
from gateway.serving.wsgi_environ import Answer, Scope, answer_of, environ_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger(__name__)

_CLOSE: Final = ("connection", "close")
_RETRY: Final = ("retry-after", "1")


class Exchange(Protocol):
    """RSGI's side of one request: the body comes out, the answer goes in."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The body in pieces, as they arrive."""
        ...

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Send the answer."""
        ...


class RequestRefused(Exception):
    """The request is answered without asking the application."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.answer: Answer = (status, [_CLOSE], b"")


class RsgiBridge:
    """An RSGI application that serves a WSGI application."""

    def __init__(self, app: "WSGIApplication", port: PublicPort) -> None:
        self._app = app
        self._body_deadline = port.deadlines.body
        self._queue = AdmissionQueue(threads=port.threads, waiting=port.waiting, patience=port.deadlines.queue)

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called before the worker process takes its first connection."""
        stop_quietly_on_sigterm(loop)

    def __rsgi_del__(self, _loop: asyncio.AbstractEventLoop) -> None:
        """Called as the worker process ends."""
        self._queue.close()

    async def __rsgi__(self, scope: Scope, exchange: Exchange) -> None:
        """Answer one request."""
        try:
            body = await self._body(scope, exchange)
            answer = await self._answer(scope, body)
        except RequestRefused as refusal:
            answer = refusal.answer
        exchange.response_bytes(*answer)

    async def _body(self, scope: Scope, exchange: Exchange) -> bytes:
        if not _has_body(scope):
            return b""
        try:
            return await asyncio.wait_for(_read(exchange), self._body_deadline)
        except TimeoutError:
            raise RequestRefused(408) from None

    async def _answer(self, scope: Scope, body: bytes) -> Answer:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Answer] = loop.create_future()

        def work(in_time: bool) -> None:
            answer = self._ask(scope, body) if in_time else _BUSY
            loop.call_soon_threadsafe(_settle, answered, answer)

        if not self._queue.admit(work):
            return _BUSY
        return await answered

    def _ask(self, scope: Scope, body: bytes) -> Answer:
        try:
            return answer_of(self._app, environ_of(scope, body))
        except Exception as failure:  # noqa: BLE001 - whatever it was, the person gets an answer
            log.error("the application failed: %s", type(failure).__name__)  # noqa: TRY400 - a trace may hold names
            return 500, [_CLOSE], b""


_BUSY: Final[Answer] = (503, [_RETRY], b"")


def _settle(answered: "asyncio.Future[Answer]", answer: Answer) -> None:
    if not answered.done():  # the peer may have left
        answered.set_result(answer)


def _has_body(scope: Scope) -> bool:
    """Whether a body follows. Raises ``RequestRefused`` for headers or a body too long, or of no one length (T62)."""
    fields = scope.headers.items()
    if sum(len(name) + len(value) for name, value in fields) > HEAD_LIMIT:
        raise RequestRefused(431)
    lengths = [value for name, value in fields if name == "content-length"]
    if any(name == "transfer-encoding" for name, _value in fields):
        raise RequestRefused(411)
    if len(lengths) > 1 or not all(length.isascii() and length.isdigit() for length in lengths):
        raise RequestRefused(400)
    if lengths and int(lengths[0]) > BODY_LIMIT:
        raise RequestRefused(413)
    return bool(lengths) and lengths[0].strip("0") != ""


async def _read(exchange: Exchange) -> bytes:
    pieces = bytearray()
    async for piece in exchange:
        pieces += piece
        if len(pieces) > BODY_LIMIT:
            raise RequestRefused(413)
    return bytes(pieces)
