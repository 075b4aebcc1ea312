"""Messages as one signed XML document in a form field (banklink.md 11.4).

The signature is verified first; everything that is read afterwards is read from the very bytes that it covers.
"""

import base64
import binascii
import copy
import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, NoReturn
from xml.sax.saxutils import escape

import xmlsec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from lxml import etree

from providers.banklink.checks import AGREEMENT_CHECKS, Reading
from providers.banklink.dialect import Xml
from providers.banklink.messages import Says
from providers.banklink.parse import AnswerFields, RawForm, check_value
from providers.banklink.profile import OpenProfile
from providers.errors import AssertionRejected
from providers.refusals import SENTENCES, Reason
from providers.saml.errors import UnsafeXml
from providers.saml.gate import parse_document, parse_trusted
from providers.saml.names import ENVELOPED, RSA_SHA256, SHA256, ds
from providers.saml.xml_keys import xml_key_of

FIDAVISTA: Final = "http://ivis.eps.gov.lv/XMLSchemas/100017/fidavista/v1-2"
AMAI: Final = "http://online.citadele.lv/XMLSchemas/amai/"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
C14N: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
_SIGNATURE_DATA: Final = f"{{{AMAI}}}SignatureData"
_ENVELOPE: Final = f"{{{FIDAVISTA}}}"
_SIGNATURE_PATH: Final = [
    f"{_ENVELOPE}FIDAVISTA",
    f"{_ENVELOPE}Header",
    f"{_ENVELOPE}Extension",
    f"{{{AMAI}}}Amai",
    _SIGNATURE_DATA,
    ds("Signature"),
]
_TEMPLATE: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    f'<FIDAVISTA xmlns="{FIDAVISTA}" xmlns:xsi="{XSI}" xsi:schemaLocation="{FIDAVISTA} {FIDAVISTA}/fidavista.xsd">'
    "<Header>{header}<Extension>"
    f'<Amai xmlns="{AMAI}" xsi:schemaLocation="{AMAI} {AMAI}amai.xsd">'
    "{body}<SignatureData>"
    '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo>'
    f'<CanonicalizationMethod Algorithm="{C14N}"/><SignatureMethod Algorithm="{RSA_SHA256}"/><Reference URI="">'
    f'<Transforms><Transform Algorithm="{ENVELOPED}"/></Transforms><DigestMethod Algorithm="{SHA256}"/><DigestValue/>'
    "</Reference></SignedInfo><SignatureValue/>"
    "<KeyInfo><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo>"
    "</Signature></SignatureData></Amai></Extension></Header></FIDAVISTA>"
)


class XmlCodec:
    """Writes and reads the messages of one bank; threads may share it."""

    def __init__(self, profile: OpenProfile, place: Xml) -> None:
        """``place`` says where the fields stand."""
        self._profile = profile
        self._place = place
        self._signing_key = _private(profile.partner_key)
        certificate = profile.partner_certificate
        self._certificate = (
            "" if certificate is None else base64.b64encode(certificate.public_bytes(Encoding.DER)).decode("ascii")
        )

    def write(self, stated: Mapping[Says, str]) -> tuple[tuple[str, str], ...]:
        """The signed document in the form's one field."""
        elements = {
            field.name: f"<{field.name}>{escape(stated[field.says])}</{field.name}>"
            for field in self._profile.request.signed
        }
        header = "".join(elements.pop(name) for name in self._place.header)
        body = "".join(elements.values())
        text = _TEMPLATE.format(header=header, body=body, certificate=self._certificate)
        return ((self._place.parameter, self._signed(text)),)

    def _signed(self, text: str) -> str:
        root = parse_trusted(text.encode())
        context = xmlsec.SignatureContext()
        context.key = self._signing_key
        [signature] = root.iter(ds("Signature"))
        context.sign(signature)
        for part in signature.iter(ds("SignatureValue")):
            part.text = "".join(part.text.split())
        document: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
        return document.decode().replace("\n", "")  # on one line: browsers change line ends in forms

    def read(self, form: RawForm, received_at: datetime) -> Reading:
        """The gate, the signature, then steps 2 to 6 on what the signature covers.

        Raises:
            AssertionRejected: the first check that fails.
        """
        root = _parsed(form.parameters.get(self._place.parameter, ""))
        signature = _only_signature(root)
        certificate = _allowed_shape(signature)
        self._verify(signature, certificate, received_at)
        values = self._values(_as_digested(root, signature))
        fields = AnswerFields(
            values=values, names=self._profile.answer.names, signature=_decoded(signature[1].text), charset="utf-8"
        )
        reading = Reading(fields=fields, profile=self._profile, received_at=received_at)
        for check in AGREEMENT_CHECKS:
            check(reading)
        return reading

    def _verify(self, signature: Any, certificate: bytes, received_at: datetime) -> None:
        """By a pinned key that is current, and by the one that the message shows as the bank's (11.4)."""
        keys = [key for key in self._profile.current_keys(received_at) if _spki(key, Encoding.DER) in certificate]
        if not any(_verifies(signature, key) for key in keys):
            _refuse(Reason.BAD_SIGNATURE)

    def _values(self, root: Any) -> dict[str, str]:
        """Texts by full path: exactly the elements of the answer, each once, in their order."""
        header, body = root[0], root[0][-1][0]
        elements = [*header[:-1], *(element for element in body if element.tag != _SIGNATURE_DATA)]
        namespaces = [FIDAVISTA] * (len(header) - 1) + [AMAI] * (len(body) - 1)
        names = [element.tag.rpartition("}")[2] for element in elements]
        if [f"{{{space}}}{name}" for space, name in zip(namespaces, names, strict=True)] != [e.tag for e in elements]:
            _malformed("an element stands in another namespace")
        if names != [name for name in self._profile.answer.mac_order if name in names]:
            _malformed("the elements are not those of the answer, each once, in order")
        if any(len(element) for element in elements):
            _malformed("an element holds further elements")
        return self._checked({name: element.text or "" for name, element in zip(names, elements, strict=True)})

    def _checked(self, values: dict[str, str]) -> dict[str, str]:
        absent = self._profile.required - values.keys()
        if absent:
            _malformed(f"{min(absent)} is absent")
        values = {name: value.strip(" ") for name, value in values.items()}
        for name, value in values.items():
            check_value(name, value, self._profile)
        return values


