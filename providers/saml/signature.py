"""XML signatures: verified by xmlsec, and read only as the bytes that were digested (T18 to T22)."""

import base64
import binascii
import copy
import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import Any, Final

import xmlsec
from lxml import etree

from providers.saml.errors import SignatureRefused
from providers.saml.gate import parse_trusted
from providers.saml.keys import VerifyingKey
from providers.saml.names import ENVELOPED, EXC_C14N, SHA256, SHA384, SHA512, ds
from providers.saml.xml_keys import method_of, xml_key_of

_DIGESTS: Final = {SHA256: hashlib.sha256, SHA384: hashlib.sha384, SHA512: hashlib.sha512}
_XML_DIGESTS: Final = {
    SHA256: xmlsec.constants.TransformSha256,
    SHA384: xmlsec.constants.TransformSha384,
    SHA512: xmlsec.constants.TransformSha512,
}
_PREFIXES: Final = re.compile(r"[A-Za-z_#][\w.-]*(?: [A-Za-z_#][\w.-]*)*", re.ASCII)


def verify_enveloped(element: Any, keys: Iterable[VerifyingKey]) -> Any:
    """Verify the signature that stands in an element over that element.

    Args:
        element: the root or the assertion of a document that passed the gate.
        keys: the pinned keys of whoever must have signed; KeyInfo is not looked at.

    Returns:
        The signed element as a document of its own, parsed from the very bytes whose digest the signature holds, so
        that nobody reads anything else. Signatures are removed from it only where they stood in the element itself.

    Raises:
        SignatureRefused: there is no signature, it has a forbidden shape or algorithm, or none of the keys made it.
    """
    signature = element.find(ds("Signature"))
    if signature is None:
        raise SignatureRefused("signed", "the message carries no XML signature")
    reference = _only_reference(signature)
    prefixes = _allowed_shape(signature, reference, str(element.get("ID") or ""))
    method = signature.find(f"{ds('SignedInfo')}/{ds('SignatureMethod')}").get("Algorithm")
    fitting = [key for key in keys if key.algorithm == method]
    if not fitting:
        raise SignatureRefused("allowed_algorithm", "the signature's algorithm is not that of a pinned key")
    _verify_by_any(element, signature, reference, fitting)
    return _as_digested(element, reference, prefixes)


def _only_reference(signature: Any) -> Any:
    info = signature.find(ds("SignedInfo"))
    tags = [part.tag for part in info]
    if tags != [ds("CanonicalizationMethod"), ds("SignatureMethod"), ds("Reference")]:
        raise SignatureRefused("one_reference", "SignedInfo must hold one Reference and the two methods, in order")
    return info[2]


def _allowed_shape(signature: Any, reference: Any, identifier: str) -> list[str]:
    """The parent itself is referred to, by exactly the two allowed transforms and an allowed digest.

    Returns:
        The prefixes that are canonicalised inclusively.
    """
    if not identifier or reference.get("URI") != f"#{identifier}":
        raise SignatureRefused("reference_to_parent", "the Reference must point at the element the signature stands in")
    if [part.tag for part in reference] != [ds("Transforms"), ds("DigestMethod"), ds("DigestValue")]:
        raise SignatureRefused("plain_reference", "a Reference must hold Transforms, DigestMethod and DigestValue")
    canonical = signature.find(f"{ds('SignedInfo')}/{ds('CanonicalizationMethod')}")
    transforms = list(reference[0])
    named = [(step.tag, step.get("Algorithm")) for step in transforms]
    if canonical.get("Algorithm") != EXC_C14N or named != [(ds("Transform"), ENVELOPED), (ds("Transform"), EXC_C14N)]:
        raise SignatureRefused("allowed_transforms", "only enveloped-signature and then exclusive c14n are allowed")
    if len(transforms[0]) or len(signature.find(f"{ds('SignedInfo')}/{ds('SignatureMethod')}")):
        raise SignatureRefused("allowed_transforms", "a transform or method has parameters")
    if reference[1].get("Algorithm") not in _DIGESTS or len(reference[1]):
        raise SignatureRefused("allowed_digest", "the digest must be SHA-256, SHA-384 or SHA-512")
    _inclusive_prefixes(canonical)
    return _inclusive_prefixes(transforms[1])


def _inclusive_prefixes(step: Any) -> list[str]:
    if not len(step):
        return []
    only = step[0]
    listed = only.get("PrefixList", "")
    plain = len(step) == 1 and only.tag == f"{{{EXC_C14N}}}InclusiveNamespaces" and list(only.attrib) == ["PrefixList"]
    if not plain or len(only) or not _PREFIXES.fullmatch(listed):
        raise SignatureRefused("allowed_transforms", "exclusive c14n may hold one list of prefixes only")
    return [prefix for prefix in str(listed).split(" ") if prefix != "#default"]


def _verify_by_any(element: Any, signature: Any, reference: Any, keys: list[VerifyingKey]) -> None:
    """A party may have two keys while it changes them; whichever verifies, the algorithm was fixed before."""
    for key in keys:
        context = xmlsec.SignatureContext()
        context.key = xml_key_of(key.pem)
        for step in (xmlsec.constants.TransformEnveloped, xmlsec.constants.TransformExclC14N):
            context.enable_reference_transform(step)
        context.enable_reference_transform(_XML_DIGESTS[reference[1].get("Algorithm")])
        context.enable_signature_transform(xmlsec.constants.TransformExclC14N)
        context.enable_signature_transform(method_of(key.algorithm))  # type: ignore[arg-type]  # one of xmlsec's
        context.register_id(element, "ID")
        try:
            context.verify(signature)
        except xmlsec.Error:
            continue
        return
    raise SignatureRefused("authentic", "no pinned key of the sender verifies the signature")


def _as_digested(element: Any, reference: Any, prefixes: list[str]) -> Any:
    """Give the element as the bytes that were digested, and prove that they were.

    Whatever xmlsec resolved the reference to, what is read from here on has the digest that the signature holds.
    """
    canonical = etree.tostring(
        _without_signature(element), method="c14n", exclusive=True, inclusive_ns_prefixes=prefixes
    )
    try:
        expected = base64.b64decode("".join((reference[2].text or "").split()), validate=True)
    except binascii.Error as error:
        raise SignatureRefused("digest_of_what_is_read", "the digest is not base64") from error
    digest = _DIGESTS[reference[1].get("Algorithm")](canonical).digest()
    if not canonical or not hmac.compare_digest(digest, expected):
        raise SignatureRefused("digest_of_what_is_read", "the signature covers something else")
    return parse_trusted(canonical)


def _without_signature(element: Any) -> Any:
    """Copy the element without its own signature; text behind the signature stays."""
    copied = copy.deepcopy(element)
    copied.tail = None
    signature = copied.find(ds("Signature"))
    before = signature.getprevious()
    if signature.tail and before is not None:
        before.tail = (before.tail or "") + signature.tail
    elif signature.tail:
        copied.text = (copied.text or "") + signature.tail
    copied.remove(signature)
    return copied
