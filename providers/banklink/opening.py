"""From a settings entry to a live provider; everything is read and parsed here, once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from providers.banklink.adapter import INTERFACE, BanklinkProvider
from providers.banklink.contradictions import contradictions
from providers.banklink.profile import BanklinkSettings, open_profile
from providers.opening import open_back_channel
from providers.protocol import Clock, ProviderProtocol
from providers.settings import InvalidProviderSettings, read_entry, shared_problems
from providers.vpm_back_channel import Agreement


def open_banklink(entry: Mapping[str, Any], base: Path, clock: Clock) -> BanklinkProvider:
    """Make a provider of a settings entry; every key is parsed here and never again.

    Args:
        entry: as ``BanklinkSettings`` describes it.
        base: the folder that the paths in it are relative to.
        clock: UTC, aware.

    Raises:
        InvalidProviderSettings: with every problem at once: first those of form, then contradictions and files.
    """
    settings = read_entry(BanklinkSettings, entry, base)
    today = clock().astimezone(ZoneInfo(settings.banklink.timezone)).date()
    problems = [*shared_problems(settings), *contradictions(settings, today)]
    profile = open_profile(settings.banklink, problems)
    agreement = Agreement(sender=settings.banklink.bank_id, recipient=settings.banklink.partner_id, interface=INTERFACE)
    back_channel = open_back_channel(settings.back_channel, agreement, clock, problems)
    if profile is None or back_channel is None or problems:
        raise InvalidProviderSettings(settings.id, problems)
    return BanklinkProvider(settings, profile, back_channel)


PROTOCOL = ProviderProtocol(name="banklink", open=open_banklink)
