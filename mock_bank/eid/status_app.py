"""The plain-http port: an OCSP responder and the revocation list of the test cards; what they say is signed."""

from http import HTTPStatus
from typing import Final

from flask import Flask, Response, abort, request

from mock_bank.bank import Bank
from mock_bank.eid.authority import PART
from mock_bank.eid.desk import CardDesk

OCSP_REQUEST: Final = "application/ocsp-request"
OCSP_RESPONSE: Final = "application/ocsp-response"
CRL: Final = "application/pkix-crl"


def create_status_app(bank: Bank, desk: CardDesk) -> Flask:
    """The application that says which cards are revoked."""
    app = Flask("mock_bank.eid")
    app.config["MAX_CONTENT_LENGTH"] = 16 * 1024

    @app.post("/ocsp")
    def ocsp() -> Response:
        """RFC 6960 appendix A.1."""
        faults = bank.faults_for()
        if "ocs.down" in faults or request.mimetype != OCSP_REQUEST:
            abort(HTTPStatus.SERVICE_UNAVAILABLE if "ocs.down" in faults else HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        try:
            answer = desk.authority.answer(request.get_data(), bank.clock(), faults)
        except ValueError:
            abort(HTTPStatus.BAD_REQUEST)
        return Response(answer, content_type=OCSP_RESPONSE)

    @app.get(f"/crl/{PART}.crl")
    def revocation_list() -> Response:
        """RFC 5280 4.2.1.13."""
        if "ocs.no-list" in bank.faults_for():
            abort(HTTPStatus.SERVICE_UNAVAILABLE)
        return Response(desk.authority.revocation_list(bank.clock()), content_type=CRL)

    return app
