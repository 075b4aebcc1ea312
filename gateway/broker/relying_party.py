"""Who may ask: a registered relying party, and what it is registered for."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from joserfc.jwk import ECKey, OKPKey, RSAKey

from providers.contract import AssuranceLevel, Language

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


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """A registered relying party (VPM-DRV-17)."""

    id: RelyingPartyId
    names: dict[Language, str]
    home: str
    """Absolute https URL that a person can be sent back to when a login cannot go on."""
    redirect_uris: frozenset[str]
    """Compared as exact strings."""
    post_logout_redirect_uris: frozenset[str]
    sector: str
    """What pairwise subjects are derived for; parties of one sector see the same subject."""
    authentication: ClientAuthentication
    assertion_keys: tuple[AssertionKey, ...]
    certificates: frozenset[str]
    """SHA-256 fingerprints, lower-case hexadecimal, of the client certificates it may present."""
    minimum_assurance: AssuranceLevel = AssuranceLevel.LOW
    personal_code_form: PersonalCodeForm = PersonalCodeForm.DISPLAY