def _private(key: rsa.RSAPrivateKey | None) -> xmlsec.Key | None:
    if key is None:
        return None
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem)


def _parsed(text: str) -> Any:
    """Without DTD, entities, comments, processing instructions or network (11.4, T19, T20)."""
    try:
        return parse_document(text.encode("latin-1"))
    except UnsafeXml as error:
        raise AssertionRejected(Reason.MALFORMED, str(error)) from error


def _only_signature(root: Any) -> Any:
    """The document has one signature, and its ancestors have no other children than the form says."""
    signatures = list(root.iter(ds("Signature")))
    if len(signatures) != 1:
        _malformed("the document must hold one signature")
    [signature] = signatures
    path = [element.tag for element in (signature, *signature.iterancestors())][::-1]
    if path != _SIGNATURE_PATH or len(root) != 1 or len(signature.getparent()) != 1:
        _malformed("the signature must stand alone in SignatureData")
    extension, amai = root[0][-1], signature.getparent().getparent()
    if extension.tag != f"{_ENVELOPE}Extension" or list(extension) != [amai] or amai[-1].tag != _SIGNATURE_DATA:
        _malformed("Extension must end the header, and SignatureData the message")
    return signature


def _allowed_shape(signature: Any) -> bytes:
    """Exactly the algorithms of 11.4 and one reference, to the whole document.

    Returns:
        The certificate in ``KeyInfo``, DER.
    """
    info = signature.find(ds("SignedInfo"))
    shape = [(part.tag, part.get("Algorithm"), len(part)) for part in (info if info is not None else ())]
    wanted = [
        (ds("CanonicalizationMethod"), C14N, 0),
        (ds("SignatureMethod"), RSA_SHA256, 0),
        (ds("Reference"), None, 3),
    ]
    if [part.tag for part in signature] != [ds("SignedInfo"), ds("SignatureValue"), ds("KeyInfo")] or shape != wanted:
        _refuse(Reason.BAD_SIGNATURE)
    _allowed_reference(info[2])
    certificates = signature[2].findall(f"{ds('X509Data')}/{ds('X509Certificate')}")
    if len(certificates) != 1:
        _refuse(Reason.BAD_SIGNATURE)
    return _decoded(certificates[0].text)


def _allowed_reference(reference: Any) -> None:
    transforms, method, _ = reference
    parts = [part.tag for part in reference]
    steps = [(step.tag, step.get("Algorithm"), len(step)) for step in transforms]
    if (
        reference.get("URI") != ""
        or parts != [ds("Transforms"), ds("DigestMethod"), ds("DigestValue")]
        or steps != [(ds("Transform"), ENVELOPED, 0)]
        or (method.get("Algorithm"), len(method)) != (SHA256, 0)
    ):
        _refuse(Reason.BAD_SIGNATURE)


def _verifies(signature: Any, key: rsa.RSAPublicKey) -> bool:
    context = xmlsec.SignatureContext()
    context.key = xml_key_of(_spki(key, Encoding.PEM))
    for reference_step in (xmlsec.constants.TransformEnveloped, xmlsec.constants.TransformSha256):
        context.enable_reference_transform(reference_step)
    context.enable_reference_transform(xmlsec.constants.TransformInclC14N)
    for step in (xmlsec.constants.TransformInclC14N, xmlsec.constants.TransformRsaSha256):
        context.enable_signature_transform(step)
    try:
        context.verify(signature)
    except xmlsec.Error:
        return False
    return True


def _spki(key: rsa.RSAPublicKey, encoding: Encoding) -> bytes:
    return key.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)


def _as_digested(root: Any, signature: Any) -> Any:
    """The document without its signature, parsed from the bytes whose digest was signed."""
    copied = copy.deepcopy(root)
    [inner] = copied.iter(ds("Signature"))
    parent = inner.getparent()
    parent.text = (parent.text or "") + (inner.tail or "")
    parent.remove(inner)
    canonical: bytes = etree.tostring(copied, method="c14n")
    if not hmac.compare_digest(sha256(canonical).digest(), _decoded(signature[0][2][2].text)):
        _refuse(Reason.BAD_SIGNATURE)
    return parse_trusted(canonical)


def _decoded(text: str | None) -> bytes:
    try:
        return base64.b64decode("".join((text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        _refuse(Reason.BAD_SIGNATURE)


def _malformed(sentence: str) -> NoReturn:
    raise AssertionRejected(Reason.MALFORMED, sentence)


def _refuse(reason: Reason) -> NoReturn:
    raise AssertionRejected(reason, SENTENCES[reason])
