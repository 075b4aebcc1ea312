"""XML Encryption of an assertion: AES-256-GCM under a fresh key, that key under RSA-OAEP (security.md 8.3)."""

import copy
from functools import lru_cache
from typing import Any, Final

import xmlsec
from lxml import etree

from providers.saml.errors import SamlRefused
from providers.saml.gate import parse_message
from providers.saml.names import AES256_GCM, DSIG, ELEMENT, RSA_OAEP, SHA1, ds, saml, xenc
from providers.saml.xml_keys import xml_key_of

_SESSION_BITS: Final = 256


def encrypt_assertion(assertion: bytes, recipient_pem: bytes) -> Any:
    """Encrypt exact bytes, which hold every namespace they need.

    Args:
        assertion: one serialised element.
        recipient_pem: the recipient's RSA public key.

    Returns:
        An ``EncryptedAssertion`` element.
    """
    wrapped = etree.Element(saml("EncryptedAssertion"), nsmap={"saml": saml("")[1:-1]})
    template: Any = xmlsec.template.encrypted_data_create(
        wrapped, xmlsec.constants.TransformAes256Gcm, type=ELEMENT, ns="xenc"
    )
    wrapped.append(template)
    xmlsec.template.encrypted_data_ensure_cipher_value(template)
    info = xmlsec.template.encrypted_data_ensure_key_info(template, ns="ds")
    key = xmlsec.template.add_encrypted_key(info, xmlsec.constants.TransformRsaOaep)
    xmlsec.template.encrypted_data_ensure_cipher_value(key)
    context = xmlsec.EncryptionContext(_recipient(recipient_pem))
    context.key = xmlsec.Key.generate(xmlsec.constants.KeyDataAes, _SESSION_BITS, xmlsec.constants.KeyDataTypeSession)
    context.encrypt_binary(template, assertion)
    return wrapped


def decrypt_assertion(encrypted: Any, private: xmlsec.Key) -> Any:
    """Open an ``EncryptedAssertion``.

    The plaintext is taken as bytes and walks the same road as every document from outside. It must therefore hold every
    namespace it needs; left to itself, the library would parse it in place and write what it cannot parse to the log.

    Returns:
        What was in it, as the root of a document of its own.

    Raises:
        SamlRefused: it is not encrypted as agreed, not for this key, or what was in it does not pass the gate.
    """
    data = copy.deepcopy(_only_encrypted_data(encrypted))
    data.attrib.pop("Type", None)
    try:
        plain: object = xmlsec.EncryptionContext(_holder(private)).decrypt(data)
    except xmlsec.Error as error:
        raise SamlRefused("decryptable", "the assertion cannot be decrypted with our key") from error
    if not isinstance(plain, bytes):
        raise SamlRefused("decryptable", "nothing was encrypted")
    return parse_message(plain)


@lru_cache(maxsize=4096)
def _recipient(pem: bytes) -> xmlsec.KeysManager:
    """Hold one public key; made once, for each new one reads the machine's whole list of authorities (several ms)."""
    return _holder(xml_key_of(pem))


@lru_cache(maxsize=4096)
def _holder(key: xmlsec.Key) -> xmlsec.KeysManager:
    keys = xmlsec.KeysManager()
    keys.add_key(key)
    return keys


def _only_encrypted_data(encrypted: Any) -> Any:
    """One way of encrypting, one key; nothing is fetched, no other algorithm is tried."""
    if [child.tag for child in encrypted] != [xenc("EncryptedData")]:
        raise SamlRefused("plain_encryption", "an EncryptedAssertion holds one EncryptedData with its key inside")
    data = encrypted[0]
    method = data.find(xenc("EncryptionMethod"))
    keys = list(encrypted.iter(xenc("EncryptedKey")))
    if method is None or method.get("Algorithm") != AES256_GCM or len(keys) != 1:
        raise SamlRefused("allowed_encryption", "assertions are encrypted with AES-256-GCM under one key")
    _check_key_transport(keys[0])
    if any(True for _ in encrypted.iter(xenc("CipherReference"), ds("RetrievalMethod"))):
        raise SamlRefused("plain_encryption", "ciphertext by reference is refused")
    return data


def _check_key_transport(key: Any) -> None:
    method = key.find(xenc("EncryptionMethod"))
    digest = method.find(f"{{{DSIG}}}DigestMethod") if method is not None else None
    if method is None or method.get("Algorithm") != RSA_OAEP:
        raise SamlRefused("allowed_encryption", "the key is transported by RSA-OAEP")
    if digest is not None and digest.get("Algorithm") != SHA1:
        raise SamlRefused("allowed_encryption", "RSA-OAEP with MGF1 stands with its own digest")
