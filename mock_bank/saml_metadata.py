"""The bank's SAML metadata (SAML 2.0 Metadata 2.4.3): signed, valid for ten days."""

import base64
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from mock_bank import wire_saml as wire
from mock_bank.faults import ActiveFaults
from mock_bank.saml_idp import SamlIdp

TEN_DAYS: Final = 10 * 24 * 3600


def metadata_of(idp: SamlIdp, now: datetime, faults: ActiveFaults) -> str:
    """The document, as honest as the faults allow."""
    settings, identifier = idp.settings, wire.new_id()
    entity = "https://other.example/saml" if "sam.metadata-entityid" in faults else settings.entity_id
    unsigned = "sam.metadata-unsigned" in faults
    text = wire.element(
        "md:EntityDescriptor",
        {"xmlns:md": wire.MD, "ID": identifier, "entityID": entity, "validUntil": wire.later(now, TEN_DAYS)},
        f"{'' if unsigned else wire.PLACE}{_role(idp)}",
    )
    return text if unsigned else wire.signed(text, identifier, idp.key, idp.certificate)


def _role(idp: SamlIdp) -> str:
    der = base64.b64encode(idp.certificate.public_bytes(Encoding.DER)).decode()
    key = (
        f'<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="{wire.DS}"><ds:X509Data><ds:X509Certificate>{der}'
        "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )
    artifacts = wire.element(
        "md:ArtifactResolutionService",
        {"index": "0", "Binding": f"{wire.BINDING}SOAP", "Location": idp.settings.artifact_url},
    )
    sign_on = "".join(
        wire.element("md:SingleSignOnService", {"Binding": f"{wire.BINDING}{name}", "Location": idp.settings.sign_on})
        for name in ("HTTP-Redirect", "HTTP-POST")
    )
    return wire.element(
        "md:IDPSSODescriptor",
        {"WantAuthnRequestsSigned": "true", "protocolSupportEnumeration": wire.P},
        f"{key}{artifacts}{sign_on}",
    )
