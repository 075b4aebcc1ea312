"""The WSGI application of the public port: every page, and the headers that protect them."""

from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from mock_bank import (
    pages_banklink,
    pages_card,
    pages_debugger,
    pages_login,
    pages_oidc,
    pages_phone,
    pages_saml,
    pages_tools,
)
from mock_bank.bank import Bank
from mock_bank.smart_id import api, phone
from mock_bank.web import PAGE_POLICY, active_faults, the_bank, tool

FOR_PARTNERS: Final = frozenset({"/banklink", "/saml/sso"})
"""Where forms arrive that partners made."""


def create_public_app(bank: Bank) -> Flask:
    """The application that serves this bank to browsers."""
    app = Flask("mock_bank")
    app.extensions["mock_bank"] = bank
    app.config["MAX_CONTENT_LENGTH"] = 2 * 1024 * 1024
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    for pages in (
        pages_banklink,
        pages_oidc,
        pages_saml,
        pages_login,
        pages_phone,
        pages_card,
        pages_tools,
        pages_debugger,
    ):
        app.register_blueprint(pages.pages)
    app.register_blueprint(api.pages)
    app.register_blueprint(phone.pages)
    app.before_request(_refuse_foreign_forms)
    app.after_request(_protect)
    app.register_error_handler(HTTPException, _say_what_failed)
    return app


def _refuse_foreign_forms() -> None:
    """A form of ours is sent from a page of ours; only ``FOR_PARTNERS`` is there for others."""
    origin = request.headers.get("Origin")
    if request.method != "POST" or request.path in FOR_PARTNERS or not origin:
        return
    if urlsplit(origin).netloc != request.host and "mfa.no-csrf" not in the_bank().faults_for():
        abort(HTTPStatus.FORBIDDEN)


def _say_what_failed(error: HTTPException) -> Response | HTTPException:
    """A page like the others; what kind of failure it is, and why."""
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return error  # Flask's own redirects arrive here too
    page = tool("message.html", error.code, title=error.name, text=error.description)
    if isinstance(error, MethodNotAllowed):
        page.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    return page


def _protect(response: Response) -> Response:
    faults = active_faults()
    policy = response.headers.get("Content-Security-Policy", PAGE_POLICY)
    if "mfa.framable" not in faults and "frame-ancestors" not in policy:
        policy += "; frame-ancestors 'none'"
        response.headers["X-Frame-Options"] = "DENY"
    response.headers["Content-Security-Policy"] = policy
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "strict-origin"
    response.headers["X-Mock-Faults"] = faults.header()
    return response
