"""Whether the app's key signed (eid-providers.md 10.8 step 10, 10.11): one hash, the one that was asked for."""

from types import MappingProxyType
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from providers.errors import AssertionRejected
from providers.refusals import SENTENCES, Reason
from providers.smart_id.result import PssParameters, ResultV2, ResultV3

PSS: Final = "rsassa-pss"
HASH: Final = "SHA-512"
"""Asked for in every request, and the only one that is accepted."""
MASK: Final = "id-mgf1"
TRAILER: Final = "0xbc"
SALT_LENGTH: Final = 64
SMALLEST_KEY: Final = 2048
"""Bits (8.6)."""

HASH_OF_V2: Final = "SHA512"
ALGORITHM_OF_V2: Final = "sha512WithRSAEncryption"
DIGEST_LENGTH: Final = 64

REQUESTED_PARAMETERS: Final = MappingProxyType({"hashAlgorithm": HASH})


def verify_pss(result: ResultV3, key: object, payload: bytes) -> None:
    """RSASSA-PSS with exactly the parameters that were asked for.

    Raises:
        AssertionRejected: ``bad_signature``.
    """
    wanted = PssParameters(hash=HASH, mask=MASK, mask_hash=HASH, salt_length=SALT_LENGTH, trailer=TRAILER)
    if result.algorithm != PSS or result.parameters != wanted:
        raise AssertionRejected(Reason.BAD_SIGNATURE, "the signature's algorithm or parameters are not those asked for")
    salted = padding.PSS(mgf=padding.MGF1(hashes.SHA512()), salt_length=SALT_LENGTH)
    _verify(key, result.value, payload, salted, hashes.SHA512())


def verify_digest(result: ResultV2, key: object, digest: bytes) -> None:
    """PKCS#1 v1.5 over a digest, as version 2 has it.

    Raises:
        AssertionRejected: ``bad_signature``.
    """
    if result.algorithm != ALGORITHM_OF_V2:
        raise AssertionRejected(Reason.BAD_SIGNATURE, "the signature's algorithm is not the one asked for")
    _verify(key, result.value, digest, padding.PKCS1v15(), Prehashed(hashes.SHA512()))


def _verify(
    key: object,
    signature: bytes,
    signed: bytes,
    scheme: padding.AsymmetricPadding,
    algorithm: hashes.SHA512 | Prehashed,
) -> None:
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < SMALLEST_KEY:
        raise AssertionRejected(Reason.BAD_SIGNATURE, "the certificate's key is no RSA key of 2048 bits or more")
    try:
        key.verify(signature, signed, scheme, algorithm)
    except InvalidSignature as error:
        raise AssertionRejected(Reason.BAD_SIGNATURE, SENTENCES[Reason.BAD_SIGNATURE]) from error
