"""Settings of a portal: read once from a TOML file, frozen, every problem reported at once."""

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, FilePath, ValidationError
from pydantic import ValidationInfo as Validation
from pydantic_core import ErrorDetails, PydanticCustomError

from portals.errors import InvalidSettings


def _origin(value: str) -> str:
    """An origin as RFC 6454 writes it: scheme, host and port, no path."""
    if not value.startswith("https://") or value.count("/") != 2 or len(value) < 9:
        raise PydanticCustomError("origin", "must look like https://host:port, without a path")
    return value


def _issuer(value: str) -> str:
    """An issuer identifier of OpenID Connect Discovery: https, no query, no fragment, no closing slash."""
    if not value.startswith("https://") or set("?#") & set(value) or value.endswith("/"):
        raise PydanticCustomError("issuer", "must be an https address without query, fragment or closing slash")
    return value


def _beside_the_settings(value: object, validation: Validation) -> object:
    """Paths are relative to the folder of the settings file, so that a portal can be started from anywhere."""
    folder: Path = (validation.context or {}).get("folder", Path())
    return folder / value if isinstance(value, str | Path) else value


def _private(path: Path) -> Path:
    """A file with a secret is readable by its owner alone."""
    if path.stat().st_mode & 0o077:
        raise PydanticCustomError("private", "can be read by others; run: chmod 600 {path}", {"path": str(path)})
    return path


def _long_enough(path: Path) -> Path:
    """The session secret holds at least 32 bytes."""
    if path.stat().st_size < 32:
        raise PydanticCustomError("short", "must hold at least 32 random bytes")
    return path


Origin = Annotated[str, AfterValidator(_origin)]
Issuer = Annotated[str, AfterValidator(_issuer)]
Somewhere = Annotated[Path, BeforeValidator(_beside_the_settings)]
PublicFile = Annotated[FilePath, BeforeValidator(_beside_the_settings)]
SecretFile = Annotated[FilePath, BeforeValidator(_beside_the_settings), AfterValidator(_private)]
SessionSecret = Annotated[SecretFile, AfterValidator(_long_enough)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GatewaySettings(_Frozen):
    """The gateway as this portal knows it: its address, and what the portal was registered with there."""

    issuer: Issuer
    client_id: str = Field(min_length=1)
    assertion_key: SecretFile
    """PEM, a P-256 private key: signs the client assertions of RFC 7523 (ES256)."""
    assertion_kid: str = Field(min_length=1)
    tls_certificate: PublicFile
    """PEM, the certificate shown to the token endpoint, followed by its issuing CA."""
    tls_key: SecretFile
    ca_file: PublicFile
    """PEM, the only trust anchor for the gateway's own certificates; an issuing CA is enough."""
    crl_file: PublicFile | None = None
    """PEM, that CA's revocation list; where given, a gateway certificate on it, or a list past its time, is refused."""


class ListenSettings(_Frozen):
    """Where the portal itself listens, always with TLS."""

    address: str = "127.0.0.1"
    port: int = Field(ge=1, le=65535)
    certificate: PublicFile
    key: SecretFile


class PortalSettings(_Frozen):
    """Everything a portal is told from outside."""

    base_url: Origin
    """The portal's own origin; the redirect URI is this and ``/callback``."""
    database: Somewhere
    session_secret_file: SessionSecret
    gateway: GatewaySettings
    listen: ListenSettings

    @property
    def redirect_uri(self) -> str:
        """The one redirect URI, registered at the gateway byte for byte."""
        return f"{self.base_url}/callback"

    @property
    def post_logout_redirect_uri(self) -> str:
        """Where the gateway sends the browser back to after signing out."""
        return f"{self.base_url}/signed-out"


def read_settings(path: Path) -> PortalSettings:
    """The settings in a TOML file; relative paths start at its folder.

    Raises:
        InvalidSettings: the file cannot be read or is not TOML, or settings are missing, unknown or unusable.
    """
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
        return PortalSettings.model_validate(written, context={"folder": path.parent})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidSettings([f"{path}: {error}"]) from error
    except ValidationError as error:
        raise InvalidSettings([_sentence(problem) for problem in error.errors(include_input=False)]) from error


def _sentence(problem: ErrorDetails) -> str:
    return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
