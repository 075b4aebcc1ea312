"""A made-up SAML service provider: its keys, its metadata, its requests, and how it reads a response."""

import base64
import secrets
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final
from urllib.parse import quote_plus

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from joserfc.jwk import ECKey, RSAKey
from lxml import etree

from gateway.broker.login import Answered, Asked
from gateway.broker.relying_party import RelyingParty, RelyingPartyId
from gateway.saml.opening import SamlParts, open_saml
from gateway.saml.registration import open_service_provider
from gateway.settings import ServiceProviderEntry
from gateway.signing.certificate import certified
from gateway.signing.life import KeyRing
from gateway.signing.life import SigningKey as RingKey
from gateway.signing.opening import KeysInUse
from gateway.signing.places import named_key
from gateway.signing.purpose import SAML as SAML_KEYS
from gateway.signing.signer import MemorySigner, Signer
from providers.contract import Language, ProviderId, Reference
from providers.saml.keys import VerifyingKey
from providers.saml.response import Recipient
from providers.saml.rules import Expected
from providers.saml.xml_keys import SigningKey
from tests.support.gateway_parts import ISSUER, Core, person
from tests.support.saml_reading import Told, read_response
from tests.support.xml_signing import algorithm_of, raw_signature, sign

SAML: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
HOST: Final = "sp.test"
ENTITY: Final = f"https://{HOST}/metadata"
CONSUMER: Final = f"https://{HOST}/acs"
OTHER_CONSUMER: Final = f"https://{HOST}/acs2"
LOGOUT: Final = f"https://{HOST}/logout"
IDP: Final = f"{ISSUER}/saml/metadata"
SSO: Final = f"{ISSUER}/saml/sso"
SLO: Final = f"{ISSUER}/saml/logout"
SAML_PORTAL: Final = RelyingPartyId("saml-portal")
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def certificate_for(key: PrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "made up for tests")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    dated = builder.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=30))
    return dated.sign(key, hashes.SHA256())


@cache
def rsa_key(which: str) -> rsa.RSAPrivateKey:
    """Make each made-up key once per process."""
    del which
    return rsa.generate_private_key(65537, 2048)


@cache
def ec_key(which: str) -> ec.EllipticCurvePrivateKey:
    del which
    return ec.generate_private_key(ec.SECP256R1())


@cache
def idp_keys(kind: str = "rsa") -> KeysInUse:
    """The gateway's own keys: one that signs."""
    key = rsa_key("idp") if kind == "rsa" else ec_key("idp")
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return keys_in_use(MemorySigner(named_key(pem, SAML_KEYS, RSAKey if kind == "rsa" else ECKey)))


def idp_verifying(kind: str = "rsa") -> VerifyingKey:
    return VerifyingKey.of(idp_keys(kind).current.public.public_key)


def keys_in_use(signer: Signer) -> KeysInUse:
    """A ring of one key, which signs."""
    now = datetime(2026, 11, 1, tzinfo=UTC)
    shown = certified(signer.public, now)
    key = RingKey(kid=str(signer.public.kid), place="file:made-up", public=shown, published_at=now, used_at=now)
    return KeysInUse(current=signer, ring=KeyRing((key,)))


def metadata(
    *,
    signing: tuple[PrivateKey, ...],
    encryption: PrivateKey | None,
    valid_until: str = "2027-01-01T00:00:00Z",
    host: str = HOST,
) -> bytes:
    """Write the metadata that the portal's administrator hands in."""
    keys = "".join(_key_descriptor("signing", key) for key in signing)
    keys += _key_descriptor("encryption", encryption) if encryption else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"
    entityID="https://{host}/metadata" validUntil="{valid_until}">
  <md:SPSSODescriptor AuthnRequestsSigned="true" protocolSupportEnumeration="{SAMLP}">
    {keys}
    <md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://{host}/logout/post"/>
    <md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://{host}/logout"/>
    <md:AssertionConsumerService index="1" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
        Location="https://{host}/acs2"/>
    <md:AssertionConsumerService index="0" isDefault="true"
        Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://{host}/acs"/>
    <md:AssertionConsumerService index="2" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"
        Location="https://{host}/artifact"/>
  </md:SPSSODescriptor>
