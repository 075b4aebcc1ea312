"""Whether a certificate meets its profile.

Each rule is a generator of sentences about what is wrong; its function name, with hyphens, is the rule's name.
The development CA asks before and after signing, and refuses to sign or to hand out on a single finding.
"""

import ipaddress
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from certs.findings import Finding
from certs.profiles import BACKDATED, SERIAL_BITS, Names, Profile

Rule = Callable[[x509.Certificate, Profile, x509.Certificate], Iterator[str]]
"""Takes the certificate, its profile and its issuer (itself, for a root)."""

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> x509.Extension[_Extension] | None:
    try:
        return certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


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


def subject(certificate: x509.Certificate, _profile: Profile, _issuer: x509.Certificate) -> Iterator[str]:
    """Not empty."""
    if not certificate.subject.rdns:
        yield "the subject is empty"


def issuer_name(certificate: x509.Certificate, _profile: Profile, issuer: x509.Certificate) -> Iterator[str]:
    """The issuer's subject, attribute by attribute."""
    if certificate.issuer != issuer.subject:
        yield f"the issuer is named {certificate.issuer.rfc4514_string()}, not {issuer.subject.rfc4514_string()}"


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
    found = _extension(certificate, x509.BasicConstraints)
    if found is None:
        yield "there is no BasicConstraints extension"
        return
    if not found.critical:
        yield "BasicConstraints is not critical"
    if (found.value.ca, found.value.path_length) != (profile.is_ca, profile.path_length):
        yield f"it says ca={found.value.ca}, path length {found.value.path_length}; asked for is ca={profile.is_ca}, path length {profile.path_length}"


def key_usage(certificate: x509.Certificate, profile: Profile, _issuer: x509.Certificate) -> Iterator[str]:
    """Critical, and exactly the profile's bits."""
    found = _extension(certificate, x509.KeyUsage)
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
    found = _extension(certificate, x509.ExtendedKeyUsage)
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


def alternative_name(certificate: x509.Certificate, profile: Profile, _issuer: x509.Certificate) -> Iterator[str]:
    """Names of the kinds the profile asks for."""
    found = _extension(certificate, x509.SubjectAlternativeName)
    names = tuple(found.value) if found else ()
    allowed = _KINDS[profile.names]
    if profile.names is not Names.NONE and not names:
        yield f"there is no subject alternative name; asked for is {profile.names.value}"
    for name in names:
        if not isinstance(name, allowed):
            yield f"the subject alternative name {name.value!r} is not of a kind asked for: {profile.names.value}"


_KINDS: Final[dict[Names, tuple[type[x509.GeneralName], ...]]] = {
    Names.NONE: (),
    Names.HOSTS: (x509.DNSName, x509.IPAddress),
    Names.ANY: (x509.DNSName, x509.IPAddress, x509.UniformResourceIdentifier),
}


def subject_key_identifier(
    certificate: x509.Certificate, _profile: Profile, _issuer: x509.Certificate
) -> Iterator[str]:
    """Present, and of the certificate's own key."""
    found = _extension(certificate, x509.SubjectKeyIdentifier)
    if found is None:
        yield "there is no SubjectKeyIdentifier extension"
    elif found.value != x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()):
        yield "the SubjectKeyIdentifier is not that of the certificate's key"


def authority_key_identifier(
    certificate: x509.Certificate, _profile: Profile, issuer: x509.Certificate
) -> Iterator[str]:
    """Present, and the issuer's SubjectKeyIdentifier."""
    found, wanted = _extension(certificate, x509.AuthorityKeyIdentifier), _extension(issuer, x509.SubjectKeyIdentifier)
    if found is None:
        yield "there is no AuthorityKeyIdentifier extension"
    elif wanted is None or found.value.key_identifier != wanted.value.digest:
        yield "the AuthorityKeyIdentifier is not the issuer's SubjectKeyIdentifier"


