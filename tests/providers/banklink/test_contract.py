"""Banklink keeps the promise of every redirect provider, in each of its variants."""

from dataclasses import replace
from typing import Any, ClassVar

import pytest

from providers.contract import Arrival, AuthenticationRequest, FormDeparture, Provider
from providers.registry import open_provider
from tests.contracts.provider import ProviderContract
from tests.providers.little_bank import LIGA, LittleBank, arrival, encode, now


class BanklinkContract(ProviderContract):
    profile: ClassVar[dict[str, Any]] = {}
    back_channel: ClassVar[dict[str, Any]] = {"deadline_seconds": 0.5}
    bank: LittleBank

    @pytest.fixture(autouse=True)
    def _bank(self, bank: LittleBank) -> None:
        self.bank = bank

    def provider(self) -> Provider:
        entry = self.bank.entry(back_channel=self.back_channel, **self.profile)
        return open_provider(entry, self.bank.folder, now)

    def answer(self, departure: FormDeparture, request: AuthenticationRequest) -> Arrival:
        asked = self.bank.check_request(departure)
        fields = self.bank.fields_for(LIGA, request.reference, now(), VK_RID=asked.get("VK_RID", ""))
        return arrival(encode(self.bank.signed(self.variant(fields))), now(), browser_reference=request.reference)

    def variant(self, fields: dict[str, str]) -> dict[str, str]:
        return fields

    def forged(self, arrival: Arrival) -> Arrival:
        return replace(arrival, body=arrival.body.replace(b"321234", b"321235"))

    def silence(self) -> None:
        def hang_up(_: str) -> bytes:
            self.bank.server.drop_connections()
            return b""

        self.bank.on_get = hang_up


class TestWithNonceAndConfirmation(BanklinkContract):
    pass


class TestWithoutConfirmation(BanklinkContract):
    profile: ClassVar[dict[str, Any]] = {"name_fields": "delimited", "factors_by_contract": ["knowledge", "possession"]}
    back_channel: ClassVar[dict[str, Any]] = {"confirmation": "not_needed", "deadline_seconds": 0.5}


class TestWithoutNonce(BanklinkContract):
    profile: ClassVar[dict[str, Any]] = {
        "request_service": "4011",
        "answer_service": "3012",
        "allow_without_nonce": True,
        "echoes_rid": True,
    }

    def variant(self, fields: dict[str, str]) -> dict[str, str]:
        return {**fields, "VK_SERVICE": "3012", "VK_USER": ""}
