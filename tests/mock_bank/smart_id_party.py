"""A relying party of the mock Smart-ID service, and a telephone: no socket, no code of the gateway's."""

import hashlib
import json
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hmac import new as hmac_new
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from flask.testing import FlaskClient
from joserfc.util import urlsafe_b64encode
from werkzeug.test import TestResponse

from mock_bank.bank import Bank
from mock_bank.smart_id.ocsp import PATH, create_responder_app
from tests.mock_bank.pki import Authority, private_pem

UUID: Final = "00000000-0000-4000-8000-000000000000"
NAME: Final = "DEMO"
CHALLENGES: Final = [b64encode(bytes([number]) * 64).decode() for number in (1, 2)]
INTERACTIONS: Final = b64encode(
    json.dumps([{"type": "displayTextAndPIN", "displayText60": "Izsoles"}], separators=(",", ":")).encode()
).decode()
CHOICE: Final = b64encode(
    json.dumps(
        [{"type": "confirmationMessageAndVerificationCodeChoice", "displayText200": "Izsoles"}], separators=(",", ":")
    ).encode()
).decode()
ANNA: Final = "100001"
IDENTIFIER: Final = "PNOLV-150930-24177"


def entry(pki: Authority, folder: Path) -> dict[str, Any]:
    """``smart_id`` of the bank's settings."""
    key = folder / "smart-id.key"
    key.write_bytes(private_pem(pki.key))
    return {
        "relying_parties": [{"uuid": UUID, "name": NAME}],
        "ca_certificate": pki.ca_file,
        "ca_key": key,
        "ocsp": {"port": 0},
    }


def start_body(challenge: str = CHALLENGES[0], **changes: Any) -> dict[str, Any]:
    """A start request for device links."""
    return {
        "relyingPartyUUID": UUID,
        "relyingPartyName": NAME,
        "certificateLevel": "QUALIFIED",
        "signatureProtocol": "ACSP_V2",
        "signatureProtocolParameters": {
            "rpChallenge": challenge,
            "signatureAlgorithm": "rsassa-pss",
            "signatureAlgorithmParameters": {"hashAlgorithm": "SHA-512"},
        },
        "interactions": INTERACTIONS,
        **changes,
    }


def notification_body(challenge: str = CHALLENGES[0], **changes: Any) -> dict[str, Any]:
    return start_body(challenge, vcType="numeric4", interactions=CHOICE, **changes)


def v2_body(challenge: str = CHALLENGES[0], **changes: Any) -> dict[str, Any]:
    return {
        "relyingPartyUUID": UUID,
        "relyingPartyName": NAME,
        "hash": challenge,
        "hashType": "SHA512",
        "allowedInteractionsOrder": [{"type": "displayTextAndPIN", "displayText60": "Izsoles"}],
        **changes,
    }


