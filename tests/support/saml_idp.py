"""A made-up identity provider that writes responses by hand, honest ones and ones with a single fault."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from lxml import etree

from providers.saml.encryption import encrypt_assertion
from providers.saml.keys import VerifyingKey
from providers.saml.response import ExpectedResponse, VerifiedAssertion, verify_response
from tests.support.saml_portal import PrivateKey, decryption_key, instant, rsa_key
from tests.support.xml_signing import DS, sign

SAML: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
NOW: Final = datetime(2026, 11, 24, 12, tzinfo=UTC)
IDP: Final = "https://idp.test/saml"
US: Final = "https://gateway.test/saml/sp"
OUR_CONSUMER: Final = "https://gateway.test/return/idp"
SUBSTANTIAL: Final = "http://eidas.europa.eu/LoA/substantial"

RESPONSE: Final = """<samlp:Response xmlns:samlp="{samlp}" xmlns:saml="{saml}" ID="_response" Version="2.0"
 IssueInstant="{now}" Destination="{acs}" InResponseTo="_question"><saml:Issuer>{idp}</saml:Issuer><samlp:Status>
<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>{assertion}</samlp:Response>"""
ASSERTION: Final = """<saml:Assertion xmlns:saml="{saml}" ID="_assertion" Version="2.0" IssueInstant="{now}"><saml:Issuer>{idp}
</saml:Issuer><saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">somebody
</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData
 InResponseTo="_question" NotOnOrAfter="{later}" Recipient="{acs}"/></saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="{now}" NotOnOrAfter="{later}"><saml:AudienceRestriction><saml:Audience>{us}</saml:Audience>
</saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="{now}" SessionIndex="_session">
<saml:AuthnContext><saml:AuthnContextClassRef>{loa}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>
<saml:AttributeStatement><saml:Attribute Name="urn:given"><saml:AttributeValue>Anna</saml:AttributeValue></saml:Attribute>
<saml:Attribute Name="urn:code"><saml:AttributeValue>321234-56789</saml:AttributeValue></saml:Attribute>
</saml:AttributeStatement></saml:Assertion>"""


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

    def expected(self, **changed: Any) -> ExpectedResponse:
        values: dict[str, Any] = {
            "issuer": IDP,
            "keys": (VerifyingKey.of(self.key.public_key()),),
            "destination": OUR_CONSUMER,
            "audience": US,
            "in_response_to": "_question",
            "asked_at": NOW,
            "now": NOW,
            "contexts": frozenset({SUBSTANTIAL, "http://eidas.europa.eu/LoA/high"}),
            "decryption_key": decryption_key(rsa_key("our-encryption")),
            **changed,
        }
        return ExpectedResponse(**values)

    def verify(self, response: Any, **changed: Any) -> VerifiedAssertion:
        raw = response if isinstance(response, bytes) else etree.tostring(response)
        return verify_response(raw, self.expected(**changed))


def sealed(plain: bytes, recipient: Any = None) -> Any:
    """Encrypt bytes for us."""
    public = (recipient or rsa_key("our-encryption")).public_key()
    return encrypt_assertion(plain, VerifyingKey.of(public).pem)


def signature_in(element: Any) -> Any:
    return element.find(f"{{{DS}}}Signature")
