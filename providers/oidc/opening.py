"""From a settings entry to a live provider; everything is read and parsed here, once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from providers.oidc.adapter import INTERFACE, OidcProvider
from providers.oidc.client import open_client
from providers.oidc.discovery import well_known
from providers.oidc.profile import OidcSettings, contradictions
from providers.opening import open_back_channel
from providers.protocol import Clock, ProviderProtocol
from providers.servers import open_servers
from providers.settings import InvalidProviderSettings, read_entry, shared_problems
from providers.vpm_back_channel import Agreement


def open_oidc(entry: Mapping[str, Any], base: Path, clock: Clock) -> OidcProvider:
    """Make a provider of a settings entry; its metadata is read by another thread, which nobody waits for.

    Args:
        entry: as ``OidcSettings`` describes it.
        base: the folder that the paths in it are relative to.
        clock: UTC, aware.

    Raises:
        InvalidProviderSettings: with every problem at once: first those of form, then contradictions and files.
    """
    settings = read_entry(OidcSettings, entry, base)
    profile = settings.oidc
    problems = [*shared_problems(settings), *contradictions(settings)]
    servers = open_servers(profile.servers, clock, problems)
    if not problems and not servers.covers(well_known(profile.issuer)):
        problems.append("oidc.servers: none holds the issuer, whose metadata must be read")
    client = open_client(profile, problems)
    channel, agreement = (
        None,
        Agreement(sender=profile.provider_id or profile.issuer, recipient=profile.client_id, interface=INTERFACE),
    )
    if settings.back_channel is not None:
        channel = open_back_channel(settings.back_channel, agreement, clock, problems)
    if problems:
        raise InvalidProviderSettings(settings.id, problems)
    provider = OidcProvider(settings, client, servers, channel, clock)
    provider.read_documents()
    return provider


PROTOCOL = ProviderProtocol(name="oidc", open=open_oidc)
