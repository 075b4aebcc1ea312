"""The banklink wire format, written from the specification alone (banklink.md sections 3 to 6).

A message is a form body; its signature covers a string of length-prefixed values in an order that depends on the
service. Nothing here judges a message; ``request_checks`` does.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512, Hash, HashAlgorithm

MAC_ORDER: Final[Mapping[str, tuple[str, ...]]] = {
    "4012": ("VK_SERVICE", "VK_VERSION", "VK_SND_ID", "VK_REC_ID", "VK_NONCE", "VK_RETURN", "VK_DATETIME", "VK_RID"),
    "4011": ("VK_SERVICE", "VK_VERSION", "VK_SND_ID", "VK_REPLY", "VK_RETURN", "VK_DATETIME", "VK_RID"),
    "4002": ("VK_SERVICE", "VK_VERSION", "VK_SND_ID", "VK_REC_ID", "VK_NONCE", "VK_RETURN"),
    "4001": ("VK_SERVICE", "VK_VERSION", "VK_SND_ID", "VK_REPLY", "VK_RETURN", "VK_DATE", "VK_TIME"),
    "3013": (
        "VK_SERVICE", "VK_VERSION", "VK_DATETIME", "VK_SND_ID", "VK_REC_ID", "VK_NONCE",
        "VK_USER_NAME", "VK_USER_ID", "VK_COUNTRY", "VK_OTHER", "VK_TOKEN", "VK_RID",
    ),
    "3012": (
        "VK_SERVICE", "VK_VERSION", "VK_USER", "VK_DATETIME", "VK_SND_ID", "VK_REC_ID",
        "VK_USER_NAME", "VK_USER_ID", "VK_COUNTRY", "VK_OTHER", "VK_TOKEN", "VK_RID",
    ),
    "3003": ("VK_SERVICE", "VK_VERSION", "VK_SND_ID", "VK_REC_ID", "VK_NONCE", "VK_INFO"),
    "3002": ("VK_SERVICE", "VK_VERSION", "VK_USER", "VK_DATE", "VK_TIME", "VK_SND_ID", "VK_INFO"),
}  # fmt: skip
"""Which fields are signed, in which order (banklink.md section 6)."""

MAX_LENGTH: Final[Mapping[str, int]] = {
    "VK_SERVICE": 4, "VK_VERSION": 3, "VK_SND_ID": 15, "VK_REC_ID": 15, "VK_NONCE": 50, "VK_RETURN": 255,
    "VK_REPLY": 4, "VK_DATETIME": 24, "VK_DATE": 10, "VK_TIME": 8, "VK_RID": 30, "VK_USER": 16,
    "VK_USER_NAME": 140, "VK_USER_ID": 20, "VK_COUNTRY": 2, "VK_OTHER": 150, "VK_TOKEN": 2, "VK_INFO": 300,
    "VK_MAC": 700, "VK_ENCODING": 12, "VK_CHARSET": 20, "VK_LANG": 3,
}  # fmt: skip
"""Most symbols a value may have (banklink.md section 5)."""

CHARSETS: Final[Mapping[str, str]] = {"utf-8": "utf-8", "iso-8859-1": "iso-8859-1", "windows-1257": "cp1257"}
"""Charset names of rule 10, lower case, and what Python calls them."""

HASHES: Final[Mapping[str, HashAlgorithm]] = {
    "sha1": SHA1(),  # noqa: S303 -- version 008 of the protocol is defined with it
    "sha256": SHA256(),
    "sha384": SHA384(),
    "sha512": SHA512(),
}
HASH_OF_VERSION: Final[Mapping[str, str]] = {"008": "sha1", "009": "sha512"}

LengthUnit = Literal["chars", "bytes"]
Prefix = Literal["padded", "plain", "none"]

MAX_BODY: Final = 64 * 1024
MAX_PARAMETERS: Final = 64


class Malformed(ValueError):
    """Bytes that are no banklink message."""


@dataclass(frozen=True, slots=True)
class Message:
    """A form as it was sent: pairs in their order, and the charset that they were read with."""

    pairs: tuple[tuple[str, str], ...]
    charset: str
    """Python's name of the charset."""

    @property
    def fields(self) -> dict[str, str]:
        """The first value of each name, as sent."""
        return dict(self.pairs) | dict(reversed(self.pairs))

    @property
    def repeated(self) -> tuple[str, ...]:
        """Names that occur more than once (rule 11)."""
        names = [name for name, _ in self.pairs]
        return tuple(dict.fromkeys(name for name in names if names.count(name) > 1))


