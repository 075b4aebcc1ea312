"""The cards made of software: what they sign, when, and what their issuer says of them."""

import base64
import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import ocsp

from mock_bank.eid.cards import ODD_CARDS
from tests.mock_bank.card_issuer import OCSP, desk, question, said_of, settings, status_port
from tests.mock_bank.pki import Authority
from tests.mock_bank.world import MakeWorld, World
from tests.support.soft_card import data_of

ORIGIN, NONCE_TEXT = "https://login.example.lv", "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8="
ANNA = "100001"


@pytest.fixture
def world(make_world: MakeWorld, pki: Authority, tmp_path: Path) -> World:
    return make_world(**settings(pki, tmp_path))


def sign(world: World, card: str = ANNA, pin: str = "0001", **form: str) -> Any:
    """What the frame hands to the page; None while it asks on."""
    asked = {"card": card, "pin": pin, "origin": ORIGIN, "nonce": NONCE_TEXT, **form}
    page = world.browser.post("/card/sign", data=asked).text
    said = re.search(r'data-said="([^"]+)"', page)
    return json.loads(unescape(said[1])) if said else None


@pytest.mark.parametrize(("card", "algorithm"), [(ANNA, "ES384"), (f"{ANNA}-rsa", "RS256")])
def test_after_the_pin_the_card_signs_origin_and_nonce(world: World, card: str, algorithm: str) -> None:
    token = sign(world, card)
    assert (token["algorithm"], token["format"]) == (algorithm, "web-eid:1.0")
    certificate = x509.load_der_x509_certificate(base64.b64decode(token["unverifiedCertificate"]))
    key, signature = certificate.public_key(), base64.b64decode(token["signature"])
    data = data_of(ORIGIN, NONCE_TEXT, algorithm)
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
    else:
        assert isinstance(key, ec.EllipticCurvePublicKey)
        halves = [int.from_bytes(half, "big") for half in (signature[:48], signature[48:])]
        key.verify(encode_dss_signature(*halves), data, ec.ECDSA(hashes.SHA384()))


def test_a_wrong_pin_signs_nothing_and_the_third_blocks_the_card(world: World) -> None:
    assert sign(world, pin="9999") is None
    assert sign(world, pin="", attempts="1") is None
    assert sign(world, pin="9999", attempts="2")["error"]["code"] == "ERR_WEBEID_NATIVE_FATAL"


def test_giving_up_is_said_as_the_extension_says_it(world: World) -> None:
    assert sign(world, decision="cancel")["error"]["code"] == "ERR_WEBEID_USER_CANCELLED"


def test_a_card_that_there_is_not_is_refused(world: World) -> None:
    assert world.browser.post("/card/sign", data={"card": "999999", "pin": "1"}).status_code == 400


def test_only_the_card_reader_may_stand_in_a_frame(world: World) -> None:
    assert "frame-ancestors https:" in world.browser.get("/card").headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in world.browser.get("/card").headers
    assert world.browser.get("/").headers["X-Frame-Options"] == "DENY"


def test_a_bank_without_an_authority_has_no_cards(make_world: MakeWorld) -> None:
    assert make_world().browser.get("/card").status_code == 404


def test_every_customer_with_code_and_two_names_has_a_card_and_one_has_every_wrong_one(world: World) -> None:
    names = set(desk(world).cards)
    assert {f"{ANNA}{kind.suffix}" for kind in ODD_CARDS} < names
    assert "100012" not in names, "one name only"
    assert "100013" not in names, "no personal code"


def test_a_browser_can_take_up_a_card_with_its_pin(world: World, tmp_path: Path) -> None:
    content = (tmp_path / "cards" / f"{ANNA}.p12").read_bytes()
    key, certificate, _ = pkcs12.load_key_and_certificates(content, b"0001")
    assert certificate == desk(world).cards[ANNA].certificate
    assert key is not None
    assert ((tmp_path / "cards" / f"{ANNA}.pem").stat().st_mode & 0o077) == 0


def test_cards_of_an_earlier_run_stay_good(make_world: MakeWorld, pki: Authority, tmp_path: Path) -> None:
    first, second = (make_world(**settings(pki, tmp_path)) for _ in range(2))
    assert desk(first).cards[ANNA].certificate == desk(second).cards[ANNA].certificate
    assert ocsp.OCSPCertStatus.GOOD in said_of(second)  # type: ignore[operator]  # an answer, not a status


def test_the_issuer_knows_its_good_and_its_revoked_cards(world: World) -> None:
    statuses = []
    for card in (ANNA, f"{ANNA}-revoked", f"{ANNA}-stranger"):
        reply = status_port(world).post("/ocsp", data=question(world, card), content_type=OCSP)
        statuses.append(next(ocsp.load_der_ocsp_response(reply.data).responses).certificate_status)
    kinds = ocsp.OCSPCertStatus
    assert statuses == [kinds.GOOD, kinds.REVOKED, kinds.UNKNOWN]


def test_the_list_holds_the_revoked_card_and_its_numbers_rise(world: World) -> None:
    lists = []
    for _ in range(2):
        lists.append(x509.load_der_x509_crl(status_port(world).get("/crl/cards.crl").data))
        world.clock.forward(seconds=1)
    revoked = desk(world).cards[f"{ANNA}-revoked"].certificate.serial_number
    assert [one.get_revoked_certificate_by_serial_number(revoked) is not None for one in lists] == [True, True]
    numbers = [one.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number for one in lists]
    assert numbers[0] < numbers[1]
    assert lists[0].last_update_utc < lists[1].last_update_utc


@pytest.mark.parametrize(("kind", "status"), [("text/plain", 415), (OCSP, 400)])
def test_what_is_no_question_gets_no_answer(world: World, kind: str, status: int) -> None:
    assert status_port(world).post("/ocsp", data=b"garbage", content_type=kind).status_code == status
