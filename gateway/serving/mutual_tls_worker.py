"""The worker process of the mutual-TLS port.

One thread waits for all peers at once; a peer costs a thread of the pool only once its request has arrived whole. So
silent and slow peers, however many, take nothing from the others but memory, and that only until their deadline
(security.md T56).
"""

import logging
import math
import time
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Final

from gunicorn.http import RequestParser
from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import ThreadWorker

from gateway.serving.client_certificate import set_client_certificate
from gateway.serving.contexts import ContextSource
from gateway.serving.framing import BUSY, FAILED, MALFORMED, RequestRefused
from gateway.serving.peer import Peer, Step
from gateway.serving.settings import MutualTlsPort
from gateway.serving.tls_connection import PeerGone
from gateway.serving.trust_source import utc_now

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

_SWEEP: Final = 0.25
"""Seconds between two looks at the deadlines of all peers."""


def hand_over_certificate(app: "WSGIApplication") -> "WSGIApplication":
    """The application, given the certificate of the connection each request came by."""

    def with_certificate(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        peer: Peer = environ.pop("gunicorn.socket")
        set_client_certificate(environ, peer.client_certificate or None)
        environ["wsgi.url_scheme"] = "https"
        return app(environ, start_response)

    return with_certificate


class MutualTlsWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn's threaded worker, with its waiting done by the event loop."""

    def init_process(self) -> None:
        """Prepare what this process needs, then serve until told to stop."""
        self.port: MutualTlsPort = self.app.settings
        self.contexts = ContextSource(self.port.identity, self.port.clients)
        self.peers: set[Peer] = set()
        self._latest = math.inf
        self._next_sweep = 0.0
        self._next_look = 0.0
        super().init_process()

    def load_wsgi(self) -> None:
        """Build the application and stand before it."""
        self.wsgi: WSGIApplication = hand_over_certificate(self.app.wsgi())

    def accept(self, listener: "socket.socket") -> None:
        """Take one connection; without usable trust it is closed before the handshake (fail closed)."""
        try:
            plain, address = listener.accept()
        except OSError:
            return  # another worker was faster, the peer left, or descriptors ran out; the loop comes back
        context, anchor = self.contexts.current, self.contexts.anchor
        if context is None or anchor is None:
            plain.close()
            return
        self.nr_conns += 1
        self._wait_for(Peer(context, anchor, plain, address, listener.getsockname(), self.port.deadlines))

    def _wait_for(self, peer: Peer) -> None:
        peer.deadline = min(peer.deadline, self._latest)
        self.peers.add(peer)
        self.poller.register(peer, peer.waits_for, partial(self._go_on, peer))

    def _stop_waiting(self, peer: Peer) -> None:
        self.peers.discard(peer)
        self.poller.unregister(peer)

    def _go_on(self, peer: Peer, _fileobj: object) -> None:
        try:
            step = peer.go_on()
        except PeerGone:
            self._let_go(peer)
            return
        except RequestRefused as refusal:
            peer.refuse(refusal.status)
            step = Step.WAIT
        self._take(peer, step)

    def _take(self, peer: Peer, step: Step) -> None:
        if step is Step.REQUEST_COMPLETE:
            self._stop_waiting(peer)
            self._serve(peer)
        else:
            self.poller.modify(peer, peer.waits_for, partial(self._go_on, peer))

    def _serve(self, peer: Peer) -> None:
        if self._still_trusts(peer):
            self.enqueue_req(peer)
        else:
            self._close(peer)

    def _let_go(self, peer: Peer) -> None:
        self._stop_waiting(peer)
        self._close(peer)

    def _close(self, peer: Peer) -> None:
        self.nr_conns -= 1
        peer.close()

    def handle(self, conn: Peer) -> bool:
        """Answer one complete request, in a thread of the pool; whether the connection may be kept."""
        if conn.waited_longer_than(self.port.deadlines.queue):
            conn.answer(BUSY)
            return False
        try:
            request = next(RequestParser(self.cfg, iter([conn.take_request()]), conn.client))
            request._expected_100_continue = False  # noqa: SLF001 - the body is here: there is nothing to go on with
            return bool(self.handle_request(request, conn))
        except ParseException:
            conn.answer(MALFORMED)
        except OSError:
            log.debug("the peer left before its answer was sent")
        except StopIteration:
            log.error("the application failed after its answer had begun")  # noqa: TRY400 - a trace may hold names
        except Exception as failure:  # noqa: BLE001 - whatever it was, the peer gets an answer
            log.error("the application failed: %s", type(failure).__name__)  # noqa: TRY400 - a trace may hold names
            conn.answer(FAILED)
        return False

    def finish_request(self, conn: Peer, fs: "Future[bool]") -> None:
        """Back in the event loop: keep the connection for a next request, or let it go."""
        if not (fs.exception() is None and fs.result() and self._still_trusts(conn)):
            self._dismiss(conn)
            return
        conn.rest()
        self._wait_for(conn)
        self._go_on(conn, conn)

    def _still_trusts(self, peer: Peer) -> bool:
        return peer.is_vouched_for_by(self.contexts.anchor, utc_now())

    def _dismiss(self, peer: Peer) -> None:
        peer.take_leave()
        self._wait_for(peer)

    def murder_keepalived(self, force: bool = False) -> None:
        """Let go of every peer whose time is up; gunicorn's loop calls this each time it turns."""
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + self.port.clients.poll
            self._follow_trust()
        if force or now >= self._next_sweep:
            self._next_sweep = now + _SWEEP
            for peer in [peer for peer in self.peers if force or peer.deadline <= now]:
                self._let_go(peer)

    def _follow_trust(self) -> None:
        if self.contexts.refresh():
            known = [peer for peer in self.peers if peer.client_certificate]  # who shakes hands yet is judged after it
            for peer in [peer for peer in known if not self._still_trusts(peer)]:
                self._let_go(peer)

    def _cap_keepalive(self, deadline: float) -> None:
        """Called as the worker begins to stop: peers that rest, now or once their answer has left, are not waited for."""
        self._latest = deadline
        for peer in self.peers:
            peer.deadline = min(peer.deadline, deadline)
