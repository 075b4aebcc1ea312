"""Rules about a certificate's fields and extensions, all but those about names (``certs.name_rules``).

Each rule is a generator of sentences about what is wrong; its function name, with hyphens, is the rule's name.
"""

from collections.abc import Iterator
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from certs.extensions import extension_of
from certs.profiles import BACKDATED, SERIAL_BITS, Profile


def version(certificate: x509.Certificate, _profile: Profile, _issuer: x509.Certificate) -> Iterator[str]:
    """Version 3, the only one with extensions."""
    if certificate.version is not x509.Version.v3:
        yield f"the version is {certificate.version.name}, not v3"


def serial_number(certificate: x509.Certificate, _profile: Profile, _issuer: x509.Certificate) -> Iterator[str]:
    """At least 128 random bits, at most 20 octets (RFC 5280 4.1.2.2)."""
    length = certificate.serial_number.bit_length()
    if not SERIAL_BITS <= length < 160:
        yield f"the serial number has {length} bits; 128 random ones or more are asked for, 159 at most"


def public_key(certificate: x509.Certificate, _profile: Profile, _issuer: x509.Certificate) -> Iterator[str]:
    """P-256."""
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        yield f"the public key is {type(key).__name__}, not an EC key"
    elif not isinstance(key.curve, ec.SECP256R1):
        yield f"the curve is {key.curve.name}, not P-256"


def signature_algorithm(certificate: x509.Certificate, _profile: Profile, _issuer: x509.Certificate) -> Iterator[str]:
    """SHA-256."""
    used = certificate.signature_hash_algorithm
    if not isinstance(used, hashes.SHA256):
        yield f"it is signed over {used.name if used else 'no digest'}, not SHA-256"


def validity(certificate: x509.Certificate, profile: Profile, issuer: x509.Certificate) -> Iterator[str]:
    """As long as the profile allows, and within the issuer's own."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if ends - begins > profile.longest_lifetime:
        yield f"it is valid for {ends - begins}, longer than {profile.longest_lifetime}"
    if ends - begins <= 2 * BACKDATED:
        yield f"it is valid for {ends - begins} only"
    if ends > issuer.not_valid_after_utc:
        yield f"it ends at {ends:%Y-%m-%d %H:%M} UTC, after its issuer ({issuer.not_valid_after_utc:%Y-%m-%d %H:%M} UTC)"


def basic_constraints(certificate: x509.Certificate, profile: Profile, _issuer: x509.Certificate) -> Iterator[str]:
    """Critical, and a CA of the right path length or no CA."""
    found = extension_of(certificate, x509.BasicConstraints)
    if found is None:
        yield "there is no BasicConstraints extension"
        return
    if not found.critical:
        yield "BasicConstraints is not critical"
    if (found.value.ca, found.value.path_length) != (profile.is_ca, profile.path_length):
        yield f"it says ca={found.value.ca}, path length {found.value.path_length}; asked for is ca={profile.is_ca}, path length {profile.path_length}"


def key_usage(certificate: x509.Certificate, profile: Profile, _issuer: x509.Certificate) -> Iterator[str]:
    """Critical, and exactly the profile's bits."""
    found = extension_of(certificate, x509.KeyUsage)
    if found is None:
        yield "there is no KeyUsage extension"
        return
    if not found.critical:
        yield "KeyUsage is not critical"
    bits = _bits(found.value)
    if bits != profile.key_usage:
        yield f"the key is for {_listed(bits)}, not for {_listed(profile.key_usage)}"


def _bits(usage: x509.KeyUsage) -> frozenset[str]:
    bits = {
        "digital_signature": usage.digital_signature,
        "content_commitment": usage.content_commitment,
        "key_encipherment": usage.key_encipherment,
        "data_encipherment": usage.data_encipherment,
        "key_agreement": usage.key_agreement,
        "key_cert_sign": usage.key_cert_sign,
        "crl_sign": usage.crl_sign,
        "encipher_only": usage.key_agreement and usage.encipher_only,
        "decipher_only": usage.key_agreement and usage.decipher_only,
    }
    return frozenset(bit for bit, is_set in bits.items() if is_set)


