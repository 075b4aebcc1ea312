"""A mock bank with a Smart-ID service, an adapter for it, and a login that is walked visit by visit."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from certs.dev_pki import DevPki
from mock_bank.bank import open_bank
from mock_bank.faults import parse_faults
from mock_bank.serving import start
from mock_bank.settings import BankSettings
from providers.contract import (
    ATTENDED,
    Answer,
    AppPage,
    Arrival,
    Asking,
    AssuranceLevel,
    Attendance,
    AuthenticationRequest,
    BackChannelExchange,
    CodePage,
    Concluded,
    DevicePage,
    Expectation,
    Language,
    Page,
    Reference,
    VerifiedIdentity,
)
from providers.personal_code import PersonalCode
from providers.registry import open_provider
from providers.smart_id.adapter import SmartIdProvider
from providers.tls_context import public_key_sha256
from tests.providers.little_bank import now, pem_of, write_private
from tests.support.telephone import Telephone

UUID = "00000000-0000-4000-8000-000000000000"
RETURN = "https://gw.example/return/smart-id"
ANNA, BLOCKED = "100001", "100015"
PATIENCE = 60.0
"""Seconds, for a machine that is busy with other tests."""


class Setting:
    def __init__(self, pki: DevPki, folder: Path) -> None:
        self.pki, self.folder = pki, folder
        (folder / "bank").mkdir()
        banklink = rsa.generate_private_key(65537, 2048)
        write_private(folder / "bank" / "banklink.key", banklink)
        write_private(folder / "bank" / "confirmation.key", ec.generate_private_key(ec.SECP256R1()))
        (folder / "bank" / "partner.pub").write_bytes(pem_of(banklink.public_key()))
        self.running = start(open_bank(self._settings()))
        self.telephone = Telephone(pki.root_path)

    def _settings(self) -> BankSettings:
        server, bank = self.pki.find("bank"), self.folder / "bank"
        listen = {"port": 0, "certificate": server.certificate_path, "key": server.key_path}
        trust = {"client_ca": self.pki.ca_path("gateway-servers"), "client_crl": self.pki.crl_path("gateway-servers")}
        authority = self.pki.directory / "test-smart-id"
        return BankSettings.model_validate(
            {
                "id": "DEMOBANK",
                "name": "Demo banka",
                "database": bank / "bank.sqlite",
                "public": listen,
                "mutual_tls": listen | trust,
                "banklink": {"signing_key": bank / "banklink.key"},
                "confirmation": {"signing_key": bank / "confirmation.key", "kid": "1"},
                "partners": [
                    {
                        "id": "GW",
                        "name": "Gw",
                        "public_key": bank / "partner.pub",
                        "return_urls": ["https://gw.example/"],
                    }
                ],
                "smart_id": {
                    "relying_parties": [{"uuid": UUID, "name": "DEMO"}],
                    "ca_certificate": authority / "ca.pem",
                    "ca_key": authority / "ca.key",
                    "ocsp": {"port": 0},
                },
            }
        )

    @property
    def bank(self) -> str:
        return f"https://localhost:{self.running.public_port}"

    def switch(self, *faults: str) -> None:
        self.running.bank.switchboard.switch(parse_faults(faults))

    def stop(self) -> None:
        self.running.stop()

    def entry(
        self, *, api: str = "v3", certificates: Mapping[str, Any] | None = None, **profile: Any
    ) -> dict[str, Any]:
        smart_id = self.running.bank.smart_id
        assert smart_id is not None
        server = self.pki.find("bank").certificate.public_bytes(Encoding.DER)
        judged = {
            "anchors": [{"file": self.pki.ca_path("test-smart-id")}],
            "ocsp": {"responders": [f"http://127.0.0.1:{smart_id.ocsp_port}"]},
        }
        return {
            "id": "smart-id",
            "names": {"lv": "Smart-ID", "en": "Smart-ID"},
            "kind": "app",
            "assurance": "substantial",
            "assurance_ground": "test",
            "environment": "test",
            "protocol": "smart_id",
            "code_structure": "flag",
            "smart_id": {
                "base_url": f"{self.bank}/smart-id/{api}",
                "ca_file": self.pki.ca_path("provider-endpoints"),
                "pins": [public_key_sha256(server)],
                "relying_party_uuid": UUID,
                "relying_party_name": "DEMO",
                "scheme_name": "smart-id-demo",
                "api": api,
                "certificates": {**judged, **(certificates or {})},
                **profile,
            },
        }

    def provider(self, **changes: Any) -> SmartIdProvider:
        provider = open_provider(self.entry(**changes), self.folder, now)
        assert isinstance(provider, SmartIdProvider)
        return provider


@dataclass
class Visits:
    """One login, as the gateway carries it: memory exchanged at each visit, calls made when their intent is kept."""

    provider: SmartIdProvider
    language: Language = Language.ENGLISH
    later: Callable[[], datetime] = lambda: datetime.now(UTC)
    exchanges: list[BackChannelExchange] = field(default_factory=list)
    named: PersonalCode | None = None
    answered: bytes | None = None

    def __post_init__(self) -> None:
        self.request = AuthenticationRequest(
            reference=Reference(token_hex(16)),
            return_url=RETURN,
            language=self.language,
            asked_at=datetime.now(UTC),
            portal="Izsoles",
            minimum_assurance=AssuranceLevel.LOW,
        )
        departure = self.provider.depart(self.request)
        self.memory = departure.memory

    def visit(self, **said: str) -> Page | None:
        """One visit; None when the provider has answered."""
        attendance: Attendance = self.provider.attend(self.request, self.memory, said, self.later())
        while isinstance(attendance, Asking):
            self.memory, self.named = attendance.memory, attendance.person
            attendance = attendance.act()
        self.exchanges.extend(attendance.exchanges)
        if isinstance(attendance, Concluded):
            self.answered = attendance.answer
            return None
        self.memory = attendance.memory
        return attendance.page

    def app(self, **said: str) -> AppPage:
        page = self.visit(**said)
        assert isinstance(page, AppPage), page
        return page

    def qr(self) -> str:
        """The link of this second, after the person said that the app is on another device."""
        assert self.visit() == DevicePage()
        page = self.app(device="other")
        assert page.device_link is not None
        return page.device_link

    def tapped(self) -> str:
        """The link on this device."""
        page = self.app(device="this")
        assert page.same_device_link is not None
        return page.same_device_link

    def typed(self, code: str) -> str:
        """The verification code, once the telephone has been rung."""
        assert self.visit() == CodePage()
        shown = self.app(personal_code=code).verification_code
        assert shown is not None
        assert self.app().verification_code == shown
        return shown

    def until_over(self) -> None:
        """Come again and again until the provider has answered; raises what ends the login."""
        deadline = time.monotonic() + PATIENCE
        while self.visit() is not None:
            assert time.monotonic() < deadline, "nothing came of it"
            time.sleep(0.05)

    def arrival(self) -> Arrival:
        assert self.answered is not None
        return Arrival(method=ATTENDED, content_type="", body=self.answered, received_at=datetime.now(UTC))

    def returned(self, address: str) -> Arrival:
        query = urlsplit(address).query.encode()
        return Arrival(method="GET", content_type="", body=b"", query=query, received_at=datetime.now(UTC))

    def expectation(self) -> Expectation:
        return Expectation(reference=self.request.reference, asked_at=self.request.asked_at, memory=self.memory)

    def receive(self, arrival: Arrival | None = None) -> Answer:
        return self.provider.receive(arrival or self.arrival())

    def identify(self, arrival: Arrival | None = None) -> VerifiedIdentity:
        return self.receive(arrival).identify(self.expectation())


def changed(visits: Visits, **memory: Any) -> Visits:
    """The same login with another memory."""
    from providers.smart_id.memory import read_memory

    visits.memory = replace(read_memory(visits.memory), **memory).encoded()
    return visits
