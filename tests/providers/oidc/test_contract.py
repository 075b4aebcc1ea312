"""OpenID Connect keeps the promise of every provider, with each way of authenticating us and with a confirmation."""

from dataclasses import replace
from typing import Any, ClassVar

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from providers.contract import Arrival, AuthenticationRequest, Provider, RedirectDeparture
from providers.oidc.opening import open_oidc
from tests.contracts.provider import ProviderContract
from tests.providers.little_bank import now, write_private
from tests.providers.little_op import LittleOp, arrived


class OidcContract(ProviderContract):
    settings: ClassVar[dict[str, Any]] = {}
    op: LittleOp

    @pytest.fixture(autouse=True)
    def _op(self, op: LittleOp) -> None:
        self.op = op

    def provider(self) -> Provider:
        provider = open_oidc(self.op.entry(server={"deadline_seconds": 0.5}, **self.settings), self.op.folder, now)
        provider.status()  # reads the metadata, which depart waits for nobody to do
        return provider

    def answer(self, departure: RedirectDeparture, request: AuthenticationRequest) -> Arrival:
        return arrived(self.op.signed_in(departure.location))

    def forged(self, arrival: Arrival) -> Arrival:
        return replace(arrival, query=arrival.query.replace(b"%2Fop", b"%2Fother-op"))

    def silence(self) -> None:
        self.op.server.script = self._hang_up

    def _hang_up(self, _path: str) -> bytes:
        self.op.server.drop_connections()
        return b""

    @pytest.fixture(autouse=True)
    def _speaks_again(self, op: LittleOp) -> Any:
        script = op.server.script
        yield
        op.server.script = script


class TestByCertificate(OidcContract):
    pass


class TestByAssertion(OidcContract):
    @pytest.fixture(autouse=True)
    def _assertion(self, op: LittleOp) -> None:
        write_private(op.folder / "assertion.key", ec.generate_private_key(ec.SECP256R1()))
        assertion = {"key": str(op.folder / "assertion.key"), "kid": "a1", "algorithm": "ES256"}
        self.settings = {"authentication": "private_key_jwt", "assertion": assertion}  # type: ignore[misc] # its own