def distribution_point(certificate: x509.Certificate, profile: Profile, _issuer: x509.Certificate) -> Iterator[str]:
    """Where the revocation list is; a root, which no list names, needs none."""
    found = _extension(certificate, x509.CRLDistributionPoints)
    if found is None and not _is_root(profile):
        yield "there is no CRLDistributionPoints extension"


def authority_access(certificate: x509.Certificate, profile: Profile, _issuer: x509.Certificate) -> Iterator[str]:
    """Where the issuer's certificate is; a root needs none."""
    found = _extension(certificate, x509.AuthorityInformationAccess)
    if found is None and not _is_root(profile):
        yield "there is no AuthorityInformationAccess extension"


def _is_root(profile: Profile) -> bool:
    return profile.is_ca and profile.path_length != 0


def permitted_names(certificate: x509.Certificate, _profile: Profile, issuer: x509.Certificate) -> Iterator[str]:
    """Only names that the issuer may issue for."""
    limits, names = _extension(issuer, x509.NameConstraints), _extension(certificate, x509.SubjectAlternativeName)
    if limits is None or names is None:
        return
    for name in names.value:
        subtrees = [each for each in limits.value.permitted_subtrees or () if isinstance(each, type(name))]
        if subtrees and not any(_lies_in(name, each) for each in subtrees):
            allowed = ", ".join(str(each.value) for each in subtrees)
            yield f"{name.value} is outside what its issuer may issue for: {allowed}"


def _lies_in(name: x509.GeneralName, subtree: x509.GeneralName) -> bool:
    if isinstance(name, x509.DNSName) and isinstance(subtree, x509.DNSName):
        return f".{name.value}".endswith(f".{subtree.value}")
    if isinstance(name, x509.IPAddress) and isinstance(subtree, x509.IPAddress):
        network = subtree.value
        return isinstance(network, ipaddress.IPv4Network | ipaddress.IPv6Network) and name.value in network
    return False


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
    has = _extension(certificate, x509.OCSPNoCheck) is not None
    if has != profile.ocsp_no_check:
        yield "OCSPNoCheck is " + ("present, which only an OCSP signer may have" if has else "missing")


def signature(certificate: x509.Certificate, _profile: Profile, issuer: x509.Certificate) -> Iterator[str]:
    """Made by the issuer's key."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        yield f"the signature is not by the key of {issuer.subject.rfc4514_string()}"


DRAFT_RULES: Final[tuple[Rule, ...]] = (
    version,
    serial_number,
    public_key,
    signature_algorithm,
    subject,
    issuer_name,
    validity,
    basic_constraints,
    key_usage,
    extended_key_usage,
    alternative_name,
    subject_key_identifier,
    authority_key_identifier,
    distribution_point,
    authority_access,
    permitted_names,
    ocsp_no_check,
    other_extensions,
)
"""What can be judged of a draft that a throw-away key signed."""

RULES: Final[tuple[Rule, ...]] = (*DRAFT_RULES, signature)


def judge(
    certificate: x509.Certificate, profile: Profile, *, issuer: x509.Certificate, rules: tuple[Rule, ...] = RULES
) -> tuple[Finding, ...]:
    """What is wrong with ``certificate``, in the order of the rules; empty when it meets ``profile``.

    Time is not judged: a certificate that has expired still meets its profile.

    Args:
        certificate: to judge.
        profile: what it must look like.
        issuer: the CA's certificate; the certificate itself, for a root.
        rules: all of them, unless a draft is judged.
    """
    try:
        certificate.extensions  # noqa: B018  # reading them is the test: it raises where one is garbled or stands twice
    except (ValueError, x509.DuplicateExtension) as error:
        return (Finding("extensions", f"the extensions cannot be read: {error}"),)
    return tuple(
        Finding(rule.__name__.replace("_", "-"), sentence)
        for rule in rules
        for sentence in rule(certificate, profile, issuer)
    )
