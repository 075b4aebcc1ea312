"""A SAML identity provider's settings: who it is, who we are to it, and what its answers mean."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from providers.contract import Factor
from providers.servers import ServerSettings
from providers.settings import BackChannelSettings, Frozen, Level, ProviderSettings, SettingsFile, Text, https_url

CLAIMS: Final = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
"""Where the field's names of identity attributes stand (eid-providers.md 9.4)."""
LEVEL_CLAIM: Final = "http://ivis.eps.gov.lv/schema/identity/claims/citizenQAALevel"

HttpsUrl = Annotated[str, AfterValidator(https_url)]
Uri = Annotated[str, StringConstraints(min_length=1, max_length=1024, pattern=r"^[!-~]+$")]
"""An entity id or another name that is compared letter for letter."""
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class KeyPair(Frozen):
    """A key of ours with the certificate that our metadata shows."""

    key: SettingsFile
    """PEM, readable by its owner alone."""
    certificate: SettingsFile
    """PEM; a container for the public key that nobody validates."""


class IdentityProviderSettings(Frozen):
    """Who the provider is: its metadata file, or what such a file would say."""

    metadata: SettingsFile | None = None
    """One EntityDescriptor, pinned: it is read at start and never fetched."""
    metadata_certificate: SettingsFile | None = None
    """Whose key must have signed that file; without one, whoever put it there vouches for it."""
    entity_id: Uri | None = None
    """In place of a file; beside one, what the file must say."""
    sign_on: HttpsUrl | None = None
    """In place of a file: where our request goes."""
    signing_certificates: Annotated[tuple[SettingsFile, ...], Field(max_length=2)] = ()
    """In place of a file: its key, and the next one."""
    valid_until: date | None = None
    """The last day on which any of this counts; needed where the file names none. The earlier of both counts."""

    @model_validator(mode="after")
    def _one_or_the_other(self) -> "IdentityProviderSettings":
        written = (self.entity_id, self.sign_on, self.signing_certificates, self.valid_until)
        if self.metadata is None and not all(written):
            raise ValueError("needs metadata, or all of entity_id, sign_on, signing_certificates and valid_until")
        if self.metadata is not None and (self.sign_on or self.signing_certificates):
            raise ValueError("sign_on and signing_certificates are read from metadata, where that is given")
        if self.metadata is None and self.metadata_certificate is not None:
            raise ValueError("metadata_certificate is for a metadata file")
        return self


class ContextSettings(Frozen):
    """What one authentication context class of the provider means."""

    uri: Uri
    level: Level
    factors: Annotated[frozenset[Factor], Field(min_length=2)]
    """Two different kinds at least (VPM-INT-08)."""
    means: Text
    """What the person used, for the audit record."""


class AttributeNames(Frozen):
    """What the provider calls the three fields, and the level; full names, compared letter for letter."""

    given_name: Uri = f"{CLAIMS}/givenname"
    family_name: Uri = f"{CLAIMS}/surname"
    personal_code: Uri = f"{CLAIMS}/privatepersonalidentifier"
    level: Uri | None = LEVEL_CLAIM
    """2, 3 or 4; where it is stated, the weaker of it and the context counts. None: it is not looked at."""


class ArtifactSettings(Frozen):
    """Where an artifact is exchanged for the response: over mutual TLS, always."""

    url: HttpsUrl
    server: ServerSettings
    """The server that it is on, with our certificate for it."""


class SamlProfile(Frozen):
    """The agreement with one identity provider."""

    entity_id: Uri
    """Ours, as the provider knows it; by custom the address of our metadata."""
    identity_provider: IdentityProviderSettings
    signing: KeyPair
    """Signs our requests."""
    further_signing: Annotated[tuple[KeyPair, ...], Field(max_length=1)] = ()
    """Published as well, while the provider learns of a change."""
    decryption: Annotated[tuple[KeyPair, ...], Field(min_length=1, max_length=2)]
    """RSA: opens assertions. The last is published; an earlier one is tried as well while the provider changes over."""
    request_binding: Literal["redirect", "post"] = "redirect"
    artifact: ArtifactSettings | None = None
    """Answers come as artifacts; without it, by HTTP-POST."""
    encrypted_assertions: bool = True
    """Whether an assertion in clear is refused."""
    signed_assertions: bool = True
    """Whether the assertion must carry a signature of its own; else the response's is enough."""
    contexts: Annotated[tuple[ContextSettings, ...], Field(min_length=1)]
    """Every context class that counts, strongest first by custom; anything else satisfies no request."""
    asks_for_context: bool = True
    """Whether our request names the contexts that would do (RequestedAuthnContext)."""
    existing_sessions_minutes: Annotated[int, Field(ge=0, le=480)] = 0
    """How old a session at the provider may be that answers in place of a new sign-in. 0: none may, and ForceAuthn is
    always sent; else it is sent when the relying party asks for a fresh login."""
    attributes: AttributeNames = AttributeNames()
    default_country: Country = "LV"
    """Whose register issued the codes of this provider: the attribute holds the bare code."""
    name_id: Literal["opaque", "vpm"] = "opaque"
    """``vpm``: ``KIND:value``, where only ``PK:`` with a lone code is a natural person (eid-providers.md 9.4)."""
    confirmation_sender: Text | None = None
    """``iss`` of confirmations, where it is not the provider's entity id."""
    confirmation_recipient: Text | None = None
    """``aud`` of confirmations, where it is not our entity id."""

    @model_validator(mode="before")
    @classmethod
    def _no_context_twice(cls, written: Any) -> Any:
        listed = written.get("contexts") if isinstance(written, Mapping) else None
        uris = [one.get("uri") for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
        if len(set(uris)) != len(uris):
            raise ValueError("contexts: a uri stands twice")
        return written


class SamlSettings(ProviderSettings):
    """A settings entry with ``protocol = "saml"``."""

    protocol: Literal["saml"]
    saml: SamlProfile
    back_channel: BackChannelSettings | None = None
    """The provider's VPM back channel: status, journal and, unless it is not needed, confirmation."""
