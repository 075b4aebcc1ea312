"""From a settings entry to a live provider; everything is read and parsed here, once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from providers.card_tls.adapter import CardTlsProvider
from providers.card_tls.settings import CardTlsSettings
from providers.eid_certificates.card import open_card_judge
from providers.protocol import Clock, ProviderProtocol
from providers.settings import read_entry, shared_problems


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
    return CardTlsProvider(settings, open_card_judge(settings, shared_problems(settings), clock))


PROTOCOL = ProviderProtocol(name="card-tls", open=open_card_tls)
