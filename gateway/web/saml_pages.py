"""What a SAML relying party's browser requests look like over HTTP: AuthnRequest, LogoutRequest, metadata."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, request

from gateway.broker.front_door import PostForm, Redirect
from gateway.broker.login import incident_number
from gateway.broker.relying_party import RelyingParties, RelyingPartyId
from gateway.saml.errors import SamlRequestRefused, UntrustedSamlRequest
from gateway.web.access import Access, may_enter
from gateway.web.browser import forget_session, language_of, mark_of, mark_or_new, proofs_of, set_browser
from gateway.web.headers import secure_headers
from gateway.web.login_pages import begun_page
from gateway.web.page_values import RefusalView
from gateway.web.port_app import Answer
from gateway.web.responses import handover_page, refusal_page, see_other
from gateway.web_address import origin_of
from providers.saml.bindings import Carried, read_post, read_redirect

if TYPE_CHECKING:
    from gateway.saml.desk import SamlDesk

_METADATA: Final = "application/samlmetadata+xml"
_AGAIN: Final = "again"
"""Marks a form that came from our own page."""


def saml_pages(desk: "SamlDesk", parties: RelyingParties) -> Blueprint:
    """Make the public SAML routes."""
    pages = Blueprint("saml", __name__)

    @pages.get("/saml/metadata")
    @may_enter(Access.ANYONE)
    def metadata() -> Response:
        return Answer(desk.metadata(), 200, secure_headers(_METADATA, cache_control="public, max-age=300"))

    @pages.get("/saml/sso")
    @may_enter(Access.SIGNED_REQUEST)
    def sign_on_by_redirect() -> Response:
        return _begin(desk, parties, request.query_string, read_redirect)

    @pages.post("/saml/sso")
    @may_enter(Access.SIGNED_REQUEST)
    def sign_on_by_post() -> Response:
        if mark_of(request) is None and _AGAIN not in request.args:
            return _from_our_own_page("/saml/sso")
        return _begin(desk, parties, request.get_data(cache=False), read_post)

    @pages.get("/saml/logout")
    @may_enter(Access.SIGNED_REQUEST)
    def logout_by_redirect() -> Response:
        return _sign_out(desk, request.query_string, read_redirect)

    @pages.post("/saml/logout")
    @may_enter(Access.SIGNED_REQUEST)
    def logout_by_post() -> Response:
        if mark_of(request) is None and _AGAIN not in request.args:
            return _from_our_own_page("/saml/logout")
        return _sign_out(desk, request.get_data(cache=False), read_post)

    return pages


def _begin(desk: "SamlDesk", parties: RelyingParties, received: bytes, read: Callable[[bytes], Carried]) -> Response:
    browser, cookie = mark_or_new(request)
    language = language_of(request)
    try:
        outcome = desk.authenticate(received, read, browser, language, proofs_of(request))
    except SamlRequestRefused as refused:
        party = parties[RelyingPartyId(refused.relying_party)]
        return handover_page(
            language, party.names[language], desk.refusal_of(refused), further=(origin_of(party.home),)
        )
    except UntrustedSamlRequest as untrusted:
        return _untrusted(untrusted)
    response = begun_page(desk.use_cases, outcome)
    set_browser(response, cookie)
    return response


def _from_our_own_page(path: str) -> Response:
    """A form that a foreign page posts brings no cookie of ours; posted once more by our own page, it does.

    Otherwise the browser would be given a second mark, and a login begun in another tab would be lost; and a sign-out
    would find no session to end.
    """
    fields = tuple((name, request.form[name]) for name in ("SAMLRequest", "RelayState") if name in request.form)
    return handover_page(language_of(request), None, PostForm(action=f"{path}?{_AGAIN}=1", fields=fields))


def _sign_out(desk: "SamlDesk", received: bytes, read: Callable[[bytes], Carried]) -> Response:
    try:
        signed_out = desk.sign_out(received, read, proofs_of(request))
    except UntrustedSamlRequest as untrusted:
        return _untrusted(untrusted)
    party, answer, language = signed_out.party, signed_out.answer, language_of(request)
    if isinstance(answer, Redirect):
        response = see_other(answer.location)
    else:
        response = handover_page(language, party.names[language], answer, further=(origin_of(party.home),))
    if signed_out.group is not None:
        forget_session(response, signed_out.group)
    return response


def _untrusted(error: UntrustedSamlRequest) -> Response:
    """Show a page: whom the message is from is not proven, so nothing is sent anywhere (T26)."""
    view = RefusalView(
        language=language_of(request),
        reason=error.rule,
        incident=incident_number(error.corr) if error.corr else "",
    )
    return refusal_page(view)
