"""From a settings entry to a live provider; everything is read and parsed here, once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from providers.card_tls.adapter import CardTlsProvider
from providers.card_tls.settings import CardTlsSettings
from providers.eid_certificates.settings import open_certificate_judge
from providers.protocol import Clock, ProviderProtocol
from providers.settings import InvalidProviderSettings, read_entry, shared_problems


def open_card_tls(entry: Mapping[str, Any], base: Path, clock: Clock) -> CardTlsProvider:
    """Make a provider of a settings entry.

    Args:
        entry: as ``CardTlsSettings`` describes it.
        base: the folder that the paths in it are relative to.
        clock: UTC, aware.

    Raises:
        InvalidProviderSettings: with every problem at once: first those of form, then contradictions and files.
    """
    settings = read_entry(CardTlsSettings, entry, base)
    problems = shared_problems(settings)
    judge = open_certificate_judge(
        settings.certificates,
        environment=settings.environment,
        structure=settings.code_structure,
        clock=clock,
        problems=problems,
    )
    if judge is None or problems:
        raise InvalidProviderSettings(settings.id, problems)
    return CardTlsProvider(settings, judge)


PROTOCOL = ProviderProtocol(name="card-tls", open=open_card_tls)