def parse_form(body: bytes) -> Message:
    """Read a form body in the charset that its own ``VK_ENCODING`` (or ``VK_CHARSET``) names.

    Raises:
        Malformed: not ASCII, too large, an unknown charset, or bytes that are not of that charset.
    """
    if len(body) > MAX_BODY:
        raise Malformed(f"the body has {len(body)} bytes; {MAX_BODY} are allowed")
    try:
        text = body.decode("ascii")
    except UnicodeDecodeError as error:
        raise Malformed(f"byte {error.start} of the body is not ASCII; a form must be percent-encoded") from error
    return Message(_pairs(text, charset := declared_charset(text)), charset)


def declared_charset(text: str) -> str:
    """Python's name of the charset that a form body declares; UTF-8 when it declares none.

    Raises:
        Malformed: a charset outside rule 10.
    """
    named = dict(_pairs(text, "iso-8859-1"))
    name = (named.get("VK_ENCODING") or named.get("VK_CHARSET") or "UTF-8").strip(" ")
    if name.lower() not in CHARSETS:
        raise Malformed("VK_ENCODING names a charset other than UTF-8, ISO-8859-1 and WINDOWS-1257")
    return CHARSETS[name.lower()]


def _pairs(text: str, charset: str) -> tuple[tuple[str, str], ...]:
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, encoding=charset, errors="strict", max_num_fields=MAX_PARAMETERS
        )
    except UnicodeDecodeError as error:
        raise Malformed(
            f"a value is not {charset}: byte {error.object[error.start]:#04x} cannot stand there"
        ) from error
    except ValueError as error:
        raise Malformed(f"more than {MAX_PARAMETERS} parameters") from error
    return tuple(pairs)


def mac_string(
    values: Iterable[str], *, unit: LengthUnit = "chars", charset: str = "utf-8", prefix: Prefix = "padded"
) -> str:
    """Join values, each behind its length (banklink.md 4.1); values are taken as they are.

    Raises:
        Malformed: a value of more than 999 symbols, for which three digits do not suffice.
    """
    return "".join(_prefixed(value, unit, charset, prefix) for value in values)


def _prefixed(value: str, unit: LengthUnit, charset: str, prefix: Prefix) -> str:
    length = len(value) if unit == "chars" else len(value.encode(charset, errors="replace"))
    if length > 999:
        raise Malformed("a signed value has more than 999 symbols")
    return {"padded": f"{length:03d}{value}", "plain": f"{length}{value}", "none": value}[prefix]


def signed_values(fields: Mapping[str, str], order: Sequence[str]) -> list[str]:
    """The values that the MAC covers: blanks at both ends removed (rules 4, 12), missing ones empty (rule 2)."""
    return [fields.get(name, "").strip(" ") for name in order]


def sign(key: rsa.RSAPrivateKey, text: bytes, hash_name: str) -> str:
    """RSASSA-PKCS1-v1_5 over the bytes, as one line of Base64 (banklink.md 4.3)."""
    return base64.b64encode(key.sign(text, padding.PKCS1v15(), HASHES[hash_name])).decode("ascii")


def decode_mac(value: str) -> bytes:
    """The bytes of ``VK_MAC``; CR, LF, tab and blanks inside it are dropped (banklink.md 4.3).

    Raises:
        Malformed: anything else that is not standard Base64.
    """
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("VK_MAC is not Base64 with the standard alphabet and padding") from error


def digest(text: bytes, hash_name: str) -> str:
    """Hexadecimal digest of the bytes that are signed."""
    hasher = Hash(HASHES[hash_name])
    hasher.update(text)
    return hasher.finalize().hex()
