"""What bytes that are to be signed say: who somebody is, or something else. Nothing that is neither is signed.

The signer believes no worker about what it signs. It reads the JWS, the canonical element whose digest stands in a
``SignedInfo``, or the deflated message of the HTTP-Redirect binding.
"""

import base64
import binascii
import json
import re
import zlib
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final
from urllib.parse import unquote_to_bytes

LOGOUT_TOKEN: Final = "logout+jwt"  # noqa: S105 - a type, not a token
_LARGEST: Final = 256 * 1024
_ROOT: Final = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z]+)[\s>/]")
_DIGEST: Final = re.compile(rb"<(?:\w+:)?DigestValue>([^<]*)</(?:\w+:)?DigestValue>")
_SIGN_OUT: Final = frozenset({b"LogoutRequest", b"LogoutResponse"})


class Statement(StrEnum):
    """What signed bytes say."""

    PERSON = "person"
    """Who somebody is: an ID token, an assertion, a response that carries one."""
    OTHER = "other"
    """A refusal, a message of a sign-out, metadata, a code."""


class Unsignable(ValueError):
    """The bytes are nothing that the gateway ever says; the message says why."""


def statement_of_jws(message: bytes) -> Statement:
    """Read the signing input of a JWS (RFC 7515 5.1).

    Raises:
        Unsignable: it is none.
    """
    parts = message.split(b".")
    if len(parts) != 2:
        raise Unsignable("no signing input of a JWS")
    header, claims = (_json(part) for part in parts)
    if header.get("typ") == LOGOUT_TOKEN and "events" in claims:
        return Statement.OTHER  # a portal takes it for nothing else: its typ is under the signature
    return Statement.PERSON if "sub" in claims else Statement.OTHER


def statement_of_xml(message: bytes, document: bytes) -> Statement:
    """Read a SAML message.

    Args:
        message: a canonical ``SignedInfo``, or the octets of the HTTP-Redirect binding.
        document: the canonical element whose digest stands in ``SignedInfo``; empty by HTTP-Redirect.

    Raises:
        Unsignable: it is none, or the element is another.
    """
    if not document:
        return _sign_out_by_redirect(message)
    if _root(message) != b"SignedInfo":
        raise Unsignable("no SignedInfo")
    digests = _DIGEST.findall(message)
    if digests != [base64.b64encode(sha256(document).digest())]:
        raise Unsignable("the digest in SignedInfo is another element's")
    match _root(document):
        case b"Assertion":
            return Statement.PERSON
        case b"Response":  # what is quoted in a text has no angle bracket in its canonical form
            return (
                Statement.PERSON if re.search(rb"<(?:\w+:)?(Encrypted)?Assertion[\s>]", document) else Statement.OTHER
            )
        case b"LogoutRequest" | b"LogoutResponse" | b"EntityDescriptor":
            return Statement.OTHER
        case other:
            raise Unsignable(f"the gateway signs no {other.decode()}")


def _sign_out_by_redirect(message: bytes) -> Statement:
    name, _, rest = message.partition(b"=")
    if name not in {b"SAMLRequest", b"SAMLResponse"}:
        raise Unsignable("neither SignedInfo nor a message by HTTP-Redirect")
    try:
        packed = base64.b64decode(unquote_to_bytes(rest.partition(b"&")[0]), validate=True)
        xml = zlib.decompressobj(wbits=-15).decompress(packed, _LARGEST)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise Unsignable("the message by HTTP-Redirect cannot be read") from error
    if _root(xml) not in _SIGN_OUT:
        raise Unsignable("only messages of a sign-out travel by HTTP-Redirect")
    return Statement.OTHER


def _root(xml: bytes) -> bytes:
    found = _ROOT.match(re.sub(rb"^<\?xml[^>]*\?>\s*", b"", xml))
    return found[1] if found else b""


def _json(part: bytes) -> dict[str, Any]:
    try:
        read = json.loads(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
    except (binascii.Error, ValueError) as error:
        raise Unsignable("no signing input of a JWS") from error
    if not isinstance(read, dict):
        raise Unsignable("no signing input of a JWS")
    return read
