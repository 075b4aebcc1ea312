"""The certificate that SAML metadata shows around a key; who reads it takes the key out and validates nothing."""

import base64
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from gateway.signing.signer import PublicKey

_LIFETIME: Final = timedelta(days=3653)


def certified(public: PublicKey, now: datetime) -> dict[str, Any]:
    """Give a public key as a JWK with a certificate (RFC 7517 4.7).

    It is signed by a key that is forgotten at once: a key in a token signs what the gateway says and nothing else, and
    trust comes from the metadata that holds the certificate (SAML 2.0 Metadata 2.4.1.1), not from who signed it.
    """
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name("VPM SAML signing"))
        .issuer_name(_name("Nobody: trust the metadata"))
        .public_key(public.public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _LIFETIME)
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    )
    der = certificate.public_bytes(Encoding.DER)
    return {**public.as_dict(private=False), "x5c": [base64.b64encode(der).decode("ascii")]}


def certificate_in(jwk: dict[str, Any]) -> x509.Certificate:
    """Read the certificate back.

    Raises:
        ValueError: there is none.
    """
    try:
        return x509.load_der_x509_certificate(base64.b64decode(jwk["x5c"][0]))
    except (KeyError, IndexError) as error:
        raise ValueError(f"the key {jwk.get('kid')} has no certificate; restore the ring from its backup") from error


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
