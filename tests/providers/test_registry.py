"""The one list of protocols; a package from outside takes part only when the settings name it."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from providers.contract import Provider
from providers.errors import ProviderMisconfigured
from providers.protocol import ProviderProtocol
from providers.registry import PROTOCOLS, open_provider, protocols_with
from tests.providers.little_bank import LittleBank, now


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("acme_vpm")
    monkeypatch.setitem(sys.modules, "acme_vpm", module)
    return module


def test_an_entry_opens_as_the_protocol_that_it_names(bank: LittleBank) -> None:
    provider: Provider = open_provider(bank.entry(), bank.folder, now)
    assert provider.id == "little-bank"


@pytest.mark.parametrize("protocol", ["", "carrier-pigeon", None])
def test_an_unknown_protocol_is_refused_with_those_that_there_are(protocol: str | None, bank: LittleBank) -> None:
    with pytest.raises(ProviderMisconfigured, match=r"little-bank: protocol: must be one of banklink"):
        open_provider({**bank.entry(), "protocol": protocol}, bank.folder, now)


def test_a_protocol_from_outside_takes_part_when_it_is_named(outside: ModuleType, bank: LittleBank) -> None:
    opened: list[Path] = []

    def open_acme(entry: object, base: Path, clock: object) -> Provider:
        opened.append(base)
        return open_provider(bank.entry(), base, now)

    outside.PROTOCOL = ProviderProtocol(name="acme", open=open_acme)  # type: ignore[attr-defined]  # made for the test
    protocols = protocols_with(["acme_vpm:PROTOCOL"])
    open_provider({"id": "acme", "protocol": "acme"}, bank.folder, now, protocols)
    assert opened == [bank.folder]
    assert set(protocols) == {*PROTOCOLS, "acme"}
    assert "acme" not in PROTOCOLS


@pytest.mark.parametrize(
    "path", ["", "acme_vpm", "acme_vpm:", "acme_vpm:MISSING", "no_such_package:PROTOCOL", "acme_vpm:__name__", ":x"]
)
def test_a_name_that_leads_to_no_protocol_stops_the_start(path: str, outside: ModuleType) -> None:
    with pytest.raises(ProviderMisconfigured):
        protocols_with([path])


def test_a_protocol_from_outside_cannot_take_the_place_of_ours() -> None:
    with pytest.raises(ProviderMisconfigured, match="banklink, which exists"):
        protocols_with(["providers.banklink.opening:PROTOCOL"])
