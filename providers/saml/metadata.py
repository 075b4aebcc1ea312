"""Reads the metadata file of the other side, once, when its registration is opened.

The file is pinned by whoever registers it (four eyes); nothing is fetched, and a signature in it is no matter here.
"""

import base64
import binascii
from datetime import datetime
from typing import Any, Final

from cryptography import x509

from providers.saml.errors import SamlRefused
from providers.saml.gate import parse_document
from providers.saml.keys import VerifyingKey
from providers.saml.metadata_values import Endpoint, EntityMetadata
from providers.saml.names import SAMLP, ds, md
from providers.saml.reading import instant_of

SERVICE_PROVIDER: Final = "SPSSODescriptor"
IDENTITY_PROVIDER: Final = "IDPSSODescriptor"


def read_metadata(raw: bytes, role: str) -> EntityMetadata:
    """Read one entity.

    Raises:
        ValueError: with a sentence for whoever wrote the registration.
    """
    try:
        root = parse_document(raw)
    except SamlRefused as refused:
        raise ValueError(f"is no safe XML: {refused.detail}") from refused
    if root.tag != md("EntityDescriptor"):
        raise ValueError("must hold one EntityDescriptor")
    roles = [
        found for found in root.findall(md(role)) if SAMLP in (found.get("protocolSupportEnumeration") or "").split()
    ]
    if len(roles) != 1:
        raise ValueError(f"must hold one {role} for SAML 2.0")
    return EntityMetadata(
        entity_id=root.get("entityID") or "",
        valid_until=_earliest(root, roles[0]),
        endpoints=_endpoints(roles[0]),
        signing=_keys(roles[0], "signing"),
        encryption=_keys(roles[0], "encryption"),
    )


def _earliest(*elements: Any) -> datetime | None:
    stated = [element.get("validUntil") for element in elements if element.get("validUntil") is not None]
    try:
        return min((instant_of(text, "valid_until") for text in stated), default=None)
    except SamlRefused as refused:
        raise ValueError(f"validUntil: {refused.detail}") from refused


def _endpoints(role: Any) -> dict[str, tuple[Endpoint, ...]]:
    found: dict[str, tuple[Endpoint, ...]] = {}
    for element in role:
        if element.get("Binding") and element.get("Location"):
            name = str(element.tag).rpartition("}")[2]
            found[name] = (*found.get(name, ()), _endpoint(element))
    return found


def _endpoint(element: Any) -> Endpoint:
    index = element.get("index")
    return Endpoint(
        binding=element.get("Binding"),
        location=element.get("Location"),
        response_location=element.get("ResponseLocation"),
        index=int(index) if (index or "").isdecimal() else None,
        default=element.get("isDefault") in {"true", "1"},
    )


def _keys(role: Any, use: str) -> tuple[VerifyingKey, ...]:
    described = [found for found in role.findall(md("KeyDescriptor")) if found.get("use") in {None, use}]
    certificates = [text for found in described for text in found.iter(ds("X509Certificate"))]
    return tuple({key.pem: key for key in map(_key, certificates)}.values())


def _key(certificate: Any) -> VerifyingKey:
    try:
        der = base64.b64decode("".join((certificate.text or "").split()), validate=True)
        return VerifyingKey.of(x509.load_der_x509_certificate(der).public_key())
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"an X509Certificate cannot be used: {error}") from error
