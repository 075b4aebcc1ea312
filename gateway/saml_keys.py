"""The keys that sign SAML messages: files of their own, each a private key with the certificate that metadata shows."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from gateway.keys import load_or_make

if TYPE_CHECKING:
    from providers.saml.xml_keys import SigningKey

_RSA_BITS: Final = 3072
"""security.md section 7: where a peer needs RSA, 3072 bits or more."""
_PREFIX: Final = "saml-signing-"


def load_saml_keys(folder: Path, make: Literal["rsa", "ec"]) -> "tuple[SigningKey, ...]":
    """Load the keys that sign SAML messages: ``saml-signing-<number>.pem``, each a key with its certificate.

    The highest number signs, all are published. SAML signs with keys of its own: what one protocol signs can never
    stand for a message of another.

    Args:
        folder: where they are; the first is made when there is none.
        make: which kind to make.

    Raises:
        PermissionError: others may read one.
        ValueError: a file holds no usable key with its certificate, or its name has no number.
    """
    if not any(folder.glob(f"{_PREFIX}*.pem")):
        load_or_make(folder / f"{_PREFIX}1.pem", lambda: _new_saml_key(make))
    numbered = sorted(folder.glob(f"{_PREFIX}*.pem"), key=_number)
    return tuple(_saml_key(path) for path in numbered)


def _saml_key(path: Path) -> "SigningKey":
    from providers.saml.xml_keys import SigningKey  # noqa: PLC0415 - the XML libraries load only where SAML is on

    pem = load_or_make(path, bytes)
    try:
        key = load_pem_private_key(pem, None)
        certificate = x509.load_pem_x509_certificate(pem)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} must hold a private key and its certificate, in PEM, without a passphrase") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ValueError(f"{path} holds a key that is neither RSA nor EC")  # noqa: TRY004 - bad input, one type for all
    try:
        return SigningKey.of(key, certificate)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _new_saml_key(kind: Literal["rsa", "ec"]) -> bytes:
    """Make a key and a certificate around it, which metadata shows; nobody validates the certificate."""
    key = ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else rsa.generate_private_key(65537, _RSA_BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "VPM SAML signing")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=3653))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)


def _number(path: Path) -> int:
    number = path.stem.removeprefix(_PREFIX)
    if not number.isdecimal():
        raise ValueError(f"{path}: call it {_PREFIX}<number>.pem; the highest number signs")
    return int(number)
