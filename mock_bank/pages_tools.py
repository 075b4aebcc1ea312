"""Pages for developers: start, faults, customers; and readiness."""

from datetime import datetime
from http import HTTPStatus
from itertools import groupby

from cryptography import x509
from flask import Blueprint, Response, abort, jsonify, request, url_for

from mock_bank.faults import REGISTRY, UnknownFaults, parse_faults
from mock_bank.settings import Listen
from mock_bank.web import see_other, the_bank, tool

pages = Blueprint("tools", __name__)


@pages.get("/")
def start() -> Response:
    """What this is, which faults are on, where to look."""
    return tool("start.html")


@pages.get("/faults")
def faults() -> Response:
    """Every fault, with a box to tick."""
    return tool("faults.html", groups=_grouped())


def _grouped() -> list[tuple[str, list[object]]]:
    ordered = sorted(REGISTRY.values(), key=lambda fault: fault.name)
    return [(prefix, list(rows)) for prefix, rows in groupby(ordered, key=lambda fault: fault.name.split(".")[0])]


@pages.post("/faults")
def switch_faults() -> Response:
    """Replace the set that holds for every login."""
    if not the_bank().settings.on_loopback:
        abort(HTTPStatus.FORBIDDEN, "faults are refused: this bank listens on an address that others can reach")
    try:
        the_bank().switchboard.switch(parse_faults(request.form.getlist("fault")))
    except UnknownFaults as error:
        abort(HTTPStatus.BAD_REQUEST, str(error))
    return see_other(url_for("tools.faults"))


@pages.get("/personas")
def personas() -> Response:
    """Every customer, with what they type."""
    bank = the_bank()
    return tool(
        "personas.html", people=[(person, bank.desk.is_locked(person.user_number)) for person in bank.personas.values()]
    )


@pages.post("/personas/<user_number>/unlock")
def unlock(user_number: str) -> Response:
    """Forget a customer's wrong tries."""
    the_bank().desk.unlock(user_number)
    return see_other(url_for("tools.personas"))


@pages.get("/ready")
def ready() -> Response:
    """Whether the bank can be used; an expired certificate of its own makes it not ready (503)."""
    bank = the_bank()
    ports = {"public": bank.settings.public, "mutual-tls": bank.settings.mutual_tls}
    ends = {name: _end_of(port) for name, port in ports.items()}
    fine = all(end > bank.clock() for end in ends.values())
    answer = jsonify(
        ready=fine, bank=bank.settings.id, certificates={name: end.isoformat() for name, end in ends.items()},
        faults=sorted(bank.faults_for().names),
    )  # fmt: skip
    answer.status_code = HTTPStatus.OK if fine else HTTPStatus.SERVICE_UNAVAILABLE
    return answer


def _end_of(port: Listen) -> datetime:
    return x509.load_pem_x509_certificate(port.certificate.read_bytes()).not_valid_after_utc
