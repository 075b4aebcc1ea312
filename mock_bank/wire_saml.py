"""SAML 2.0 on the wire, from the OASIS documents: reading requests, writing responses, signing with signxml.

``lxml`` parses and canonicalises, ``signxml`` signs and verifies, ``cryptography`` encrypts; nothing is shared with the
gateway, which uses other libraries.
"""

import base64
import binascii
import hashlib
import re
import secrets
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl
from urllib.request import urlopen
from xml.sax.saxutils import escape, quoteattr

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier

A: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
P: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
MD: Final = "urn:oasis:names:tc:SAML:2.0:metadata"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
XENC: Final = "http://www.w3.org/2001/04/xmlenc#"
SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
BINDING: Final = "urn:oasis:names:tc:SAML:2.0:bindings:"
STATUS: Final = "urn:oasis:names:tc:SAML:2.0:status:"
RSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
LARGEST: Final = 256 * 1024
PLACE: Final = '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="placeholder"></ds:Signature>'
"""Where signxml puts the signature: it looks for an element of this name with this Id, and puts its own in its place."""


class Malformed(ValueError):
    """Bytes that are no SAML message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A request as the browser brought it."""

    xml: bytes
    relay_state: str | None
    signed: bytes | None = None
    """HTTP-Redirect: the octets that the signature beside the message covers; None by HTTP-POST."""
    algorithm: str = ""
    signature: bytes = b""


def carried_in_query(query: bytes) -> Carried:
    """Take a request out of a query (SAML 2.0 Bindings 3.4.4); raises ``Malformed``."""
    raw = dict(part.partition(b"=")[::2] for part in query.split(b"&"))
    fields = _fields(query)
    signed = b"&".join(name + b"=" + raw[name] for name in (b"SAMLRequest", b"RelayState", b"SigAlg") if name in raw)
    return Carried(
        xml=_inflated(_unbase64(fields.get("SAMLRequest", ""))),
        relay_state=fields.get("RelayState"),
        signed=signed,
        algorithm=fields.get("SigAlg", ""),
        signature=_unbase64(fields.get("Signature", "")),
    )


def carried_in_form(body: bytes) -> Carried:
    """Take a request out of a form (Bindings 3.5.4); raises ``Malformed``."""
    fields = _fields(body)
    return Carried(xml=_unbase64(fields.get("SAMLRequest", "")), relay_state=fields.get("RelayState"))


