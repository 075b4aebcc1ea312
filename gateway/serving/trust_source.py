"""The trust a running port goes by, read again whenever its files change (security.md T33, T34)."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from cryptography import x509

from certs.errors import CertificateError, RevocationListRefused
from certs.load import load_certificate, load_crl
from certs.revocation import ListMark, SeenLists, is_ageing, verify_crl
from gateway.serving.settings import CardTrust, ClientTrust
from gateway.serving.trust import Anchor, CardAnchors, signature_of

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


class CardTrustSource:
    """Follows the files of the CAs whose cards a port asks for."""

    def __init__(self, files: CardTrust) -> None:
        self.anchor: CardAnchors | None = None
        """None while a file is missing or garbled: then nobody is let in."""
        self._files = files
        self._seen: object = None
        self.refresh()

    def refresh(self) -> bool:
        """Look at the files; True when whoever was let in before must be judged anew."""
        seen = signature_of(self._files.cas)
        if seen == self._seen:
            return False
        self._seen = seen
        try:
            self.anchor = CardAnchors(tuple(load_certificate(path) for path in self._files.cas))
        except CertificateError as problem:
            self.anchor = None
            log.critical("nobody is let in: %s", problem)
        return True


class TrustSource:
    """Follows the CA file and the revocation list of one port."""

    def __init__(self, files: ClientTrust, *, clock: Clock = utc_now) -> None:
        self.anchor: Anchor | None = None
        """Whom to trust now; None while a file is missing, refused or lapsed: then nobody is let in."""
        self._files = files
        self._clock = clock
        self._seen: object = None
        self._last: ListMark | None = None
        self._ageing_told = False
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
        before, self.anchor = self.anchor, None
        try:
            ca = load_certificate(self._files.ca)
            self.anchor = self._anchor_with(ca, before)
            self._ageing_told = False
        except CertificateError as problem:
            log.critical("nobody is let in: %s", problem)

    def _anchor_with(self, ca: x509.Certificate, before: Anchor | None) -> Anchor:
        crl = load_crl(self._files.crl)
        try:
            self._last = self._believe(crl, ca)
        except RevocationListRefused as refusal:
            if before is None or before.ca != ca:
                raise
            # An older list put back, or a forged one, must not undo what is known.
            log.critical("the list read before stays in force: %s", refusal)
            return before
        return Anchor(ca, crl)

    def _believe(self, crl: x509.CertificateRevocationList, ca: x509.Certificate) -> ListMark:
        if self._files.seen_lists is not None:
            return SeenLists(self._files.seen_lists).accept(crl, issuer=ca, now=self._clock())
        return verify_crl(crl, issuer=ca, now=self._clock(), last=self._last)

    def _lapse(self) -> bool:
        if self.anchor is None:
            return False
        now = self._clock()
        if self.anchor.lapsed_at(now):
            log.critical("nobody is let in: %s is past its next update", self._files.crl)
            self.anchor = None
            return True
        if is_ageing(self.anchor.crl, now) and not self._ageing_told:
            self._ageing_told = True
            log.warning("%s is past half its life and no successor has come", self._files.crl)
        return False
