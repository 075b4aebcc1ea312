"""The gateway's settings: one TOML file, read once, frozen, every problem said at once."""

import tomllib
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from gateway.broker.relying_party import (
    CLAIMS,
    AssertionAudience,
    ClientAuthentication,
    PersonalCodeForm,
    Profile,
    SenderConstraint,
)
from gateway.web_address import https_address, own_origin, redirect_address

RedirectUri = Annotated[str, AfterValidator(redirect_address)]

ID_PATTERN: Final = r"^[a-z][a-z0-9-]{0,39}$"
_REASON: Final = 8
"""Letters that a reason has at least."""
_SQLITE: Final = "sqlite:///"
_DATABASES: Final = (_SQLITE, "postgresql+psycopg://")


class InvalidSettings(Exception):
    """The gateway cannot start; the message has one line for each problem."""

    def __init__(self, source: Path, problems: list[str]) -> None:
        super().__init__("\n".join([f"the gateway cannot start, {source}:", *(f"  - {line}" for line in problems)]))
        self.problems = problems


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Names(_Frozen):
    """A name as people read it, in both languages."""

    lv: str = Field(min_length=1)
    en: str = Field(min_length=1)


class AssertionKeyEntry(_Frozen):
    """A relying party's public key."""

    kid: str = Field(min_length=1, max_length=128)
    algorithm: Literal["ES256", "PS256", "EdDSA", "RS256"] = "ES256"
    file: Path


class OidcEntry(_Frozen):
    """How a relying party speaks OpenID Connect (security.md 8.1)."""

    profile: Profile = Profile.FAPI2
    redirect_uris: list[RedirectUri] = Field(min_length=1)
    post_logout_redirect_uris: list[RedirectUri] = []
    backchannel_logout_uri: Annotated[str, AfterValidator(https_address)] | None = None
    """Where logout tokens are sent to (OIDC Back-Channel Logout 2.2)."""
    authentication: ClientAuthentication = ClientAuthentication.PRIVATE_KEY_JWT
    assertion_keys: list[AssertionKeyEntry] = []
    sender_constraint: SenderConstraint = SenderConstraint.MUTUAL_TLS
    assertion_audience: AssertionAudience = AssertionAudience.ISSUER
    signed_responses: bool = False
    """Whether it may ask for answers as signed tokens, by response_mode ``jwt`` (JARM)."""
    certificates: list[Path] = []
    certificates_sha256: list[str] = []
    reason: str = ""
    """Why this relying party is registered with the profile ``baseline`` and not the stricter one."""
    until: date | None = None
    """The last day on which the profile ``baseline`` is allowed for it."""

    @field_validator("certificates_sha256")
    @classmethod
    def _fingerprints(cls, values: list[str]) -> list[str]:
        for value in values:
            if len(value) != 64 or set(value) - set("0123456789abcdef"):
                raise ValueError(f"{value}: a SHA-256 fingerprint is 64 lower-case hexadecimal digits")
        return values

    @property
    def presents_a_certificate(self) -> bool:
        """Whether it comes by mutual TLS: to prove itself, or because its tokens are bound to the certificate."""
        tls = self.authentication is ClientAuthentication.TLS
        return tls or self.sender_constraint is SenderConstraint.MUTUAL_TLS

    @model_validator(mode="after")
    def _whole(self) -> Self:
        problems = [*self._problems_of_authentication(), *self._problems_of_profile()]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _problems_of_authentication(self) -> Iterator[str]:
        if self.presents_a_certificate and not (self.certificates or self.certificates_sha256):
            yield "certificates or certificates_sha256 must name the client certificate"
        if self.authentication is ClientAuthentication.PRIVATE_KEY_JWT and not self.assertion_keys:
            yield "assertion_keys must hold a public key for private_key_jwt"
        if len({key.kid for key in self.assertion_keys}) < len(self.assertion_keys):
            yield "assertion_keys: each kid may stand once, or no assertion could be tied to its key"

    def _problems_of_profile(self) -> Iterator[str]:
        if self.profile is Profile.BASELINE:
            if len(self.reason) < _REASON:
                yield f"reason: say in {_REASON} letters or more why baseline is needed"
            if self.until is None:
                yield "until: baseline needs the last day on which it is allowed"
            return
        if self.sender_constraint is SenderConstraint.NONE:
            yield "sender_constraint: fapi2 needs mutual_tls or dpop"
        if any(key.algorithm == "RS256" for key in self.assertion_keys):
            yield "assertion_keys: fapi2 takes ES256, PS256 and EdDSA, not RS256"
        if self.assertion_audience is not AssertionAudience.ISSUER:
            yield "assertion_audience: fapi2 takes assertions for the issuer only"
        if self.reason or self.until:
            yield "reason and until belong to the profile baseline"


