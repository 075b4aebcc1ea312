"""XML signatures made without the library that the gateway verifies with: lxml's c14n and plain cryptography."""

import base64
import hashlib
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree

DS: Final = "http://www.w3.org/2000/09/xmldsig#"
MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
RSA_SHA256: Final = f"{MORE}rsa-sha256"
ECDSA_SHA256: Final = f"{MORE}ecdsa-sha256"
ENVELOPED: Final = f"{DS}enveloped-signature"
EXC_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"


def raw_signature(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, content: bytes, algorithm: str) -> bytes:
    """Sign bytes the way an algorithm's URI says."""
    digest = hashes.SHA1() if algorithm.endswith("sha1") else hashes.SHA256()
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(content, padding.PKCS1v15(), digest)
    r, s = decode_dss_signature(key.sign(content, ec.ECDSA(digest)))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def algorithm_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return RSA_SHA256 if isinstance(key, rsa.RSAPrivateKey) else ECDSA_SHA256


def canonical(element: Any) -> bytes:
    """Exclusive c14n of an element as it stands, without what follows it."""
    return etree.tostring(element, method="c14n", exclusive=True, with_tail=False)


def sign(element: Any, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *, at: int = 1, **changed: Any) -> Any:
    """Put a signature over an element into it.

    Args:
        element: the element, with an ``ID``.
        key: whose signature.
        at: where among the children it stands (SAML wants it behind the Issuer).
        changed: ``algorithm``, ``digest`` (URI), ``uri``, ``transforms``, ``c14n``, ``key_info`` (element).
    """
    algorithm = changed.get("algorithm", algorithm_of(key))
    digest_uri = changed.get("digest", SHA256)
    content = canonical(etree.fromstring(canonical(element)))
    digest = (hashlib.sha1 if digest_uri.endswith("sha1") else hashlib.sha256)(content).digest()
    signature = etree.SubElement(element, f"{{{DS}}}Signature", nsmap={"ds": DS})
    element.insert(at, signature)
    info = etree.SubElement(signature, f"{{{DS}}}SignedInfo")
    etree.SubElement(info, f"{{{DS}}}CanonicalizationMethod", Algorithm=changed.get("c14n", EXC_C14N))
    etree.SubElement(info, f"{{{DS}}}SignatureMethod", Algorithm=algorithm)
    reference = etree.SubElement(info, f"{{{DS}}}Reference", URI=changed.get("uri", f"#{element.get('ID')}"))
    transforms = etree.SubElement(reference, f"{{{DS}}}Transforms")
    for uri in changed.get("transforms", (ENVELOPED, EXC_C14N)):
        etree.SubElement(transforms, f"{{{DS}}}Transform", Algorithm=uri)
    etree.SubElement(reference, f"{{{DS}}}DigestMethod", Algorithm=digest_uri)
    etree.SubElement(reference, f"{{{DS}}}DigestValue").text = base64.b64encode(digest).decode()
    seal(signature, key, algorithm)
    if "key_info" in changed:
        signature.append(changed["key_info"])
    return element


def seal(signature: Any, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, algorithm: str | None = None) -> None:
    """Compute the value of a signature over its SignedInfo as it stands."""
    info = signature.find(f"{{{DS}}}SignedInfo")
    value = signature.find(f"{{{DS}}}SignatureValue")
    if value is None:
        value = etree.SubElement(signature, f"{{{DS}}}SignatureValue")
    signed = raw_signature(key, canonical(info), algorithm or algorithm_of(key))
    value.text = base64.b64encode(signed).decode()
