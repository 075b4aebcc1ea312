"""The VPM back channel (design.md section 4): status, confirmation and journal, for partners with a client certificate.

The TLS port proves the certificate; here its fingerprint decides who asks. Being authenticated is not being
authorised: a valid certificate that no partner registered gets 403.
"""

import time
from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from itertools import count
from typing import Any, Final

from flask import Flask, Response, abort, jsonify, request

from mock_bank.bank import Bank
from mock_bank.confirmation_faults import bent_confirmation, bent_journal, bent_records
from mock_bank.confirmations import Authentication, confirmation_claims, journal_claims
from mock_bank.faults import ActiveFaults
from mock_bank.keys import KnownPartner
from mock_bank.oidc_back_channel import oidc_pages
from mock_bank.saml_back_channel import resolved

PEER: Final = "mock_bank.peer"
"""WSGI environment: a callable that gives the client certificate's SHA-256 (hexadecimal), or None without one."""
LATE_SECONDS: Final = 30
GIBIBYTE: Final = 1 << 30


def create_back_channel_app(bank: Bank, sleep: Any = time.sleep) -> Flask:
    """The WSGI application of the mutual-TLS port."""
    app = Flask("mock_bank_back_channel", static_folder=None)
    extracts = count()

    @app.get("/vpm/v1/status")
    def status() -> Response:
        if "mtl.one-open-endpoint" not in bank.faults_for():
            _asking(bank)
        return jsonify(state=_state(bank.faults_for()), since=bank.started_at.isoformat(timespec="seconds"), planned=[])

    @app.get("/vpm/v1/authentications/<reference>")
    def confirmation(reference: str) -> Response:
        login = bank.confirmations.find(reference, _asking(bank).id)
        if login is None:
            abort(HTTPStatus.NOT_FOUND)
        return _confirmed(bank, login, bank.faults_for() | login.faults, sleep)

    @app.get("/vpm/v1/journal")
    def journal() -> Response:
        partner, start, end = _asking(bank), _moment("from"), _moment("to")
        return _extract(bank, partner, start, end, next(extracts))

    app.register_blueprint(oidc_pages(bank, _asking))

    @app.post("/saml/artifact")
    def artifact() -> Response:
        return resolved(bank, _asking(bank), request.get_data())

    @app.after_request
    def name_faults(response: Response) -> Response:
        response.headers["X-Mock-Faults"] = bank.faults_for().header()
        response.headers["Cache-Control"] = "no-store"
        return response

    return app


def _asking(bank: Bank) -> KnownPartner:
    """The partner whose registered certificate this connection was made with."""
    faults, fingerprint = bank.faults_for(), request.environ[PEER]()
    if "mtl.trust-header" in faults and request.headers.get("Client-Cert-Sha256"):
        fingerprint = request.headers["Client-Cert-Sha256"]
    if "mtl.reject-all" in faults:
        abort(HTTPStatus.FORBIDDEN)
    asking = next((each for each in bank.keys.partners.values() if _belongs(fingerprint, each, faults)), None)
    if asking is None:
        abort(HTTPStatus.FORBIDDEN if fingerprint else HTTPStatus.UNAUTHORIZED)
    return asking


def _belongs(fingerprint: str | None, partner: KnownPartner, faults: ActiveFaults) -> bool:
    if fingerprint is None:
        return faults.any_of("mtl.optional", "mtl.version-gap")
    if any(name in faults for name in ACCEPT_ANY):
        return True
    registered = partner.client_certificates[:1] if "mtl.no-rollover" in faults else partner.client_certificates
    return fingerprint in registered


ACCEPT_ANY: Final = (
    "mtl.accept-any-subject", "mtl.accept-selfsigned", "mtl.accept-unknown-ca", "mtl.ignore-expiry", "mtl.ignore-notbefore",
    "mtl.ignore-revocation", "mtl.ignore-eku", "mtl.accept-bad-path", "mtl.accept-weak-key", "mtl.accept-sha1",
)  # fmt: skip
"""With one of these the connection was let through for its defect; the caller then counts as the first partner."""


def _state(faults: ActiveFaults) -> str:
    if "vbc.status-down" in faults:
        return "down"
    return "degraded" if "vbc.status-degraded" in faults else "up"


def _confirmed(bank: Bank, login: Authentication, faults: ActiveFaults, sleep: Any) -> Response:
    if "vbc.late" in faults:
        sleep(LATE_SECONDS)
    if (instead := _instead_of_confirmation(faults)) is not None:
        return instead
    signed = bank.confirmations.signed_once(login.reference, lambda: _signed(bank, login, faults))
    response = Response(signed, mimetype="application/jwt")
    if "aud.txid-unsigned" in faults:
        response.headers["X-Transaction-Id"] = login.transaction_id
    if "att.outside-signature" in faults:
        response.headers["X-Personal-Code"] = login.identity.personal_code
    return response


def _signed(bank: Bank, login: Authentication, faults: ActiveFaults) -> str:
    now = int(bank.clock().timestamp())
    return bent_confirmation(confirmation_claims(login, bank.settings.id, now), bank, faults)


def _instead_of_confirmation(faults: ActiveFaults) -> Response | None:
    if "vbc.missing" in faults:
        return Response(status=HTTPStatus.NOT_FOUND)
    if "vbc.error-500" in faults:
        return Response("the bank is not well", HTTPStatus.INTERNAL_SERVER_ERROR)
    if "vbc.redirect" in faults:
        return Response(status=HTTPStatus.FOUND, headers={"Location": "/vpm/v1/status"})
    if "vbc.garbage" in faults:
        return Response(bytes(range(256)) * 4, mimetype="application/jwt")
    if "vbc.huge" in faults:
        return Response(_endless(), mimetype="application/jwt", headers={"Content-Length": str(GIBIBYTE)})
    return None


def _endless() -> Iterator[bytes]:
    block = b"A" * 65536
    for _ in range(GIBIBYTE // len(block)):
        yield block


def _moment(name: str) -> int:
    """A query parameter as epoch seconds: a whole number, or ISO 8601 with a zone; 400 for anything else."""
    text = request.args.get(name, "")
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        abort(HTTPStatus.BAD_REQUEST, f"{name} must be epoch seconds or ISO 8601 with a zone")
    if moment.tzinfo is None:
        abort(HTTPStatus.BAD_REQUEST, f"{name} has no zone")
    return int(moment.timestamp())


def _extract(bank: Bank, partner: KnownPartner, start: int, end: int, number: int) -> Response:
    now, faults = int(bank.clock().timestamp()), bank.faults_for()
    records = bent_records(bank.journal.between(partner.id, start, end), faults, now=now, odd=number % 2 == 1)
    secret = partner.settings.journal_secret
    claims = journal_claims(
        records,
        issuer=bank.settings.id,
        audience=partner.id,
        secret=secret,
        now=now,
        start=start,
        end=end,
        jti=bank.tokens(16),
    )
    return Response(bent_journal(claims, records, bank, faults), mimetype="application/jwt")
