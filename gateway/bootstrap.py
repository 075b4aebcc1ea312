"""The one module that knows every concrete class: builds stores, keys and providers from the settings."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import structlog

from certs.errors import FileUnusable
from certs.load import load_chain, load_crl, load_identity
from gateway.broker.login import Door
from gateway.broker.relying_party import RelyingParties
from gateway.broker.session import Lifetimes
from gateway.housekeeping import Housekeeping
from gateway.key_rings import KeyRings
from gateway.keys import load_nonce_key, load_subject_key
from gateway.oidc.dpop_nonce import Nonces
from gateway.oidc.metadata import Addresses
from gateway.provider_directory import ProviderDirectory
from gateway.reconciler import Reconciler
from gateway.registration.directory import PartyDirectory
from gateway.registration.document import files_below
from gateway.relying_parties import open_parties
from gateway.settings import InvalidSettings, SessionsEntry, Settings, load_settings
from gateway.sign_out_delivery import SignOutDelivery
from gateway.signing.purpose import SAML
from gateway.storage.sealer import Sealer
from gateway.storage.sql_storage import SqlStorage, open_storage
from gateway.taking_up import TakingUp
from gateway.use_cases import UseCases
from gateway.web.app import Gateway
from providers.contract import CARD, Provider
from providers.errors import ProviderMisconfigured
from providers.form_post import FormPost
from providers.registry import open_provider

if TYPE_CHECKING:
    from gateway.saml.opening import SamlParts

CONFIG_VARIABLE: Final = "VPM_GATEWAY_CONFIG"
"""Names the settings file for the worker processes."""

LONGEST_RETURN_URL: Final = 60
"""Characters (banklink.md rule 18)."""
T = TypeVar("T")

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
        InvalidSettings: a relying party, provider, certificate or key cannot be opened; every problem is named.
        LogInconsistent: the audit log does not continue what was signed last; nothing may be added to it.
    """
    keys = settings.keys
    problems = _port_problems(settings)
    parties = open_parties(settings.relying_parties, files_below(settings.base), utc_now().date(), problems)
    providers = _open_providers(settings, problems)
    rings = KeyRings(settings)
    signing_keys = attempt(problems, lambda: rings.id_tokens(utc_now()))
    subject_key = attempt(problems, lambda: load_subject_key(keys))
    saml = _open_saml(settings, rings, parties, subject_key, problems)
    nonce_key = attempt(problems, lambda: load_nonce_key(keys))
    sender = FormPost(settings.base / settings.sessions.trust if settings.sessions.trust is not None else None)
    attempt(problems, sender.check_files, "sessions.trust")
    if problems or nonce_key is None or signing_keys is None or subject_key is None:
        raise InvalidSettings(settings.base, problems)
    storage = open_storage(
        settings.database_url,
        keys,
        node=settings.node,
        config_rev=settings.revision,
        clock=utc_now,
        counts=rings.signer is not None,
    )
    sealer = Sealer(storage)
    sealer.seal_now()
    sealer.start()
    housekeeping = Housekeeping(storage, utc_now)
    housekeeping.start()
    party_directory = PartyDirectory(parties, storage, utc_now)
    party_directory.follow()
    taking_up = TakingUp([*rings.looks(signing_keys, saml.take_up if saml else None), party_directory.follow])
    taking_up.start()
    reconciler = Reconciler(storage, rings.signer, node=settings.node, clock=utc_now) if rings.signer else None
    if reconciler is not None:
        reconciler.start()
    directory = ProviderDirectory(providers)
    use_cases = UseCases(
        storage=storage,
        providers=directory,
        parties=parties,
        addresses=Addresses(issuer=settings.issuer, mutual_tls=settings.mutual_tls_url),
        keys=signing_keys,
        subject_key=subject_key,
        nonces=Nonces(nonce_key, utc_now),
        clock=utc_now,
        doors={Door.SAML: saml.door} if saml else {},
        lifetimes=_lifetimes(settings.sessions),
    )
    delivery = SignOutDelivery(storage, parties, signing_keys, sender, issuer=settings.issuer, clock=utc_now)
    use_cases.sessions.on_end = delivery.wake
    delivery.start()

    def close() -> None:
        delivery.stop()
        if reconciler is not None:
            reconciler.stop()
        taking_up.stop()
        directory.close()
        housekeeping.stop()
        sealer.stop()
        storage.close()
        rings.close()

    return Gateway(
        use_cases=use_cases,
        directory=directory,
        saml=saml.desk(use_cases) if saml else None,
        problems=lambda: [*problems_of(storage, sealer), *(reconciler.problems() if reconciler else ())],
        close=close,
    )


