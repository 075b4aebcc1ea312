"""The nonce that a DPoP proof must carry (RFC 9449 8 and 9): made from the time, so that no node remembers any.

It changes every two minutes; the one before is still accepted. A proof made in advance, or with a clock far from ours,
is thereby worth nothing (RFC 9449 11.2).
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Final

SECONDS: Final = 120
"""How long one nonce is given out; it is accepted for as long again."""


class Nonces:
    """Gives and knows the nonces of every node that has the same key."""

    def __init__(self, key: bytes, clock: Callable[[], datetime]) -> None:
        """Take a key of at least 32 random bytes, used for nothing else."""
        self._key = key
        self._clock = clock

    def current(self) -> str:
        """Give the nonce of now: 43 URL-safe characters."""
        return self._of(self._period())

    def knows(self, nonce: object) -> bool:
        """Whether a value is the nonce of now, or the one before."""
        if not isinstance(nonce, str) or not nonce.isascii():
            return False
        period = self._period()
        return any(hmac.compare_digest(nonce, self._of(known)) for known in (period, period - 1))

    def _period(self) -> int:
        return int(self._clock().timestamp()) // SECONDS

    def _of(self, period: int) -> str:
        mac = hmac.digest(self._key, f"dpop-nonce\0{period}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
