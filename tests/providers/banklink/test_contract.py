"""Banklink keeps the promise of every redirect provider, in each of its variants."""

import base64
from dataclasses import replace
from hashlib import sha256
from typing import Any, ClassVar
from uuid import UUID

import pytest

from providers.contract import Arrival, AuthenticationRequest, FormDeparture, Provider
from providers.registry import open_provider
from tests.contracts.provider import ProviderContract, asked
from tests.providers.banklink.dialect_answers import (
    CITADELE,
    LUMINOR,
    SEB,
    amai_body,
    amai_fields,
    amai_xml,
    link_fields,
    link_form,
    seb_fields,
    seb_form,
    with_certificate,
)
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


class TestSeb(BanklinkContract):
    profile: ClassVar[dict[str, Any]] = SEB

    def answer(self, departure: FormDeparture, request: AuthenticationRequest) -> Arrival:
        assert departure.needs_browser_reference
        form = seb_form(self.bank, seb_fields(now()))
        self.bank.persons[sha256(base64.b64decode(form["IB_CRC"])).hexdigest()] = LIGA
        return arrival(encode(form), now(), browser_reference=request.reference)

    def test_two_departures_of_two_logins_differ(self) -> None:
        """They do not, since 0005 holds nothing of the login (banklink.md 11.2); the browser carries the reference."""
        departures = [self.provider().depart(asked()) for _ in range(2)]
        assert departures[0].message == departures[1].message
        assert all(isinstance(one, FormDeparture) and one.needs_browser_reference for one in departures)


class TestLuminor(BanklinkContract):
    profile: ClassVar[dict[str, Any]] = LUMINOR

    def answer(self, departure: FormDeparture, request: AuthenticationRequest) -> Arrival:
        stamp = dict(departure.fields)["VK_STAMP"]
        self.bank.persons[stamp] = LIGA
        return arrival(encode(link_form(self.bank, link_fields(stamp, now()))), now())


class TestCitadele(BanklinkContract):
    profile: ClassVar[dict[str, Any]] = CITADELE

    def provider(self) -> Provider:
        with_certificate(self.bank)
        return super().provider()

    def answer(self, departure: FormDeparture, request: AuthenticationRequest) -> Arrival:
        self.bank.persons[str(UUID(hex=request.reference))] = LIGA
        return arrival(amai_body(amai_xml(self.bank, amai_fields(request.reference, now()))), now())
