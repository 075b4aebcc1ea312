"""A certificate as its profile asks for it, ready to be signed."""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from certs.errors import OrderRefused
from certs.profiles import BACKDATED, Profile

_KEY_USAGE_BITS = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom a certificate is for."""

    name: x509.Name
    alternative: tuple[x509.GeneralName, ...]
    """DNS names, IP addresses, URIs; empty for a CA."""
    public_key: ec.EllipticCurvePublicKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who signs, and where the world finds what it publishes."""

    certificate: x509.Certificate
    list_url: str
    """Of the revocation list, DER."""
    certificate_url: str
    """Of the issuer's own certificate, DER."""


def builder_for(
    profile: Profile,
    subject: Subject,
    issuer: Issuer | None,
    *,
    now: datetime,
    lifetime: timedelta | None = None,
    permitted: Sequence[x509.GeneralName] = (),
) -> x509.CertificateBuilder:
    """An unsigned certificate that meets ``profile`` if the subject does.

    Args:
        profile: what it must look like.
        subject: whom it is for.
        issuer: who will sign; None for a root, which signs itself.
        now: UTC, aware; the certificate begins five minutes before.
        lifetime: from notBefore to notAfter; None takes the profile's.
        permitted: for a CA, the only names that may stand below it; empty sets no limit.
    """
    begins = now.replace(microsecond=0) - BACKDATED
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject.name)
        .issuer_name(issuer.certificate.subject if issuer else subject.name)
        .public_key(subject.public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + (lifetime or profile.lifetime))
    )
    for extension, critical in _extensions(profile, subject, issuer, permitted):
        builder = builder.add_extension(extension, critical=critical)
    return builder


def _extensions(
    profile: Profile, subject: Subject, issuer: Issuer | None, permitted: Sequence[x509.GeneralName]
) -> Iterable[tuple[x509.ExtensionType, bool]]:
    yield x509.BasicConstraints(ca=profile.is_ca, path_length=profile.path_length), True
    yield key_usage(profile.key_usage), True
    if profile.purpose:
        yield x509.ExtendedKeyUsage([profile.purpose]), False
    if subject.alternative:
        yield x509.SubjectAlternativeName(subject.alternative), False
    if permitted:
        yield x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None), True
    if profile.ocsp_no_check:
        yield x509.OCSPNoCheck(), False
    yield x509.SubjectKeyIdentifier.from_public_key(subject.public_key), False
    yield from _pointers_to(issuer, subject)


def _pointers_to(issuer: Issuer | None, subject: Subject) -> Iterable[tuple[x509.ExtensionType, bool]]:
    if issuer is None:
        yield x509.AuthorityKeyIdentifier.from_issuer_public_key(subject.public_key), False
        return
    own_identifier = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    yield x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own_identifier), False
    yield x509.CRLDistributionPoints([_distribution_point(issuer.list_url)]), False
    location = x509.UniformResourceIdentifier(issuer.certificate_url)
    description = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, location)
    yield x509.AuthorityInformationAccess([description]), False


def _distribution_point(url: str) -> x509.DistributionPoint:
    return x509.DistributionPoint(
        full_name=[x509.UniformResourceIdentifier(url)], relative_name=None, reasons=None, crl_issuer=None
    )


def key_usage(bits: Iterable[str]) -> x509.KeyUsage:
    """The key usage extension with exactly these bits set."""
    wanted = set(bits)
    return x509.KeyUsage(**{bit: bit in wanted for bit in _KEY_USAGE_BITS})


def sign(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """The certificate, signed with ECDSA and SHA-256."""
    return builder.sign(key, hashes.SHA256())


def new_key() -> ec.EllipticCurvePrivateKey:
    """A fresh P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def common_name(text: str) -> x509.Name:
    """A name of one attribute."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def eid_subject(*, given_name: str, family_name: str, personal_code: str) -> x509.Name:
    """A person as a Latvian eID certificate names them.

    Args:
        given_name: with every diacritic.
        family_name: with every diacritic.
        personal_code: with its hyphen, ``DDMMYY-NNNNN`` or ``32NNNN-NNNNN``; becomes ``PNOLV-…`` (ETSI EN 319 412-1).
    """
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "LV"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{given_name} {family_name}"),
            x509.NameAttribute(NameOID.SURNAME, family_name),
            x509.NameAttribute(NameOID.GIVEN_NAME, given_name),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, f"PNOLV-{personal_code}"),
        ]
    )


def alternative_names(
    *, dns: Sequence[str] = (), ip: Sequence[str] = (), uri: Sequence[str] = ()
) -> tuple[x509.GeneralName, ...]:
    """The names as X.509 wants them, each once, in the order given.

    Raises:
        OrderRefused: one of them is no name of its kind.
    """
    try:
        names = (
            *(x509.DNSName(_host_name(name)) for name in dns),
            *(x509.IPAddress(ipaddress.ip_address(address)) for address in ip),
            *(x509.UniformResourceIdentifier(address) for address in uri),
        )
    except ValueError as error:
        raise OrderRefused(f"a name for the certificate is unusable: {error}") from error
    return tuple(dict.fromkeys(names))


def _host_name(text: str) -> str:
    labels = text.split(".")
    if not text.isascii() or not all(label and label.replace("-", "").isalnum() for label in labels):
        raise ValueError(f"{text!r} is no DNS name; write it in ASCII letters, digits, hyphens and dots")
    return text.lower()
