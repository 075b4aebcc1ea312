"""Whether a certificate is revoked: by OCSP, else by the issuer's list, else the login is refused (8.4; T33, T34).

There is no setting that lets anybody in without an answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import AuthorityInformationAccessOID

from certs.extensions import extension_of
from providers.call_failures import TransportError
from providers.contract import BackChannelExchange
from providers.eid_certificates.anchors import IssuingCa
from providers.eid_certificates.lists import Listing, ListUnavailable, RevocationLists
from providers.eid_certificates.ocsp import ANSWER_TYPE, CONTENT_TYPE, AnswerUnusable, ResponderRules, ask, is_good
from providers.errors import AssertionRejected, ProviderError, ProviderUnavailable
from providers.plain_http import PlainHttp, plain_origin
from providers.protocol import Clock
from providers.refusals import SENTENCES, Reason

BY_LIST: Final = "revocation_by_list"
"""Flag: the responder gave no usable answer, and the issuer's list was asked instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StillGood:
    """A certificate is not revoked; this is what says so."""

    exchanges: tuple[BackChannelExchange, ...]
    flags: frozenset[str] = frozenset()


class RevocationCheck:
    """Asks whether certificates are revoked; threads may share it."""

    def __init__(
        self,
        *,
        http: PlainHttp,
        responders: Mapping[str, ResponderRules],
        clock: Clock,
        designated: str | None = None,
        lists: RevocationLists | None = None,
        lists_of_authorities: RevocationLists | None = None,
        digest: hashes.HashAlgorithm | None = None,
    ) -> None:
        """Prepare; nobody is asked yet.

        Args:
            http: must reach every responder.
            responders: what is agreed with each, by origin ``http://host[:port]``: the allow-list (8.5).
            clock: UTC, aware.
            designated: the address that is asked instead of those in certificates.
            lists: where the issuers' lists are, for when no responder answers; None refuses the login then.
            lists_of_authorities: where the lists about the issuing authorities are.
            digest: names the issuer in a question; SHA-256 unless the responder cannot (rule 2).
        """
        self._http = http
        self._responders = responders
        self._clock = clock
        self._designated = designated
        self._lists = lists
        self._lists_of_authorities = lists_of_authorities
        self._digest = digest or hashes.SHA256()

    def check(self, certificate: x509.Certificate, issuer: IssuingCa) -> StillGood:
        """Say that neither the certificate nor its issuer is revoked.

        Raises:
            AssertionRejected: ``cert_revoked``, also for a certificate its issuer does not know; ``not_trusted`` for a
                responder that is not on the list, and for an authority that is revoked.
            ProviderUnavailable: ``revocation_unavailable``: nobody says so, or nobody who may be believed.
        """
        told: list[BackChannelExchange] = []
        try:
            self._check_authority(issuer, told)
            flags = self._check_person(certificate, issuer.certificate, told)
        except ProviderError as error:
            error.exchanges = tuple(told)
            raise
        return StillGood(exchanges=tuple(told), flags=flags)

    def _check_authority(self, issuer: IssuingCa, told: list[BackChannelExchange]) -> None:
        if issuer.above is None or self._lists_of_authorities is None:
            return
        try:
            listing = self._lists_of_authorities.look_up(issuer.certificate, issuer.above)
        except ListUnavailable as error:
            told.extend(error.exchanges)
            raise _unavailable(f"of the certificate authority itself: {error}") from error
        told.extend(listing.exchanges)
        if listing.revoked:
            raise AssertionRejected(Reason.NOT_TRUSTED, "the certificate authority itself is revoked")

    def _check_person(
        self, certificate: x509.Certificate, issuer: x509.Certificate, told: list[BackChannelExchange]
    ) -> frozenset[str]:
        try:
            good = self._asked(self._responder_of(certificate), certificate, issuer, told)
            flags: frozenset[str] = frozenset()
        except AnswerUnusable as error:
            good = not self._listed(certificate, issuer, told, why=str(error)).revoked
            flags = frozenset({BY_LIST})
        if not good:
            raise AssertionRejected(Reason.CERT_REVOKED, SENTENCES[Reason.CERT_REVOKED])
        return flags

    def _responder_of(self, certificate: x509.Certificate) -> str:
        """Whom to ask (rule 1); no address in a certificate is called unless it is on the list."""
        if self._designated is not None:
            return self._designated
        named = _responders_in(certificate)
        if not named:
            raise AnswerUnusable("rule 1: the certificate names no responder")
        listed = next((url for url in named if self._is_listed(url)), None)
        if listed is None:
            raise AssertionRejected(Reason.NOT_TRUSTED, "the certificate's responder is not on the list")
        return listed

    def _is_listed(self, url: str) -> bool:
        return self._http.reaches(url) and plain_origin(url) in self._responders

    def _asked(
        self, url: str, certificate: x509.Certificate, issuer: x509.Certificate, told: list[BackChannelExchange]
    ) -> bool:
        question = ask(certificate, issuer, self._digest)
        try:
            reply = self._http.post(url, CONTENT_TYPE, question.der)
        except TransportError as error:
            told.append(error.exchange)
            raise AnswerUnusable(f"rule 3: {error}") from error
        told.append(reply.exchange)
        if reply.media_type != ANSWER_TYPE:
            raise AnswerUnusable("rule 3: the answer has another media type")

        def is_revoked(responder: x509.Certificate) -> bool:
            return self._listed(responder, issuer, told, why="rule 5").revoked

        return is_good(reply.body, question, self._responders[plain_origin(url)], self._clock(), is_revoked)

    def _listed(
        self, certificate: x509.Certificate, issuer: x509.Certificate, told: list[BackChannelExchange], *, why: str
    ) -> Listing:
        if self._lists is None:
            raise _unavailable(why)
        try:
            listing = self._lists.look_up(certificate, issuer)
        except ListUnavailable as error:
            told.extend(error.exchanges)
            raise _unavailable(f"{why}; {error}") from error
        told.extend(listing.exchanges)
        return listing


def _responders_in(certificate: x509.Certificate) -> list[str]:
    access = extension_of(certificate, x509.AuthorityInformationAccess)
    return [
        one.access_location.value
        for one in (access.value if access is not None else ())
        if one.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(one.access_location, x509.UniformResourceIdentifier)
    ]


def _unavailable(why: str) -> ProviderUnavailable:
    return ProviderUnavailable(Reason.REVOCATION_UNAVAILABLE, f"nobody says whether it is revoked: {why}")
