"""How messages travel through the browser: HTTP-Redirect and HTTP-POST (SAML 2.0 Bindings 3.4, 3.5)."""

import base64
import binascii
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote_plus, unquote_to_bytes

from providers.saml.document_signer import DocumentSigner
from providers.saml.errors import SamlRefused, SignatureRefused, UnsafeXml
from providers.saml.gate import MAX_BYTES
from providers.saml.keys import VerifyingKey

MAX_RELAY_STATE: Final = 2048
"""Bytes. The specification says 80, and no service provider in the field keeps to it."""
_MESSAGES: Final = ("SAMLRequest", "SAMLResponse")
_DEFLATE: Final = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
_KNOWN: Final = frozenset({*_MESSAGES, "RelayState", "SigAlg", "Signature", "SAMLEncoding"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A message as the browser brought it; nothing in it is believed yet."""

    xml: bytes
    """As decoded; not parsed."""
    kind: str
    """``SAMLRequest`` or ``SAMLResponse``."""
    relay_state: str | None
    """Opaque."""
    signed: bytes | None = None
    """HTTP-Redirect: the octets that the signature covers, exactly as they came."""
    algorithm: str | None = None
    signature: bytes | None = None

    @property
    def by_redirect(self) -> bool:
        """Whether the signature stands beside the message and not in it."""
        return self.signed is not None

    def verify_redirect(self, keys: Iterable[VerifyingKey]) -> None:
        """Verify the signature over the raw query (T26).

        Raises:
            SignatureRefused: it is missing, or none of the keys made it.
        """
        if self.signed is None or self.signature is None:
            raise SignatureRefused("signed", "the query carries no Signature")
        fitting = [key for key in keys if key.algorithm == self.algorithm]
        if not fitting:
            raise SignatureRefused("allowed_algorithm", "SigAlg is not that of a pinned key")
        if not any(key.verify_bytes(self.signature, self.signed) for key in fitting):
            raise SignatureRefused("authentic", "no pinned key of the sender verifies the query")


def read_redirect(query: bytes) -> Carried:
    """Take a message out of a query string, keeping the octets that are signed.

    Raises:
        SamlRefused: the query is malformed, holds anything twice or anything else, or inflates too far.
    """
    raw = _raw_parameters(query, _KNOWN)
    kind = _one_message(raw)
    if raw.get("SAMLEncoding") not in {None, quote_plus(_DEFLATE).encode(), _DEFLATE.encode()}:
        raise SamlRefused("readable_message", "SAMLEncoding must be DEFLATE")
    signed = b"&".join(name.encode() + b"=" + raw[name] for name in (kind, "RelayState", "SigAlg") if name in raw)
    return Carried(
        xml=_inflate(_base64(_decoded(raw[kind]))),
        kind=kind,
        relay_state=_relay_state(raw),
        signed=signed,
        algorithm=_decoded(raw["SigAlg"]).decode("ascii", "replace") if "SigAlg" in raw else None,
        signature=_base64(_decoded(raw["Signature"])) if "Signature" in raw else None,
    )


def read_post(body: bytes) -> Carried:
    """Take a message out of a form.

    Raises:
        SamlRefused: the form is malformed, or holds anything twice.
    """
    raw = _raw_parameters(body, frozenset({*_MESSAGES, "RelayState"}))
    kind = _one_message(raw)
    return Carried(xml=_base64(_decoded(raw[kind])), kind=kind, relay_state=_relay_state(raw))


def redirect_query(kind: str, xml: bytes, relay_state: str | None, key: DocumentSigner) -> str:
    """Make the signed query that carries a message of ours."""
    packed = zlib.compressobj(wbits=-15)
    deflated = packed.compress(xml) + packed.flush()
    pairs = [(kind, base64.b64encode(deflated).decode())]
    if relay_state is not None:
        pairs.append(("RelayState", relay_state))
    pairs.append(("SigAlg", key.algorithm))
    query = "&".join(f"{name}={quote_plus(value)}" for name, value in pairs)
    return f"{query}&Signature={quote_plus(base64.b64encode(key.sign_bytes(query.encode())).decode())}"


def post_fields(kind: str, xml: bytes, relay_state: str | None) -> tuple[tuple[str, str], ...]:
    """Make the fields of the form that carries a message of ours."""
    message = (kind, base64.b64encode(xml).decode())
    return (message,) if relay_state is None else (message, ("RelayState", relay_state))


def _raw_parameters(query: bytes, known: frozenset[str]) -> dict[str, bytes]:
    """Split without decoding: what is signed is what came."""
    raw: dict[str, bytes] = {}
    for pair in query.split(b"&"):
        name, equals, value = pair.partition(b"=")
        text = name.decode("ascii", "replace")
        if text not in known or not equals:
            raise SamlRefused("readable_message", "a parameter is unknown or written in another way")
        if text in raw:
            raise SamlRefused("no_parameter_twice", "a parameter was sent more than once")
        raw[text] = value
    return raw


def _one_message(raw: dict[str, bytes]) -> str:
    found = [name for name in _MESSAGES if name in raw]
    if len(found) != 1:
        raise SamlRefused("readable_message", "there must be one SAMLRequest or SAMLResponse")
    return found[0]


def _decoded(value: bytes) -> bytes:
    return unquote_to_bytes(value.replace(b"+", b" "))


def _base64(value: bytes) -> bytes:
    """Decode base64, with the line breaks that MIME would have."""
    try:
        return base64.b64decode(b"".join(value.split(b"\r\n")).replace(b"\n", b""), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SamlRefused("readable_message", "the message or signature is not base64") from error


def _inflate(deflated: bytes) -> bytes:
    """Inflate up to the limit and not a byte further (T24)."""
    unpacked = zlib.decompressobj(wbits=-15)
    try:
        content = unpacked.decompress(deflated, MAX_BYTES + 1)
    except zlib.error as error:
        raise SamlRefused("readable_message", "the message is not deflated") from error
    if len(content) > MAX_BYTES:
        raise UnsafeXml("bounded_size", f"the message inflates beyond {MAX_BYTES} bytes")
    if not unpacked.eof or unpacked.unused_data:
        raise SamlRefused("readable_message", "the message is cut short or followed by something")
    return content


def _relay_state(raw: dict[str, bytes]) -> str | None:
    if "RelayState" not in raw:
        return None
    try:
        text = _decoded(raw["RelayState"]).decode()
    except UnicodeDecodeError as error:
        raise SamlRefused("readable_message", "RelayState is not UTF-8") from error
    if len(text.encode()) > MAX_RELAY_STATE or any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise SamlRefused("sane_relay_state", f"RelayState is longer than {MAX_RELAY_STATE} bytes or holds controls")
    return text
