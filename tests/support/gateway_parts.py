"""A gateway in memory for tests of its core: made-up relying parties, keys and persons."""

import hashlib
import json
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey

from gateway.audit.event import Correlation
from gateway.broker.front_door import FrontDoor, Redirect
from gateway.broker.login import Answered, Arrived, Asked, BrowserMark, Delivered, Door
from gateway.broker.relying_party import (
    AssertionKey,
    ClientAuthentication,
    OidcClient,
    Profile,
    RelyingParties,
    RelyingParty,
    RelyingPartyId,
    SenderConstraint,
)
from gateway.oidc.back_channel import NotGranted
from gateway.oidc.client_authentication import Credentials
from gateway.oidc.dpop import Occasion
from gateway.oidc.dpop_nonce import Nonces
from gateway.oidc.keys import SigningKeys
from gateway.oidc.metadata import Addresses
from gateway.oidc.userinfo import ClaimsRefused, PresentedToken, Scheme
from gateway.signing.signer import MemorySigner
from gateway.storage.memory import MemoryStorage
from gateway.use_cases import HandedOver, UseCases
from providers.contract import (
    AssuranceLevel,
    Factor,
    Language,
    ProviderId,
    Reference,
    VerifiedIdentity,
)
from providers.personal_code import PersonalCode

ISSUER = "https://gateway.test"
ADDRESSES = Addresses(issuer=ISSUER, mutual_tls="https://mtls.gateway.test")
PORTAL = RelyingPartyId("portal")
OTHER = RelyingPartyId("other")
PORTAL_CERTIFICATE = "a" * 64
OTHER_CERTIFICATE = "b" * 64
CALLBACK = "https://portal.test/callback"
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
BROWSER = BrowserMark("c" * 64)
PORTAL_KEY = ECKey.generate_key("P-256", {"kid": "portal-1"})
OTHER_KEY = ECKey.generate_key("P-256", {"kid": "other-1"})
SIGNING_KEY = ECKey.generate_key("P-256", {"kid": "gateway-1"})


