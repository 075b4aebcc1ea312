"""The DIGI::LINK wire format, written from the specification alone (banklink.md 11.4): signed XML in a form field.

Signed and verified by signxml; nothing here judges what a message says.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidInput, InvalidSignature
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier

FIDAVISTA: Final = "http://ivis.eps.gov.lv/XMLSchemas/100017/fidavista/v1-2"
AMAI: Final = "http://online.citadele.lv/XMLSchemas/amai/"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
DSIG: Final = "http://www.w3.org/2000/09/xmldsig#"
PARAMETER: Final = "xmldata"
HEADER: Final = ("Timestamp", "From")
_LOCATION: Final = f"./{{{FIDAVISTA}}}Header/{{{FIDAVISTA}}}Extension/{{{AMAI}}}Amai/{{{AMAI}}}SignatureData/"
_C14N: Final = CanonicalizationMethod.CANONICAL_XML_1_0


class Unreadable(ValueError):
    """Text that is no DIGI::LINK document."""


def document(fields: Mapping[str, str]) -> Any:
    """An unsigned document with these elements, in their order, and a place for the signature."""
    root = etree.Element(f"{{{FIDAVISTA}}}FIDAVISTA", nsmap={None: FIDAVISTA, "xsi": XSI})
    root.set(f"{{{XSI}}}schemaLocation", f"{FIDAVISTA} {FIDAVISTA}/fidavista.xsd")
    header = etree.SubElement(root, f"{{{FIDAVISTA}}}Header")
    for name in HEADER:
        etree.SubElement(header, f"{{{FIDAVISTA}}}{name}").text = fields.get(name, "")
    extension = etree.SubElement(header, f"{{{FIDAVISTA}}}Extension")
    amai = etree.SubElement(extension, f"{{{AMAI}}}Amai", nsmap={None: AMAI})
    amai.set(f"{{{XSI}}}schemaLocation", f"{AMAI} {AMAI}amai.xsd")
    for name, value in fields.items():
        if name not in HEADER:
            etree.SubElement(amai, f"{{{AMAI}}}{name}").text = value
    data = etree.SubElement(amai, f"{{{AMAI}}}SignatureData")
    etree.SubElement(data, f"{{{DSIG}}}Signature", Id="placeholder", nsmap={None: DSIG})
    return root


def signed(
    root: Any, key: rsa.RSAPrivateKey, certificate: x509.Certificate, *, hash_name: str = "sha256", part: str = ""
) -> str:
    """Sign a document over all of it, or over the element of this Id; XML on one line.

    Args:
        root: from ``document``.
        key: signs.
        certificate: shown in KeyInfo.
        hash_name: ``sha256``; another one for a fault.
        part: an Id, for a fault; the specification asks for the whole document.
    """
    weak = hash_name == "sha1"
    signer = _Signer(
        signature_algorithm=SignatureMethod.RSA_SHA1 if weak else SignatureMethod[f"RSA_{hash_name.upper()}"],
        digest_algorithm=DigestAlgorithm.SHA1 if weak else DigestAlgorithm[hash_name.upper()],
        c14n_algorithm=_C14N,
    )
    signer.namespaces = {None: DSIG}  # type: ignore[dict-item]  # lxml's word for a default namespace
    signer.excise_empty_xmlns_declarations = True
    done = signer.sign(
        root,
        key=key,
        cert=[certificate],
        exclude_c14n_transform_element=True,
        reference_uri=f"#{part}" if part else None,
    )
    text: str = etree.tostring(done, encoding="unicode").replace("\n", "")
    return f'<?xml version="1.0" encoding="UTF-8"?>{text}'


class _Signer(XMLSigner):
    """Signs by SHA-1 too: a fault asks for it."""

    def check_deprecated_methods(self) -> None:
        """Nothing is deprecated at a mock bank."""


def read(text: str) -> dict[str, str]:
    """The elements of a document by their names; nothing is verified.

    Raises:
        Unreadable: not XML, or not of this structure.
    """
    root = _parsed(text)
    header = root.find(f"{{{FIDAVISTA}}}Header")
    amai = root.find(f"{{{FIDAVISTA}}}Header/{{{FIDAVISTA}}}Extension/{{{AMAI}}}Amai")
    if header is None or amai is None:
        raise Unreadable("there is no Header with Extension and Amai, each in its namespace")
    found = {name: header.findtext(f"{{{FIDAVISTA}}}{name}", "") for name in HEADER}
    own = [element for element in amai if str(element.tag) != f"{{{AMAI}}}SignatureData"]
    return found | {str(element.tag).rpartition("}")[2]: element.text or "" for element in own}


def verified_by(text: str, keys: Sequence[rsa.RSAPublicKey]) -> bool:
    """Whether one of the keys, whose certificate KeyInfo shows, signed the whole document as the specification asks.

    Raises:
        Unreadable: not XML.
    """
    root = _parsed(text)
    shown = root.findtext(f".//{{{DSIG}}}X509Certificate", "")
    try:
        certificate = x509.load_pem_x509_certificate(_pem(shown))
        if certificate.public_key() not in keys:
            return False
        verifier = XMLVerifier()
        verifier.excise_empty_xmlns_declarations = True
        result: Any = verifier.verify(root, x509_cert=certificate, expect_config=_EXPECTED)
    except (InvalidSignature, InvalidInput, ValueError):
        return False
    return result.signed_xml is not None and str(result.signed_xml.tag) == f"{{{FIDAVISTA}}}FIDAVISTA"


_EXPECTED: Final = SignatureConfiguration(
    signature_methods=frozenset({SignatureMethod.RSA_SHA256}),
    digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
    location=_LOCATION,
)


def _pem(certificate: str) -> bytes:
    return f"-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n".encode()


def _parsed(text: str) -> Any:
    if "<!" in text:
        raise Unreadable("the document holds a declaration, a comment or CDATA")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable(f"it is not well-formed XML: {error.msg}") from error


def container(key: rsa.RSAPrivateKey, name: str) -> x509.Certificate:
    """A self-signed certificate: in this protocol a certificate is a mere container of a key."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3 * 365))
        .sign(key, SHA256())
    )
