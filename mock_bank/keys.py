"""Keys, read at start and on SIGHUP, and kept as objects: parsing an RSA key costs more than a hundred signatures."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from mock_bank.settings import BankSettings, InvalidSettings, Partner

Read = TypeVar("Read")


class UnusableKey(ValueError):
    """A key file that does not hold the kind of key asked for; says which and what was expected."""


@dataclass(frozen=True, slots=True)
class KnownPartner:
    """A partner with its key and certificates at hand."""

    settings: Partner
    public_keys: tuple[rsa.RSAPublicKey, ...]
    """The first is the partner's own; a second one is believed as well while it changes its key."""
    client_certificates: tuple[str, ...]
    """SHA-256 of each registered client certificate, lower-case hexadecimal, in order of registration."""
    assertion_key: ec.EllipticCurvePublicKey | None = None
    """With what it signs client assertions, where it asks by OpenID Connect in that way."""

    @property
    def id(self) -> str:
        """The id issued by the bank: ``VK_SND_ID`` of its requests."""
        return self.settings.id


@dataclass(frozen=True, slots=True)
class BankKeys:
    """Every key of the bank and of its partners."""

    banklink: rsa.RSAPrivateKey
    confirmation: ec.EllipticCurvePrivateKey
    partners: dict[str, KnownPartner]
    oidc: ec.EllipticCurvePrivateKey | None = None
    """Signs ID tokens, where the bank is an OpenID Connect provider."""


def open_keys(settings: BankSettings) -> BankKeys:
    """Read every key named in the settings.

    Raises:
        InvalidSettings: naming each file that does not hold what it must.
    """
    problems: list[str] = []
    banklink = _tried(partial(rsa_private_key, settings.banklink.signing_key), problems)
    confirmation = _tried(partial(p256_private_key, settings.confirmation.signing_key), problems)
    oidc = _tried(partial(p256_private_key, settings.oidc.signing_key), problems) if settings.oidc else None
    partners = [_tried(partial(_partner, each), problems) for each in settings.partners]
    if banklink is None or confirmation is None or problems:
        raise InvalidSettings(problems)
    return BankKeys(banklink, confirmation, {each.id: each for each in partners if each is not None}, oidc)


def _tried(read: Callable[[], Read], problems: list[str]) -> Read | None:
    try:
        return read()
    except (UnusableKey, ValueError) as error:
        problems.append(str(error))
        return None


def rsa_private_key(path: Path) -> rsa.RSAPrivateKey:
    """An RSA private key of 2048 bits or more from a PEM file without a pass phrase; raises ``UnusableKey``."""
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < 2048:
        raise UnusableKey(f"{path}: banklink signs with RSA of 2048 bits or more; this is another key")
    return key


def p256_private_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """A P-256 private key from a PEM file without a pass phrase; raises ``UnusableKey``."""
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise UnusableKey(f"{path}: confirmations are signed with P-256; this is another key")
    return key


def rsa_public_key(pem: bytes, source: object) -> rsa.RSAPublicKey:
    """An RSA public key from PEM, bare or inside a certificate; raises ``UnusableKey``."""
    is_certificate = b"BEGIN CERTIFICATE" in pem
    key = x509.load_pem_x509_certificate(pem).public_key() if is_certificate else load_pem_public_key(pem)
    if not isinstance(key, rsa.RSAPublicKey):
        raise UnusableKey(f"{source}: banklink messages are signed with RSA; this is another key")
    return key


def p256_public_key(path: Path) -> ec.EllipticCurvePublicKey:
    """A P-256 public key from a PEM file; raises ``UnusableKey``."""
    key = load_pem_public_key(path.read_bytes())
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise UnusableKey(f"{path}: client assertions are signed with P-256; this is another key")
    return key


def certificate_fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the DER form, lower-case hexadecimal."""
    return certificate.fingerprint(SHA256()).hex()


def _partner(settings: Partner) -> KnownPartner:
    read = (x509.load_pem_x509_certificate(path.read_bytes()) for path in settings.client_certificate_files)
    registered = (*settings.client_certificates, *map(certificate_fingerprint, read))
    files = (settings.public_key, *settings.further_public_keys)
    keys = tuple(rsa_public_key(file.read_bytes(), file) for file in files)
    assertion = settings.oidc.assertion_key if settings.oidc else None
    return KnownPartner(settings, keys, registered, p256_public_key(assertion) if assertion else None)
