"""Where providers' answers arrive, carried by the browser.

The POST comes from another site, so no cookie of ours comes with it: the signature and the nonce take its role. After
all checks the browser is sent to a page of our own site, where its cookie is seen again (banklink.md section 2).
"""

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound, RequestEntityTooLarge

from gateway.broker.login import asked_of, incident_number
from gateway.use_cases import Turned, UseCases
from gateway.web.access import Access, may_enter
from gateway.web.browser import carried_reference, language_of
from gateway.web.notices import Notice
from gateway.web.page_values import NoticeView, RefusalView
from gateway.web.pages import render_notice
from gateway.web.responses import page, refusal_page, see_other
from providers.contract import Arrival, ProviderId

MAX_BODY = 64 * 1024
"""banklink.md rule 15."""


def provider_pages(use_cases: UseCases) -> Blueprint:
    """Make the return addresses, one for each provider."""
    pages = Blueprint("providers", __name__)

    @pages.post("/return/<provider>")
    @may_enter(Access.SIGNED_MESSAGE)
    def arrive(provider: str) -> Response:
        known = use_cases.providers.get(ProviderId(provider))
        if known is None:
            raise NotFound
        if (request.content_length or 0) > MAX_BODY:
            raise RequestEntityTooLarge
        outcome = use_cases.complete(
            known,
            Arrival(
                method=request.method,
                content_type=request.content_type or "",
                body=request.get_data(cache=False),
                received_at=use_cases.clock(),
                browser_reference=carried_reference(request),
            ),
        )
        return (
            _turned_page(use_cases, outcome) if isinstance(outcome, Turned) else see_other(f"/login/{outcome}/continue")
        )

    @pages.get("/return/<provider>")
    @may_enter(Access.ANYONE)
    def opened(provider: str) -> Response:
        """Opened by hand or by a bank's cancel link: nothing changes, and the person is told so."""
        del provider
        view = NoticeView(language=language_of(request), notice=Notice.NOT_COMPLETED)
        response = page(render_notice(view), view.notice.status)
        response.headers["Allow"] = "POST"
        return response

    return pages


def _turned_page(use_cases: UseCases, turned: Turned) -> Response:
    """Say that the message did not count; whoever came back with the Back button finds the way on."""
    login = use_cases.storage.load(turned.login) if turned.login else None
    language = language_of(request, asked_of(login).question.language if login else None)
    portal = use_cases.parties[asked_of(login).question.relying_party].names[language] if login else None
    view = RefusalView(
        language=language,
        reason=turned.why,
        incident=incident_number(turned.corr),
        portal=portal,
        return_url=f"/login/{turned.login}/continue" if turned.login else None,
    )
    return refusal_page(view)