</md:EntityDescriptor>""".encode()


def _key_descriptor(use: str, key: PrivateKey) -> str:
    der = base64.b64encode(certificate_for(key).public_bytes(Encoding.DER)).decode()
    return (
        f'<md:KeyDescriptor use="{use}"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{der}</ds:X509Certificate>'
        "</ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )


@dataclass
class SamlPortal:
    """One registered service provider and the gateway's core that knows it."""

    core: Core = field(default_factory=Core)
    key: PrivateKey = field(default_factory=lambda: rsa_key("sp"))
    encryption: rsa.RSAPrivateKey | None = field(default_factory=lambda: rsa_key("sp-encryption"))
    idp_kind: str = "rsa"
    attributes: Any = "claims"
    changed: dict[str, Any] = field(default_factory=dict)
    id: RelyingPartyId = SAML_PORTAL
    host: str = HOST

    def __post_init__(self) -> None:
        self.core.register(self.party())
        self.parts: SamlParts = open_saml(
            issuer=ISSUER,
            in_use=idp_keys(self.idp_kind),
            cache_seconds=3600,
            parties=self.core.parties,
            subject_key=b"s" * 32,
            clock=self.core.clock,
        )
        self.core.speak(self.parts.door)
        self.desk = self.parts.desk(self.core.use_cases)

    @property
    def entity(self) -> str:
        return f"https://{self.host}/metadata"

    def party(self) -> RelyingParty:
        entry = ServiceProviderEntry.model_validate(
            {"entity_id": self.entity, "metadata": "sp.xml", "attributes": self.attributes}
        )
        raw = metadata(signing=(self.key,), encryption=self.encryption, host=self.host)
        values: dict[str, Any] = {
            "id": self.id,
            "names": {Language.LATVIAN: "SAML portāls", Language.ENGLISH: "SAML portal"},
            "home": f"https://{self.host}/",
            "sector": self.host,
            "saml": open_service_provider(entry, raw, self.core.clock().date()),
        }
        return RelyingParty(**{**values, **self.changed})

    # --- asking ---

    def request(self, inside: str = "", **changed: str | None) -> Any:
        """Make an AuthnRequest, not signed yet; an attribute changed to None is left out."""
        attributes: dict[str, str | None] = {
            "ID": f"_{secrets.token_hex(16)}",
            "Version": "2.0",
            "IssueInstant": instant(self.core.clock()),
            "Destination": SSO,
            "AssertionConsumerServiceURL": f"https://{self.host}/acs",
            **changed,
        }
        return message("AuthnRequest", attributes, inside, self.entity)

    def logout_request(self, subject: str = "somebody", **changed: str | None) -> Any:
        attributes: dict[str, str | None] = {
            "ID": f"_{secrets.token_hex(16)}",
            "Version": "2.0",
            "IssueInstant": instant(self.core.clock()),
            "Destination": SLO,
            **changed,
        }
        return message("LogoutRequest", attributes, f"<saml:NameID>{subject}</saml:NameID>", self.entity)

    def logout_response(self, in_response_to: str, status: str = "Success", **changed: str | None) -> Any:
        """Answer a LogoutRequest of the gateway; not signed yet."""
        attributes: dict[str, str | None] = {
            "ID": f"_{secrets.token_hex(16)}",
            "Version": "2.0",
            "IssueInstant": instant(self.core.clock()),
            "Destination": SLO,
            "InResponseTo": in_response_to,
            **changed,
        }
        code = f'<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{status}"/>'
        return message("LogoutResponse", attributes, f"<samlp:Status>{code}</samlp:Status>", self.entity)

    def redirect(self, root: Any, relay_state: str | None = "a state", **changed: Any) -> bytes:
        """Make the signed query of the redirect binding."""
        return redirect_query(etree.tostring(root), changed.pop("key", self.key), relay_state, **changed)

    def post(self, root: Any, relay_state: str | None = "a state", **changed: Any) -> bytes:
        """Make the form of the POST binding, signed in the message."""
        signed = etree.tostring(sign(root, changed.pop("key", self.key), **changed))
        return post_body(signed, relay_state)

    # --- signing in ---

    def answered(self, asked: Asked, **changed: Any) -> Asked:
        """Let a provider vouch for somebody."""
        at_provider = asked.leaves_for(ProviderId("bank"), Reference(secrets.token_hex(16)), self.core.clock())
        arrived = at_provider.arrived()
        values: dict[str, Any] = {"authenticated_at": self.core.clock(), **changed}
        answered = arrived.answered_by(person(**values))
        assert isinstance(answered, Answered)
        for old, new in ((asked, at_provider), (at_provider, arrived), (arrived, answered)):
            assert self.core.storage.commit(lambda unit, old=old, new=new: unit.replace(old, new))
        return asked

    @property
    def recipient(self) -> Recipient:
        """Who the portal is, and whom it believes."""
        return Recipient(
            issuer=IDP,
            keys=(idp_verifying(self.idp_kind),),
            audience=self.entity,
            decryption_keys=(decryption_key(self.encryption),) if self.encryption else (),
            encrypted=self.encryption is not None,
        )

    def expected(self, in_response_to: str, **changed: Any) -> Expected:
        """What the portal waits for."""
        values: dict[str, Any] = {
            "consumer": f"https://{self.host}/acs",
            "in_response_to": in_response_to,
            "authenticated_since": self.core.clock(),
            **changed,
        }
        return Expected(**values)

    def read(self, fields: tuple[tuple[str, str], ...], in_response_to: str, **changed: Any) -> Told:
        expected = self.expected(in_response_to, **changed)
        return read_response(response_in(fields), self.recipient, expected, self.core.clock())


def decryption_key(key: rsa.RSAPrivateKey) -> Any:
    return SigningKey.of(key, certificate_for(key)).xml_key


def response_in(fields: tuple[tuple[str, str], ...]) -> bytes:
    return base64.b64decode(dict(fields)["SAMLResponse"])


def instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def message(name: str, attributes: dict[str, str | None], inside: str, issuer: str = ENTITY) -> Any:
    root = etree.fromstring(
        f'<samlp:{name} xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}"><saml:Issuer>{issuer}</saml:Issuer>{inside}'
        f"</samlp:{name}>"
    )
    for key, value in attributes.items():
        if value is not None:
            root.set(key, value)
    return root


def redirect_query(xml: bytes, key: PrivateKey, relay_state: str | None = None, **changed: Any) -> bytes:
    packed = zlib.compressobj(wbits=-15)
    deflated = packed.compress(xml) + packed.flush()
    pairs = [(changed.get("name", "SAMLRequest"), base64.b64encode(deflated).decode())]
    if relay_state is not None:
        pairs.append(("RelayState", relay_state))
    algorithm = changed.get("algorithm", algorithm_of(key))
    pairs.append(("SigAlg", algorithm))
    query = "&".join(f"{name}={quote_plus(value)}" for name, value in pairs)
    signature = base64.b64encode(raw_signature(key, query.encode(), algorithm)).decode()
    return f"{query}&Signature={quote_plus(signature)}".encode()


def post_body(xml: bytes, relay_state: str | None = None) -> bytes:
    body = f"SAMLRequest={quote_plus(base64.b64encode(xml).decode())}"
    return (body if relay_state is None else f"{body}&RelayState={quote_plus(relay_state)}").encode()