def _listed(bits: frozenset[str]) -> str:
    return ", ".join(sorted(bits)) or "nothing"


def extended_key_usage(certificate: x509.Certificate, profile: Profile, _issuer: x509.Certificate) -> Iterator[str]:
    """Exactly one, the profile's; none for a CA (T32)."""
    found = extension_of(certificate, x509.ExtendedKeyUsage)
    purposes = tuple(found.value) if found else ()
    wanted = (profile.purpose,) if profile.purpose else ()
    if purposes != wanted:
        yield f"it is for {_purposes(purposes)}, not for {_purposes(wanted)}"


def _purposes(purposes: tuple[x509.ObjectIdentifier, ...]) -> str:
    return " and ".join(_PURPOSES.get(purpose, purpose.dotted_string) for purpose in purposes) or "no purpose"


_PURPOSES: Final = {
    ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
    ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth",
    ExtendedKeyUsageOID.OCSP_SIGNING: "OCSPSigning",
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "anyExtendedKeyUsage",
}


def subject_key_identifier(
    certificate: x509.Certificate, _profile: Profile, _issuer: x509.Certificate
) -> Iterator[str]:
    """Present, and of the certificate's own key."""
    found = extension_of(certificate, x509.SubjectKeyIdentifier)
    if found is None:
        yield "there is no SubjectKeyIdentifier extension"
    elif found.value != x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()):
        yield "the SubjectKeyIdentifier is not that of the certificate's key"


def authority_key_identifier(
    certificate: x509.Certificate, _profile: Profile, issuer: x509.Certificate
) -> Iterator[str]:
    """Present, and the issuer's SubjectKeyIdentifier."""
    found, wanted = (
        extension_of(certificate, x509.AuthorityKeyIdentifier),
        extension_of(issuer, x509.SubjectKeyIdentifier),
    )
    if found is None:
        yield "there is no AuthorityKeyIdentifier extension"
    elif wanted is None or found.value.key_identifier != wanted.value.digest:
        yield "the AuthorityKeyIdentifier is not the issuer's SubjectKeyIdentifier"


def distribution_point(certificate: x509.Certificate, profile: Profile, _issuer: x509.Certificate) -> Iterator[str]:
    """Where the revocation list is; a root, which no list names, needs none."""
    found = extension_of(certificate, x509.CRLDistributionPoints)
    if found is None and not _is_root(profile):
        yield "there is no CRLDistributionPoints extension"


def authority_access(certificate: x509.Certificate, profile: Profile, _issuer: x509.Certificate) -> Iterator[str]:
    """Where the issuer's certificate is; a root needs none."""
    found = extension_of(certificate, x509.AuthorityInformationAccess)
    if found is None and not _is_root(profile):
        yield "there is no AuthorityInformationAccess extension"


def _is_root(profile: Profile) -> bool:
    return profile.is_ca and profile.path_length != 0


def other_extensions(certificate: x509.Certificate, profile: Profile, _issuer: x509.Certificate) -> Iterator[str]:
    """None that the rules above do not speak of; name constraints on CAs only, and critical."""
    for extension in certificate.extensions:
        is_limit = isinstance(extension.value, x509.NameConstraints)
        if is_limit and not (profile.is_ca and extension.critical):
            yield "NameConstraints stands in a certificate that is no CA's, or is not critical"
        elif not is_limit and extension.oid not in _SPOKEN_OF:
            yield f"there is an extension that no profile asks for: {extension.oid.dotted_string}"


_SPOKEN_OF: Final = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
        ExtensionOID.OCSP_NO_CHECK,
    }
)


def ocsp_no_check(certificate: x509.Certificate, profile: Profile, _issuer: x509.Certificate) -> Iterator[str]:
    """On OCSP signers and on nothing else."""
    has = extension_of(certificate, x509.OCSPNoCheck) is not None
    if has != profile.ocsp_no_check:
        yield "OCSPNoCheck is " + ("present, which only an OCSP signer may have" if has else "missing")


def signature(certificate: x509.Certificate, _profile: Profile, issuer: x509.Certificate) -> Iterator[str]:
    """Made by the issuer's key."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        yield f"the signature is not by the key of {issuer.subject.rfc4514_string()}"
