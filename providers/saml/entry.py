"""SAML as the registry knows it: the XML libraries load only where a provider speaks it (performance.md row 9)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from providers.contract import Provider
from providers.protocol import Clock, ProviderProtocol


def _open(entry: Mapping[str, Any], base: Path, clock: Clock) -> Provider:
    from providers.saml.opening import open_saml  # noqa: PLC0415 - the XML libraries load only where SAML is spoken

    return open_saml(entry, base, clock)


PROTOCOL = ProviderProtocol(name="saml", open=_open)
