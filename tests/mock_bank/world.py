"""A bank with chosen faults, its browser and its partner, set up alike every time so that two runs can be compared."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask.testing import FlaskClient
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from joserfc.util import urlsafe_b64decode
from werkzeug.test import TestResponse

from mock_bank.app import create_public_app
from mock_bank.back_channel import PEER, create_back_channel_app
from mock_bank.bank import Bank
from tests.mock_bank.partner import AnswerForm, Clock, TestPartner, answer_in, encode, verifies
from tests.mock_bank.smart_id_party import Party

FORM = "application/x-www-form-urlencoded"
NONCES = ("11111111111111111111111111111111", "22222222222222222222222222222222")


@dataclass
class World:
    """Everything around one bank."""

    bank: Bank
    clock: Clock
    partner: TestPartner
    other: TestPartner
    fingerprint: str
    slept: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.browser = self.new_browser()
        self.back_channel = create_back_channel_app(self.bank, sleep=self.slept.append).test_client()
        self.back_channel.environ_base[PEER] = lambda: self.fingerprint

    @property
    def smart_id(self) -> Party:
        """A relying party of the Smart-ID service, and everybody's telephone."""
        return Party(self.bank, self.browser)

    def new_browser(self) -> FlaskClient:
        client = create_public_app(self.bank).test_client()
        client.environ_base["wsgi.url_scheme"] = "https"
        return client

    def ask(
        self, body: bytes | None = None, *, query: str = "", browser: FlaskClient | None = None, **headers: str
    ) -> TestResponse:
        body = self.partner.body() if body is None else body
        return (browser or self.browser).post(
            f"/banklink{query}",
            data=body,
            content_type=FORM,
            headers={k.replace("_", "-"): v for k, v in headers.items()},
        )

    def login_at_once(self, person: str = "100002", *, nonce: str = NONCES[0], query: str = "") -> TestResponse:
        return self.ask(self.partner.body(NONCE=nonce, RID="rid-1"), query=query, X_Mock_Persona=person)

    def begun(self, browser: FlaskClient | None = None, **changes: str) -> str:
        """Address of the first login page."""
        response = self.ask(self.partner.body(**changes), browser=browser)
        assert response.status_code == 303, response.text
        return response.headers["Location"]

    def post(self, address: str, browser: FlaskClient | None = None, **form: str) -> TestResponse:
        return (browser or self.browser).post(address, data=form)

    def password(
        self, login: str, person: str = "100001", *, method: str = "code-calculator", **more: Any
    ) -> TestResponse:
        return self.post(login, user_number=person, password=f"parole-{person}", method=method, **more)

    def code(self, login: str, browser: FlaskClient | None = None) -> str:
        page = (browser or self.browser).get(f"{login}/code").text
        shown = re.search(r'id="calculator-code">(\d{6})<', page)
        assert shown, page
        return shown[1]

    def at_consent(self, person: str = "100001", **changes: str) -> str:
        login = self.begun(**changes)
        self.password(login, person)
        assert self.post(f"{login}/code", code=self.code(login)).headers["Location"] == f"{login}/consent"
        return login

    def answered(self, person: str = "100001", **changes: str) -> AnswerForm:
        login = self.at_consent(person, **changes)
        return answer_in(self.post(f"{login}/consent", decision="agree").text)

    def confirmation(self, nonce: str = NONCES[0]) -> TestResponse:
        return self.back_channel.get(f"/vpm/v1/authentications/{nonce}")

    def journal(self) -> TestResponse:
        now = int(self.clock().timestamp())
        return self.back_channel.get(f"/vpm/v1/journal?from={now - 7200}&to={now + 7200}")

    def seen(self, page: TestResponse) -> object:
        """What a partner can see of an answer, in a form that two runs share."""
        if page.status_code != 200 or 'id="answer"' not in page.text:
            return page.status_code, page.text.count("<form")
        form = answer_in(page.text)
        good = "VK_MAC" in form.fields and verifies(form.fields, self.bank.keys.banklink.public_key())
        return form, good, page.text.count("<form")

    def read_jws(self, response: TestResponse) -> object:
        """Status, header, raw payload and whether the bank's key signed it."""
        headers = {
            name: value for name, value in response.headers.items() if name.startswith("X-") and name != "X-Mock-Faults"
        }
        if int(response.headers.get("Content-Length", 0)) > 1 << 20:
            return response.headers["Content-Length"]
        if response.status_code != 200 or response.data.count(b".") != 2:
            return response.status_code, response.headers.get("Location"), response.data
        head, payload, _ = response.text.split(".")
        return (
            headers,
            json.loads(urlsafe_b64decode(head.encode())),
            urlsafe_b64decode(payload.encode()),
            self._signed(response.text),
        )

    def claims(self, response: TestResponse) -> dict[str, Any]:
        """The payload of a JWS that the bank signed."""
        assert response.status_code == 200, response.text
        assert self._signed(response.text)
        claims: dict[str, Any] = json.loads(urlsafe_b64decode(response.text.split(".")[1].encode()))
        return claims

    def _signed(self, token: str) -> bool:
        public = self.bank.keys.confirmation.public_key()
        key = ECKey.import_key(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        try:
            jws.deserialize_compact(token, key, algorithms=["ES256"])
        except (JoseError, ValueError):
            return False
        return True


MakeWorld = Callable[..., World]
__all__ = ["encode"]
