"""What a relying party's browser requests look like over HTTP: authorization, keys, metadata, sign-out."""

import orjson
from flask import Blueprint, Response, request

from gateway.broker.login import incident_number
from gateway.oidc.errors import OidcError, RequestRefused, SignOutRefused
from gateway.oidc.request import AuthorizationRequest
from gateway.oidc.request import language_of as requested_language
from gateway.oidc.sign_out import NO_HINT
from gateway.use_cases import UseCases
from gateway.web.access import Access, may_enter
from gateway.web.browser import language_of, mark_or_new, proofs_of, set_browser
from gateway.web.login_pages import begun_page
from gateway.web.page_values import RefusalView
from gateway.web.responses import json_response, refusal_page, see_other
from gateway.web.session_pages import confirm_page, signed_out_page


def oidc_pages(use_cases: UseCases, discovery: dict[str, object]) -> Blueprint:
    """Make the public OpenID Connect routes."""
    pages = Blueprint("oidc", __name__)
    discovery_json = orjson.dumps(discovery)

    @pages.get("/.well-known/openid-configuration")
    @pages.get("/.well-known/oauth-authorization-server")
    @may_enter(Access.ANYONE)
    def discover() -> Response:
        return json_response(discovery_json, public_seconds=300)

    @pages.get("/oidc/jwks")
    @may_enter(Access.ANYONE)
    def jwks() -> Response:
        return json_response(use_cases.keys.jwks(), public_seconds=use_cases.keys.cache_seconds)

    pages.add_url_rule("/oidc/authorize", "authorize_by_post", authorize_by_post, methods=["POST"])

    @pages.get("/oidc/authorize")
    @may_enter(Access.ANYONE)
    def authorize() -> Response:
        browser, cookie = mark_or_new(request)
        try:
            outcome = use_cases.authorize(request.query_string, browser, proofs_of(request))
        except RequestRefused as refused:
            location = use_cases.responder.refusal(
                refused.reply_to, refused.code, refused.description, refused.corr or ""
            )
            return see_other(location)
        except OidcError as untrusted:
            return _untrusted(untrusted)
        response = begun_page(use_cases, outcome)
        set_browser(response, cookie)
        return response

    @pages.route("/oidc/logout", methods=["GET", "POST"])
    @may_enter(Access.ANYONE)
    def sign_out() -> Response:
        """By GET or, so that the ID token stands in no address, by POST (RP-Initiated Logout 2)."""
        sent = request.query_string if request.method == "GET" else request.get_data()
        try:
            outcome = use_cases.sign_out(sent, proofs_of(request))
        except SignOutRefused as refused:
            return see_other("/session") if refused.rule == NO_HINT else _untrusted(refused)
        return confirm_page(outcome, "/oidc/logout", sent) or signed_out_page(outcome)

    return pages


@may_enter(Access.ANYONE)
def authorize_by_post() -> Response:
    """Have a question that came as a form brought again by GET (OIDC Core 3.1.2.1).

    A form from the portal's site comes without our cookie (``SameSite=Lax``); the redirect after it brings it along.
    """
    try:
        asked = AuthorizationRequest.parse(request.get_data(cache=False))
    except OidcError as unreadable:
        return _untrusted(unreadable)
    return see_other(f"/oidc/authorize?{asked.query()}")


def _untrusted(error: OidcError) -> Response:
    """Show a page: where the error came from is not proven, so nothing is sent anywhere (T05)."""
    view = RefusalView(
        language=language_of(request, requested_language(request.args.get("ui_locales"))),
        reason=error.rule,
        incident=incident_number(error.corr) if error.corr else "",
    )
    return refusal_page(view)
