"""A made-up identity provider that writes responses by hand, honest ones and ones with a single fault.

What it writes is judged by the whole adapter, opened from a settings entry as every provider is.
"""

import base64
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from providers.contract import Arrival, AssuranceLevel, Expectation, Reference, VerifiedIdentity
from providers.saml.adapter import SamlProvider
from providers.saml.encryption import encrypt_assertion
from providers.saml.identification import Memory
from providers.saml.keys import VerifyingKey
from providers.saml.opening import open_saml
from tests.support.saml_portal import PrivateKey, certificate_for, instant, rsa_key
from tests.support.xml_signing import DS, sign

SAML: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
NOW: Final = datetime(2026, 11, 24, 12, tzinfo=UTC)
IDP: Final = "https://idp.test/saml"
US: Final = "https://gateway.test/saml/sp"
OUR_CONSUMER: Final = "https://gateway.test/return/idp"
SUBSTANTIAL: Final = "http://eidas.europa.eu/LoA/substantial"
CLAIMS: Final = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
REFERENCE: Final = Reference("5a" * 16)
QUESTION: Final = f"_{REFERENCE}"
FORM: Final = "application/x-www-form-urlencoded"

RESPONSE: Final = """<samlp:Response xmlns:samlp="{samlp}" xmlns:saml="{saml}" ID="_response" Version="2.0"
 IssueInstant="{now}" Destination="{acs}" InResponseTo="{question}"><saml:Issuer>{idp}</saml:Issuer><samlp:Status>
<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>{assertion}</samlp:Response>"""
ASSERTION: Final = """<saml:Assertion xmlns:saml="{saml}" ID="_assertion" Version="2.0" IssueInstant="{now}"><saml:Issuer>{idp}
</saml:Issuer><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">somebody
</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData
 InResponseTo="{question}" NotOnOrAfter="{later}" Recipient="{acs}"/></saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="{now}" NotOnOrAfter="{later}"><saml:AudienceRestriction><saml:Audience>{us}</saml:Audience>
</saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="{now}" SessionIndex="_session">
<saml:AuthnContext><saml:AuthnContextClassRef>{loa}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>
<saml:AttributeStatement><saml:Attribute Name="{claims}/givenname"><saml:AttributeValue>Anna</saml:AttributeValue>
</saml:Attribute><saml:Attribute Name="{claims}/surname"><saml:AttributeValue>Bērziņa</saml:AttributeValue></saml:Attribute>
<saml:Attribute Name="{claims}/privatepersonalidentifier"><saml:AttributeValue>321234-56789</saml:AttributeValue>
</saml:Attribute></saml:AttributeStatement></saml:Assertion>"""


