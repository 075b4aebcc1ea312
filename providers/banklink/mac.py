"""The string that is signed, and its signature (banklink.md 4.1 to 4.3)."""

import base64
import binascii
from collections.abc import Iterable
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

LengthUnit = Literal["chars", "bytes"]
HashName = Literal["sha1", "sha256", "sha512"]

LONGEST_VALUE = 999
"""What three digits can say."""

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - version 008; a profile needs a dated exception to name it (T29)
    "sha256": hashes.SHA256(),
    "sha512": hashes.SHA512(),
}
_PADDING = padding.PKCS1v15()
_DROPPED_FROM_BASE64 = str.maketrans("", "", "\r\n\t ")


class MacUnreadable(ValueError):
    """A value cannot stand in a MAC string, or a signature is not Base64."""


def mac_string(values: Iterable[str], *, unit: LengthUnit = "chars", charset: str = "utf-8") -> str:
    """Each value with its length before it in three digits, one after another.

    Args:
        values: in the order of the service; a missing one is empty. Spaces at both ends do not count.
        unit: ``chars`` counts code points, ``bytes`` the bytes of the value in ``charset``.
        charset: of the message; matters for ``bytes`` alone.

    Raises:
        MacUnreadable: a value is longer than 999.
    """
    return "".join(_measured(value.strip(" "), unit, charset) for value in values)


def _measured(value: str, unit: LengthUnit, charset: str) -> str:
    length = len(value) if unit == "chars" else len(value.encode(charset))
    if length > LONGEST_VALUE:
        raise MacUnreadable(f"a value of length {length} cannot be signed; three digits say at most 999")
    return f"{length:03d}{value}"


def sign_mac(text: str, key: rsa.RSAPrivateKey, *, hash_name: HashName, charset: str = "utf-8") -> str:
    """RSASSA-PKCS1-v1_5 over the string's bytes in ``charset``, in Base64 on one line."""
    signature = key.sign(text.encode(charset), _PADDING, _HASHES[hash_name])
    return base64.b64encode(signature).decode("ascii")


def decode_mac(text: str) -> bytes:
    """The signature in a ``VK_MAC`` value; line breaks, tabs and spaces inside it are dropped.

    Raises:
        MacUnreadable: anything else that is not Base64 with padding.
    """
    try:
        return base64.b64decode(text.translate(_DROPPED_FROM_BASE64), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MacUnreadable("the signature is not Base64") from error


def verifies(
    text: str, signature: bytes, keys: Iterable[rsa.RSAPublicKey], *, hash_name: HashName, charset: str
) -> bool:
    """Whether one of ``keys`` made the signature over the string's bytes in ``charset``, with this hash and no other."""
    signed = text.encode(charset)
    return any(_verifies(signed, signature, key, _HASHES[hash_name]) for key in keys)


def _verifies(signed: bytes, signature: bytes, key: rsa.RSAPublicKey, algorithm: hashes.HashAlgorithm) -> bool:
    try:
        key.verify(signature, signed, _PADDING, algorithm)
    except InvalidSignature:
        return False
    return True
