"""``/oidc``: what the bank publishes as an OpenID Connect provider, and where a partner's request becomes a login."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, Response, abort, g, jsonify, request, url_for

from mock_bank import wire_oidc as wire
from mock_bank.bank import Bank
from mock_bank.beginning import first_page
from mock_bank.faults import ActiveFaults
from mock_bank.keys import KnownPartner
from mock_bank.login_states import Enquiry, Login
from mock_bank.oidc_faults import bent_keys, bent_metadata
from mock_bank.settings import OidcServer
from mock_bank.web import active_faults, faults_in_query, the_bank
from mock_bank.wire_oidc import Grant

pages = Blueprint("oidc", __name__, url_prefix="/oidc")
INTERFACE: Final = "oidc"
REPEATABLE: Final = frozenset({"fault"})


def server_of(bank: Bank) -> OidcServer:
    """The settings of the provider; 404 where the bank is none."""
    if bank.settings.oidc is None:
        abort(HTTPStatus.NOT_FOUND, "this bank is no OpenID Connect provider")
    return bank.settings.oidc


@pages.get("/.well-known/openid-configuration")
def discovery() -> Response:
    """Where everything is (Discovery 4)."""
    bank, faults = the_bank(), active_faults()
    if "oid.no-discovery" in faults:
        abort(HTTPStatus.NOT_FOUND)
    return jsonify(bent_metadata(wire.metadata(server_of(bank)), faults))


@pages.get("/jwks")
def jwks() -> Response:
    """With which keys ID tokens are signed."""
    bank = the_bank()
    server = server_of(bank)
    if bank.keys.oidc is None:
        abort(HTTPStatus.NOT_FOUND)
    return jsonify(bent_keys(wire.public_jwk(bank.keys.oidc, server.kid), bank.keys.oidc, active_faults()))


@pages.get("/authorize")
def authorize() -> Response:
    """Take a request that a partner's page sent the browser with."""
    bank, faults = the_bank(), the_bank().faults_for() | faults_in_query(request.args.getlist("fault"))
    server = server_of(bank)
    fields = _fields()
    partner = bank.keys.partners.get(fields.get("client_id", ""))
    if partner is None or partner.settings.oidc is None:
        abort(HTTPStatus.BAD_REQUEST, "client_id is no registered client")
    address = fields.get("redirect_uri", "")
    if not _registered(address, partner.settings.oidc.redirect_uris, faults):
        abort(HTTPStatus.BAD_REQUEST, "redirect_uri is not registered for this client")
    if error := _error_of(fields):
        bank.record_refused_request(partner.id, fields.get("nonce", ""))
        return _back(address, {"error": error, "state": fields.get("state"), "iss": server.issuer})
    return first_page(_begun(fields, partner, server))


def _fields() -> dict[str, str]:
    """The parameters; one that occurs twice stops the request (RFC 6749 3.1)."""
    pairs = parse_qsl(request.query_string.decode("latin-1"), keep_blank_values=True)
    pairs = [(name, value) for name, value in pairs if name not in REPEATABLE]
    if len(dict(pairs)) != len(pairs):
        abort(HTTPStatus.BAD_REQUEST, "a parameter occurs twice")
    return dict(pairs)


def _registered(address: str, registered: tuple[str, ...], faults: ActiveFaults) -> bool:
    if "oid.open-redirect" in faults:
        return address.startswith("https:")
    if "oid.redirect-prefix" in faults:
        return address.startswith(registered)
    return address in registered


def _error_of(fields: Mapping[str, str]) -> str | None:
    """What is wrong with a request, once its sender may be told (RFC 6749 4.1.2.1, OIDC Core 3.1.2.6)."""
    if fields.get("response_type") != "code":
        return "unsupported_response_type"
    if "openid" not in fields.get("scope", "").split():
        return "invalid_scope"
    if fields.get("code_challenge_method") != "S256" or len(fields.get("code_challenge", "")) != 43:
        return "invalid_request"
    return "login_required" if "none" in fields.get("prompt", "").split() else None


def _begun(fields: Mapping[str, str], partner: KnownPartner, server: OidcServer) -> Login:
    chosen: ActiveFaults = g.get("asked_faults", ActiveFaults())
    locales = fields.get("ui_locales", "").split()
    enquiry = Enquiry(
        partner=partner,
        reference=fields.get("nonce", ""),
        return_url=fields["redirect_uri"],
        language="en" if locales[:1] == ["en"] else "lv",
        interface=INTERFACE,
        ending=OidcEnding(fields, server.issuer),
        by_redirect=True,
    )
    return the_bank().desk.begin(enquiry, chosen)


@dataclass(frozen=True, slots=True)
class OidcEnding:
    """A login that an authorization request asked for ends with a code, or with an error."""

    fields: Mapping[str, str]
    """The request, as checked."""
    issuer: str

    def agreed(self, login: Login) -> Response:
        """The browser takes a code back."""
        bank, faults = the_bank(), active_faults(login)
        authentication = bank.vouch(login)
        if authentication is None:
            return self._answer(faults, {"error": "access_denied"})
        if "oid.no-code" in faults:
            return self._answer(faults, {})
        grant = Grant(
            client_id=login.partner.id,
            redirect_uri=login.return_url,
            challenge=self.fields["code_challenge"],
            nonce=self.fields.get("nonce", ""),
            method=login.method,
            authentication=authentication.authentication,
            issued_at=int(bank.clock().timestamp()),
        )
        return self._answer(faults, {"code": bank.grants.issue_code(grant)})

    def given_up(self, login: Login) -> Response | None:
        """The browser takes the news back that nobody was identified."""
        faults = active_faults(login)
        if "err.cancel-dead-end" in faults:
            return None
        if "err.cancel-success" in faults and login.person is not None:
            login.authenticated_at = login.authenticated_at or the_bank().clock()
            return self.agreed(login)
        told: dict[str, str | None] = {"error": "access_denied"}
        if "err.cancel-leaks-person" in faults and login.person is not None:
            told["error_description"] = f"{login.person.personal_code} gave up"
        return self._answer(faults, told, signed="err.cancel-unsigned" not in faults)

    def way_back(self, login: Login) -> str:
        """A page of ours that sends the browser back with the error."""
        return url_for("login.back", login_id=login.id)

    def _answer(self, faults: ActiveFaults, told: Mapping[str, str | None], *, signed: bool = True) -> Response:
        """``state`` and ``iss`` are all that makes an answer ours; ``err.cancel-unsigned`` leaves both out."""
        state = self.fields.get("state") if signed and "oid.state-drop" not in faults else None
        issuer = self.issuer if signed and "oid.no-iss-param" not in faults else None
        return _back(self.fields["redirect_uri"], {**told, "state": state, "iss": issuer})


def _back(address: str, told: Mapping[str, str | None]) -> Response:
    query = urlencode({name: value for name, value in told.items() if value is not None})
    joint = "&" if "?" in address else "?"
    return Response(status=HTTPStatus.SEE_OTHER, headers={"Location": f"{address}{joint}{query}"})