@dataclass
class Party:
    """Asks the service, and holds the telephones of everybody."""

    bank: Bank
    browser: FlaskClient

    def start(self, body: dict[str, Any], path: str = "device-link/anonymous", version: str = "v3") -> TestResponse:
        return self.browser.post(f"/smart-id/{version}/authentication/{path}", json=body)

    def begun(self, body: dict[str, Any] | None = None) -> dict[str, str]:
        answer = self.start(body or start_body())
        assert answer.status_code == 200, answer.text
        found: dict[str, str] = answer.get_json()
        return found

    def rung(self, body: dict[str, Any] | None = None) -> dict[str, str]:
        answer = self.start(body or notification_body(), f"notification/etsi/{IDENTIFIER}")
        assert answer.status_code == 200, answer.text
        found: dict[str, str] = answer.get_json()
        return found

    def link(self, begun: dict[str, str], flow: str = "QR", elapsed: int | None = 0, **changed: str) -> str:
        """The path and query that a telephone opens."""
        since = f"&elapsedSeconds={elapsed}" if elapsed is not None else ""
        head = f"{begun['deviceLinkBase']}?deviceLinkType={flow}{since}&sessionToken={begun['sessionToken']}"
        link = f"{head}&sessionType=auth&version=1.0&lang=lav"
        pieces = [
            "smart-id-demo",
            "ACSP_V2",
            changed.get("challenge", CHALLENGES[0]),
            b64encode(NAME.encode()).decode(),
        ]
        text = "|".join([*pieces, "", INTERACTIONS, changed.get("callback", ""), link])
        code = hmac_new(b64decode(begun["sessionSecret"]), text.encode(), hashlib.sha256).digest()
        whole = f"{link}&authCode={urlsafe_b64encode(code).decode()}"
        return whole.removeprefix("https://localhost")

    def scan(self, link: str) -> TestResponse:
        return self.browser.get(link)

    def answer_link(self, begun: dict[str, str], link: str, **form: str) -> TestResponse:
        assert self.scan(link).status_code == 200
        sent = {"token": begun["sessionToken"], "person": ANNA, "pin": "0001", "decision": "approve", **form}
        return self.browser.post("/smart-id/app", data=sent)

    def answer_push(self, session: dict[str, str], *, code: str = "", **form: str) -> TestResponse:
        sent = {"session": session["sessionID"], "pin": "0001", "decision": "approve", "choice": code, **form}
        return self.browser.post(f"/smart-id/phone/{ANNA}", data=sent)

    def codes_on_the_phone(self) -> list[str]:
        return re.findall(r'name="choice" value="([0-9]{4})"', self.browser.get(f"/smart-id/phone/{ANNA}").text)

    def poll(self, session: dict[str, str], version: str = "v3") -> TestResponse:
        return self.browser.get(f"/smart-id/{version}/session/{session['sessionID']}?timeoutMs=1000")

    def scanned(self, challenge: str = CHALLENGES[0], **form: str) -> dict[str, Any]:
        """A session from start to end."""
        begun = self.begun(start_body(challenge))
        self.answer_link(begun, self.link(begun, challenge=challenge), **form)
        found: dict[str, Any] = self.poll(begun).get_json()
        return found

    def looks(self, result: dict[str, Any], challenge: str = CHALLENGES[0]) -> object:
        """What a relying party sees of a result, in a form that two runs share."""
        if "signature" not in result:
            return result
        certificate = x509.load_der_x509_certificate(b64decode(result["cert"]["value"]))
        stated = {
            name: value
            for name, value in result["signature"].items()
            if name in {"flowType", "signatureAlgorithmParameters"}
        }
        return (
            result["result"],
            result["cert"].get("certificateLevel"),
            result["interactionTypeUsed"],
            stated,
            verifies(result, challenge, certificate),
            described(certificate, self.bank),
            self.status_of(certificate),
        )

    def status_of(self, certificate: x509.Certificate) -> object:
        assert self.bank.smart_id is not None
        issuer = self.bank.smart_id.people.authority
        asked = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256()).build()
        client = create_responder_app(self.bank.smart_id).test_client()
        answer = client.post(PATH, data=asked.public_bytes(Encoding.DER), content_type="application/ocsp-request")
        if answer.status_code != 200:
            return answer.status_code
        read = ocsp.load_der_ocsp_response(answer.data)
        may_answer = any(isinstance(one.value, x509.ExtendedKeyUsage) for one in read.certificates[0].extensions)
        return (
            read.certificate_status,
            may_answer,
            next(read.responses).this_update_utc == self.bank.clock().replace(microsecond=0),
        )


def verifies(result: dict[str, Any], challenge: str, certificate: x509.Certificate) -> bool:
    """Whether the certificate's key signed what it should have: its own reckoning of 10.10."""
    signature = result["signature"]
    digest = b64encode(hashlib.sha256(INTERACTIONS.encode()).digest()).decode()
    name = b64encode(NAME.encode()).decode()
    first = ["smart-id-demo", "ACSP_V2", signature["serverRandom"], challenge, signature["userChallenge"], name, ""]
    text = "|".join([*first, digest, result["interactionTypeUsed"], "", signature["flowType"]])
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    try:
        pss = padding.PSS(mgf=padding.MGF1(hashes.SHA512()), salt_length=64)
        key.verify(b64decode(signature["value"]), text.encode(), pss, hashes.SHA512())
    except InvalidSignature:
        return False
    return True


def described(certificate: x509.Certificate, bank: Bank) -> object:
    """A certificate without what differs between two runs."""
    assert bank.smart_id is not None
    try:
        certificate.verify_directly_issued_by(bank.smart_id.people.authority)
        ours = True
    except (InvalidSignature, ValueError):
        ours = False
    return (
        ours,
        certificate.issuer == bank.smart_id.people.authority.subject,
        certificate.subject.rfc4514_string(),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        [one.value for one in certificate.extensions if not isinstance(one.value, x509.AuthorityInformationAccess)],
    )
