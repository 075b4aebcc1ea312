"""The names that SAML 2.0, XML Signature and XML Encryption give to things."""

from typing import Final

SAML: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
METADATA: Final = "urn:oasis:names:tc:SAML:2.0:metadata"
DSIG: Final = "http://www.w3.org/2000/09/xmldsig#"
XENC: Final = "http://www.w3.org/2001/04/xmlenc#"
SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
EXC_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
ELEMENT: Final = "http://www.w3.org/2001/04/xmlenc#Element"

RSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
ECDSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
SHA384: Final = "http://www.w3.org/2001/04/xmldsig-more#sha384"
SHA512: Final = "http://www.w3.org/2001/04/xmlenc#sha512"
SHA1: Final = "http://www.w3.org/2000/09/xmldsig#sha1"
AES256_GCM: Final = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
RSA_OAEP: Final = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"

REDIRECT: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
ARTIFACT: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"
BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
PERSISTENT: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
UNSPECIFIED: Final = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
ENTITY: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
URI_NAME: Final = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"

STATUS: Final = "urn:oasis:names:tc:SAML:2.0:status:"
SUCCESS: Final = f"{STATUS}Success"


def ds(name: str) -> str:
    """Name an element of XML Signature."""
    return f"{{{DSIG}}}{name}"


def saml(name: str) -> str:
    """Name an element of the assertion schema."""
    return f"{{{SAML}}}{name}"


def samlp(name: str) -> str:
    """Name an element of the protocol schema."""
    return f"{{{SAMLP}}}{name}"


def md(name: str) -> str:
    """Name an element of the metadata schema."""
    return f"{{{METADATA}}}{name}"


def xenc(name: str) -> str:
    """Name an element of XML Encryption."""
    return f"{{{XENC}}}{name}"


def soap(name: str) -> str:
    """Name an element of a SOAP 1.1 envelope."""
    return f"{{{SOAP}}}{name}"
