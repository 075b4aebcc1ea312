"""Banklink against the mock bank: two codecs by two hands, over real sockets, for every persona and many faults."""

import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from certs.dev_pki import DevPki
from mock_bank.bank import open_bank
from mock_bank.personas import PERSONAS, Kind, Persona
from mock_bank.serving import Running, start
from mock_bank.settings import BankSettings
from providers.contract import (
    Arrival,
    AuthenticationRequest,
    Availability,
    FormDeparture,
    Provider,
    VerifiedIdentity,
)
from providers.errors import ProviderError
from providers.registry import open_provider
from tests.contracts.provider import RETURN, ProviderContract, asked, expected
from tests.providers.little_bank import arrival, encode, now, pem_of, write_private

COMPLETE = [each for each in PERSONAS if each.kind is Kind.ORDINARY and each.given_name]


class Setting:
    """The mock bank served, and our provider opened towards it."""

    def __init__(self, pki: DevPki, folder: Path) -> None:
        keys = {"banklink": rsa.generate_private_key(65537, 2048), "gateway": rsa.generate_private_key(65537, 2048)}
        statements = ec.generate_private_key(ec.SECP256R1())
        for name, key in {**keys, "statements": statements}.items():
            write_private(folder / f"{name}.key", key)
            (folder / f"{name}.pem").write_bytes(pem_of(key.public_key()))
        self.folder, self.pki = folder, pki
        self.running: Running = start(open_bank(self._bank_settings()))

    def _bank_settings(self) -> BankSettings:
        own, folder = self.pki.find("bank"), self.folder
        listen = {"port": 0, "certificate": own.certificate_path, "key": own.key_path}
        trust = {"client_ca": self.pki.ca_path("gateway-servers"), "client_crl": self.pki.crl_path("gateway-servers")}
        return BankSettings.model_validate(
            {
                "id": "DEMOBANK",
                "name": "Demo banka",
                "database": folder / "bank.sqlite",
                "public": listen,
                "mutual_tls": listen | trust,
                "banklink": {"signing_key": folder / "banklink.key"},
                "confirmation": {"signing_key": folder / "statements.key", "kid": "demobank-test"},
                "fast_login": True,
                "partners": [
                    {
                        "id": "EIDGW",
                        "name": "Vārteja",
                        "public_key": folder / "gateway.pem",
                        "return_urls": [RETURN],
                        "client_certificate_files": [self.pki.find("gateway").certificate_path],
                    }
                ],
            }
        )

    def provider(self, deadline: float = 1.0) -> Provider:
        client, folder = self.pki.find("gateway"), self.folder
        entry = {
            "id": "mock-bank",
            "names": {"lv": "Demo banka", "en": "Demo Bank"},
            "kind": "bank",
            "assurance": "low",
            "assurance_ground": "made-up",
            "environment": "test",
            "code_structure": "flag",
            "protocol": "banklink",
            "banklink": {
                "request_url": f"https://127.0.0.1:{self.running.public_port}/banklink",
                "bank_id": "DEMOBANK",
                "partner_id": "EIDGW",
                "bank_keys": [{"file": "banklink.pem"}],
                "partner_key": "gateway.key",
            },
            "back_channel": {
                "base_url": f"https://127.0.0.1:{self.running.mutual_port}",
                "ca_file": str(self.pki.ca_path("provider-endpoints")),
                "crl_file": str(self.pki.crl_path("provider-endpoints")),
                "client_certificate": str(client.certificate_path),
                "client_key": str(client.key_path),
                "signing_keys": {"demobank-test": {"file": "statements.pem", "algorithm": "ES256"}},
                "deadline_seconds": deadline,
            },
        }
        return open_provider(entry, folder, now)

    def sign_in(self, departure: FormDeparture, person: str, fault: str | None = None) -> Arrival:
        page = requests.post(
            departure.action,
            params={} if fault is None else {"fault": fault},
            data=departure.message,
            headers={"Content-Type": "application/x-www-form-urlencoded", "X-Mock-Persona": person},
            verify=str(self.pki.root_path),
            timeout=10,
        )
        form = re.search(
            r'<form[^>]*action="([^"]*)" accept-charset="([^"]*)"\s+id="answer">(.*?)</form>', page.text, re.DOTALL
        )
        assert form, page.text
        inputs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form[3])
        fields = [(unescape(name), unescape(value)) for name, value in inputs]
        return arrival(encode(fields, form[2]), now())


