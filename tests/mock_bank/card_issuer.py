"""What those who take the bank's cards see: the page that signs, the responder's answers, the list."""

from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from flask.testing import FlaskClient

from mock_bank.eid.desk import CardDesk
from mock_bank.eid.status_app import create_status_app
from tests.mock_bank.pki import Authority, private_pem
from tests.mock_bank.world import World

NONCE = b"\x07" * 32
OCSP = "application/ocsp-request"


def settings(pki: Authority, folder: Path) -> dict[str, Any]:
    """The ``[eid]`` table; nobody listens on its port in these tests."""
    key = folder / "card-ca.key"
    key.touch(mode=0o600)
    key.write_bytes(private_pem(pki.key))
    return {"eid": {"port": 9, "ca_certificate": pki.ca_file, "ca_key": key, "cards": folder / "cards"}}


def desk(world: World) -> CardDesk:
    assert world.bank.card_desk is not None
    return world.bank.card_desk


def status_port(world: World) -> FlaskClient:
    return create_status_app(world.bank, desk(world)).test_client()


def question(world: World, card: str) -> bytes:
    certificate, issuer = desk(world).cards[card].certificate, desk(world).authority.certificate
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256())
    return builder.add_extension(x509.OCSPNonce(NONCE), critical=False).build().public_bytes(Encoding.DER)


def said_of(world: World, card: str = "100001") -> object:
    """What can be seen of an answer about a card."""
    reply = status_port(world).post("/ocsp", data=question(world, card), content_type=OCSP)
    if reply.status_code != 200:
        return reply.status_code
    answer = ocsp.load_der_ocsp_response(reply.data)
    single = next(answer.responses)
    by_issuer = answer.certificates[0].issuer == desk(world).authority.certificate.subject
    nonce = answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    return single.certificate_status, world.clock() - single.this_update_utc, nonce == NONCE, by_issuer


def the_list(world: World) -> object:
    return status_port(world).get("/crl/cards.crl").status_code


SCENARIOS = {
    **{f"ocs.{name}": said_of for name in ("down", "unknown", "other-key", "stale", "other-nonce")},
    "ocs.no-list": the_list,
}
