"""``bank.toml``: read once, frozen, every problem reported at once. ``example.toml`` explains each line."""

import ipaddress
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mock_bank.faults import UnknownFaults, parse_faults

Model = TypeVar("Model", bound=BaseModel)

Fingerprint = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 of a DER certificate, lower-case hexadecimal."""


class InvalidSettings(ValueError):
    """The bank cannot start; ``problems`` holds one sentence for each reason."""

    def __init__(self, problems: list[str]) -> None:
        """Keep every problem and join them under one heading."""
        self.problems = problems
        super().__init__("the mock bank cannot start:\n" + "\n".join(f"  - {problem}" for problem in problems))


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class Listen(_Frozen):
    """Where a TLS port listens and with which certificate."""

    address: str = "127.0.0.1"
    port: int = Field(ge=0, le=65535)
    certificate: Path
    """PEM: leaf first, then its issuing CA."""
    key: Path

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the port."""
        if self.address == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.address).is_loopback
        except ValueError:
            return False


class MutualListen(Listen):
    """The port of the VPM back channel, and whom it trusts."""

    client_ca: Path
    """PEM of the one CA that issues the partners' client certificates."""
    client_crl: Path
    """PEM; read again whenever the file changes."""


class OidcClient(_Frozen):
    """How a partner asks by OpenID Connect; its client id is its id, and its certificates authenticate it."""

    redirect_uris: tuple[str, ...] = Field(min_length=1)
    """Absolute https; compared letter for letter."""
    authentication: Literal["tls_client_auth", "private_key_jwt"] = "tls_client_auth"
    assertion_key: Path | None = None
    """PEM, P-256: with what its client assertions are signed (ES256)."""


class OidcServer(_Frozen):
    """The bank as an OpenID Connect provider."""

    issuer: str
    """The public port as the outside sees it, with the path ``/oidc``."""
    mutual_tls_url: str
    """The mutual-TLS port as the outside sees it, without a path."""
    signing_key: Path
    """PEM, P-256: signs ID tokens (ES256)."""
    kid: str


class Partner(_Frozen):
    """Who may ask: the other side of a banklink agreement."""

    id: str = Field(min_length=1, max_length=15)
    name: str
    """Shown to the person: who is asking."""
    public_key: Path
    """PEM SubjectPublicKeyInfo or certificate; its certificate is only a container (banklink.md 4.4)."""
    further_public_keys: tuple[Path, ...] = ()
    """As above: believed as well, while the partner changes its key."""
    return_urls: tuple[str, ...] = Field(min_length=1)
    """Absolute https; an answer goes to one of these or to a path below it."""
    versions: tuple[Literal["008", "009"], ...] = ("009",)
    older_services: tuple[Literal["4001", "4002"], ...] = ()
    """Older requests that are switched on for tests (banklink.md 6.5, 6.6)."""
    client_certificates: tuple[Fingerprint, ...] = ()
    client_certificate_files: tuple[Path, ...] = ()
    """PEM files whose first certificate is added to ``client_certificates``; read at start."""
    journal_secret: str = Field(default="0" * 64, pattern=r"^[0-9a-f]{64}$")
    """32 bytes, hexadecimal, shared with the partner; each day's blinding salt is derived from it."""
    oidc: OidcClient | None = None


class SigningKey(_Frozen):
    """A private key file."""

    signing_key: Path


class Confirmation(SigningKey):
    """The P-256 key that signs confirmations and journals."""

    kid: str


class PlainListen(_Frozen):
    """Where a port without TLS listens."""

    address: str = "127.0.0.1"
    port: int = Field(ge=0, le=65535)


class SmartIdParty(_Frozen):
    """A relying party that the Smart-ID service knows."""

    uuid: str
    name: str


class SmartIdEntry(_Frozen):
    """A Smart-ID service beside the bank; its API stands on the public port under ``/smart-id``."""

    scheme_name: Literal["smart-id", "smart-id-demo"] = "smart-id-demo"
    relying_parties: tuple[SmartIdParty, ...] = Field(min_length=1)
    ca_certificate: Path
    """PEM: the authority of people's certificates."""
    ca_key: Path
    ocsp: PlainListen
    """Where the authority says which certificates are revoked."""

    @property
    def parties(self) -> frozenset[tuple[str, str]]:
        """UUID and name of everybody who may ask."""
        return frozenset((each.uuid, each.name) for each in self.relying_parties)


class ServiceProvider(_Frozen):
    """How a partner asks by SAML 2.0; its metadata says all of it."""

    partner: str
    """The id of the partner."""
    entity_id: str
    consumers: tuple[str, ...] = Field(min_length=1)
    """Absolute https: where responses may go; the first where a request names none."""
    signing_certificate: Path
    """PEM: whose key signs its requests."""
    encryption_certificate: Path | None = None
    """PEM, RSA: for whom assertions are encrypted; without one they travel in clear."""


class SamlIdpSettings(SigningKey):
    """The bank as a SAML 2.0 identity provider; ``signing_key`` is RSA."""

    entity_id: str
    sign_on: str
    """The public port as the outside sees it, with the path ``/saml/sso``."""
    artifact_url: str
    """The mutual-TLS port as the outside sees it, with the path ``/saml/artifact``."""
    certificate: Path
    """PEM: what metadata shows of ``signing_key``."""
    service_providers: tuple[ServiceProvider, ...] = Field(min_length=1)