class ServiceProviderEntry(_Frozen):
    """How a relying party speaks SAML 2.0 (security.md 8.3)."""

    entity_id: str = Field(min_length=1, max_length=1024)
    """Must be the one in its metadata."""
    metadata: Path
    """Its metadata, looked at by whoever registers it; nothing is ever fetched."""
    metadata_until: date | None = None
    """The last day on which the metadata counts; needed where it has no ``validUntil``, and the earlier one decides."""
    attributes: Literal["claims", "oids"] | dict[str, str] = "claims"
    """Names of attributes: the claim URIs of the field, the object identifiers of X.500, or one for each claim."""

    @field_validator("attributes", mode="after")
    @classmethod
    def _known_claims(cls, value: str | dict[str, str]) -> str | dict[str, str]:
        unknown = sorted(set(value) - CLAIMS) if isinstance(value, dict) else []
        if unknown:
            raise ValueError(f"{', '.join(unknown)}: must be of {', '.join(sorted(CLAIMS))}")
        return value


class SamlEntry(_Frozen):
    """Switches SAML on."""

    key: Literal["rsa", "ec"] = "rsa"
    """Which kind of signing key is made; libraries in the field know RSA best."""
    cache_seconds: int = Field(default=604_800, ge=1, le=604_800)
    """How long portals may keep the metadata; a new key signs when it is over, and metadata is valid for a week."""


class RelyingPartyEntry(_Frozen):
    """One registered relying party (VPM-DRV-17)."""

    id: str = Field(pattern=ID_PATTERN)
    name: Names
    home: Annotated[str, AfterValidator(https_address)]
    sector: str = Field(min_length=1)
    minimum_assurance: Literal["low", "substantial", "high"] = "low"
    personal_code_form: PersonalCodeForm = PersonalCodeForm.DISPLAY
    claims: list[Literal["given_name", "family_name", "personal_code"]] = Field(
        default=["given_name", "family_name", "personal_code"]
    )
    """What it may get of a person."""
    group: str | None = Field(default=None, pattern=ID_PATTERN)
    """Relying parties of one group share a session at the gateway."""
    oidc: OidcEntry | None = None
    saml: ServiceProviderEntry | None = None

    @model_validator(mode="after")
    def _speaks(self) -> Self:
        if self.oidc is None and self.saml is None:
            raise ValueError("give [oidc] or [saml], or both: how does it speak with the gateway?")
        return self


class PortEntry(_Frozen):
    """A listening port: with TLS in the process, or on a Unix socket behind a front that ends it."""

    host: str = "127.0.0.1"
    port: int | None = Field(default=None, ge=1, le=65535)
    certificate: Path | None = None
    key: Path | None = None
    unix_socket: Path | None = None
    """Instead of host, port, certificate and key; see ``docs/deployment.md``."""
    workers: int = Field(default=1, ge=1, le=64)
    threads: int = Field(default=32, ge=1, le=256)

    @model_validator(mode="after")
    def _one_way_of_serving(self) -> Self:
        own_tls = (self.port, self.certificate, self.key)
        if self.unix_socket is None and None in own_tls:
            raise ValueError("give port, certificate and key, or unix_socket alone")
        if self.unix_socket is not None and own_tls != (None, None, None):
            raise ValueError("with unix_socket the front has port, certificate and key")
        return self


class MutualTlsPortEntry(PortEntry):
    """The port that demands a client certificate."""

    client_ca: Path
    client_crl: Path


class CardPortEntry(_Frozen):
    """The port that asks browsers for a card; it ends TLS itself, for the handshake is the proof."""

    url: Annotated[str, AfterValidator(own_origin)]
    """As browsers see it: the issuer's host name with another port, or a name below the issuer's."""
    host: str = "127.0.0.1"
    port: int = Field(ge=1, le=65535)
    certificate: Path
    key: Path
    client_cas: list[Path] = Field(min_length=1)
    """The issuing CAs, PEM: browsers offer cards of these and no other certificate."""
    workers: int = Field(default=1, ge=1, le=64)
    threads: int = Field(default=32, ge=1, le=256)


class Pkcs11Entry(_Frozen):
    """A token that keeps signing keys: a hardware security module, or SoftHSM."""

    module: Path
    """The maker's PKCS#11 library."""
    token: str = Field(min_length=1)
    """The token's label."""
    pin_file: Path


class SignerEntry(_Frozen):
    """A process of its own that holds the signing keys, in place of the gateway; see ``docs/operation.md``."""

    socket: Path = Path("signer.sock")
    """Where it listens; who may write to it may have things signed. Relative paths start at the folder of keys."""
    ledger: Path = Path("signatures.db")
    """Where it counts; on a disk of this node."""


class SigningKeysEntry(_Frozen):
    """How the gateway's signing keys are kept and changed; see ``docs/operation.md``."""

    cache_seconds: int = Field(default=300, ge=1, le=86_400)
    """How long portals may keep the published keys."""
    margin_seconds: int = Field(default=60, ge=1, le=3600)
    """For clocks that differ, and for workers that look once a second."""
    folder: Path | None = None
    """Where the rings are, and keys that are files; the folder ``keys`` where nothing is said."""
    pkcs11: Pkcs11Entry | None = None
    """Where new keys are made; without it they are files."""
    signer: SignerEntry | None = None
    """Off where nothing is said: each worker holds the keys itself."""


