"""Where providers' answers arrive, carried by the browser.

A POST comes from another site, so no cookie of ours comes with it: the signature and the nonce take its role. After
all checks the browser is sent to a page of our own site, where its cookie is seen again (banklink.md section 2).
"""

from typing import Final

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound, RequestEntityTooLarge

from gateway.broker.login import asked_of, incident_number
from gateway.use_cases import Turned, UseCases
from gateway.web.access import Access, may_enter
from gateway.web.browser import carried_reference, language_of, mark_of
from gateway.web.headers import secure_headers
from gateway.web.notices import Notice
from gateway.web.page_values import NoticeView, RefusalView
from gateway.web.pages import render_notice
from gateway.web.port_app import Answer
from gateway.web.responses import page, refusal_page, see_other
from providers.contract import Arrival, DescribedProvider, Provider, ProviderId

METADATA: Final = "application/samlmetadata+xml"
GET: Final = "GET"
POST: Final = "POST"
MAX_BODY: Final = 64 * 1024
"""Bytes of a banklink answer (banklink.md rule 15), as of every other."""


def provider_pages(use_cases: UseCases) -> Blueprint:
    """Make the return addresses, one for each provider."""
    pages = Blueprint("providers", __name__)

    @pages.post("/return/<provider>")
    @may_enter(Access.SIGNED_MESSAGE)
    def arrive(provider: str) -> Response:
        known = use_cases.providers.get(ProviderId(provider))
        if known is None or POST not in known.answer_methods:
            raise NotFound
        return _answered(use_cases, known)

    @pages.get("/return/<provider>")
    @may_enter(Access.SIGNED_MESSAGE)
    def opened(provider: str) -> Response:
        """Opened by the provider's answer; or by hand, or by a bank's cancel link: then nothing changes."""
        known = use_cases.providers.get(ProviderId(provider))
        if known is not None and GET in known.answer_methods and request.query_string:
            return _answered(use_cases, known)
        view = NoticeView(language=language_of(request), notice=Notice.NOT_COMPLETED)
        response = page(render_notice(view), view.notice.status)
        response.headers["Allow"] = POST
        return response

    @pages.get("/saml/sp/<provider>/metadata")
    @may_enter(Access.ANYONE)
    def own_metadata(provider: str) -> Response:
        """Who we are, for the operator of a SAML identity provider to load."""
        known = use_cases.providers.get(ProviderId(provider))
        if not isinstance(known, DescribedProvider):
            raise NotFound
        document = known.own_metadata(use_cases.addresses.return_url(known.id), use_cases.clock())
        return Answer(document, 200, secure_headers(METADATA))

    return pages


def _answered(use_cases: UseCases, provider: Provider) -> Response:
    """Bring an answer to its provider, and the browser to what came of it."""
    if (request.content_length or 0) > MAX_BODY:
        raise RequestEntityTooLarge
    outcome = use_cases.complete(
        provider,
        Arrival(
            method=request.method,
            content_type=request.content_type or "",
            body=request.get_data(cache=False),
            query=request.query_string,
            received_at=use_cases.clock(),
            browser_reference=carried_reference(request),
        ),
        mark_of(request),
    )
    return turned_page(use_cases, outcome) if isinstance(outcome, Turned) else see_other(f"/login/{outcome}/continue")


def turned_page(use_cases: UseCases, turned: Turned, *, home: str = "") -> Response:
    """Say that the message did not count; whoever came back with the Back button finds the way on.

    Args:
        use_cases: the gateway's.
        turned: why.
        home: the origin of the login's pages, where this page stands on another port.
    """
    login = use_cases.storage.load(turned.login) if turned.login else None
    language = language_of(request, asked_of(login).question.language if login else None)
    portal = use_cases.parties[asked_of(login).question.relying_party].names[language] if login else None
    view = RefusalView(
        language=language,
        reason=turned.why,
        incident=incident_number(turned.corr),
        portal=portal,
        return_url=f"{home}/login/{turned.login}/continue" if turned.login else None,
    )
    return refusal_page(view)