def _lifetimes(entry: SessionsEntry) -> Lifetimes:
    longest, idle = timedelta(minutes=entry.longest_minutes), timedelta(minutes=entry.idle_minutes)
    return Lifetimes(longest=longest, idle=min(idle, longest))


def problems_of(storage: SqlStorage, sealer: Sealer) -> list[str]:
    """Name what keeps the gateway from carrying a login."""
    problems = [] if storage.ready() else ["the database cannot be read or written"]
    if sealer.problem is not None:
        problems.append(f"the audit log was changed: {sealer.problem}")
    return problems


def _open_saml(
    settings: Settings, rings: KeyRings, parties: RelyingParties, subject_key: bytes | None, problems: list[str]
) -> "SamlParts | None":
    """Build what speaks SAML, where the settings switch it on."""
    entry = settings.saml
    if entry is None:
        asking = sorted(party.id for party in parties.values() if party.saml is not None)
        problems.extend(
            f"relying_parties.{party}: speaks SAML, but [saml] does not stand in the settings" for party in asking
        )
        return None
    from gateway.saml.opening import open_saml  # noqa: PLC0415 - the XML libraries load only where SAML is on

    in_use = attempt(problems, lambda: rings.open(SAML, utc_now()))
    if in_use is None or subject_key is None:
        return None
    return open_saml(
        issuer=settings.issuer,
        in_use=in_use,
        cache_seconds=entry.cache_seconds,
        parties=parties,
        subject_key=subject_key,
        clock=utc_now,
    )


def _open_providers(settings: Settings, problems: list[str]) -> list[Provider]:
    opened = []
    addresses = Addresses(issuer=settings.issuer, mutual_tls=settings.mutual_tls_url)
    for entry in settings.providers:
        try:
            provider = open_provider(entry, settings.base, utc_now)
        except (ProviderMisconfigured, ValueError) as error:
            problems.append(str(error))
            continue
        problems.extend(_misplaced(provider, entry, settings, addresses))
        for warning in provider.warnings():
            log.warning("provider.weak-settings", provider=provider.id, warning=warning)
        opened.append(provider)
    return opened


def _misplaced(provider: Provider, entry: dict[str, Any], settings: Settings, addresses: Addresses) -> Iterator[str]:
    """Say why a provider that opens does not belong here."""
    if settings.environment == "production" and entry.get("environment") != "production":
        yield f"provider {provider.id}: is allowed in the test environment only (VPM-DRV-03)"
    if len(addresses.return_url(provider.id)) > LONGEST_RETURN_URL:
        yield f"provider {provider.id}: its return address is longer than {LONGEST_RETURN_URL} characters"
    if CARD in provider.answer_methods:
        asked_at = entry.get("card_tls", {}).get("url", "").rstrip("/")
        if settings.cards is None or settings.cards.url != asked_at:
            yield f"provider {provider.id}: card_tls.url must be the url of [cards], where browsers are asked for cards"


def _port_problems(settings: Settings) -> list[str]:
    problems: list[str] = []
    trust = settings.mutual_tls
    for name, port in (("public", settings.public), ("mutual_tls", trust)):
        if port.certificate is not None and port.key is not None:
            files = settings.base / port.certificate, settings.base / port.key
            attempt(problems, partial(load_identity, *files), name)
    if settings.cards is not None:
        base, cards = settings.base, settings.cards
        attempt(problems, lambda: load_identity(base / cards.certificate, base / cards.key), "cards")
        for path in cards.client_cas:
            attempt(problems, partial(load_chain, base / path), "cards.client_cas")
    attempt(problems, lambda: load_chain(settings.base / trust.client_ca), "mutual_tls.client_ca")
    attempt(problems, lambda: load_crl(settings.base / trust.client_crl), "mutual_tls.client_crl")
    return problems


def attempt(problems: list[str], load: Callable[[], T], where: str = "keys") -> T | None:
    """Load something; what is wrong with it is added to the problems."""
    try:
        return load()
    except (OSError, ValueError, FileUnusable) as error:
        problems.append(f"{where}: {error}")
        return None
