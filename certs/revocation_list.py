"""A revocation list as a CA signs it; ``certs.revocation`` is the side that reads one."""

from datetime import timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from certs.ledger import Ledger, Revocation

CRL_LIFETIME: Final = timedelta(hours=24)
"""From thisUpdate to nextUpdate (T34)."""


def signed_list(
    ledger: Ledger, issuer: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateRevocationList:
    """The list that ``ledger`` describes: every revocation so far, with its number and date."""
    own_identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(ledger.this_update)
        .next_update(ledger.this_update + CRL_LIFETIME)
        .add_extension(x509.CRLNumber(ledger.crl_number), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own_identifier), critical=False)
    )
    for entry in ledger.revocations:
        builder = builder.add_revoked_certificate(_revoked(entry))
    return builder.sign(key, hashes.SHA256())


def _revoked(entry: Revocation) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(entry.serial_number).revocation_date(entry.revoked_at)
    if entry.reason is not x509.ReasonFlags.unspecified:  # RFC 5280 5.3.1: absent rather than unspecified
        builder = builder.add_extension(x509.CRLReason(entry.reason), critical=False)
    return builder.build()
