"""pysaml2's XML security, in process: what it would otherwise start an xmlsec1 process for, two or three times each.

pysaml2 names keys and certificates by file. Here a name is looked up among keys that were opened once, so that no key
is read or parsed while a login waits (performance.md section 2).
"""

import secrets
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import xmlsec
from lxml import etree
from saml2 import SamlBase
from saml2.sigver import CryptoBackend, SignatureError

from providers.saml.document_signer import DocumentSigner, fill_in
from providers.saml.encryption import decrypt_assertion, encrypt_assertion
from providers.saml.errors import SamlRefused
from providers.saml.gate import parse_message, parse_trusted
from providers.saml.keys import VerifyingKey
from providers.saml.names import ds, saml
from providers.saml.signature import verify_enveloped


class InProcessBackend(CryptoBackend):  # type: ignore[misc]  # pysaml2 ships no types
    """Implements pysaml2's ``CryptoBackend`` with python-xmlsec."""

    def __init__(
        self,
        *,
        signing: Mapping[str, DocumentSigner] | None = None,
        verifying: Mapping[str, VerifyingKey] | None = None,
        decrypting: Mapping[str, xmlsec.Key] | None = None,
    ) -> None:
        """Know the keys by the names that pysaml2 will call them by."""
        self._signing = dict(signing or {})
        self._decrypting = dict(decrypting or {})
        self._verifying = dict(verifying or {})

    @property
    def version(self) -> str:
        """The version of the library underneath."""
        return version("xmlsec")

    def sign_statement(self, statement: str | SamlBase, node_name: str, key_file: str, node_id: str) -> str:
        """Fill in the one empty signature of the element with this id.

        Raises:
            SignatureError: there is no such element, or it has no signature to fill in.
        """
        root = parse_trusted(str(statement).encode())
        element = _element(root, node_name, node_id)
        signature = element.find(ds("Signature")) if element is not None else None
        if signature is None:
            raise SignatureError(f"no {node_name} waits for a signature")
        fill_in(element, signature, self._signing[key_file])
        return etree.tostring(root, encoding="unicode")  # type: ignore[no-any-return]  # lxml ships no types

    def validate_signature(
        self, signedtext: str | bytes, cert_file: str, cert_type: str, node_name: str, node_id: str
    ) -> bool:
        """Say whether the element with this id, in a document that passes the gate, is signed by the named key.

        Raises:
            SignatureError: it is not, and why.
        """
        del cert_type
        raw = signedtext.encode() if isinstance(signedtext, str) else signedtext
        try:
            element = _element(parse_message(raw), node_name, node_id)
            if element is None:
                raise SignatureError(f"there is no {node_name} with this id")
            verify_enveloped(element, [self._verifying[cert_file]])
        except SamlRefused as refused:
            raise SignatureError(str(refused)) from refused
        return True

    def encrypt_assertion(
        self, statement: str | SamlBase, enc_key: str, template: str, key_type: str, node_xpath: str
    ) -> str:
        """Encrypt the assertion that stands in a response; always with AES-256-GCM and RSA-OAEP, whatever is asked."""
        del template, key_type, node_xpath
        root = parse_trusted(str(statement).encode())
        assertion = next(root.iter(saml("Assertion")))
        parent = assertion.getparent()
        encrypted = encrypt_assertion(etree.tostring(assertion, with_tail=False), self._verifying[enc_key].pem)
        if parent.tag == saml("EncryptedAssertion"):
            parent.getparent().replace(parent, encrypted)
        else:
            parent.replace(assertion, encrypted)
        return etree.tostring(root, encoding="unicode")  # type: ignore[no-any-return]  # lxml ships no types

    def decrypt(self, enctext: str | bytes, key_file: str) -> str:
        """Put the decrypted assertion in the place of the encrypted one.

        Raises:
            SamlRefused: it cannot be decrypted.
        """
        root = parse_message(enctext.encode() if isinstance(enctext, str) else enctext)
        encrypted = next(root.iter(saml("EncryptedAssertion")))
        plain = decrypt_assertion(encrypted, self._decrypting[key_file])
        # As text: a tree would give the assertion the prefixes of its new parent, and its signature covers its own.
        mark = f"here-{secrets.token_hex(16)}"  # random, so that nothing in the message is taken for it
        encrypted.getparent().replace(encrypted, etree.Element(mark))
        before, _, after = etree.tostring(root, encoding="unicode").partition(f"<{mark}/>")
        return f"{before}{etree.tostring(plain, encoding='unicode')}{after}"


def _element(root: Any, node_name: str, node_id: str) -> Any:
    namespace, _, name = node_name.rpartition(":")
    found = [element for element in root.iter(f"{{{namespace}}}{name}") if not node_id or element.get("ID") == node_id]
    return found[0] if len(found) == 1 else None
