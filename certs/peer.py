"""Who is at the other end: the certificate of a handshake, verified once more in the application (T31, T32).

The TLS library has verified the same path already; it knows less about extensions, and one setting lost in a
deployment would be enough to lose it.
"""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy, PolicyBuilder, Store, VerificationError

from certs.errors import CertificateError
from certs.load import fingerprint_sha256


class PeerRefused(CertificateError):
    """A peer's certificate is not to be trusted for this purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedPeer:
    """A leaf that the one trust anchor of this purpose issued, in time and not revoked; there is no unverified variant."""

    certificate: x509.Certificate
    fingerprint: str
    """SHA-256 of the certificate, lower-case hexadecimal: what a registration names (never a subject's text)."""


def verify_peer(
    certificate: x509.Certificate,
    *,
    anchor: x509.Certificate,
    crl: x509.CertificateRevocationList,
    purpose: x509.ObjectIdentifier,
    now: datetime,
) -> VerifiedPeer:
    """The peer behind the leaf of a handshake. What else the peer sent is never looked at (T31).

    Args:
        certificate: the leaf.
        anchor: the issuing CA of this purpose, which must have signed the leaf itself.
        crl: the anchor's revocation list, believed by ``certs.revocation``.
        purpose: the one extended key usage the leaf must have: clientAuth, or serverAuth (the host name is left to the
            TLS library).
        now: UTC, aware.

    Raises:
        PeerRefused: not directly below the anchor, expired, for another purpose, a CA, a name the anchor may not issue
            for, or revoked.
    """
    policy = (
        PolicyBuilder()
        .time(now)
        .store(Store([anchor]))
        .max_chain_depth(0)
        .extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=_leaf_policy(purpose))
    )
    try:
        policy.build_client_verifier().verify(certificate, [])
    except (VerificationError, ValueError) as error:
        reason = str(error).partition(" (encountered processing")[0]
        raise PeerRefused(f"the certificate is not trusted: {reason}") from None  # the rest names the person on a card
    _check_revocation(certificate, anchor, crl, now)
    return VerifiedPeer(certificate=certificate, fingerprint=fingerprint_sha256(certificate))


def _leaf_policy(purpose: x509.ObjectIdentifier) -> ExtensionPolicy:
    def only_this_purpose(_policy: Policy, _leaf: x509.Certificate, usage: x509.ExtendedKeyUsage) -> None:
        if tuple(usage) != (purpose,):
            raise ValueError(f"it is for other purposes than {purpose.dotted_string}")

    return (
        ExtensionPolicy.webpki_defaults_ee()
        .require_present(x509.BasicConstraints, Criticality.CRITICAL, _no_ca)
        .require_present(x509.KeyUsage, Criticality.CRITICAL, _signs_handshakes_only)
        .require_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, only_this_purpose)
    )


def _no_ca(_policy: Policy, _leaf: x509.Certificate, constraints: x509.BasicConstraints) -> None:
    if constraints.ca:
        raise ValueError("it is a CA's")


def _signs_handshakes_only(_policy: Policy, _leaf: x509.Certificate, usage: x509.KeyUsage) -> None:
    if not usage.digital_signature or usage.key_cert_sign or usage.crl_sign:
        raise ValueError("its key is not for handshakes, or for more")


def _check_revocation(
    certificate: x509.Certificate, anchor: x509.Certificate, crl: x509.CertificateRevocationList, now: datetime
) -> None:
    ends = crl.next_update_utc
    if crl.issuer != anchor.subject or ends is None or ends <= now:
        raise PeerRefused("there is no current revocation list of the certificate's issuer")
    if crl.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None:
        raise PeerRefused(f"the certificate {fingerprint_sha256(certificate)} is revoked")
