"""What a settings entry says of a Smart-ID service (eid-providers.md 10.1)."""

from typing import Annotated, Final, Literal
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from providers.contract import AssuranceLevel, Language
from providers.eid_certificates.settings import EidCertificateSettings, Oid
from providers.settings import Frozen, Level, Pin, ProviderSettings, SettingsFile, Text, https_url
from providers.smart_id.certificate import POLICIES, PURPOSES
from providers.smart_id.result import CertificateLevel

LIVE_SCHEME: Final = "smart-id"
DEMO_SCHEME: Final = "smart-id-demo"
DEMO_UUID: Final = UUID("00000000-0000-4000-8000-000000000000")

Api = Literal["v3", "v2"]
FlowKind = Literal["device_link", "notification"]


def _base(url: str) -> str:
    return https_url(url).rstrip("/")


class SmartIdCertificates(EidCertificateSettings):
    """By what the certificates in results are judged; policies and purposes are those of the scheme (10.8)."""

    policies: tuple[Oid, ...] = tuple(sorted(POLICIES))
    purposes: tuple[Oid, ...] = tuple(sorted(PURPOSES))


class SmartIdProfile(Frozen):
    """The agreement with the service, and how it is reached."""

    base_url: Annotated[str, AfterValidator(_base)]
    """Of the API, with its version: ``https://rp-api.smart-id.com/v3``."""
    ca_file: SettingsFile
    """The CA that issued the service's TLS certificate."""
    pins: Annotated[tuple[Pin, ...], Field(min_length=1, max_length=2)]
    """SHA-256 of the public keys that the service may have in TLS: the current and the next. The service demands it."""
    relying_party_uuid: UUID
    relying_party_name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    """Sent and signed byte for byte."""
    certificates: SmartIdCertificates
    """The authorities of the scheme, and who says whether a certificate is revoked."""
    scheme_name: Literal["smart-id", "smart-id-demo"] = "smart-id"
    api: Api = "v3"
    flow: FlowKind = "device_link"
    """``notification`` asks for the personal code and can be relayed; ``device_link`` cannot be so easily (T40)."""
    certificate_level: CertificateLevel = CertificateLevel.QUALIFIED
    """The least that is asked for."""
    advanced_assurance: Level = AssuranceLevel.LOW
    """What a certificate of level ADVANCED vouches for; QUALIFIED vouches for the entry's ``assurance``."""
    question: dict[Language, Text] = Field(
        default_factory=lambda: {
            Language.LATVIAN: "Pieteikties: {portal}",
            Language.ENGLISH: "Sign in to {portal}",
        }
    )
    """What the app shows; ``{portal}`` is the relying party's name."""
    deadline_seconds: Annotated[float, Field(gt=0, le=5)] = 4.0
    """For a whole call, connecting included."""
    max_in_flight: Annotated[int, Field(ge=1, le=256)] = 16
    """Calls at a time; as many people at most are asked after in the same second."""

    @property
    def origin(self) -> str:
        """Scheme, host and port of the service."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def prefix(self) -> str:
        """The path that every call begins with."""
        return urlsplit(self.base_url).path


class SmartIdSettings(ProviderSettings):
    """A whole settings entry."""

    smart_id: SmartIdProfile


def contradictions(settings: SmartIdSettings) -> list[str]:
    """Settings that do not go together, one sentence each."""
    profile, problems = settings.smart_id, []
    if profile.api == "v2" and profile.flow == "device_link":
        problems.append("smart_id.flow: version 2 has no device links; say notification, or better api = v3")
    if settings.environment == "production" and profile.scheme_name != LIVE_SCHEME:
        problems.append("smart_id.scheme_name: production says smart-id; results of the demo never verify there")
    if settings.environment == "production" and profile.relying_party_uuid == DEMO_UUID:
        problems.append("smart_id.relying_party_uuid: is the demo's; the contract names yours")
    if (
        settings.environment == "test"
        and profile.scheme_name == LIVE_SCHEME
        and profile.relying_party_uuid == DEMO_UUID
    ):
        problems.append("smart_id.scheme_name: the demo's relying party needs smart-id-demo")
    if "|" in profile.relying_party_name:
        problems.append("smart_id.relying_party_name: a vertical bar separates values in what is signed")
    missing = [language.value for language in Language if "{portal}" not in profile.question.get(language, "")]
    if missing:
        problems.append(f"smart_id.question: name {{portal}} in {' and '.join(missing)} (T40)")
    return problems


def weaknesses(settings: SmartIdSettings) -> list[str]:
    """Sentences for the operator about settings that weaken a login."""
    profile, found = settings.smart_id, []
    if profile.api == "v2":
        found.append(f"{settings.id}: version 2 of the API does not protect against relayed sign-in (smart_id.api)")
    elif profile.flow == "notification":
        found.append(f"{settings.id}: the notification flow can be relayed; device_link resists it (smart_id.flow)")
    if profile.certificate_level is CertificateLevel.ADVANCED:
        found.append(f"{settings.id}: certificates of level ADVANCED are let in (smart_id.certificate_level)")
    if len(profile.pins) == 1:
        found.append(f"{settings.id}: only one key is pinned; a change of the service's key stops every login")
    return found
