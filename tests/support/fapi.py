"""Relying parties of the profile fapi2, and one of baseline without a certificate, at a gateway in memory."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from joserfc.jwk import ECKey

from gateway.broker.complete import settle
from gateway.broker.login import Answered, Arrived, Asked, Refused
from gateway.broker.relying_party import Profile, RelyingParties, RelyingPartyId, SenderConstraint
from gateway.oidc.back_channel import NotGranted
from gateway.oidc.client_authentication import Credentials
from gateway.oidc.userinfo import ClaimsRefused, Scheme
from providers.contract import ProviderId, Reference
from tests.support.gateway_parts import (
    BROWSER,
    OTHER,
    OTHER_CERTIFICATE,
    OTHER_KEY,
    PORTAL,
    PORTAL_CERTIFICATE,
    PORTAL_KEY,
    Core,
    person,
    query,
    relying_party,
)
from tests.support.proofs import Prover, hash_of

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
BOUND = RelyingPartyId("bound")
BOUND_CERTIFICATE = "d" * 64
BOUND_KEY = ECKey.generate_key("P-256", {"kid": "portal-1"})
PLAIN = RelyingPartyId("plain")
PLAIN_KEY = ECKey.generate_key("P-256", {"kid": "portal-1"})
PROOF_KEY = ECKey.generate_key("P-256")
OTHER_PROOF_KEY = ECKey.generate_key("P-256")
BOUND_CALLBACK = "https://other.test/callback"


def parties(**changed: Any) -> RelyingParties:
    """``portal`` and ``other`` use DPoP, ``bound`` mutual TLS; ``plain`` is baseline, with bearer tokens."""
    dpop: dict[str, Any] = {
        "profile": Profile.FAPI2,
        "sender_constraint": SenderConstraint.DPOP,
        "certificates": frozenset(),
    }
    bearer: dict[str, Any] = {"sender_constraint": SenderConstraint.NONE, "certificates": frozenset()}
    return RelyingParties(
        (
            relying_party(PORTAL, PORTAL_CERTIFICATE, PORTAL_KEY, **{**dpop, **changed}),
            relying_party(OTHER, OTHER_CERTIFICATE, OTHER_KEY, **dpop),
            relying_party(BOUND, BOUND_CERTIFICATE, BOUND_KEY, profile=Profile.FAPI2),
            relying_party(PLAIN, "", PLAIN_KEY, **bearer),
        )
    )


@dataclass
class Fapi(Core):
    """The use-cases, with what a portal's server sends to them."""

    parties: RelyingParties = field(default_factory=parties)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.prover = Prover(self, PROOF_KEY)

    def push_form(self, **changed: str | None) -> bytes:
        """Make the form of a good pushed request; a parameter changed to ``None`` is left out."""
        proven: dict[str, str | None] = {
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self.assertion(),
            **changed,
        }
        return query(**proven)

    def pushed(self, form: bytes | None = None, proofs: tuple[str, ...] = (), **changed: str | None) -> str:
        outcome = self.push(form or self.push_form(**changed), None, proofs)
        assert isinstance(outcome, str), outcome
        return outcome

    def begin(self, **parameters: str | None) -> Asked:
        """Begin a login as the profile wants it: pushed, then named by the browser."""
        return self.visit(self.pushed(**parameters))

    def visit(self, request_uri: str, client_id: str = PORTAL, **more: str) -> Asked:
        sent = urlencode({"client_id": client_id, "request_uri": request_uri, **more}).encode()
        asked = self.use_cases.authorize(sent, BROWSER)
        assert isinstance(asked, Asked)
        return asked

    def exchange(
        self, code: str, proof: str | None = None, certificate: str | None = None, **changed: str | None
    ) -> dict[str, Any] | NotGranted:
        """Redeem a code with a proof."""
        return self.redeem(self.token_form(code, **changed), certificate, (proof or self.prover.proof(),))

    def token(self, **parameters: str | None) -> str:
        """Bring a login to the point where the portal holds an access token."""
        granted = self.exchange(self.code(**parameters))
        assert isinstance(granted, dict), granted
        return str(granted["access_token"])

    def care_form(self, token: str | None, **changed: str | None) -> bytes:
        """Make the form that takes a token back, or asks about it."""
        values: dict[str, str | None] = {
            "token": token,
            "client_id": PORTAL,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self.assertion(),
            **changed,
        }
        return urlencode({name: value for name, value in values.items() if value is not None}).encode()

    def revoke(self, form: bytes) -> bool | NotGranted:
        return self.use_cases.revoke(form, Credentials(certificate_sha256=None))

    def inspect(self, form: bytes) -> dict[str, object] | NotGranted:
        return self.use_cases.inspect(form, Credentials(certificate_sha256=None))

    def read(self, token: str, proof: str | None = None) -> dict[str, Any] | ClaimsRefused:
        """Ask for the claims with a proof."""
        made = proof or self.prover.proof("userinfo", method="GET", ath=hash_of(token))
        return self.claims(token, None, (made,), Scheme.DPOP)


def code_of(outcome: dict[str, Any] | str | NotGranted | ClaimsRefused) -> str:
    """Give the error code of an outcome; an empty string where nothing was refused."""
    return outcome.code if isinstance(outcome, NotGranted | ClaimsRefused) else ""


def handed_over(gateway: Fapi, asked: Asked) -> str:
    """Bring a login of any party to its code."""
    gateway.begin = lambda **_: asked  # type: ignore[method-assign,assignment] # the login that was begun already
    return gateway.code()


def settled(gateway: Fapi, asked: Asked) -> Answered | Refused:
    """Let a provider vouch for somebody, by the broker's own step."""
    leaving = asked.leaves_for(ProviderId("bank"), Reference(asked.id.lower()[:16] * 2), gateway.clock())
    arrived: Arrived = leaving.arrived()
    outcome = arrived.answered_by(person())
    gateway.storage.commit(lambda unit: unit.replace(asked, leaving))
    gateway.storage.commit(lambda unit: unit.replace(leaving, arrived))
    gateway.storage.commit(lambda unit: settle(unit, arrived, outcome, ()))
    found = gateway.storage.load(asked.id)
    assert isinstance(found, Answered | Refused)
    return found
