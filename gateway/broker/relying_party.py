"""Who may ask: a registered relying party, and what it is registered for."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NewType

from joserfc.jwk import ECKey, OKPKey, RSAKey

from providers.contract import AssuranceLevel, Language
from providers.saml.keys import VerifyingKey
from providers.saml.metadata_values import Endpoint

RelyingPartyId = NewType("RelyingPartyId", str)
"""The registered ``client_id``."""


class PersonalCodeForm(StrEnum):
    """How a relying party wants the personal code (eid-providers.md 1.2)."""

    DISPLAY = "display"
    KEY = "key"


class ClientAuthentication(StrEnum):
    """How a relying party proves itself at the token endpoint; both stand on mutual TLS."""

    PRIVATE_KEY_JWT = "private_key_jwt"
    TLS = "tls_client_auth"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionKey:
    """A public key that verifies a relying party's client assertions, with the one algorithm it may be used for."""

    kid: str
    algorithm: str
    """``ES256``, ``PS256``, ``EdDSA`` or (baseline) ``RS256``."""
    key: ECKey | RSAKey | OKPKey


class Profile(StrEnum):
    """How strictly a relying party speaks OpenID Connect (security.md 8.1)."""

    FAPI2 = "fapi2"
    BASELINE = "baseline"


class SenderConstraint(StrEnum):
    """What an access token is bound to, so that a stolen one is worth nothing (T08)."""

    MUTUAL_TLS = "mutual_tls"
    DPOP = "dpop"
    NONE = "none"
    """In the profile ``baseline`` only."""


class AssertionAudience(StrEnum):
    """To whom a relying party addresses its client assertions (security.md 8.1)."""

    ISSUER = "issuer"
    TOKEN_ENDPOINT = "token_endpoint"  # noqa: S105 - a place, no password
    """In the profile ``baseline`` only: what libraries do that are older than the present rule (RFC 7523 3)."""


CLAIMS: Final = frozenset({"given_name", "family_name", "personal_code"})
"""What identifies a person: each is given to those only who are registered for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcClient:
    """How a relying party speaks OpenID Connect."""

    profile: Profile
    redirect_uris: frozenset[str]
    """Compared as exact strings."""
    post_logout_redirect_uris: frozenset[str]
    authentication: ClientAuthentication
    assertion_keys: tuple[AssertionKey, ...]
    certificates: frozenset[str]
    """SHA-256 fingerprints, lower-case hexadecimal, of the client certificates it may present."""
    sender_constraint: SenderConstraint
    backchannel_logout_uri: str | None = None
    """Absolute https URL that logout tokens are sent to; None when it cannot be told of a sign-out."""
    assertion_audience: AssertionAudience = AssertionAudience.ISSUER
    signed_responses: bool = False
    """Whether answers through the browser may be asked for as signed tokens (JARM)."""
    until: date | None = None
    """The last day (UTC) on which it may use the profile ``baseline``; None in ``fapi2``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceProvider:
    """How a relying party speaks SAML 2.0 (security.md 8.3): what its pinned metadata and its registration say."""

    entity_id: str
    consumers: tuple[Endpoint, ...]
    """Where responses may go, by HTTP-POST; the default one first (T26)."""
    logout: tuple[Endpoint, ...]
    """Where sign-out messages may go, by HTTP-Redirect or HTTP-POST; the preferred one first."""
    signing: tuple[VerifyingKey, ...]
    """What verifies its requests: several while it changes its key."""
    encryption: VerifyingKey | None
    """The RSA key that assertions are encrypted to; None when they are not."""
    attributes: Mapping[str, str]
    """From our names of claims to its names of attributes."""
    valid_until: datetime
    """After this moment its metadata does not count any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """A registered relying party (VPM-DRV-17)."""

    id: RelyingPartyId
    names: dict[Language, str]
    home: str
    """Absolute https URL that a person can be sent back to when a login cannot go on."""
    sector: str
    """What pairwise subjects are derived for; parties of one sector see the same subject."""
    minimum_assurance: AssuranceLevel = AssuranceLevel.LOW
    personal_code_form: PersonalCodeForm = PersonalCodeForm.DISPLAY
    claims: frozenset[str] = CLAIMS
    """Which of ``CLAIMS`` it is registered to get."""
    group: str | None = None
    """Relying parties of one group share a session at the gateway; without a group each login is a fresh one."""
    oidc: OidcClient | None = None
    saml: ServiceProvider | None = None

    @property
    def client(self) -> OidcClient:
        """Its registration for OpenID Connect.

        Raises:
            LookupError: it has none; ``RelyingParties.oidc_client`` never finds such a party.
        """
        if self.oidc is None:
            raise LookupError(f"{self.id} does not speak OpenID Connect")
        return self.oidc

    def ended_by(self, day: date) -> bool:
        """Whether its registration was over before the day (UTC) began."""
        return self.oidc is not None and self.oidc.until is not None and self.oidc.until < day


class RelyingParties(Mapping[RelyingPartyId, RelyingParty]):
    """All that are registered, and by what else than their id they are known."""

    def __init__(self, parties: Iterable[RelyingParty] = ()) -> None:
        self.swap(parties)

    def swap(self, parties: Iterable[RelyingParty]) -> None:
        """Replace all at once: whoever looks sees the old registrations or the new ones, never a mixture."""
        found = tuple(parties)
        certified = {sha256: party for party in found if party.oidc for sha256 in party.oidc.certificates}
        by_entity_id = {party.saml.entity_id: party for party in found if party.saml}
        self._known = {party.id: party for party in found}, certified, by_entity_id

    def __getitem__(self, party: RelyingPartyId) -> RelyingParty:
        return self._known[0][party]

    def __iter__(self) -> Iterator[RelyingPartyId]:
        return iter(self._known[0])

    def __len__(self) -> int:
        return len(self._known[0])

    def oidc_client(self, client_id: str) -> RelyingParty | None:
        """Give the party that speaks OpenID Connect under the ``client_id``."""
        party = self.get(RelyingPartyId(client_id))
        return party if party is not None and party.oidc is not None else None

    def by_certificate(self, sha256: str | None) -> RelyingParty | None:
        """Give the party that a client certificate belongs to (T31); ``sha256`` in lower-case hexadecimal."""
        return self._known[1].get(sha256 or "")

    def by_entity_id(self, entity_id: str) -> RelyingParty | None:
        """Give the party that speaks SAML under an entity id."""
        return self._known[2].get(entity_id)
