"""What a SAML relying party's browser requests look like over HTTP: AuthnRequest, single logout, metadata."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

import structlog
from flask import Blueprint, Response, request

from gateway.broker.front_door import BrowserAnswer, PostForm, Redirect
from gateway.broker.identifiers import parse_correlation
from gateway.broker.login import incident_number
from gateway.broker.relying_party import RelyingParties, RelyingParty, RelyingPartyId
from gateway.broker.session import SessionId
from gateway.saml.errors import SamlRequestRefused, UntrustedSamlRequest
from gateway.web.access import Access, may_enter
from gateway.web.browser import (
    forget_session,
    language_of,
    mark_of,
    mark_or_new,
    proofs_of,
    remember_round,
    round_of,
    set_browser,
)
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

log = structlog.get_logger("gateway")


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
        return _logout(desk, request.query_string, read_redirect, request.args)

    @pages.post("/saml/logout")
    @may_enter(Access.SIGNED_REQUEST)
    def logout_by_post() -> Response:
        if mark_of(request) is None and _AGAIN not in request.args:
            return _from_our_own_page("/saml/logout", further=logout_origins(parties.values()))
        return _logout(desk, request.get_data(), read_post, request.form)

    @pages.get("/saml/logout/<session>")
    @may_enter(Access.OWN_BROWSER)
    def visit(session: str) -> Response:
        """Leave for the next relying party that only the browser can tell."""
        return _go_on(desk, parse_correlation(session))

    @pages.get("/saml/logout/<session>/end")
    @may_enter(Access.OWN_BROWSER)
    def finish(session: str) -> Response:
        """Go back to the relying party that began, whoever was not visited."""
        return _finish(desk, parse_correlation(session))

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


def _from_our_own_page(path: str, *, further: tuple[str, ...] = ()) -> Response:
    """A form that a foreign page posts brings no cookie of ours; posted once more by our own page, it does.

    Otherwise the browser would be given a second mark, and a login begun in another tab would be lost; and a sign-out
    would find no session to end, or no round to go on with.
    """
    names = ("SAMLRequest", "SAMLResponse", "RelayState")
    fields = tuple((name, request.form[name]) for name in names if name in request.form)
    form = PostForm(action=f"{path}?{_AGAIN}=1", fields=fields)
    return handover_page(language_of(request), None, form, further=further)


def _logout(desk: "SamlDesk", received: bytes, read: Callable[[bytes], Carried], values: Mapping[str, str]) -> Response:
    """One address takes both: what a relying party asks, and what it answers to us."""
    return _answered(desk, received, read) if "SAMLResponse" in values else _sign_out(desk, received, read)


def _sign_out(desk: "SamlDesk", received: bytes, read: Callable[[bytes], Carried]) -> Response:
    try:
        signed_out = desk.sign_out(received, read, proofs_of(request))
    except UntrustedSamlRequest as untrusted:
        return _untrusted(untrusted)
    party, ended = signed_out.party, signed_out.ended
    if signed_out.answer is not None:
        response = _carry(desk, party, signed_out.answer)
    else:
        response = see_other(f"/session/{ended.session.id}" if ended is not None else "/session")
    if ended is not None and party.group is not None:
        forget_session(response, party.group)
    return response


def _answered(desk: "SamlDesk", received: bytes, read: Callable[[bytes], Carried]) -> Response:
    """What cannot be believed is recorded, and the person goes on with the others."""
    session, browser = round_of(request), mark_of(request)
    try:
        desk.round.take_answer(received, read, session, browser)
    except UntrustedSamlRequest as untrusted:
        if session is None or desk.round.under_way(session, browser) is None:
            return _untrusted(untrusted)
        log.warning("sign-out.answer-refused", session=session, reason=untrusted.rule)
        return see_other(f"/session/{session}")
    return _go_on(desk, session)


def _go_on(desk: "SamlDesk", session: SessionId | None) -> Response:
    step = desk.round.go_on(session, mark_of(request)) if session is not None else None
    if session is None or step is None:
        return _finish(desk, session)
    response = _carry(desk, step.party, step.answer)
    remember_round(response, session)
    return response


def _finish(desk: "SamlDesk", session: SessionId | None) -> Response:
    step = desk.round.finish(session, mark_of(request)) if session is not None else None
    if step is None:
        return see_other(f"/session/{session}" if session is not None else "/session")
    return _carry(desk, step.party, step.answer)


def _carry(desk: "SamlDesk", party: RelyingParty, answer: BrowserAnswer) -> Response:
    """A form may be redirected back to us and on to the others of the group, which its page must allow."""
    if isinstance(answer, Redirect):
        return see_other(answer.location)
    language = language_of(request)
    known = desk.use_cases.parties.values()
    others = [other for other in known if party.group is not None and other.group == party.group]
    further = (origin_of(party.home), *logout_origins(others))
    return handover_page(language, party.names[language], answer, further=further)


def logout_origins(parties: Iterable[RelyingParty]) -> tuple[str, ...]:
    """Give where single logout may lead a browser: the origins of registered addresses alone."""
    endpoints = [endpoint for party in parties if party.saml is not None for endpoint in party.saml.logout]
    return tuple({origin_of(address) for one in endpoints for address in (one.location, one.for_responses)})


def _untrusted(error: UntrustedSamlRequest) -> Response:
    """Show a page: whom the message is from is not proven, so nothing is sent anywhere (T26)."""
    view = RefusalView(
        language=language_of(request),
        reason=error.rule,
        incident=incident_number(error.corr) if error.corr else "",
    )
    return refusal_page(view)