@dataclass
class HeldClock:
    """A clock that moves when told to."""

    now: datetime = datetime(2026, 11, 24, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


def relying_party(party: RelyingPartyId, certificate: str, key: ECKey, **changed: Any) -> RelyingParty:
    """Make a registration; what is changed belongs to the party or to its OpenID Connect part."""
    of_client = {name: changed.pop(name) for name in list(changed) if name in OidcClient.__dataclass_fields__}
    client: dict[str, Any] = {
        "profile": Profile.BASELINE,
        "redirect_uris": frozenset({CALLBACK if party == PORTAL else "https://other.test/callback"}),
        "post_logout_redirect_uris": frozenset({"https://portal.test/signed-out"}),
        "authentication": ClientAuthentication.PRIVATE_KEY_JWT,
        "assertion_keys": (AssertionKey(kid=str(key.kid), algorithm="ES256", key=key),),
        "certificates": frozenset({certificate}),
        "sender_constraint": SenderConstraint.MUTUAL_TLS,
    }
    values: dict[str, Any] = {
        "id": party,
        "names": {Language.LATVIAN: "Portāls", Language.ENGLISH: "Portal"},
        "home": "https://portal.test/",
        "sector": f"{party}.test",
        "oidc": OidcClient(**{**client, **of_client}),
    }
    return RelyingParty(**{**values, **changed})


@dataclass
class Core:
    """The use-cases over memory, with no provider connected."""

    clock: HeldClock = field(default_factory=HeldClock)
    storage: MemoryStorage = field(default_factory=MemoryStorage)
    parties: RelyingParties = field(
        default_factory=lambda: RelyingParties(
            (
                relying_party(PORTAL, PORTAL_CERTIFICATE, PORTAL_KEY),
                relying_party(OTHER, OTHER_CERTIFICATE, OTHER_KEY),
            )
        )
    )

    def __post_init__(self) -> None:
        self.use_cases = self._open({})

    def _open(self, doors: dict[Door, FrontDoor]) -> UseCases:
        return UseCases(
            storage=self.storage,
            providers={},
            parties=self.parties,
            addresses=ADDRESSES,
            keys=SigningKeys(current=MemorySigner(SIGNING_KEY), published=(SIGNING_KEY,)),
            subject_key=b"s" * 32,
            nonces=Nonces(b"n" * 32, self.clock),
            clock=self.clock,
            doors=doors,
        )

    def register(self, party: RelyingParty) -> None:
        """Put a registration in the place of the one with the same id."""
        self.parties.swap([party, *(known for known in self.parties.values() if known.id != party.id)])

    def speak(self, door: FrontDoor) -> None:
        """Answer relying parties in SAML, too."""
        self.use_cases = self._open({Door.SAML: door})

    def begin(self, **parameters: str | None) -> Asked:
        asked = self.use_cases.authorize(query(**parameters), BROWSER)
        assert isinstance(asked, Asked)
        return asked

    def answered(self, **parameters: str | None) -> Correlation:
        """Bring a login to the point where somebody is vouched for."""
        asked = self.begin(**parameters)
        at_provider = asked.leaves_for(ProviderId("bank"), Reference(secrets.token_hex(16)), self.clock())
        arrived: Arrived = at_provider.arrived()
        answered = arrived.answered_by(person())
        assert isinstance(answered, Answered)
        self.storage.commit(lambda unit: unit.replace(asked, at_provider))
        self.storage.commit(lambda unit: unit.replace(at_provider, arrived))
        self.storage.commit(lambda unit: unit.replace(arrived, answered))
        return asked.id

    def code(self, **parameters: str | None) -> str:
        """Bring a login to the point where the portal holds a code."""
        handed_over = self.use_cases.resume(self.answered(**parameters), BROWSER)
        assert isinstance(handed_over, HandedOver)
        assert isinstance(handed_over.login, Delivered)
        return code_of(handed_over)

    def redeem(
        self, form: bytes, certificate: str | None = PORTAL_CERTIFICATE, proofs: Sequence[str] = ()
    ) -> dict[str, Any] | NotGranted:
        return self.use_cases.redeem(form, Credentials(certificate_sha256=certificate, proofs=proofs))

    def push(
        self, form: bytes, certificate: str | None = PORTAL_CERTIFICATE, proofs: Sequence[str] = ()
    ) -> str | NotGranted:
        return self.use_cases.push(form, Credentials(certificate_sha256=certificate, proofs=proofs))

    def claims(
        self,
        token: str | None,
        certificate: str | None = PORTAL_CERTIFICATE,
        proofs: Sequence[str] = (),
        scheme: Scheme = Scheme.BEARER,
    ) -> dict[str, Any] | ClaimsRefused:
        addresses = ADDRESSES.back_channel(mutual_tls=certificate is not None)
        return self.use_cases.claims(
            PresentedToken(
                scheme=scheme,
                token=token,
                occasion=Occasion(method="GET", url=addresses.userinfo, access_token=token),
                credentials=Credentials(certificate_sha256=certificate, proofs=proofs),
            )
        )

    def token_form(self, code: str, **changed: str | None) -> bytes:
        values: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self.assertion(),
            **changed,
        }
        return urlencode({name: value for name, value in values.items() if value is not None}).encode()

    def assertion(self, key: ECKey = PORTAL_KEY, header: dict[str, Any] | None = None, **changed: Any) -> str:
        """Make a client assertion of the portal; a claim changed to ``None`` is left out."""
        now = int(self.clock().timestamp())
        claims = {
            "iss": PORTAL,
            "sub": PORTAL,
            "aud": ISSUER,
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_urlsafe(16),
            **changed,
        }
        payload = json.dumps({name: value for name, value in claims.items() if value is not None})
        protected = {"alg": "ES256", "kid": "portal-1", **(header or {})}
        return jws.serialize_compact(protected, payload, key, algorithms=[protected["alg"]])


def code_of(handed_over: HandedOver) -> str:
    """Read the code out of the address that the browser is sent to."""
    assert isinstance(handed_over.answer, Redirect)
    return parse_qs(urlsplit(handed_over.answer.location).query)["code"][0]


def query(**changed: str | None) -> bytes:
    """Make the query of a good authorization request; a parameter changed to ``None`` is left out."""
    values: dict[str, str | None] = {
        "response_type": "code",
        "client_id": PORTAL,
        "redirect_uri": CALLBACK,
        "scope": "openid identity",
        "state": "a state",
        "nonce": "a nonce",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changed,
    }
    return urlencode({name: value for name, value in values.items() if value is not None}).encode()


def person(**changed: Any) -> VerifiedIdentity:
    values: dict[str, Any] = {
        "provider": ProviderId("bank"),
        "country": "LV",
        "personal_code": PersonalCode("32123456789"),
        "given_name": "Anna Marija",
        "family_name": "Bērziņa-Kalna",
        "assurance": AssuranceLevel.SUBSTANTIAL,
        "factors": frozenset({Factor.KNOWLEDGE, Factor.POSSESSION}),
        "means": "pin-calculator",
        "interface": "banklink",
        "authenticated_at": datetime(2026, 11, 24, 11, 59, tzinfo=UTC),
    }
    return VerifiedIdentity(**{**values, **changed})


def eventually(condition: Callable[[], bool], within: float = 5.0) -> bool:
    """Wait until something becomes true, for as long as it may take."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
