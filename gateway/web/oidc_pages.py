"""What a relying party's browser requests look like over HTTP: authorization, keys, metadata, sign-out."""

import orjson
from flask import Blueprint, Response, request

from gateway.broker.login import Asked, incident_number
from gateway.oidc.errors import OidcError, RequestRefused, SignOutRefused
from gateway.oidc.request import AuthorizationRequest
from gateway.oidc.request import language_of as requested_language
from gateway.oidc.response import error_location
from gateway.use_cases import UseCases
from gateway.web.access import Access, may_enter
from gateway.web.browser import language_of, mark_or_new, set_browser
from gateway.web.login_pages import departure_page
from gateway.web.notices import Notice
from gateway.web.page_values import NoticeView, RefusalView
from gateway.web.pages import render_notice
from gateway.web.responses import json_response, page, refusal_page, see_other


def oidc_pages(use_cases: UseCases, discovery: dict[str, object]) -> Blueprint:
    """Make the public OpenID Connect routes."""
    pages = Blueprint("oidc", __name__)
    discovery_json = orjson.dumps(discovery)
    jwks_json = orjson.dumps(use_cases.keys.jwks())

    @pages.get("/.well-known/openid-configuration")
    @pages.get("/.well-known/oauth-authorization-server")
    @may_enter(Access.ANYONE)
    def discover() -> Response:
        return json_response(discovery_json, public_seconds=300)

    @pages.get("/oidc/jwks")
    @may_enter(Access.ANYONE)
    def jwks() -> Response:
        return json_response(jwks_json, public_seconds=300)

    pages.add_url_rule("/oidc/authorize", "authorize_by_post", authorize_by_post, methods=["POST"])

    @pages.get("/oidc/authorize")
    @may_enter(Access.ANYONE)
    def authorize() -> Response:
        browser, cookie = mark_or_new(request)
        try:
            outcome = use_cases.authorize(request.query_string, browser)
        except RequestRefused as refused:
            location = error_location(use_cases.addresses.issuer, refused.reply_to, refused.code, refused.description)
            return see_other(location)
        except OidcError as untrusted:
            return _untrusted(untrusted)
        if isinstance(outcome, Asked):
            response = see_other(f"/login/{outcome.id}")
        else:
            response = departure_page(use_cases, outcome, outcome.login.asked.question.language)
        set_browser(response, cookie)
        return response

    @pages.route("/oidc/logout", methods=["GET", "POST"])
    @may_enter(Access.ANYONE)
    def sign_out() -> Response:
        """By GET or, so that the ID token stands in no address, by POST (RP-Initiated Logout 2)."""
        sent = request.query_string if request.method == "GET" else request.get_data(cache=False)
        try:
            outcome = use_cases.sign_out(sent)
        except SignOutRefused as refused:
            return _untrusted(refused)
        if outcome.location is not None:
            return see_other(outcome.location)
        language = language_of(request, requested_language(request.args.get("ui_locales")))
        notice = NoticeView(
            language=language,
            notice=Notice.SIGNED_OUT,
            portal=outcome.party.names[language],
            return_url=outcome.party.home,
        )
        return page(render_notice(notice), notice.notice.status)

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
