"""From a settings entry to a live provider; everything is read and parsed here, once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from providers.eid_certificates.card import open_card_judge
from providers.protocol import Clock, ProviderProtocol
from providers.settings import read_entry
from providers.web_eid.adapter import WebEidProvider
from providers.web_eid.settings import WebEidSettings, problems_of


def open_web_eid(entry: Mapping[str, Any], base: Path, clock: Clock) -> WebEidProvider:
    """Make a provider of a settings entry.

    Args:
        entry: as ``WebEidSettings`` describes it.
        base: the folder that the paths in it are relative to.
        clock: UTC, aware.

    Raises:
        InvalidProviderSettings: with every problem at once: first those of form, then contradictions and files.
    """
    settings = read_entry(WebEidSettings, entry, base)
    return WebEidProvider(settings, open_card_judge(settings, problems_of(settings), clock))


PROTOCOL = ProviderProtocol(name="web-eid", open=open_web_eid)
