"""The certificate authorities of one environment, and whether one of them issued a certificate (eid-providers.md 8.3)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store, VerificationError

from certs.extensions import extension_of
from providers.eid_certificates.refusal import refuse
from providers.eid_certificates.rules import is_strong
from providers.refusals import Reason

_FOR_TESTS: Final = re.compile(r"\b(demo|test|development)\b", re.IGNORECASE)
_CA_POLICY: Final = ExtensionPolicy.permit_all().require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
_LEAF_POLICY: Final = ExtensionPolicy.permit_all()


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuingCa:
    """A certificate authority whose people's certificates are taken."""

    certificate: x509.Certificate
    above: x509.Certificate | None = None
    """Who issued it, and lists it when it is revoked; None for a root."""


class Anchors:
    """The authorities trusted for one purpose in one environment; the system's own are never asked."""

    def __init__(self, authorities: Iterable[IssuingCa]) -> None:
        """Trust these and no other."""
        self._authorities = tuple(authorities)

    def issuer_of(self, certificate: x509.Certificate, now: datetime) -> IssuingCa:
        """Who issued the certificate, directly and in time (7.4 step 6); other authorities do not matter.

        Args:
            certificate: of a person.
            now: UTC, aware.

        Raises:
            AssertionRejected: ``not_trusted``, or ``cert_expired`` where the authority itself has expired.
        """
        issuer = next((one for one in self._authorities if signed_by(certificate, one.certificate)), None)
        if issuer is None:
            refuse(Reason.NOT_TRUSTED, "no configured certificate authority issued the certificate")
        if not issuer.certificate.not_valid_before_utc <= now <= issuer.certificate.not_valid_after_utc:
            refuse(Reason.CERT_EXPIRED, "the certificate authority's own certificate is not yet or no longer valid")
        _verify_path(certificate, issuer.certificate, now)
        return issuer


def signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether ``issuer`` is named and its key made the signature; names alone prove nothing (EID-10)."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _verify_path(certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> None:
    """RFC 5280 section 6 once more by the library: unknown critical extensions, SHA-1, name constraints (T32)."""
    builder = PolicyBuilder().time(now).store(Store([issuer])).max_chain_depth(0)
    policy = builder.extension_policies(ca_policy=_CA_POLICY, ee_policy=_LEAF_POLICY)
    try:
        policy.build_client_verifier().verify(certificate, [])
    except (VerificationError, ValueError):
        # What the library says is not repeated: it names the person on the card.
        refuse(Reason.NOT_TRUSTED, "the path to the certificate authority does not hold by RFC 5280 section 6")


def unfit(certificate: x509.Certificate) -> str | None:
    """Why a certificate is no authority that people's certificates may rest on; None when it is one (EID-11)."""
    constraints = extension_of(certificate, x509.BasicConstraints)
    usage = extension_of(certificate, x509.KeyUsage)
    if constraints is None or not constraints.value.ca:
        return "is no certificate authority's certificate"
    if usage is None or not usage.value.key_cert_sign:
        return "may not sign certificates"
    if not is_strong(certificate.public_key()):
        return "has a key of a kind or size that is not taken"
    return None


def is_for_tests(certificate: x509.Certificate) -> bool:
    """Whether an authority says of itself that it is for tests: such ones never stand in production (8.3)."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return any(_FOR_TESTS.search(str(name.value)) for name in names)
