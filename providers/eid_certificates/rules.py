"""What a person's certificate must look like before anybody asks who issued it (eid-providers.md 7.4, 8.1, 8.6).

A rule takes values and returns nothing or raises; the order is that of ``RULES``.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs.extensions import extension_of
from providers.eid_certificates.refusal import refuse
from providers.refusals import Reason

LEAST_RSA_BITS: Final = 2048
MOST_RSA_BITS: Final = 8192
"""More would let one login cost a second."""
CURVES: Final = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)

MOBILE_ID_ARCS: Final = ("1.3.6.1.4.1.10015.1.3", "1.3.6.1.4.1.10015.11.1", "1.3.6.1.4.1.10015.18.1")
"""Certificates of Estonian SIM cards, which may not pose as a card."""
LATVIAN_REFUSED: Final = (
    "1.3.6.1.4.1.32061.2.1.2.3",  # an eID card whose keys are not on a qualified device
    "1.3.6.1.4.1.32061.2.2.1.1",  # seals of legal persons
    "1.3.6.1.4.1.32061.2.2.2.1",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRules:
    """What one kind of means asks of its certificates; policies are object identifiers in dotted form."""

    policies: frozenset[str]
    """At least one of these must stand in the certificate."""
    refused_policies: tuple[str, ...] = (*MOBILE_ID_ARCS, *LATVIAN_REFUSED)
    """Neither these nor anything below them may stand there, whatever else does."""
    purposes: frozenset[str] = frozenset({ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string})
    """One of these extended key usages must stand there."""
    require_purpose: bool = True
    """Whether a certificate without extended key usage is refused."""


Rule = Callable[[x509.Certificate, CertificateRules, datetime], None]


def readable(certificate: x509.Certificate, _rules: CertificateRules, _now: datetime) -> None:
    """Version 3, every extension once and well-formed, a key of a known kind."""
    try:
        certificate.extensions  # noqa: B018  # looking is the test: it raises for what is garbled or stands twice
        certificate.public_key()
        usable = certificate.version is x509.Version.v3
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion):
        usable = False
    if not usable:
        refuse(Reason.MALFORMED, "the certificate or one of its extensions cannot be read")


def for_signing_in(certificate: x509.Certificate, rules: CertificateRules, _now: datetime) -> None:
    """Its key signs for the person's presence: not for documents, and for no other certificate (7.4 step 4)."""
    usage = extension_of(certificate, x509.KeyUsage)
    if usage is None or not usage.value.digital_signature or usage.value.key_cert_sign:
        refuse(Reason.CERT_PURPOSE, "KeyUsage must hold digitalSignature; the signing certificate has another one")
    constraints = extension_of(certificate, x509.BasicConstraints)
    if constraints is not None and constraints.value.ca:
        refuse(Reason.CERT_PURPOSE, "it is a certificate authority's")
    purposes = extension_of(certificate, x509.ExtendedKeyUsage)
    if purposes is None:
        if rules.require_purpose:
            refuse(Reason.CERT_PURPOSE, "it states no extended key usage")
    elif not {purpose.dotted_string for purpose in purposes.value} & rules.purposes:
        refuse(Reason.CERT_PURPOSE, "its extended key usage is not for signing in")


def of_an_accepted_policy(certificate: x509.Certificate, rules: CertificateRules, _now: datetime) -> None:
    """One policy is on the list, and none is refused; anyPolicy counts for nothing (7.4 step 5, 8.6)."""
    stated = policies_of(certificate)
    refused = sorted(policy for policy in stated if _is_below_one(policy, rules.refused_policies))
    if refused:
        refuse(Reason.CERT_POLICY, f"certificates of policy {refused[0]} are not taken")
    if not stated & rules.policies:
        refuse(Reason.CERT_POLICY, "none of its policies is on the list")


def policies_of(certificate: x509.Certificate) -> frozenset[str]:
    """The certificate policies, dotted; empty where there are none."""
    found = extension_of(certificate, x509.CertificatePolicies)
    return frozenset(policy.policy_identifier.dotted_string for policy in found.value) if found else frozenset()


def _is_below_one(policy: str, arcs: Iterable[str]) -> bool:
    return any(policy == arc or policy.startswith(f"{arc}.") for arc in arcs)


def in_force(certificate: x509.Certificate, _rules: CertificateRules, now: datetime) -> None:
    """It has begun and not ended; the ends themselves count (RFC 5280 4.1.2.5; 7.4 step 6)."""
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        refuse(Reason.CERT_EXPIRED, "the person's certificate is not yet or no longer valid")


def of_a_strong_key(certificate: x509.Certificate, _rules: CertificateRules, _now: datetime) -> None:
    """RSA of 2048 bits or more, or one of the NIST curves from P-256 (8.6)."""
    if not is_strong(certificate.public_key()):
        refuse(Reason.NOT_TRUSTED, "its key is of a kind or size that is not taken")


def is_strong(key: object) -> bool:
    """Whether a public key is of a kind and size that may be relied on."""
    if isinstance(key, rsa.RSAPublicKey):
        return LEAST_RSA_BITS <= key.key_size <= MOST_RSA_BITS
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, CURVES)


RULES: Final[tuple[Rule, ...]] = (
    readable,  # step 3
    for_signing_in,  # step 4
    of_an_accepted_policy,  # step 5
    in_force,  # step 6, first half; the second is ``anchors``
    of_a_strong_key,
)