@pytest.fixture(scope="module")
def setting(pki: DevPki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    made = Setting(pki, tmp_path_factory.mktemp("mock-bank"))
    yield made
    made.running.stop()


Login = Callable[..., VerifiedIdentity | str]


@pytest.fixture
def login(setting: Setting) -> Login:
    def attempt(person: str = "100002", fault: str | None = None) -> VerifiedIdentity | str:
        provider, request = setting.provider(), asked()
        answer = setting.sign_in(provider.depart(request), person, fault)
        try:
            return provider.receive(answer).identify(expected(request))
        except ProviderError as error:
            return error.reason

    return attempt


@pytest.mark.parametrize("person", COMPLETE, ids=[each.user_number for each in COMPLETE])
def test_every_persona_arrives_byte_for_byte(person: Persona, login: Login) -> None:
    identity = login(person.user_number)
    assert isinstance(identity, VerifiedIdentity), identity
    assert (identity.given_name, identity.family_name) == (person.given_name, person.family_name)
    assert identity.personal_code.display == person.personal_code


def test_a_person_with_one_name_is_not_given_a_second(login: Login) -> None:
    assert login("100012") == "identity_incomplete"


@pytest.mark.parametrize(
    "fault",
    [
        "ans.extra-parameter",
        "ans.mac-line-breaks",
        "ans.name-entity",
        "ans.name-without-comma",
        "ans.code-without-hyphen",
        "ans.no-encoding",
        "ans.time-minus-299",
        "ans.time-plus-299",
        "bnk.rid-drop",
        "att.nfd",
        "att.padded",
        "att.extra-data",
        "mfa.unknown-method",
    ],
)
def test_this_deviation_is_borne(fault: str, login: Login) -> None:
    identity = login("100002", fault)
    assert isinstance(identity, VerifiedIdentity), identity
    assert (identity.given_name, identity.family_name) == ("Ģirts", "Ķēniņš-Žīgurs")


REFUSED = {
    "bnk.bad-mac": "bad_signature",
    "bnk.mac-order": "bad_signature",
    "bnk.mac-omits-person": "bad_signature",
    "bnk.mac-sha1": "bad_signature",
    "bnk.length-unit": "bad_signature",
    "bnk.length-unpadded": "bad_signature",
    "bnk.charset-lie": "malformed",
    "bnk.strip-diacritics": "identity_mismatch",
    "bnk.nonce-drop": "malformed",
    "bnk.nonce-static": "unknown_nonce",
    "bnk.stale-datetime": "stale",
    "bnk.naive-datetime": "stale",
    "bnk.wrong-rec-id": "wrong_recipient",
    "bnk.wrong-response-service": "unexpected_service",
    "ans.other-key": "bad_signature",
    "ans.other-hash": "bad_signature",
    "ans.changed-after-signing": "bad_signature",
    "ans.time-minus-301": "stale",
    "ans.time-plus-301": "stale",
    "ans.other-sender": "wrong_sender",
    "ans.other-version": "unexpected_version",
    "ans.nonce-changed": "unknown_nonce",
    "ans.nonce-empty": "unknown_nonce",
    "ans.parameter-twice": "malformed",
    "ans.empty-name": "identity_incomplete",
    "ans.empty-code": "identity_incomplete",
    "ans.latin1": "malformed",
    "ans.windows-1257": "malformed",
    "vbc.missing": "confirmation_missing",
    "vbc.late": "confirmation_unavailable",
    "vbc.wrong-key": "confirmation_bad_signature",
    "vbc.changed-after-signing": "confirmation_bad_signature",
    "vbc.alg-none": "confirmation_bad_signature",
    "vbc.wrong-typ": "confirmation_malformed",
    "vbc.garbage": "confirmation_malformed",
    "vbc.huge": "confirmation_unavailable",
    "vbc.redirect": "confirmation_unavailable",
    "vbc.error-500": "confirmation_unavailable",
    "vbc.other-person": "identity_mismatch",
    "vbc.other-login": "confirmation_other_login",
    "vbc.one-factor": "one_factor",
    "vbc.same-kind-twice": "one_factor",
    "vbc.joined-name": "identity_incomplete",
    "vbc.expired": "confirmation_expired",
    "vbc.other-audience": "confirmation_wrong_recipient",
    "vbc.other-issuer": "confirmation_wrong_sender",
    "mfa.low-acr": "one_factor",
    "mfa.single-amr": "one_factor",
    "mfa.no-acr": "confirmation_malformed",
    "att.combined-name": "identity_incomplete",
    "att.empty-surname": "identity_incomplete",
    "att.outside-signature": "identity_incomplete",
    "att.duplicate-attr": "confirmation_malformed",
    "att.invisible": "identity_incomplete",
    "att.code-format": "identity_incomplete",
}


@pytest.mark.parametrize("fault", REFUSED)
def test_this_fault_is_refused_with_its_own_reason(fault: str, login: Login) -> None:
    assert login("100002", fault) == REFUSED[fault]


def test_the_journal_lists_the_login_under_its_blinded_id(setting: Setting) -> None:
    from datetime import timedelta

    from providers.banklink.adapter import BanklinkProvider
    from providers.vpm_journal import blinded_id, journal_salt

    provider, request = setting.provider(), asked()
    assert isinstance(provider, BanklinkProvider)
    provider.receive(setting.sign_in(provider.depart(request), "100001"))
    journal, _ = provider.journal(now() - timedelta(hours=1), now() + timedelta(minutes=5))
    entry = journal.entries[-1]
    salt = journal_salt(bytes(32), entry.at.date())
    assert (entry.blinded_id, entry.outcome) == (blinded_id(request.reference, salt), "succeeded")


def test_the_status_is_up(setting: Setting) -> None:
    assert setting.provider().status().state is Availability.UP


class TestTheMockBankUnderTheContract(ProviderContract):
    setting: Setting

    @pytest.fixture(autouse=True)
    def _setting(self, request: pytest.FixtureRequest, setting: Setting, pki: DevPki, tmp_path: Path) -> None:
        silenced = "silent" in request.node.name  # that test stops its bank, so it gets one of its own
        self.setting = Setting(pki, tmp_path) if silenced else setting

    def provider(self) -> Provider:
        return self.setting.provider()

    def answer(self, departure: FormDeparture, request: AuthenticationRequest) -> Arrival:
        return self.setting.sign_in(departure, "100001")

    def forged(self, arrival: Arrival) -> Arrival:
        return type(arrival)(
            method=arrival.method,
            content_type=arrival.content_type,
            body=arrival.body.replace(b"150930", b"150931"),
            received_at=arrival.received_at,
        )

    def silence(self) -> None:
        self.setting.running.stop()