class EidSettings(_Frozen):
    """The authority of the test cards, and the plain-http port on which it says which are revoked."""

    address: str = "127.0.0.1"
    port: int = Field(ge=1, le=65535)
    ca_certificate: Path
    """PEM of the authority; those who take the cards trust it."""
    ca_key: Path
    cards: Path
    """Folder in which every card is kept, for browsers and for the next run."""

    @property
    def url(self) -> str:
        """As certificates name it."""
        return f"http://{self.address}:{self.port}"


class BankSettings(_Frozen):
    """Everything the mock bank is told."""

    id: str = Field(min_length=1, max_length=15)
    name: str
    database: Path
    public: Listen
    mutual_tls: MutualListen
    banklink: SigningKey
    confirmation: Confirmation
    oidc: OidcServer | None = None
    partners: tuple[Partner, ...] = Field(min_length=1)
    smart_id: SmartIdEntry | None = None
    saml: SamlIdpSettings | None = None
    eid: EidSettings | None = None
    """Without it the bank has no cards."""
    faults: tuple[str, ...] = ()
    fast_login: bool = False
    """Answer at once to a request with an ``X-Mock-Persona`` header; for benchmarks, loopback only."""
    lock_seconds: int = Field(default=60, ge=1)
    """How long a customer is locked after five wrong codes."""
    threads: int = Field(default=16, ge=2, le=256)

    @model_validator(mode="after")
    def _loopback_only(self) -> Self:
        loopback = self.public.is_loopback and self.mutual_tls.is_loopback
        if not loopback and (self.faults or self.fast_login):
            raise ValueError("faults and fast_login are refused unless both ports listen on a loopback address")
        return self

    @model_validator(mode="after")
    def _known_partners(self) -> Self:
        named = {each.partner for each in self.saml.service_providers} if self.saml else set()
        if unknown := named - {partner.id for partner in self.partners}:
            raise ValueError(f"saml.service_providers: {', '.join(sorted(unknown))} is no partner")
        return self

    @property
    def on_loopback(self) -> bool:
        """Whether both ports are reachable from this machine only, so that faults are allowed."""
        return self.public.is_loopback and self.mutual_tls.is_loopback


def read_settings(path: Path, *, extra_faults: Sequence[str] = ()) -> BankSettings:
    """Read ``bank.toml``; relative paths in it are relative to its folder. ``extra_faults`` are added to its own.

    Raises:
        InvalidSettings: with every problem found, so that one run shows them all.
    """
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise InvalidSettings([f"{path}: {error}"]) from error
    if extra_faults:
        written["faults"] = [*written.get("faults", ()), *extra_faults]
    return _checked(_anchored(written, path.parent), written)


def _checked(candidate: "BankSettings | list[str]", written: dict[str, object]) -> BankSettings:
    problems = list(candidate) if isinstance(candidate, list) else _missing_files(candidate)
    problems += _unknown_faults(written.get("faults", ()))
    if problems or isinstance(candidate, list):
        raise InvalidSettings(problems)
    return candidate


def _anchored(written: dict[str, object], folder: Path) -> "BankSettings | list[str]":
    try:
        return _with_folder(BankSettings.model_validate(written), folder)
    except ValidationError as error:
        return [f"{'.'.join(map(str, each['loc'])) or 'settings'}: {each['msg']}" for each in error.errors()]


def _with_folder(settings: Model, folder: Path) -> Model:
    fields = type(settings).model_fields
    return settings.model_copy(update={name: _placed(getattr(settings, name), folder) for name in fields})


def _placed(value: object, folder: Path) -> object:
    if isinstance(value, Path):
        return (folder / value).resolve()
    if isinstance(value, BaseModel):
        return _with_folder(value, folder)
    if isinstance(value, tuple):
        return tuple(_placed(each, folder) for each in value)
    return value


def _unknown_faults(names: object) -> list[str]:
    listed = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    try:
        parse_faults(listed)
    except UnknownFaults as error:
        return [f"faults: {error}"]
    return []


def _missing_files(settings: BankSettings) -> list[str]:
    return [f"{path}: no such file, or it cannot be read" for path in _files_of(settings) if not path.is_file()]


def _files_of(settings: BankSettings) -> list[Path]:
    ports = [settings.public.certificate, settings.public.key, settings.mutual_tls.certificate, settings.mutual_tls.key]
    trust = [settings.mutual_tls.client_ca, settings.mutual_tls.client_crl]
    keys = [settings.banklink.signing_key, settings.confirmation.signing_key]
    keys += [settings.oidc.signing_key] if settings.oidc else []
    partners = [path for each in settings.partners for path in _files_of_partner(each)]
    smart_id = [settings.smart_id.ca_certificate, settings.smart_id.ca_key] if settings.smart_id is not None else []
    authority = [settings.eid.ca_certificate, settings.eid.ca_key] if settings.eid is not None else []
    return ports + trust + keys + partners + smart_id + _files_of_saml(settings.saml) + authority


def _files_of_saml(settings: SamlIdpSettings | None) -> list[Path]:
    if settings is None:
        return []
    certificates = [(each.signing_certificate, each.encryption_certificate) for each in settings.service_providers]
    named = [path for pair in certificates for path in pair if path is not None]
    return [settings.signing_key, settings.certificate, *named]


def _files_of_partner(partner: Partner) -> tuple[Path, ...]:
    assertion = partner.oidc.assertion_key if partner.oidc else None
    further = (*partner.further_public_keys, *partner.client_certificate_files)
    return (partner.public_key, *further, *((assertion,) if assertion else ()))
