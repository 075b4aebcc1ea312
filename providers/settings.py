"""A provider's settings entry: the part that all protocols share.

Settings are read once and frozen. Every problem is reported at once, each naming the provider and the setting.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
)

from providers.contract import AssuranceLevel, Language, ProviderId, ProviderKind
from providers.errors import ProviderMisconfigured
from providers.personal_code import CodeStructure
from providers.refusals import Reason
from providers.transport import LONGEST_CALL
from providers.wire.jose import Algorithm

Entry = TypeVar("Entry", bound=BaseModel)


class InvalidProviderSettings(ProviderMisconfigured):
    """A settings entry cannot be used; ``problems`` holds one sentence for each reason."""

    def __init__(self, provider: str, problems: Sequence[str]) -> None:
        """Join every problem; each already names its setting."""
        self.problems = tuple(f"provider {provider}: {problem}" for problem in problems)
        super().__init__(Reason.MISCONFIGURED, "\n".join(self.problems))


class Frozen(BaseModel):
    """Settings that nobody changes and that hold nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _existing_file(path: Path, info: ValidationInfo) -> Path:
    full = Path(info.context["base"]) / path if info.context else path
    if not full.is_file():
        raise ValueError(f"there is no file {path}")
    return full


def https_origin(url: str) -> str:
    """An absolute https address that ends after host and port, without a final slash; else raises ``ValueError``."""
    parts = urlsplit(https_url(url))
    if parts.path not in {"", "/"}:
        raise ValueError("the address must end after host and port")
    return url.rstrip("/")


def https_url(url: str) -> str:
    """An absolute https address without user name, query or fragment, as it was given; else raises ``ValueError``."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("the address must be absolute and https")
    if parts.query or parts.fragment or parts.username is not None or "?" in url or "#" in url:
        raise ValueError("the address must have no query, no fragment and no user name")
    return url


def _level(value: Any) -> AssuranceLevel:
    return value if isinstance(value, AssuranceLevel) else AssuranceLevel.parse(str(value))


SettingsFile = Annotated[Path, AfterValidator(_existing_file)]
"""A path relative to the settings file's folder; absolute once validated."""
Pin = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 of a SubjectPublicKeyInfo, lower-case hexadecimal."""
Level = Annotated[AssuranceLevel, BeforeValidator(_level)]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class SigningKeySettings(Frozen):
    """A key with which a provider signs confirmations and journals."""

    file: SettingsFile
    """PEM: public key, or certificate taken as a container."""
    algorithm: Algorithm


class BackChannelSettings(Frozen):
    """Where and how a provider's VPM back channel is reached (design.md section 4)."""

    base_url: Annotated[str, AfterValidator(https_origin)]
    ca_file: SettingsFile
    """The one issuing CA trusted for the provider's server."""
    crl_file: SettingsFile
    client_certificate: SettingsFile
    client_key: SettingsFile
    """PEM, readable by its owner alone."""
    pins: Annotated[tuple[Pin, ...], Field(max_length=2)] = ()
    """Public keys the server may have: the current and the next. Empty: any key that the CA certified."""
    signing_keys: Annotated[dict[Text, SigningKeySettings], Field(min_length=1)]
    """By ``kid``."""
    confirmation: Literal["required", "not_needed"] = "required"
    deadline_seconds: Annotated[float, Field(gt=0, le=LONGEST_CALL)] = LONGEST_CALL
    """For a whole call, connecting included."""
    max_in_flight: Annotated[int, Field(ge=1, le=256)] = 16
    """Calls to this provider at the same time; half as many more may wait. Together fewer than a port has threads."""


class Names(Frozen):
    """What people call the provider, by language."""

    lv: Text
    en: Text

    def by_language(self) -> dict[Language, str]:
        """As the contract wants them."""
        return {Language.LATVIAN: self.lv, Language.ENGLISH: self.en}


class ProviderSettings(Frozen):
    """What every provider's entry holds; a protocol adds its own profile, and its VPM back channel where it has one."""

    id: Annotated[ProviderId, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
    names: Names
    kind: ProviderKind
    """Under which heading people find it: ``bank``, ``card`` or ``app``."""
    assurance: Level
    """``low``, ``substantial`` or ``high``."""
    assurance_ground: Text
    """On what the level rests: contract, notification, date (eid-providers.md 2.3)."""
    environment: Literal["test", "production"]
    protocol: Text
    code_structure: CodeStructure = CodeStructure.REJECT


def read_entry(model: type[Entry], entry: Mapping[str, Any], base: Path) -> Entry:
    """Validate a settings entry.

    Raises:
        InvalidProviderSettings: with every problem of form at once.
    """
    try:
        return model.model_validate(dict(entry), context={"base": base})
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, place))}: {message}" for place, message in _innermost(error)]
        raise InvalidProviderSettings(str(entry.get("id", "without id")), problems) from None


def _innermost(error: ValidationError) -> list[tuple[tuple[int | str, ...], str]]:
    """Where and what; without "too few" of a list whose items were each refused already."""
    found = [(one["loc"], one["msg"]) for one in error.errors(include_url=False, include_input=False)]
    around = {place[:end] for place, _ in found for end in range(len(place))}
    return [(place, message) for place, message in found if place not in around]


def shared_problems(settings: ProviderSettings) -> list[str]:
    """Contradictions within the shared part, each naming its setting."""
    problems = []
    if settings.environment == "production" and settings.code_structure is CodeStructure.FLAG:
        problems.append("code_structure: flag is for test profiles; production says reject")
    return problems


def shared_warnings(settings: ProviderSettings) -> list[str]:
    """Sentences about shared settings that weaken a provider."""
    warnings = []
    if settings.code_structure is CodeStructure.FLAG:
        warnings.append(f"{settings.id}: personal codes that were never issued are accepted (code_structure = flag)")
    return warnings


def back_channel_warnings(provider: ProviderId, settings: BackChannelSettings) -> list[str]:
    """Sentences about settings that weaken a back channel."""
    return [] if settings.pins else [f"{provider}: the server's key is not pinned (back_channel.pins is empty)"]
