"""The one way in for foreign XML: size → safe parse → structure gate (security.md 8.3, T18 to T20, T24).

Whatever could let two readers see two documents is refused before any signature is looked at: the signature of a
document that is read in two ways protects neither.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from lxml import etree

from providers.saml.errors import UnsafeXml
from providers.saml.names import DSIG, ds, saml, samlp

MAX_BYTES: Final = 256 * 1024
"""Raw, and after inflating."""
MAX_DEPTH: Final = 64
_IDS: Final = ("ID", "Id", "id", "AssertionID", "RequestID", "ResponseID", "{http://www.w3.org/XML/1998/namespace}id")
_DECLARATION: Final = re.compile(
    rb"<\?xml\s+version\s*=\s*(['\"])1\.0\1(?:\s+encoding\s*=\s*(['\"])utf-8\2)?(?:\s+standalone\s*=\s*(['\"])yes\3)?\s*\?>",
    re.IGNORECASE,
)
_NAMESPACE: Final = re.compile(rb"xmlns(?::[^\s=]+)?\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_ABSOLUTE: Final = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*:[^\s&]+")
_WRAPPERS: Final = frozenset({saml("Assertion"), saml("EncryptedAssertion")})
_SIGNABLE: Final = frozenset({saml("Assertion")})

Rule = Callable[[Any], None]


def parse_message(raw: bytes) -> Any:
    """Read one message.

    Returns:
        Its root element; nothing in it is verified yet.

    Raises:
        UnsafeXml: it is too large, not well formed, or of a forbidden shape.
    """
    root = parse_document(raw)
    for rule in _STRUCTURE:
        rule(root)
    return root


def parse_document(raw: bytes) -> Any:
    """Read a document whose signature is no matter (metadata pinned in a registration).

    Raises:
        UnsafeXml: as ``parse_message``, but signatures and assertions may stand anywhere.
    """
    _check_size(raw)
    _check_bytes(raw)
    root = parse_trusted(raw)
    _bounded_depth(root)
    return root


def parse_trusted(raw: bytes) -> Any:
    """Parse without entities, DTD and network; a new parser each time, since a shared one serialises threads.

    Raises:
        UnsafeXml: it is not well formed.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_blank_text=False,
        recover=False,
    )
    try:
        return etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnsafeXml("well_formed", "the document is not well-formed XML with namespaces") from error


def _check_size(raw: bytes) -> None:
    if len(raw) > MAX_BYTES:
        raise UnsafeXml("bounded_size", f"the document is larger than {MAX_BYTES} bytes")


def _check_bytes(raw: bytes) -> None:
    """Refuse by bytes alone, before a parser runs: in XML, ``<!`` begins nothing but what is forbidden here."""
    try:
        text = raw.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        raise UnsafeXml("utf8_only", "the document is not UTF-8") from error
    if text.startswith("\ufeff") or "\0" in text:
        raise UnsafeXml("utf8_only", "the document begins with a byte order mark or holds a NUL")
    declaration = _DECLARATION.match(raw)
    body = raw[declaration.end() :] if declaration else raw
    if b"<?" in body:
        raise UnsafeXml("no_processing_instruction", "processing instructions and other encodings are refused")
    found = body.find(b"<!")
    if found >= 0:
        raise UnsafeXml(*_forbidden(body[found : found + 9]))
    _check_namespaces(body)


def _forbidden(start: bytes) -> tuple[str, str]:
    if start.startswith(b"<!--"):
        return "no_comment", "comments are refused: readers disagree about the text around them"
    if start.startswith(b"<![CDATA["):
        return "no_cdata", "CDATA sections are refused"
    return "no_doctype", "document types and entities are refused"


def _check_namespaces(body: bytes) -> None:
    """A relative namespace URI makes canonicalisation fail or differ (T20)."""
    for double, single in _NAMESPACE.findall(body):
        if not _ABSOLUTE.fullmatch(double or single):
            raise UnsafeXml("absolute_namespaces", "every namespace must be an absolute URI, written out")


def _bounded_depth(root: Any) -> None:
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH:
            raise UnsafeXml("bounded_depth", f"elements are nested deeper than {MAX_DEPTH}")


def _unique_ids(root: Any) -> None:
    """Whatever any reader may take for an identifier must be unique, or a reference means two things."""
    seen: set[str] = set()
    for element in root.iter():
        for name in _IDS:
            value = element.get(name)
            if value is None:
                continue
            if value in seen:
                raise UnsafeXml("unique_ids", "an identifier occurs twice")
            seen.add(value)


def _one_assertion(root: Any) -> None:
    """At most one assertion, plain or encrypted, and only where a Response has it; in no other namespace either."""
    found = [
        element for element in root.iter() if etree.QName(element).localname in {"Assertion", "EncryptedAssertion"}
    ]
    if len(found) > 1:
        raise UnsafeXml("one_assertion", "the document holds more than one assertion")
    for element in found:
        parent = element.getparent()
        in_place = parent is None or (parent is root and root.tag == samlp("Response"))
        if element.tag not in _WRAPPERS or not in_place:
            raise UnsafeXml("one_assertion", "an assertion stands where none belongs")


def _signatures_in_place(root: Any) -> None:
    """A signature stands directly in the root or in the assertion, once, and holds the three parts it needs."""
    for signature in root.iter(ds("Signature")):
        parent = signature.getparent()
        if parent is None or (parent is not root and parent.tag not in _SIGNABLE):
            raise UnsafeXml("signature_in_place", "a signature stands where none belongs")
        if len(parent.findall(ds("Signature"))) > 1:
            raise UnsafeXml("one_signature", "an element holds more than one signature")
        parts = [part.tag for part in signature]
        if parts not in (
            [ds("SignedInfo"), ds("SignatureValue")],
            [ds("SignedInfo"), ds("SignatureValue"), ds("KeyInfo")],
        ):
            raise UnsafeXml("plain_signature", "a signature may hold SignedInfo, SignatureValue and KeyInfo only")


def _nothing_hidden(root: Any) -> None:
    """``ds:Object`` and ``ds:Manifest`` carry second documents; parts of a signature stand nowhere else."""
    for element in root.iter(f"{{{DSIG}}}*"):
        if element.tag in {ds("Object"), ds("Manifest"), ds("SignatureProperties")}:
            raise UnsafeXml("no_object", "ds:Object is refused")
        if element.tag == ds("SignedInfo") and element.getparent().tag != ds("Signature"):
            raise UnsafeXml("signature_in_place", "parts of a signature stand outside of one")


_STRUCTURE: Final[tuple[Rule, ...]] = (_unique_ids, _one_assertion, _nothing_hidden, _signatures_in_place)
