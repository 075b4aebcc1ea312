"""What a protocol package offers to the registry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from providers.contract import Provider

Clock = Callable[[], datetime]
"""Tells the present moment: UTC, aware."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderProtocol:
    """A way of asking providers, as named in a settings entry's ``protocol``."""

    name: str
    open: Callable[[Mapping[str, Any], Path, Clock], Provider]
    """Make a provider of a settings entry; paths in it are relative to the folder given.

    Raises ``providers.settings.InvalidProviderSettings`` with every problem at once.
    """
