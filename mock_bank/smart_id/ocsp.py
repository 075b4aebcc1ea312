"""Who answers whether a certificate of the scheme is revoked: a responder over plain http, as every such one is."""

from datetime import timedelta
from http import HTTPStatus
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from flask import Flask, Response, request

from mock_bank.faults import ActiveFaults
from mock_bank.smart_id.service import SmartId

PATH: Final = "/ocsp/smart-id"
ANSWER: Final = "application/ocsp-response"


def create_responder_app(smart_id: SmartId) -> Flask:
    """The WSGI application of the plain port."""
    app = Flask("mock_bank.smart_id")
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024

    @app.post(PATH)
    def answer() -> Response:
        faults = smart_id.faults()
        if "eid.ocsp-soft-fail" in faults:
            return Response("the responder is out of order", HTTPStatus.INTERNAL_SERVER_ERROR, mimetype="text/plain")
        try:
            asked = ocsp.load_der_ocsp_request(request.get_data())
        except ValueError:
            refused = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
            return Response(refused.public_bytes(Encoding.DER), mimetype=ANSWER)
        return Response(_signed(smart_id, asked, faults), mimetype=ANSWER)

    return app


def _signed(smart_id: SmartId, asked: ocsp.OCSPRequest, faults: ActiveFaults) -> bytes:
    people, now = smart_id.people, smart_id.clock()
    status = _status(smart_id, asked.serial_number, faults)
    certificate, key = people.signer(purpose="eid.ocsp-any-signer" not in faults)
    revoked = status is ocsp.OCSPCertStatus.REVOKED
    made = now - timedelta(hours=1) if "eid.ocsp-stale" in faults else now
    builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
        asked.issuer_name_hash,
        asked.issuer_key_hash,
        asked.serial_number,
        asked.hash_algorithm,
        status,
        made,
        None,
        now - timedelta(days=1) if revoked else None,
        x509.ReasonFlags.key_compromise if revoked else None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, certificate).certificates([certificate])
    for extension in asked.extensions:
        if isinstance(extension.value, x509.OCSPNonce):
            builder = builder.add_extension(extension.value, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def _status(smart_id: SmartId, serial: int, faults: ActiveFaults) -> ocsp.OCSPCertStatus:
    if "eid.ocsp-unknown-ok" in faults or not smart_id.people.knows(serial):
        return ocsp.OCSPCertStatus.UNKNOWN
    return ocsp.OCSPCertStatus.REVOKED if "eid.ignore-ocsp" in faults else ocsp.OCSPCertStatus.GOOD
