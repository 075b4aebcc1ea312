"""Signatures in documents of ours (XML Signature 1.1): made over bytes, so that the key may be anywhere."""

import base64
from hashlib import sha256
from typing import Any, Protocol

from cryptography import x509
from lxml import etree

from providers.saml.names import ds


class DocumentSigner(Protocol):
    """A key of ours, wherever its private half is kept."""

    @property
    def name(self) -> str:
        """What audit records call it."""

    @property
    def algorithm(self) -> str:
        """The one algorithm it signs with, as a URI of XML Signature."""

    @property
    def certificate(self) -> x509.Certificate:
        """What metadata shows."""

    def sign_bytes(self, content: bytes, document: bytes = b"") -> bytes:
        """Sign bytes.

        Args:
            content: what the signature covers.
            document: the canonical form of the element whose digest stands in ``content``; empty where ``content`` is
                the message itself (HTTP-Redirect binding).

        Returns:
            PKCS #1 v1.5, or the two numbers side by side (RFC 4051 2.3.6).
        """


def fill_in(element: Any, signature: Any, signer: DocumentSigner) -> None:
    """Fill in the empty signature that stands in an element: enveloped, exclusive canonicalisation, SHA-256.

    Args:
        element: what is signed.
        signature: its child, as pysaml2's ``pre_signature_part`` makes it.
        signer: the key.
    """
    document = _without(element, signature)
    signed_info = signature.find(ds("SignedInfo"))
    signed_info.find(f"{ds('Reference')}/{ds('DigestValue')}").text = _base64(sha256(document).digest())
    signature.find(ds("SignatureValue")).text = _base64(signer.sign_bytes(canonical(signed_info), document))


def canonical(element: Any) -> bytes:
    """Write an element in its one form: exclusive canonicalisation without comments (http://www.w3.org/2001/10/xml-exc-c14n#)."""
    written: bytes = etree.tostring(element, method="c14n", exclusive=True, with_comments=False, with_tail=False)
    return written


def _without(element: Any, signature: Any) -> bytes:
    """Write an element as if its signature were not there (XML Signature 6.6.4)."""
    place = element.index(signature)
    element.remove(signature)
    try:
        return canonical(element)
    finally:
        element.insert(place, signature)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
