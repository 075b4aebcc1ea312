"""Judges a certificate outside a handshake, by the same rules as within one (security.md T32, T33)."""

import threading
import time
from typing import Final

from cryptography import x509

from gateway.serving.settings import ClientTrust
from gateway.serving.trust import Anchor
from gateway.serving.trust_source import Clock, TrustSource, utc_now

_REMEMBERED: Final = 4096
_LONGEST_MEMORY: Final = 60.0
"""Seconds after which a certificate is judged anew though no file has changed: it may have expired meanwhile."""


class ClientJudge:
    """Says of a client certificate whether it counts now; remembers verdicts until the trust changes."""

    def __init__(self, files: ClientTrust, *, clock: Clock = utc_now) -> None:
        self._source = TrustSource(files, clock=clock)
        self._clock = clock
        self._poll = files.poll
        self._lock = threading.Lock()
        self._accepted: dict[bytes, float] = {}
        self._next_look = time.monotonic() + files.poll

    def accepts(self, certificate: bytes) -> bool:
        """Whether the certificate (DER) is a client's, vouched for by the port's CA, in force and not revoked."""
        with self._lock:
            now = time.monotonic()
            self._follow(now)
            if self._accepted.get(certificate, 0.0) > now:
                return True
            if self._source.anchor is None or not self._is_vouched_for(certificate, self._source.anchor):
                return False
            self._remember(certificate, now)
            return True

    def _follow(self, now: float) -> None:
        if now >= self._next_look:
            self._next_look = now + self._poll
            if self._source.refresh():
                self._accepted.clear()

    def _remember(self, certificate: bytes, now: float) -> None:
        if len(self._accepted) >= _REMEMBERED:
            self._accepted.clear()
        self._accepted[certificate] = now + _LONGEST_MEMORY

    def _is_vouched_for(self, der: bytes, anchor: Anchor) -> bool:
        try:
            certificate = x509.load_der_x509_certificate(der)
        except ValueError:
            return False
        return anchor.vouches_for(certificate, self._clock())
