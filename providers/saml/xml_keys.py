"""Keys as the XML security library has them: ours that sign, and pinned ones, each parsed once."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from providers.saml.keys import COORDINATE, VerifyingKey, algorithm_for
from providers.saml.names import ECDSA_SHA256, RSA_SHA256

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_METHODS: Final = {
    RSA_SHA256: xmlsec.constants.TransformRsaSha256,
    ECDSA_SHA256: xmlsec.constants.TransformEcdsaSha256,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key of ours with the certificate that metadata shows; parsed once."""

    name: str
    """What audit records call it: the first 16 hexadecimal digits of the SHA-256 of its public half."""
    algorithm: str
    certificate: x509.Certificate
    private: PrivateKey
    xml_key: xmlsec.Key

    @classmethod
    def of(cls, private: PrivateKey, certificate: x509.Certificate) -> "SigningKey":
        """Open a key.

        Raises:
            ValueError: it is of a kind that is not used, or the certificate belongs to another key.
        """
        public = private.public_key()
        if certificate.public_key() != public:
            raise ValueError("the certificate is another key's")
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return cls(
            name=x509.SubjectKeyIdentifier.from_public_key(public).digest.hex()[:16],
            algorithm=algorithm_for(public),
            certificate=certificate,
            private=private,
            xml_key=xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem),
        )

    def sign_bytes(self, content: bytes, document: bytes = b"") -> bytes:
        """Sign bytes; see ``DocumentSigner``."""
        del document
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(content, padding.PKCS1v15(), SHA256())
        r, s = decode_dss_signature(self.private.sign(content, ec.ECDSA(SHA256())))
        return r.to_bytes(COORDINATE, "big") + s.to_bytes(COORDINATE, "big")

    @property
    def verifying(self) -> VerifyingKey:
        """The public half."""
        return VerifyingKey.of(self.private.public_key())


def method_of(algorithm: str) -> object:
    """Give xmlsec's name of a signature algorithm."""
    return _METHODS[algorithm]


@lru_cache(maxsize=4096)
def xml_key_of(pem: bytes) -> xmlsec.Key:
    """Give the key as xmlsec has it; parsed once per key and process."""
    return xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem)