class SessionsEntry(_Frozen):
    """How long somebody stays signed in for a group, and how its relying parties are told of the end."""

    longest_minutes: int = Field(default=480, ge=1, le=1440)
    idle_minutes: int = Field(default=30, ge=1, le=1440)
    trust: Path | None = None
    """The CA of the addresses that logout tokens are sent to; the operating system's where nothing is said."""


class Settings(BaseSettings):
    """Everything the gateway is told. Relative paths start at the settings file's folder.

    Single values may be overridden by the environment: ``VPM_GATEWAY_DATABASE_URL``, ``VPM_GATEWAY_NODE``.
    """

    model_config = SettingsConfigDict(env_prefix="VPM_GATEWAY_", frozen=True, extra="forbid")

    base: Path = Path()
    """The settings file's folder."""
    revision: str = ""
    """First 12 hexadecimal digits of the SHA-256 of the settings file; stands in every audit record."""
    issuer: Annotated[str, AfterValidator(own_origin)]
    mutual_tls_url: Annotated[str, AfterValidator(own_origin)]
    database_url: str
    keys: Path
    node: str = Field(default="node-1", pattern=r"^[a-z0-9.-]{1,40}$")
    environment: Literal["test", "production"] = "test"
    public: PortEntry
    mutual_tls: MutualTlsPortEntry
    cards: CardPortEntry | None = None
    """Cards by TLS client certificate are taken only where this table stands."""
    signing_keys: SigningKeysEntry = SigningKeysEntry()
    saml: SamlEntry | None = None
    """SAML is spoken only where this table stands, be it empty."""
    sessions: SessionsEntry = SessionsEntry()
    providers: list[dict[str, Any]] = Field(min_length=1)
    """Each is read by its protocol; see ``docs/providers``."""
    relying_parties: list[RelyingPartyEntry] = []
    """Beside those that are registered by command."""

    @field_validator("keys", mode="after")
    @classmethod
    def _keys_folder(cls, value: Path, found: ValidationInfo) -> Path:
        return Path(found.data["base"], value).resolve()

    @property
    def signing_folder(self) -> Path:
        """Where the rings of signing keys are."""
        folder = self.signing_keys.folder
        return self.keys if folder is None else (self.base / folder).resolve()

    @field_validator("database_url", mode="after")
    @classmethod
    def _sqlite_file(cls, value: str, found: ValidationInfo) -> str:
        """A relative SQLite file starts at the settings file's folder too."""
        if not value.startswith(_DATABASES):
            raise ValueError(f"must begin with one of {', '.join(_DATABASES)}")
        relative = value.startswith(_SQLITE) and not value.startswith(f"{_SQLITE}/")
        return f"{_SQLITE}{found.data['base'] / value.removeprefix(_SQLITE)}" if relative else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment before the file, and nothing else."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        for kind, ids in (
            ("providers", [str(entry.get("id")) for entry in self.providers]),
            ("relying_parties", [entry.id for entry in self.relying_parties]),
        ):
            twice = sorted({name for name in ids if ids.count(name) > 1})
            if twice:
                raise ValueError(f"{kind}: ids used twice: {', '.join(twice)}")
        ports = [port for port in (self.public.port, self.mutual_tls.port, self.cards and self.cards.port) if port]
        if len(set(ports)) < len(ports):
            raise ValueError(f"two ports listen on {max(ports, key=ports.count)}; give each its own")
        return self

    @model_validator(mode="after")
    def _card_port_of_our_own(self) -> Self:
        """The browser's cookie, which ties the card to the login, must reach the card port (eid-providers.md 12.1)."""
        if self.cards is None:
            return self
        issuer, cards = urlsplit(self.issuer), urlsplit(self.cards.url)
        below = str(cards.hostname).endswith(f".{issuer.hostname}")
        if cards.netloc == issuer.netloc or not (below or cards.hostname == issuer.hostname):
            raise ValueError(
                "cards.url: must be the issuer's host name with a port of its own, or a name below the issuer's"
            )
        return self


def load_settings(path: Path) -> Settings:
    """Read the settings file.

    Raises:
        InvalidSettings: with one line for each problem, naming the setting.
    """
    try:
        content = path.read_bytes()
        values = tomllib.loads(content.decode())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidSettings(path, [str(error)]) from error
    base = path.resolve().parent
    ours = {"base": base, "revision": sha256(content).hexdigest()[:12]}
    problems = [f"{name}: is no setting" for name in sorted(ours.keys() & values.keys())]
    try:
        settings = Settings(**{**values, **ours})
    except ValidationError as error:
        raise InvalidSettings(path, problems + [_problem(found) for found in error.errors()]) from error
    if problems:
        raise InvalidSettings(path, problems)
    return settings


def _problem(found: Any) -> str:
    where = ".".join(str(part) for part in found["loc"]) or "settings"
    return f"{where}: {found['msg'].removeprefix('Value error, ')}"
