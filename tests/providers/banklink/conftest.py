"""Opening a little bank's profile with changes, and asking what becomes of an answer."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from providers.banklink.adapter import BanklinkProvider
from providers.banklink.opening import open_banklink
from tests.providers.little_bank import LittleBank, now

OpenBank = Callable[..., BanklinkProvider]
OLD_HASH = {
    "version": "008",
    "hash": "sha1",
    "sha1_exception": {"until": "2099-12-31", "ground": "agreement of 2019"},
}


@pytest.fixture
def open_bank(bank: LittleBank) -> OpenBank:
    def opened(
        *, back_channel: Mapping[str, Any] | None = None, entry: Mapping[str, Any] | None = None, **banklink: Any
    ) -> BanklinkProvider:
        settings = {**bank.entry(back_channel=back_channel, **banklink), **(entry or {})}
        return open_banklink(settings, bank.folder, now)

    return opened
