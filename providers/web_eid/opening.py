"""From a settings entry to a live provider; everything is read and parsed here, once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from providers.eid_certificates.settings import open_certificate_judge
from providers.protocol import Clock, ProviderProtocol
from providers.settings import InvalidProviderSettings, read_entry
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
    problems = problems_of(settings)
    judge = open_certificate_judge(
        settings.certificates,
        environment=settings.environment,
        structure=settings.code_structure,
        clock=clock,
        problems=problems,
    )
    if judge is None or problems:
        raise InvalidProviderSettings(settings.id, problems)
    return WebEidProvider(settings, judge)


PROTOCOL = ProviderProtocol(name="web-eid", open=open_web_eid)
