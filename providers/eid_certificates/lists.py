"""Revocation lists fetched from where certificates point to, kept, and never rolled back (RFC 5280 6.3; 8.4 rules 9, 10).

An authority may publish several lists, each about a part of its certificates: which one counts is what the certificate
says, and the list itself must say that it is that one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from certs.errors import CertificateError
from certs.extensions import extension_of
from certs.revocation import LONGEST_LIFE, SeenLists
from providers.call_failures import TransportError
from providers.contract import BackChannelExchange
from providers.plain_http import PlainHttp, PlainReply
from providers.protocol import Clock

MOST_KEPT: Final = 1024
"""Lists kept at a time."""


class ListUnavailable(Exception):
    """No list says whether the certificate is revoked; the text says why."""

    def __init__(self, why: str, exchanges: tuple[BackChannelExchange, ...] = ()) -> None:
        super().__init__(why)
        self.exchanges = exchanges


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a list says of one certificate."""

    revoked: bool
    exchanges: tuple[BackChannelExchange, ...]
    """The call that fetched the list; empty when it was kept from an earlier one."""


@dataclass(frozen=True, slots=True)
class _Kept:
    crl: x509.CertificateRevocationList
    fetched_at: datetime


class RevocationLists:
    """The lists below some addresses; threads may share it."""

    def __init__(
        self,
        http: PlainHttp,
        addresses: tuple[str, ...],
        seen: SeenLists,
        clock: Clock,
        *,
        refresh: timedelta = timedelta(minutes=15),
        longest_life: timedelta = LONGEST_LIFE,
    ) -> None:
        """Prepare; nothing is fetched before the first question.

        Args:
            http: must reach the servers of ``addresses``.
            addresses: how the address of a list must begin; nothing else is ever fetched (8.5).
            seen: remembers, durably, the newest list of each address.
            clock: UTC, aware.
            refresh: a list older than this is fetched anew; while that fails it counts until its ``nextUpdate``.
            longest_life: see ``certs.revocation.verify_crl``.
        """
        self._http = http
        self._addresses = addresses
        self._seen = seen
        self._clock = clock
        self._refresh = refresh
        self._longest_life = longest_life
        self._kept: dict[str, _Kept] = {}
        self._fetching: dict[str, Lock] = {}
        self._lock = Lock()

    def look_up(self, certificate: x509.Certificate, issuer: x509.Certificate) -> Listing:
        """What the list that the certificate names says of it.

        Raises:
            ListUnavailable: the certificate names no list below our addresses, or the list cannot be had or believed.
        """
        url = next((url for url in _named_lists(certificate) if self._may_fetch(url)), None)
        if url is None:
            raise ListUnavailable("the certificate names no revocation list at an address of the settings")
        crl, exchanges = self._current(url, issuer)
        try:
            _check_scope(crl, certificate, url)
        except ListUnavailable as error:
            error.exchanges = exchanges
            raise
        entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
        return Listing(revoked=entry is not None, exchanges=exchanges)

    def _may_fetch(self, url: str) -> bool:
        return url.startswith(self._addresses) and "/." not in url and self._http.reaches(url)

    def _current(
        self, url: str, issuer: x509.Certificate
    ) -> tuple[x509.CertificateRevocationList, tuple[BackChannelExchange, ...]]:
        with self._lock:
            fetching = self._fetching.setdefault(url, Lock())
        with fetching:  # one fetch serves everybody who waits for the same list
            kept, now = self._kept_at(url), self._clock()
            if kept is not None and now - kept.fetched_at < self._refresh:
                return kept.crl, ()
            return self._renewed(url, issuer, kept, now)

    def _kept_at(self, url: str) -> _Kept | None:
        kept = self._kept.get(url)
        ends = kept.crl.next_update_utc if kept is not None else None
        return kept if ends is not None and ends > self._clock() else None

    def _renewed(
        self, url: str, issuer: x509.Certificate, kept: _Kept | None, now: datetime
    ) -> tuple[x509.CertificateRevocationList, tuple[BackChannelExchange, ...]]:
        try:
            reply = self._http.get(url)
        except TransportError as error:
            if kept is not None:
                return kept.crl, (error.exchange,)
            raise ListUnavailable(f"the revocation list cannot be fetched: {error}", (error.exchange,)) from error
        try:
            crl = self._believed(reply, issuer, url, now)
        except (CertificateError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            if kept is not None:
                return kept.crl, (reply.exchange,)
            raise ListUnavailable(f"the revocation list is not to be believed: {error}", (reply.exchange,)) from error
        self._keep(url, _Kept(crl, now))
        return crl, (reply.exchange,)

    def _believed(
        self, reply: PlainReply, issuer: x509.Certificate, url: str, now: datetime
    ) -> x509.CertificateRevocationList:
        crl = x509.load_der_x509_crl(reply.body)
        self._seen.accept(crl, issuer=issuer, now=now, place=url, longest_life=self._longest_life)
        return crl

    def _keep(self, url: str, fresh: _Kept) -> None:
        with self._lock:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[url] = fresh


def _named_lists(certificate: x509.Certificate) -> Iterator[str]:
    """Where the certificate's issuer lists it; points about some reasons only, or of other issuers, say too little."""
    points = extension_of(certificate, x509.CRLDistributionPoints)
    for point in points.value if points is not None else ():
        if point.reasons is None and point.crl_issuer is None:
            yield from _addresses_in(point.full_name)


def _addresses_in(names: list[x509.GeneralName] | None) -> Iterator[str]:
    yield from (name.value for name in names or () if isinstance(name, x509.UniformResourceIdentifier))


def _check_scope(crl: x509.CertificateRevocationList, certificate: x509.Certificate, url: str) -> None:
    """Whether the list is complete, and about this certificate's part of the authority's certificates."""
    known = (x509.IssuingDistributionPoint, x509.CRLNumber, x509.AuthorityKeyIdentifier)
    if any(one.critical and not isinstance(one.value, known) for one in crl.extensions):
        raise ListUnavailable("the revocation list is a delta, or has a critical extension that nobody here knows")
    try:
        scope = crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    except x509.ExtensionNotFound:
        return  # it is about all certificates of its issuer
    constraints = extension_of(certificate, x509.BasicConstraints)
    is_ca = constraints is not None and constraints.value.ca
    other_kind = scope.only_contains_user_certs if is_ca else scope.only_contains_ca_certs
    in_part = scope.indirect_crl or scope.only_contains_attribute_certs or scope.only_some_reasons is not None
    elsewhere = scope.full_name is not None and url not in _addresses_in(scope.full_name)
    if other_kind or in_part or elsewhere or scope.relative_name is not None:
        raise ListUnavailable("the revocation list is about other certificates of the issuer")
