"""Certificates of the made-up people: one for signing in and one for signing documents, as the scheme issues them.

A certificate is made when it is first asked for and kept, so that a person stays the same person; the honest ones are
what eid-providers.md 10.8 describes, every other one carries exactly one mistake.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from threading import Lock
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from mock_bank.personas import Persona
from mock_bank.settings import SmartIdEntry

QUALIFIED: Final = ("1.3.6.1.4.1.10015.3.17.2", "0.4.0.2042.1.2")
ADVANCED: Final = ("1.3.6.1.4.1.10015.17.1", "0.4.0.2042.1.1")
SIGN_IN: Final = x509.ObjectIdentifier("1.3.6.1.4.1.62306.5.7.0")
BITS: Final = (
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
LIFE: Final = timedelta(days=365 * 3)

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@lru_cache(maxsize=64)
def key_of(owner: str) -> rsa.RSAPrivateKey:
    """The key in somebody's telephone; it stays the same whatever certificates are made about it."""
    del owner  # a key is as random as any other; its owner only says which of them it is
    return rsa.generate_private_key(65537, 2048)


@dataclass(frozen=True, slots=True)
class Held:
    """A certificate and the key that it is about."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def der(self) -> bytes:
        """As it stands in a result."""
        return self.certificate.public_bytes(Encoding.DER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a certificate is made; every default is honest."""

    level: str = "QUALIFIED"
    policies: tuple[str, ...] | None = None
    """None: those of the level."""
    bits: tuple[str, ...] = ("digital_signature",)
    purposes: tuple[x509.ObjectIdentifier, ...] = (SIGN_IN,)
    begins: timedelta = timedelta(days=-1)
    """From now."""
    ends: timedelta = LIFE
    code: str = "PNOLV-{code}"
    """serialNumber; ``{code}`` is the personal code with its hyphen."""
    joined_name: bool = False
    """Both names in surname, none in givenName."""
    issuer: str = "scheme"
    """``scheme``, ``stranger`` (same name, other key) or ``person`` (a person's certificate as an authority)."""
    twice: bool = False
    """serialNumber stands there twice."""


@dataclass(slots=True)
class People:
    """Everybody's certificates under one authority."""

    entry: SmartIdEntry
    clock: Callable[[], datetime]
    ocsp_url: Callable[[], str] = lambda: ""
    """Where the authority answers for its certificates."""
    authority: x509.Certificate = field(init=False)
    key: Key = field(init=False)
    _made: dict[tuple[str, Shape], Held] = field(default_factory=dict)
    _strangers_key: Key = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    _guard: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        """Read the authority.

        Raises:
            OSError, ValueError: its files do not hold a certificate and its key.
        """
        self.authority = x509.load_pem_x509_certificate(self.entry.ca_certificate.read_bytes())
        key = load_pem_private_key(self.entry.ca_key.read_bytes(), password=None)
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise ValueError(f"{self.entry.ca_key}: the authority's key must be RSA or EC")  # noqa: TRY004 - it is the file that is wrong
        self.key = key

    def certificate_of(self, person: Persona, shape: Shape) -> Held:
        """A person's certificate of that shape; the same each time."""
        with self._guard:
            made = self._made.get((person.user_number, shape))
            if made is None:
                made = self._made[person.user_number, shape] = self._issue(person, shape)
            return made

    def knows(self, serial: int) -> bool:
        """Whether a certificate of this serial number was made here."""
        return any(held.certificate.serial_number == serial for held in list(self._made.values()))

    def signer(self, *, purpose: bool = True) -> tuple[x509.Certificate, Key]:
        """A certificate that may answer about revocation, directly below the authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = self.clock()
        builder = _builder(_name({NameOID.COMMON_NAME: "Mock Smart-ID OCSP"}), self.authority.subject, key.public_key())
        builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        builder = builder.add_extension(_usage(("digital_signature",)), critical=True)
        if purpose:
            purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
            builder = builder.add_extension(purposes, critical=False).add_extension(x509.OCSPNoCheck(), critical=False)
        return builder.sign(self.key, hashes.SHA256()), key

    def _issue(self, person: Persona, shape: Shape) -> Held:
        key = key_of(person.user_number)
        issuer, signing = self._issuer(person, shape)
        builder = _builder(_subject(person, shape), issuer, key.public_key())
        now = self.clock()
        builder = builder.not_valid_before(now + shape.begins).not_valid_after(now + shape.ends)
        for extension, critical in self._extensions(shape):
            builder = builder.add_extension(extension, critical=critical)
        return Held(builder.sign(signing, hashes.SHA256()), key)

    def _issuer(self, person: Persona, shape: Shape) -> tuple[x509.Name, Key]:
        if shape.issuer == "stranger":
            return self.authority.subject, self._strangers_key
        if shape.issuer == "person":
            between = self._issue(person, Shape())
            return between.certificate.subject, between.key
        return self.authority.subject, self.key

    def _extensions(self, shape: Shape) -> list[tuple[x509.ExtensionType, bool]]:
        named = shape.policies or (QUALIFIED if shape.level == "QUALIFIED" else ADVANCED)
        policies = [x509.PolicyInformation(x509.ObjectIdentifier(each), None) for each in named]
        place = x509.UniformResourceIdentifier(self.ocsp_url())
        return [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (_usage(shape.bits), True),
            *([(x509.ExtendedKeyUsage(shape.purposes), False)] if shape.purposes else []),
            (x509.CertificatePolicies(policies), False),
            (
                x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)]),
                False,
            ),
        ]


def _builder(subject: x509.Name, issuer: x509.Name, key: Any) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    return builder.serial_number(x509.random_serial_number())


def _usage(bits: tuple[str, ...]) -> x509.KeyUsage:
    return x509.KeyUsage(**{bit: bit in bits for bit in BITS})


def _subject(person: Persona, shape: Shape) -> x509.Name:
    code = shape.code.replace("{code}", person.personal_code)
    family = f"{person.given_name} {person.family_name}" if shape.joined_name else person.family_name
    parts = {
        NameOID.COUNTRY_NAME: "LV",
        NameOID.COMMON_NAME: f"{person.family_name},{person.given_name}"[:64],
        NameOID.SURNAME: family,
        NameOID.GIVEN_NAME: "" if shape.joined_name else person.given_name,
        NameOID.SERIAL_NUMBER: code,
    }
    name = _name({oid: value for oid, value in parts.items() if value})
    if not shape.twice:
        return name
    return x509.Name([*name.rdns, x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.SERIAL_NUMBER, code)])])


def _name(parts: Mapping[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts.items()])
