"""What every page of the public site needs: the bank, the faults that are on, the frame of a page, the cookie."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from flask import Response, abort, current_app, g, render_template
from markupsafe import Markup

from mock_bank.bank import Bank
from mock_bank.faults import ActiveFaults, UnknownFaults, parse_faults
from mock_bank.login_states import Login
from mock_bank.texts import in_language

COOKIE: Final = "mock_bank_login"
FRAME: Final = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'"
PAGE_POLICY: Final = f"{FRAME}; form-action 'self'"
ANSWER_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; form-action https:"
)
"""``form-action`` names no partner: browsers apply it to every redirect that follows the answer."""
WAITING: Final = "; script-src 'self'; connect-src 'self'"
"""Added to the policy of a page that asks again by itself."""


def the_bank() -> Bank:
    """The bank that the running application serves."""
    bank: Bank = current_app.extensions["mock_bank"]
    return bank


def active_faults(login: Login | None = None) -> ActiveFaults:
    """Faults on for this request: everybody's, the login's and those its query names."""
    if login is not None:
        g.login = login
    asked: ActiveFaults = g.get("asked_faults", ActiveFaults())
    return the_bank().faults_for(g.get("login")) | asked


def faults_in_query(names: Sequence[str]) -> ActiveFaults:
    """Faults chosen for one login by ``?fault=``.

    Stops the request with 400 for an unknown name or one that concerns the connection, and with 403 off loopback.
    """
    if names and not the_bank().settings.on_loopback:
        abort(403, "faults are refused: this bank listens on an address that others can reach")
    try:
        faults = parse_faults(names)
    except UnknownFaults as error:
        abort(400, str(error))
    if of_connection := [name for name in faults.names if name.startswith("mtl.")]:
        abort(400, f"{', '.join(sorted(of_connection))} changes the TLS port for everybody; choose it on /faults")
    g.asked_faults = faults
    return faults


def page(template: str, login: Login, status: int = 200, **values: Any) -> Response:
    """A page of the login, in the person's language."""
    faults = active_faults(login)
    partner = "" if "mfa.no-context" in faults else login.partner.settings.name
    body = render_template(
        template,
        login=login,
        bank=the_bank(),
        partner=partner,
        faults=faults,
        t=in_language(login.language),
        language=login.language,
        **values,
    )
    response = Response(body, status=status, mimetype="text/html")
    if login.enquiry.by_redirect:  # see ANSWER_POLICY
        response.headers["Content-Security-Policy"] = f"{FRAME}; form-action 'self' https:"
    return response


def tool(template: str, status: int = 200, **values: Any) -> Response:
    """A page for developers: English."""
    body = render_template(template, bank=the_bank(), faults=active_faults(), language="en", **values)
    return Response(body, status=status, mimetype="text/html")


def unescaped(text: str) -> Markup:
    """Text as markup, for the fault ``bnk.reflect-markup`` alone."""
    return Markup(text)  # noqa: S704 -- the fault is to do just this


def set_login_cookie(response: Response, login: Login) -> Response:
    """Bind the login to this browser."""
    safe = "mfa.cookie-flags" not in active_faults(login)
    response.set_cookie(
        COOKIE,
        login.cookie,
        max_age=900,
        path=f"/login/{login.id}",
        secure=safe,
        httponly=safe,
        samesite="Lax" if safe else None,
    )
    return response


def see_other(place: str) -> Response:
    """303 to a page of ours: what was posted is not posted again."""
    return Response(status=HTTPStatus.SEE_OTHER, headers={"Location": place})
