"""Complete logins by SAML, by script: one service provider that keeps the gateway's metadata exactly as long as it may."""

import base64
import re
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from threading import Lock
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from gateway.demo.places import Places
from portals.id_token import VerifiedIdentity
from providers.saml.errors import SamlRefused
from providers.saml.gate import parse_document
from providers.saml.keys import VerifyingKey
from providers.saml.names import ds
from providers.saml.response import Recipient
from providers.saml.rules import Expected
from providers.saml.signature import verify_enveloped
from tests.support.driver import Driver, SignedIn, SignIn, Turned
from tests.support.https_line import Line, Reply
from tests.support.load import Load
from tests.support.relying_party import RelyingParty
from tests.support.saml_portal import decryption_key, instant, message, metadata, redirect_query, rsa_key
from tests.support.saml_reading import Told, read_response

HOST: Final = "saml.test"
ENTITY: Final = f"https://{HOST}/metadata"
CONSUMER: Final = f"https://{HOST}/acs"
_RESPONSE: Final = re.compile(r'name="SAMLResponse" value="([^"]+)"')


def registration(places: Places) -> str:
    """Write the portal's metadata beside the gateway's settings, and give the registration that names it."""
    signing, encryption = rsa_key("load-sp"), rsa_key("load-sp-encryption")
    path = places.settings("gateway").parent / "saml-portal.xml"
    path.write_bytes(metadata(signing=(signing,), encryption=encryption, host=HOST, valid_until=_in_a_year()))
    return (
        '[[relying_parties]]\nid = "saml-portal"\nname = { lv = "SAML portāls", en = "SAML portal" }\n'
        f'home = "https://{HOST}/"\nsector = "{HOST}"\n\n'
        f'[relying_parties.saml]\nentity_id = "{ENTITY}"\nmetadata = "{path}"\n'
    )


def _in_a_year() -> str:
    now = datetime.now(UTC)
    return instant(now.replace(year=now.year + 1, day=1))


class SamlParty(RelyingParty):
    """A SAML portal that looks its metadata up anew when ``cacheDuration`` is over, and never before."""

    def __init__(self, places: Places) -> None:
        super().__init__(places)
        self.signing: rsa.RSAPrivateKey = rsa_key("load-sp")
        self._kept: list[VerifyingKey] = []
        self._kept_until = 0.0
        self._looking = Lock()

    @property
    def trusted(self) -> list[VerifyingKey]:
        """The keys that may have signed a response, as the portal knows them just now."""
        with self._looking:
            if time.monotonic() >= self._kept_until:
                self._look()
            return self._kept

    def knows(self, certificate: x509.Certificate) -> bool:
        return VerifyingKey.of(certificate.public_key()) in self.trusted

    def _look(self) -> None:
        line = Line(self.places.issuer, self.browser_tls)
        try:
            raw = line.get("/saml/metadata").body
        finally:
            line.close()
        document = parse_document(raw)
        certificates = [base64.b64decode(text.text) for text in document.iter(ds("X509Certificate"))]
        found = [VerifyingKey.of(x509.load_der_x509_certificate(der).public_key()) for der in certificates]
        verify_enveloped(document, self._kept or found)  # the first copy comes by another way; later ones by its keys
        duration = re.fullmatch(r"PT(\d+)S", document.get("cacheDuration"))
        assert duration is not None
        self._kept, self._kept_until = found, time.monotonic() + int(duration[1])

    def read(self, raw: bytes, in_response_to: str, asked_at: datetime) -> Told:
        recipient = Recipient(
            issuer=f"{self.places.issuer}/saml/metadata",
            keys=tuple(self.trusted),
            audience=ENTITY,
            decryption_keys=(decryption_key(rsa_key("load-sp-encryption")),),
        )
        expected = Expected(consumer=CONSUMER, in_response_to=in_response_to, authenticated_since=asked_at)
        return read_response(raw, recipient, expected, datetime.now(UTC))


@dataclass(slots=True)
class SamlSignIn(SignIn):
    """The same steps, asked and answered in SAML; the last one, which OpenID Connect needs for its tokens, reads."""

    request: str = field(default_factory=lambda: f"_{secrets.token_hex(16)}")
    asked_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    response: bytes = b""

    def authorization_target(self) -> str:
        """The signed AuthnRequest by HTTP-Redirect."""
        attributes: dict[str, str | None] = {
            "ID": self.request,
            "Version": "2.0",
            "IssueInstant": instant(self.asked_at),
            "Destination": f"{self.party.places.issuer}/saml/sso",
            "AssertionConsumerServiceURL": CONSUMER,
        }
        question = message("AuthnRequest", attributes, "", ENTITY)
        party = self.party
        assert isinstance(party, SamlParty)
        query = redirect_query(etree.tostring(question), party.signing, self.state).decode()
        return f"/saml/sso?{query}"

    def _authorize(self) -> None:
        """SAML has no word for a way to sign in that is chosen beforehand."""
        SignIn._authorize(self)
        self.choose()

    def read_code(self, reply: Reply) -> None:
        """Take the response out of the page that posts it to the portal."""
        found = _RESPONSE.search(reply.text)
        if reply.status != 200 or found is None:
            raise Turned("continue", reply)
        self.response = base64.b64decode(unescape(found[1]))

    def _redeem(self) -> SignedIn:
        """There is nothing to redeem: the response is the result."""
        started = time.perf_counter()
        party = self.party
        assert isinstance(party, SamlParty)
        try:
            said = party.read(self.response, self.request, self.asked_at)
        except SamlRefused as refused:
            raise Turned("token", Reply(200, [], f"{refused}".encode())) from refused
        return SignedIn(
            login=self.login or "",
            identity=_identity(said, party.places.issuer),
            access_token="",
            seconds={**self.seconds, "token": time.perf_counter() - started},
            at=time.monotonic(),
        )


def _identity(said: Told, issuer: str) -> VerifiedIdentity:
    facts = {name.rpartition("/")[2]: values[0] for name, values in said.attributes.items()}
    return VerifiedIdentity(
        issuer=issuer,
        subject=said.name_id,
        given_name=facts["givenname"],
        family_name=facts["surname"],
        personal_code=facts["privatepersonalidentifier"],
        authentication_context=said.context,
        authenticated_at=said.authenticated_at,
        provider="",
        id_token="",
    )


class SamlDriver(Driver):
    """Signs people in by SAML."""

    def begin(self, *, query: str = "") -> SignIn:
        return SamlSignIn(self.party, self.lines, provider=None, persona=self.persona, query=query)


class SamlLoad(Load):
    """Many logins by SAML at a time."""

    def open_driver(self) -> Driver:
        return SamlDriver(self._party, provider=self._provider, line=self._line)
