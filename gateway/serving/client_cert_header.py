"""The ``Client-Cert`` header of RFC 9440: one certificate as a structured-field byte sequence (RFC 8941 3.3.5)."""

import base64
import binascii
import re
from typing import Final

_BYTE_SEQUENCE: Final = re.compile(r":([A-Za-z0-9+/]{4,16384}={0,2}):")


class NoClientCertificate(ValueError):
    """The header does not hold exactly one certificate in the form of RFC 9440."""


def parse_client_cert(value: str) -> bytes:
    """The DER bytes between the colons. Raises ``NoClientCertificate``."""
    match = _BYTE_SEQUENCE.fullmatch(value.strip(" "))
    if match is None:
        raise NoClientCertificate("not one byte sequence")
    try:
        return base64.b64decode(match[1], validate=True)
    except binascii.Error as error:
        raise NoClientCertificate("not base64") from error