def words() -> dict[str, str]:
    return {
        "saml": SAML,
        "samlp": SAMLP,
        "now": instant(NOW),
        "later": instant(NOW + timedelta(minutes=5)),
        "acs": OUR_CONSUMER,
        "us": US,
        "idp": IDP,
        "loa": SUBSTANTIAL,
        "claims": CLAIMS,
        "question": QUESTION,
    }


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that is wrong in a response, put in before it is signed."""

    at: str
    """An ElementTree path from the response, with ``saml:`` and ``samlp:``; empty for the response itself."""
    attribute: str | None = None
    text: str | None = None
    """The new value; None removes the attribute or element."""
    twice: bool = False

    def put_into(self, response: Any) -> None:
        names = {"saml": SAML, "samlp": SAMLP}
        element = response if not self.at else response.find(self.at, names)
        assert element is not None, self.at
        if self.twice:
            element.addnext(etree.fromstring(etree.tostring(element)))
        elif self.attribute is None and self.text is None:
            element.getparent().remove(element)
        elif self.attribute is None:
            element.text = self.text
        elif self.text is None:
            del element.attrib[self.attribute]
        else:
            element.set(self.attribute, self.text)


@dataclass
class IdentityProvider:
    """Signs what it is told to."""

    key: PrivateKey = field(default_factory=lambda: rsa_key("foreign-idp"))

    def response(self, *faults: Fault) -> Any:
        """Write a response that is not signed yet."""
        text = RESPONSE.format(assertion=ASSERTION.format(**words()), **words())
        response = etree.fromstring(text)
        for fault in faults:
            fault.put_into(response)
        return response

    def signed(self, *faults: Fault, what: str = "both", **how: Any) -> Any:
        """Write a signed response: ``what`` is ``assertion``, ``response`` or ``both``."""
        response = self.response(*faults)
        assertion = response.find(f"{{{SAML}}}Assertion")
        if what in {"assertion", "both"}:
            sign(assertion, self.key, **how)
        if what in {"response", "both"}:
            sign(response, self.key, **how)
        return response

    def encrypted(self, *faults: Fault, recipient: Any = None, what: str = "assertion") -> Any:
        """Write a response whose signed assertion is encrypted."""
        response = self.signed(*faults, what="assertion" if what in {"assertion", "both"} else "nothing")
        assertion = response.find(f"{{{SAML}}}Assertion")
        response.replace(assertion, sealed(etree.tostring(assertion, with_tail=False), recipient))
        return sign(response, self.key) if what in {"response", "both"} else response

    def provider(self, **profile: Any) -> SamlProvider:
        """The adapter for this identity provider; ``profile`` changes the agreement."""
        return _opened(self.key, tuple(sorted(profile.items())))

    def verify(self, response: Any, relay_state: str = REFERENCE, **profile: Any) -> VerifiedIdentity:
        """Bring a response to the adapter, as a browser would; raises ``ProviderError``."""
        raw = response if isinstance(response, bytes) else etree.tostring(response)
        return self.provider(**profile).receive(brought(raw, relay_state)).identify(EXPECTED)


EXPECTED: Final = Expectation(
    reference=REFERENCE,
    asked_at=NOW,
    memory=Memory(consumer=OUR_CONSUMER, fresh=False).as_bytes(),
    minimum_assurance=AssuranceLevel.SUBSTANTIAL,
)


def brought(raw: bytes, relay_state: str = REFERENCE) -> Arrival:
    """A response in the form that a browser posts."""
    fields = {"SAMLResponse": base64.b64encode(raw).decode(), "RelayState": relay_state}
    return Arrival(method="POST", content_type=FORM, body=urlencode(fields).encode(), received_at=NOW)


@cache
def _opened(key: PrivateKey, profile: tuple[tuple[str, Any], ...]) -> SamlProvider:
    with tempfile.TemporaryDirectory() as folder:
        return open_saml(entry_for(Path(folder), key, dict(profile)), Path(folder), lambda: NOW)


def entry_for(folder: Path, key: PrivateKey, profile: dict[str, Any]) -> dict[str, Any]:
    """A settings entry for an identity provider with this key; files are written below the folder."""
    (folder / "idp.pem").write_bytes(certificate_for(key).public_bytes(Encoding.PEM))
    written: dict[str, Any] = {
        "entity_id": US,
        "identity_provider": {
            "entity_id": IDP,
            "sign_on": "https://idp.test/sso",
            "signing_certificates": ["idp.pem"],
            "valid_until": "2027-01-01",
        },
        "signing": pair_in(folder, "our-signing"),
        "decryption": [pair_in(folder, "our-encryption")],
        "contexts": [
            {"uri": f"http://eidas.europa.eu/LoA/{name}", "level": name, "factors": ["knowledge", "possession"],
             "means": "otp"} for name in ("high", "substantial", "low")
        ],
        "encrypted_assertions": False,
        "signed_assertions": False,
    }  # fmt: skip
    return {
        "id": "idp",
        "names": {"lv": "Federācija", "en": "Federation"},
        "kind": "bank",
        "assurance": "high",
        "assurance_ground": "made up for tests",
        "environment": "test",
        "protocol": "saml",
        "saml": written | profile,
    }


def pair_in(folder: Path, name: str) -> dict[str, str]:
    """Write a made-up RSA key of ours and its certificate; give their names."""
    key = rsa_key(name)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / f"{name}.key").write_bytes(pem)
    (folder / f"{name}.pem").write_bytes(certificate_for(key).public_bytes(Encoding.PEM))
    return {"key": f"{name}.key", "certificate": f"{name}.pem"}


def sealed(plain: bytes, recipient: Any = None) -> Any:
    """Encrypt bytes for us."""
    public = (recipient or rsa_key("our-encryption")).public_key()
    return encrypt_assertion(plain, VerifyingKey.of(public).pem)


def signature_in(element: Any) -> Any:
    return element.find(f"{{{DS}}}Signature")
