"""From a settings entry to a live provider; everything is read and parsed here, once."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from providers.opening import open_back_channel
from providers.protocol import Clock
from providers.saml.adapter import SamlProvider
from providers.saml.artifact import ArtifactResolver
from providers.saml.identification import INTERFACE
from providers.saml.opened import OpenAgreement, open_agreement
from providers.saml.profile import ArtifactSettings, SamlSettings
from providers.saml.question import Questions
from providers.servers import open_servers
from providers.settings import InvalidProviderSettings, read_entry, shared_problems
from providers.vpm_back_channel import Agreement, VpmBackChannel


def open_saml(entry: Mapping[str, Any], base: Path, clock: Clock) -> SamlProvider:
    """Make a provider of a settings entry; every key is parsed here and never again.

    Args:
        entry: as ``SamlSettings`` describes it.
        base: the folder that the paths in it are relative to.
        clock: UTC, aware.

    Raises:
        InvalidProviderSettings: with every problem at once: first those of form, then contradictions and files.
    """
    settings = read_entry(SamlSettings, entry, base)
    problems = [*shared_problems(settings), *_contradictions(settings)]
    agreement = open_agreement(settings.saml, problems)
    if agreement is None:
        raise InvalidProviderSettings(settings.id, problems)
    artifact = settings.saml.artifact
    resolver = _resolver(artifact, agreement, clock, problems) if artifact else None
    back_channel = _back_channel(settings, agreement, clock, problems)
    if problems:
        raise InvalidProviderSettings(settings.id, problems)
    return SamlProvider(settings, agreement, clock, back_channel=back_channel, resolver=resolver)


def _contradictions(settings: SamlSettings) -> Iterator[str]:
    strongest = max(context.level for context in settings.saml.contexts)
    if strongest != settings.assurance:
        yield f"assurance: must be the strongest level of saml.contexts, which is {strongest.name.lower()}"
    if settings.environment == "production" and settings.back_channel is None:
        yield "back_channel: is required in production, for status and journal (design.md section 4)"
    names = settings.saml.attributes
    wanted = [names.given_name, names.family_name, names.personal_code, *([names.level] if names.level else [])]
    if len(set(wanted)) != len(wanted):
        yield "saml.attributes: each field must have a name of its own"


def _back_channel(
    settings: SamlSettings, agreement: OpenAgreement, clock: Clock, problems: list[str]
) -> VpmBackChannel | None:
    if settings.back_channel is None:
        return None
    profile = settings.saml
    who = Agreement(
        sender=profile.confirmation_sender or agreement.identity_provider.entity_id,
        recipient=profile.confirmation_recipient or profile.entity_id,
        interface=INTERFACE,
    )
    return open_back_channel(settings.back_channel, who, clock, problems)


def _resolver(
    settings: ArtifactSettings, agreement: OpenAgreement, clock: Clock, problems: list[str]
) -> ArtifactResolver:
    servers = open_servers([settings.server], clock, problems)
    if settings.server.client_certificate is None:
        problems.append("saml.artifact.server: client_certificate is needed; artifacts are exchanged over mutual TLS")
    if not servers.covers(settings.url):
        problems.append("saml.artifact: url must be on the server that is named beside it")
    return ArtifactResolver(servers, settings.url, agreement.identity_provider.entity_id, Questions(agreement))
