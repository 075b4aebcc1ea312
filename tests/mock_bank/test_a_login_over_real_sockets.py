import json
import re

import requests
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.jwk import ECKey

from mock_bank.serving import Running
from tests.mock_bank.conftest import BANKLINK_KEY, CONFIRMATION_KEY
from tests.mock_bank.partner import TestPartner, answer_in, verifies
from tests.mock_bank.pki import Authority


def test_a_person_signs_in_with_two_factors_and_the_partner_fetches_the_confirmation(
    served: Running, pki: Authority, partner: TestPartner, gateway_session: requests.Session
) -> None:
    base = f"https://localhost:{served.public_port}"
    with requests.Session() as browser:
        browser.trust_env = False
        browser.verify = str(pki.ca_file)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        page = browser.post(f"{base}/banklink", data=partner.body(), headers=form)
        login = page.url
        assert re.fullmatch(rf"{base}/login/[0-9a-f]{{32}}", login)
        page = browser.post(
            login, data={"user_number": "100001", "password": "parole-100001", "method": "code-calculator"}
        )
        assert page.url == f"{login}/code"
        code = re.search(r'id="calculator-code">(\d{6})<', page.text)
        assert code
        page = browser.post(f"{login}/code", data={"code": code[1]})
        assert page.url == f"{login}/consent"
        assert "Izsoles vārteja" in page.text
        page = browser.post(f"{login}/consent", data={"decision": "agree"})
    answer = answer_in(page.text)
    assert (answer.action, answer.method) == ("https://gw.example/b/demobank/return", "post")
    assert answer.fields["VK_USER_NAME"] == "Bērziņa,Anna"
    assert verifies(answer.fields, BANKLINK_KEY.public_key())
    claims = _confirmation(gateway_session, served, answer.fields["VK_NONCE"])
    assert (claims["given_name"], claims["family_name"], claims["personal_code"]) == ("Anna", "Bērziņa", "150930-24177")
    assert set(claims["factors"]) == {"knowledge", "possession"}


def _confirmation(session: requests.Session, served: Running, nonce: str) -> dict[str, object]:
    got = session.get(f"https://localhost:{served.mutual_port}/vpm/v1/authentications/{nonce}", timeout=10)
    assert got.status_code == 200
    key = ECKey.import_key(CONFIRMATION_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    token = jws.deserialize_compact(got.text, key, algorithms=["ES256"])
    assert token.headers()["typ"] == "vpm-confirmation+jwt"
    claims: dict[str, object] = json.loads(token.payload)
    return claims
