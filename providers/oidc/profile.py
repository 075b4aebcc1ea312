"""A settings entry whose ``protocol`` is ``oidc``: what the agreement with the provider says."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, StringConstraints

from providers.contract import Factor
from providers.servers import ServerSettings
from providers.settings import BackChannelSettings, Frozen, Level, ProviderSettings, SettingsFile, Text, https_url

IdTokenAlgorithm = Literal["ES256", "ES384", "PS256", "RS256", "Ed25519"]
Authentication = Literal["tls_client_auth", "self_signed_tls_client_auth", "private_key_jwt"]
ClaimName = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,100}$")]
Word = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,200}$")]
"""Printable ASCII without blanks: a scope, an ``acr``, an ``amr``, a client id."""
_WEAK: Final = frozenset({"RS256"})
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class AssertionSettings(Frozen):
    """With what we sign client assertions (``private_key_jwt``, RFC 7523)."""

    key: SettingsFile
    """PEM, readable by its owner alone: P-256 for ES256, RSA of 2048 bits or more for PS256 and RS256."""
    kid: Word
    algorithm: Literal["ES256", "PS256", "RS256"]
    audience: Literal["issuer", "token_endpoint"] = "issuer"
    """Whom an assertion is for; older providers want their token endpoint."""


class CodeType(Frozen):
    """A claim that says what kind of number the personal code is, and the only value that is accepted."""

    claim: ClaimName
    value: Word


class ClaimNames(Frozen):
    """Under which names the provider states who somebody is."""

    given_name: ClaimName = "given_name"
    family_name: ClaimName = "family_name"
    personal_code: ClaimName
    form: Literal["bare", "semantics"] = "bare"
    """``semantics``: ``PNOLV-150382-01230`` (ETSI EN 319 412-1); the country is then in the code."""
    country: ClaimName | None = None
    """The claim with the country of a bare code, ISO 3166-1 alpha-2."""
    default_country: Country | None = None
    """The country of every bare code, where no claim names it."""
    type: CodeType | None = None


class OidcProfile(Frozen):
    """What the agreement with the provider says."""

    issuer: Annotated[str, AfterValidator(https_url)]
    """Compared letter for letter, wherever the provider names itself."""
    client_id: Word
    authentication: Authentication
    assertion: AssertionSettings | None = None
    """For ``private_key_jwt``."""
    id_token_algorithm: IdTokenAlgorithm
    scope: Annotated[tuple[Word, ...], Field(min_length=1)] = ("openid", "profile")
    response_issuer: Literal["as_announced", "required"] = "as_announced"
    """Whether answers through the browser must hold ``iss`` (RFC 9207) even if the metadata does not announce it."""
    userinfo: bool = True
    """Whether the person's claims are asked for at the user-info endpoint, beside those in the ID token."""
    claims: ClaimNames
    levels: Annotated[dict[Word, Level], Field(min_length=1)]
    """Assurance level of each ``acr``; one that does not stand here names no level, and nobody is vouched for."""
    factors_of_acr: dict[Word, tuple[Factor, ...]] = Field(default_factory=dict)
    """Factors that an ``acr`` promises by contract."""
    factors_of_amr: dict[Word, tuple[Factor, ...]] = Field(default_factory=dict)
    """Factors that each ``amr`` stands for (RFC 8176)."""
    means: Word = "oidc"
    """What the person uses, as the audit record names it."""
    provider_id: Text | None = None
    """The provider's name in statements of its VPM back channel; its issuer where none is given."""
    servers: Annotated[tuple[ServerSettings, ...], Field(min_length=1)]
    """Every server that holds one of its endpoints."""


class OidcSettings(ProviderSettings):
    """A settings entry whose ``protocol`` is ``oidc``."""

    protocol: Literal["oidc"]
    oidc: OidcProfile
    back_channel: BackChannelSettings | None = None
    """Its VPM back channel, which production asks for: status and journal; the confirmation may be ``not_needed``."""


def contradictions(settings: OidcSettings) -> list[str]:
    """What the settings say against one another, each naming its setting."""
    profile = settings.oidc
    return [
        sentence
        for wrong, sentence in (
            (
                settings.environment == "production" and settings.back_channel is None,
                "back_channel: production needs it, for status and journal",
            ),
            ("openid" not in profile.scope, "oidc.scope: must hold openid"),
            (_assertion_misplaced(profile), "oidc.assertion: belongs to private_key_jwt, and to it alone"),
            (_without_certificate(profile), "oidc.servers: no server has a client_certificate to authenticate with"),
            (
                any(level > settings.assurance for level in profile.levels.values()),
                "oidc.levels: none may be above assurance",
            ),
            (not (profile.factors_of_acr or profile.factors_of_amr), "oidc: neither acr nor amr stands for factors"),
            (_country_unknown(profile.claims), "oidc.claims: a bare code needs country or default_country, not both"),
        )
        if wrong
    ]


def weaknesses(settings: OidcSettings) -> list[str]:
    """Sentences about settings that weaken this provider."""
    profile, warnings = settings.oidc, []
    if profile.id_token_algorithm in _WEAK:
        warnings.append(f"{settings.id}: ID tokens are signed with RS256, the weakest padding that is accepted")
    if profile.response_issuer == "as_announced":
        warnings.append(f"{settings.id}: answers without iss are accepted while the metadata does not announce it")
    if any(not one.pins for one in profile.servers):
        warnings.append(f"{settings.id}: a server's key is not pinned (oidc.servers.pins is empty)")
    return warnings


def _assertion_misplaced(profile: OidcProfile) -> bool:
    return (profile.assertion is None) == (profile.authentication == "private_key_jwt")


def _without_certificate(profile: OidcProfile) -> bool:
    by_certificate = profile.authentication != "private_key_jwt"
    return by_certificate and all(one.client_certificate is None for one in profile.servers)


def _country_unknown(claims: ClaimNames) -> bool:
    if claims.form == "semantics":
        return claims.country is not None or claims.default_country is not None
    return (claims.country is None) == (claims.default_country is None)
