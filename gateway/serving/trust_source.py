"""The trust a running port goes by, read again whenever its files change (security.md T33, T34)."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from gateway.serving.settings import ClientTrust
from gateway.serving.trust import Anchors, TrustUnusable, signature_of

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


class TrustSource:
    """Follows the CA file and the revocation list of one port."""

    def __init__(self, files: ClientTrust, *, clock: Clock = utc_now) -> None:
        self.anchors: Anchors | None = None
        """What to trust now; None while a file is missing, broken or lapsed: then nobody is let in."""
        self._files = files
        self._clock = clock
        self._seen: object = None
        self._highest_crl_number = -1
        self._overdue_told = False
        self.refresh()

    def refresh(self) -> bool:
        """Look at the files and the clock; True when whoever was let in before must be judged anew."""
        seen = signature_of((self._files.ca, self._files.crl))
        changed = seen != self._seen
        self._seen = seen
        if changed:
            self._load()
        return self._lapse() or changed

    def _load(self) -> None:
        try:
            anchors = Anchors.load(self._files)
        except TrustUnusable as problem:
            log.critical("nobody is let in: %s", problem)
            self.anchors = None
            return
        if anchors.crl_number < self._highest_crl_number:
            log.critical("%s: an older revocation list came back; the newer one stays in force", self._files.crl)
            return
        self.anchors = anchors
        self._highest_crl_number = anchors.crl_number
        self._overdue_told = False

    def _lapse(self) -> bool:
        now = self._clock()
        if self.anchors is None:
            return False
        if self.anchors.lapsed_at(now):
            log.critical("nobody is let in: %s is past its next update", self._files.crl)
            self.anchors = None
            return True
        if self.anchors.past_half_at(now) and not self._overdue_told:
            self._overdue_told = True
            log.warning("%s is past half its life and no successor has come", self._files.crl)
        return False