def _fields(encoded: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(encoded.decode("ascii"), keep_blank_values=True, max_num_fields=16)
    except ValueError as error:
        raise Malformed("the parameters cannot be read") from error
    if len(dict(pairs)) != len(pairs):
        raise Malformed("a parameter occurs twice")
    return dict(pairs)


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(re.sub(r"\s", "", text), validate=True)
    except binascii.Error as error:
        raise Malformed("a parameter is not base64") from error


def _inflated(packed: bytes) -> bytes:
    opener = zlib.decompressobj(wbits=-15)
    try:
        content = opener.decompress(packed, LARGEST + 1)
    except zlib.error as error:
        raise Malformed("the message is not deflated") from error
    if len(content) > LARGEST:
        raise Malformed(f"the message inflates beyond {LARGEST} bytes")
    return content


def parsed(xml: bytes, *, entities: bool = False, fetches: bool = False) -> Any:
    """The root of a document; raises ``Malformed``.

    Args:
        xml: at most 256 KiB.
        entities: expand the entities of its DOCTYPE; else one is refused (``sam.xxe-internal``).
        fetches: also load what its DOCTYPE refers to (``sam.xxe-external``).
    """
    if len(xml) > LARGEST:
        raise Malformed(f"the message is larger than {LARGEST} bytes")
    if not (entities or fetches) and b"<!" in xml:
        raise Malformed("a DOCTYPE, comment or CDATA section stands in the message")
    parser = etree.XMLParser(resolve_entities=entities or fetches, load_dtd=fetches, no_network=True)
    if fetches:
        parser.resolvers.add(_Fetches())
    try:
        return etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise Malformed("the message is not well-formed XML") from error


class _Fetches(etree.Resolver):  # type: ignore[misc]  # lxml ships no types
    """Loads whatever a document refers to by http, as the fault ``sam.xxe-external`` asks."""

    def resolve(self, url: str, _public_id: str | None, context: Any) -> Any:
        if not url.startswith("http://"):
            return self.resolve_empty(context)
        with urlopen(url, timeout=5) as answer:  # noqa: S310 -- the fault is to do just this
            return self.resolve_string(answer.read(), context)


def alone(part: Any) -> Any:
    """An element as a document of its own, with the namespaces that it inherited."""
    return etree.fromstring(etree.tostring(part, with_tail=False))


def form_value(xml: str) -> str:
    """A message as a form carries it."""
    return base64.b64encode(xml.encode()).decode()


def query_is_signed(carried: Carried, certificate: x509.Certificate, *, sha1: bool = False) -> bool:
    """Whether the certificate's key made the signature beside a message (RSA-SHA256)."""
    key = certificate.public_key()
    hashed = SHA1() if sha1 else SHA256()  # noqa: S303 -- for ``sam.accept-sha1-request`` alone
    if not isinstance(key, rsa.RSAPublicKey) or (carried.algorithm != RSA_SHA256 and not sha1):
        return False
    try:
        key.verify(carried.signature, carried.signed or b"", padding.PKCS1v15(), hashed)
    except InvalidSignature:
        return False
    return True


def signed_part(root: Any, certificate: x509.Certificate | None) -> Any:
    """The element that a certificate's key signed within a message, parsed from the signed bytes.

    Args:
        root: the message, whose own signature is looked at.
        certificate: whose; None believes whatever certificate the message brings (``sam.accept-any-key``).

    Raises:
        Malformed: it is not signed so.
    """
    named = certificate or _brought_certificate(root)
    expected = SignatureConfiguration(
        location="./", signature_methods=frozenset({SignatureMethod.RSA_SHA256, SignatureMethod.ECDSA_SHA256}),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
    )  # fmt: skip
    try:
        result = XMLVerifier().verify(root, x509_cert=named, expect_config=expected, id_attribute="ID")
    except (SignXMLException, InvalidSignature, ValueError) as error:
        raise Malformed("no registered key made the message's signature") from error
    found = result[0] if isinstance(result, list) else result
    return found.signed_xml


def _brought_certificate(root: Any) -> x509.Certificate:
    text = root.findtext(f"{{{DS}}}Signature//{{{DS}}}X509Certificate") or ""
    try:
        return x509.load_der_x509_certificate(_unbase64(text))
    except ValueError as error:
        raise Malformed("the message brings no certificate") from error


def new_id() -> str:
    """128 random bits behind an underscore (SAML 2.0 Core 1.3.4)."""
    return f"_{secrets.token_hex(16)}"


def written(moment: datetime) -> str:
    """A moment in UTC, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def signed(
    xml: str, identifier: str, key: rsa.RSAPrivateKey, certificate: x509.Certificate, *, sha1: bool = False
) -> str:
    """Sign the element with this ID where its placeholder stands; exclusive c14n, RSA-SHA256."""
    signer = _Sha1Signer if sha1 else XMLSigner
    made = signer(
        signature_algorithm="rsa-sha1" if sha1 else "rsa-sha256", digest_algorithm="sha1" if sha1 else "sha256",
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )  # fmt: skip
    root = made.sign(
        etree.fromstring(xml), key=key, cert=[certificate], reference_uri=f"#{identifier}", id_attribute="ID"
    )
    return str(etree.tostring(root, encoding="unicode"))


class _Sha1Signer(XMLSigner):
    """Signs with SHA-1, as the fault ``sam.sha1`` asks."""

    def check_deprecated_methods(self) -> None:
        """Let it pass."""


def encrypted(assertion: str, certificate: x509.Certificate, *, cbc: bool = False) -> str:
    """An EncryptedAssertion: AES-256-GCM under a fresh key, that key by RSA-OAEP (XML Encryption 1.1).

    ``cbc`` is the fault ``sam.enc-cbc``: AES-256-CBC in its place.
    """
    recipient = certificate.public_key()
    if not isinstance(recipient, rsa.RSAPublicKey):
        raise TypeError("assertions are encrypted for RSA keys")
    secret = secrets.token_bytes(32)
    content = _cbc(secret, assertion.encode()) if cbc else _gcm(secret, assertion.encode())
    oaep = padding.OAEP(mgf=padding.MGF1(SHA1()), algorithm=SHA1(), label=None)  # noqa: S303 -- rsa-oaep-mgf1p is so defined
    wrapped = base64.b64encode(recipient.encrypt(secret, oaep)).decode()
    method = f"{XENC}aes256-cbc" if cbc else "http://www.w3.org/2009/xmlenc11#aes256-gcm"
    return (
        f'<saml:EncryptedAssertion xmlns:saml="{A}"><xenc:EncryptedData xmlns:xenc="{XENC}" Type="{XENC}Element">'
        f'<xenc:EncryptionMethod Algorithm="{method}"/><ds:KeyInfo xmlns:ds="{DS}"><xenc:EncryptedKey>'
        f'<xenc:EncryptionMethod Algorithm="{XENC}rsa-oaep-mgf1p"><ds:DigestMethod Algorithm="{DS}sha1"/>'
        f"</xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue>{wrapped}</xenc:CipherValue></xenc:CipherData>"
        f"</xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{base64.b64encode(content).decode()}"
        "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>"
    )


def _gcm(secret: bytes, content: bytes) -> bytes:
    start = secrets.token_bytes(12)
    return start + AESGCM(secret).encrypt(start, content, None)


def _cbc(secret: bytes, content: bytes) -> bytes:
    start, missing = secrets.token_bytes(16), 16 - len(content) % 16
    padded = content + bytes(missing - 1) + bytes([missing])
    sealer = Cipher(algorithms.AES256(secret), modes.CBC(start)).encryptor()
    return start + sealer.update(padded) + sealer.finalize()


def artifact_of(entity_id: str) -> str:
    """A new artifact of type 4: endpoint 0, SHA-1 of the entity id, 20 random bytes (Bindings 3.6.4)."""
    source = hashlib.sha1(entity_id.encode(), usedforsecurity=False).digest()
    return base64.b64encode(b"\x00\x04\x00\x00" + source + secrets.token_bytes(20)).decode()


def text(name: str, content: str) -> str:
    """One element that holds text."""
    return f"<{name}>{escape(content)}</{name}>"


def attribute(name: str, value: str) -> str:
    """One attribute with one value."""
    uri = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
    return (
        f"<saml:Attribute Name={quoteattr(name)} NameFormat={quoteattr(uri)}><saml:AttributeValue>{escape(value)}"
        "</saml:AttributeValue></saml:Attribute>"
    )


def later(moment: datetime, seconds: int) -> str:
    """A moment so many seconds later, as written."""
    return written(moment + timedelta(seconds=seconds))


def element(name: str, attributes: Mapping[str, str], content: str = "") -> str:
    """One element; the content is markup already."""
    inside = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{name}{inside}>{content}</{name}>"
