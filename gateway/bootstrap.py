"""The one module that knows every concrete class: builds stores, keys and providers from the settings."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.broker.relying_party import AssertionKey, RelyingParty, RelyingPartyId
from gateway.housekeeping import Housekeeping
from gateway.keys import load_signing_keys, load_subject_key
from gateway.oidc.metadata import Addresses
from gateway.provider_directory import ProviderDirectory
from gateway.settings import InvalidSettings, RelyingPartyEntry, Settings, load_settings
from gateway.storage.sealer import Sealer
from gateway.storage.sql_storage import SqlStorage, open_storage
from gateway.use_cases import UseCases
from gateway.web.app import Gateway
from providers.contract import AssuranceLevel, Language, RedirectProvider
from providers.errors import ProviderMisconfigured
from providers.registry import open_provider

CONFIG_VARIABLE: Final = "VPM_GATEWAY_CONFIG"
"""Names the settings file for the worker processes."""

_KEY_KINDS: Final[dict[str, type[ECKey | RSAKey | OKPKey]]] = {
    "ES256": ECKey,
    "PS256": RSAKey,
    "RS256": RSAKey,
    "EdDSA": OKPKey,
}

log = structlog.get_logger("gateway")


def utc_now() -> datetime:
    """The gateway's clock."""
    return datetime.now(UTC)


def settings_from_environment() -> Settings:
    """Read the settings that the environment names."""
    return load_settings(Path(os.environ[CONFIG_VARIABLE]))


def open_gateway(settings: Settings) -> Gateway:
    """Build a gateway that can carry logins; starts the sealer of the audit log.

    Raises:
        InvalidSettings: a relying party or provider cannot be opened; every problem is named.
        LogInconsistent: the audit log does not continue what was signed last; nothing may be added to it.
    """
    problems: list[str] = []
    parties = _open_parties(settings, problems)
    providers = _open_providers(settings, problems)
    if problems:
        raise InvalidSettings(settings.base, problems)
    keys = settings.keys
    storage = open_storage(settings.database_url, keys, node=settings.node, config_rev=settings.revision, clock=utc_now)
    sealer = Sealer(storage)
    sealer.seal_now()
    sealer.start()
    housekeeping = Housekeeping(storage, utc_now)
    housekeeping.start()
    directory = ProviderDirectory(providers)
    use_cases = UseCases(
        storage=storage,
        providers=directory,
        parties=parties,
        addresses=Addresses(issuer=settings.issuer, mutual_tls=settings.mutual_tls_url),
        keys=load_signing_keys(keys),
        subject_key=load_subject_key(keys),
        clock=utc_now,
    )

    def close() -> None:
        directory.close()
        housekeeping.stop()
        sealer.stop()
        storage.close()

    return Gateway(use_cases=use_cases, directory=directory, problems=lambda: problems_of(storage, sealer), close=close)


def problems_of(storage: SqlStorage, sealer: Sealer) -> list[str]:
    """Name what keeps the gateway from carrying a login."""
    problems = [] if storage.ready() else ["the database cannot be read or written"]
    if sealer.problem is not None:
        problems.append(f"the audit log was changed: {sealer.problem}")
    return problems


def _open_parties(settings: Settings, problems: list[str]) -> dict[RelyingPartyId, RelyingParty]:
    parties = {}
    for entry in settings.relying_parties:
        try:
            party = open_party(entry, settings.base)
            parties[party.id] = party
        except (OSError, ValueError) as error:
            problems.append(f"relying_parties.{entry.id}: {error}")
    return parties


def open_party(entry: RelyingPartyEntry, base: Path) -> RelyingParty:
    """Turn a registration into a relying party; its keys are parsed here, once.

    Raises:
        OSError: a file cannot be read.
        ValueError: a file does not hold what it should, or the registration has ended.
    """
    if entry.until < utc_now().date():
        raise ValueError(f"the baseline profile was allowed until {entry.until}; register it anew")
    fingerprints = {_fingerprint(base / path) for path in entry.certificates}
    return RelyingParty(
        id=RelyingPartyId(entry.id),
        names={Language.LATVIAN: entry.name.lv, Language.ENGLISH: entry.name.en},
        home=entry.home,
        redirect_uris=frozenset(entry.redirect_uris),
        post_logout_redirect_uris=frozenset(entry.post_logout_redirect_uris),
        sector=entry.sector,
        authentication=entry.authentication,
        assertion_keys=tuple(
            AssertionKey(
                kid=key.kid,
                algorithm=key.algorithm,
                key=_KEY_KINDS[key.algorithm].import_key((base / key.file).read_bytes()),
            )
            for key in entry.assertion_keys
        ),
        certificates=frozenset(fingerprints | set(entry.certificates_sha256)),
        minimum_assurance=AssuranceLevel.parse(entry.minimum_assurance),
        personal_code_form=entry.personal_code_form,
    )


def _fingerprint(path: Path) -> str:
    certificate = x509.load_pem_x509_certificates(path.read_bytes())[0]
    return certificate.fingerprint(hashes.SHA256()).hex()


def _open_providers(settings: Settings, problems: list[str]) -> list[RedirectProvider]:
    opened = []
    for entry in settings.providers:
        try:
            provider = open_provider(entry, settings.base, utc_now)
        except (ProviderMisconfigured, ValueError) as error:
            problems.append(str(error))
            continue
        for warning in provider.warnings():
            log.warning("provider.weak-settings", provider=provider.id, warning=warning)
        opened.append(provider)
    return opened
