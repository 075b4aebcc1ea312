"""What Smart-ID certificates must say of themselves (eid-providers.md 10.8, steps 6 to 8).

Who issued one, whether it is in force and not revoked is judged before, by ``providers.eid_certificates``.
"""

from typing import Final, NoReturn

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs.extensions import extension_of
from providers.errors import AssertionRejected
from providers.refusals import SENTENCES, Reason
from providers.smart_id.result import CertificateLevel, StatedCertificate

QUALIFIED: Final = "1.3.6.1.4.1.10015.17.2"
QUALIFIED_OF_TESTS: Final = "1.3.6.1.4.1.10015.3.17.2"
ADVANCED: Final = "1.3.6.1.4.1.10015.17.1"
NCP_PLUS: Final = "0.4.0.2042.1.2"
NCP: Final = "0.4.0.2042.1.1"
SMART_ID_SIGN_IN: Final = x509.ObjectIdentifier("1.3.6.1.4.1.62306.5.7.0")
POLICIES: Final = frozenset({QUALIFIED, QUALIFIED_OF_TESTS, ADVANCED})
"""At least one of these stands in every certificate of the scheme."""
PURPOSES: Final = frozenset({SMART_ID_SIGN_IN.dotted_string, ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string})


def check_purpose(certificate: x509.Certificate) -> None:
    """Step 7: the key signs people in; that of the signing certificate does not.

    Raises:
        AssertionRejected: ``cert_purpose``.
    """
    usage, purposes = extension_of(certificate, x509.KeyUsage), extension_of(certificate, x509.ExtendedKeyUsage)
    if usage is None or purposes is None or not usage.value.digital_signature:
        _refuse(Reason.CERT_PURPOSE)
    stated = set(purposes.value)
    older = usage.value.key_encipherment and usage.value.data_encipherment
    if SMART_ID_SIGN_IN not in stated and not (older and ExtendedKeyUsageOID.CLIENT_AUTH in stated):
        _refuse(Reason.CERT_PURPOSE)


def level_of(certificate: x509.Certificate, *, of_tests: bool) -> CertificateLevel:
    """Step 6: which level the policies say, all of one level's standing there.

    Args:
        certificate: of the person.
        of_tests: whether the test hierarchy's own policy counts as qualified.

    Raises:
        AssertionRejected: ``cert_policy``.
    """
    stated = _policies(certificate)
    qualified = {QUALIFIED, QUALIFIED_OF_TESTS} if of_tests else {QUALIFIED}
    if stated & qualified and NCP_PLUS in stated:
        return CertificateLevel.QUALIFIED
    if not {ADVANCED, NCP} <= stated:
        _refuse(Reason.CERT_POLICY)
    return CertificateLevel.ADVANCED


def check_level(stated: StatedCertificate, level: CertificateLevel, asked: CertificateLevel) -> None:
    """Step 8: result and policies agree, and reach what was asked for.

    Raises:
        AssertionRejected: ``loa_insufficient``.
    """
    if stated.level is not level or not level.reaches(asked):
        _refuse(Reason.LOA_INSUFFICIENT)


def _policies(certificate: x509.Certificate) -> frozenset[str]:
    found = extension_of(certificate, x509.CertificatePolicies)
    return frozenset(policy.policy_identifier.dotted_string for policy in found.value) if found else frozenset()


def _refuse(reason: Reason) -> NoReturn:
    raise AssertionRejected(reason, SENTENCES[reason])
