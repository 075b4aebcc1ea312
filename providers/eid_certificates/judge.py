"""The judge of people's certificates: strict reading, then trust, then revocation, then the person (eid-providers.md 8)."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from providers.contract import AssuranceLevel, BackChannelExchange, Factor, ProviderId, VerifiedIdentity
from providers.eid_certificates.anchors import Anchors, IssuingCa
from providers.eid_certificates.identity import ONLY_LATVIA, CertifiedPerson, person_in
from providers.eid_certificates.refusal import refuse
from providers.eid_certificates.revocation import RevocationCheck
from providers.eid_certificates.rules import RULES, CertificateRules
from providers.errors import ProviderError
from providers.personal_code import CodeStructure
from providers.protocol import Clock
from providers.refusals import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedCertificate:
    """A certificate that a configured authority issued, in time and for signing in; not yet asked about revocation."""

    certificate: x509.Certificate
    issuer: IssuingCa


@dataclass(frozen=True, slots=True, kw_only=True)
class VouchedPerson:
    """A person whose certificate is not revoked either; whether they hold its key is the protocol's to prove."""

    person: CertifiedPerson
    exchanges: tuple[BackChannelExchange, ...]
    """What says that the certificate is not revoked; evidence."""
    flags: frozenset[str]
    """Remarks for the audit record."""

    def identity(
        self,
        provider: ProviderId,
        *,
        assurance: AssuranceLevel,
        factors: frozenset[Factor],
        means: str,
        interface: str,
        authenticated_at: datetime,
    ) -> VerifiedIdentity:
        """The person, now that the protocol has proven who holds the key; for the arguments see ``VerifiedIdentity``."""
        person = self.person
        return VerifiedIdentity(
            provider=provider,
            country=person.personal_code.country,
            personal_code=person.personal_code,
            given_name=person.given_name,
            family_name=person.family_name,
            assurance=assurance,
            factors=factors,
            means=means,
            interface=interface,
            authenticated_at=authenticated_at,
            flags=self.flags,
            exchanges=self.exchanges,
        )


class CertificateJudge:
    """Judges the certificates of one kind of means; threads may share it."""

    def __init__(
        self,
        *,
        rules: CertificateRules,
        anchors: Anchors,
        revocation: RevocationCheck,
        clock: Clock,
        countries: frozenset[str] = ONLY_LATVIA,
        structure: CodeStructure = CodeStructure.REJECT,
    ) -> None:
        """Keep what ``opening`` read; nothing is parsed after this."""
        self._rules = rules
        self._anchors = anchors
        self._revocation = revocation
        self._clock = clock
        self._countries = countries
        self._structure = structure

    def trust(self, der: bytes) -> TrustedCertificate:
        """Judge what can be judged without asking anybody (7.4 steps 3 to 6).

        Args:
            der: the certificate as it came, one structure without trailing bytes.

        Raises:
            AssertionRejected: ``malformed``, ``cert_purpose``, ``cert_policy``, ``cert_expired`` or ``not_trusted``.
        """
        certificate, now = load_strictly(der), self._clock()
        for rule in RULES:
            rule(certificate, self._rules, now)
        return TrustedCertificate(certificate=certificate, issuer=self._anchors.issuer_of(certificate, now))

    def vouch(self, trusted: TrustedCertificate) -> VouchedPerson:
        """Ask whether the certificate is revoked, and read the person (7.4 steps 8 and 10).

        Call it after the proof that the person holds the key, which costs nobody a call.

        Raises:
            AssertionRejected: ``cert_revoked``, ``not_trusted`` or ``identity_incomplete``.
            ProviderUnavailable: ``revocation_unavailable``.
        """
        good = self._revocation.check(trusted.certificate, trusted.issuer)
        try:
            person = person_in(trusted.certificate, countries=self._countries, structure=self._structure)
        except ProviderError as error:
            error.exchanges = good.exchanges
            raise
        return VouchedPerson(person=person, exchanges=good.exchanges, flags=good.flags | person.flags)


def load_strictly(der: bytes) -> x509.Certificate:
    """The certificate in DER: one structure, in the one encoding that DER allows, nothing behind it (8.6).

    Raises:
        AssertionRejected: ``malformed``.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
    except ValueError:
        refuse(Reason.MALFORMED, "the certificate is not one DER structure")
    if certificate.public_bytes(Encoding.DER) != der:
        refuse(Reason.MALFORMED, "the certificate is not in the one encoding that DER allows")
    return certificate
