"""The bank as a SAML identity provider: its name, its key, and the service providers that it knows."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from mock_bank.keys import rsa_private_key
from mock_bank.settings import InvalidSettings, SamlIdpSettings, ServiceProvider

ARTIFACT_LIFETIME: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class KnownServiceProvider:
    """A service provider with its certificates at hand; they are containers for keys and are not validated."""

    settings: ServiceProvider
    signing: x509.Certificate
    encryption: x509.Certificate | None


class Artifacts:
    """Responses that wait to be fetched, each once, by the partner that they are for, within a minute."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        """``clock`` gives UTC."""
        self._clock = clock
        self._waiting: dict[str, tuple[datetime, str, str]] = {}
        self._guard = threading.Lock()

    def keep(self, artifact: str, partner: str, response: str) -> None:
        """Let a response wait."""
        with self._guard:
            self._forget_old()
            self._waiting[artifact] = (self._clock(), partner, response)

    def take(self, artifact: str, partner: str) -> str | None:
        """The response of this artifact; None when it is unknown, too old, fetched already, or another partner's."""
        with self._guard:
            self._forget_old()
            if artifact not in self._waiting or self._waiting[artifact][1] != partner:
                return None
            return self._waiting.pop(artifact)[2]

    def _forget_old(self) -> None:
        limit = self._clock() - ARTIFACT_LIFETIME
        self._waiting = {name: kept for name, kept in self._waiting.items() if kept[0] >= limit}


@dataclass(slots=True)
class SamlIdp:
    """Everything that the SAML pages need besides the bank."""

    settings: SamlIdpSettings
    key: rsa.RSAPrivateKey
    certificate: x509.Certificate
    service_providers: dict[str, KnownServiceProvider]
    """By entity id."""
    artifacts: Artifacts
    request_before: str = ""
    """ID of the request that was answered before this one, for ``err.parallel-mixup``."""
    guard: threading.Lock = field(default_factory=threading.Lock)


def open_saml_idp(settings: SamlIdpSettings, clock: Callable[[], datetime]) -> SamlIdp:
    """Read the keys and certificates.

    Raises:
        InvalidSettings: a file does not hold what it must.
    """
    try:
        known = [_known(each) for each in settings.service_providers]
        key, certificate = rsa_private_key(settings.signing_key), _certificate(settings.certificate)
    except ValueError as error:
        raise InvalidSettings([f"saml: {error}"]) from error
    if certificate.public_key() != key.public_key():
        raise InvalidSettings(["saml: certificate is another key's"])
    return SamlIdp(settings, key, certificate, {each.settings.entity_id: each for each in known}, Artifacts(clock))


def _known(settings: ServiceProvider) -> KnownServiceProvider:
    encryption = _certificate(settings.encryption_certificate) if settings.encryption_certificate else None
    return KnownServiceProvider(settings, _certificate(settings.signing_certificate), encryption)


def _certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())
