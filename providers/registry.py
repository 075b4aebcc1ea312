"""Every protocol by which a provider can be asked: the one list (design.md section 5).

A package from outside takes part only when the settings name it, as ``module:PROTOCOL``; nothing is discovered.
"""

from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from providers.banklink import opening as banklink
from providers.card_tls import opening as card_tls
from providers.contract import Provider
from providers.errors import ProviderMisconfigured
from providers.oidc import opening as oidc
from providers.protocol import Clock, ProviderProtocol
from providers.refusals import Reason
from providers.saml import entry as saml
from providers.settings import InvalidProviderSettings
from providers.smart_id import opening as smart_id
from providers.web_eid import opening as web_eid

PROTOCOLS: Mapping[str, ProviderProtocol] = {
    protocol.name: protocol
    for protocol in (
        banklink.PROTOCOL,
        card_tls.PROTOCOL,
        oidc.PROTOCOL,
        saml.PROTOCOL,
        smart_id.PROTOCOL,
        web_eid.PROTOCOL,
    )
}
"""Protocols of this project, by name."""


def protocols_with(named: Iterable[str]) -> Mapping[str, ProviderProtocol]:
    """Our protocols and those that the settings name, such as ``acme.vpm:PROTOCOL``.

    Raises:
        ProviderMisconfigured: a name that cannot be imported, is no ``ProviderProtocol``, or takes a name in use.
    """
    protocols = dict(PROTOCOLS)
    for path in named:
        protocol = _imported(path)
        if protocol.name in protocols:
            raise ProviderMisconfigured(
                Reason.MISCONFIGURED, f"protocols: {path} calls itself {protocol.name}, which exists"
            )
        protocols[protocol.name] = protocol
    return protocols


def open_provider(
    entry: Mapping[str, Any], base: Path, clock: Clock, protocols: Mapping[str, ProviderProtocol] = PROTOCOLS
) -> Provider:
    """Make a live provider of one settings entry; keys and TLS contexts are read here and not per login.

    Args:
        entry: as the protocol's settings model describes it; ``protocol`` names the protocol.
        base: the folder of the settings file, that paths in the entry are relative to.
        clock: tells the present, UTC and aware.
        protocols: by name.

    Raises:
        InvalidProviderSettings: with every problem at once, each naming the provider and the setting.
    """
    protocol = protocols.get(str(entry.get("protocol", "")))
    if protocol is None:
        known = ", ".join(sorted(protocols))
        raise InvalidProviderSettings(str(entry.get("id", "without id")), [f"protocol: must be one of {known}"])
    return protocol.open(entry, base, clock)


def _imported(path: str) -> ProviderProtocol:
    module_name, _, attribute = path.partition(":")
    try:
        found = getattr(import_module(module_name), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ProviderMisconfigured(Reason.MISCONFIGURED, f"protocols: {path} cannot be imported") from error
    if not isinstance(found, ProviderProtocol):
        raise ProviderMisconfigured(Reason.MISCONFIGURED, f"protocols: {path} is no ProviderProtocol")
    return found
