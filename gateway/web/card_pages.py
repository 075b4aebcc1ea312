"""The one address of the port that asks browsers for a card: where a handshake answers a login (eid-providers.md 12.1).

The login is completed in the request that carried the handshake, and the connection ends with its answer.
"""

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from gateway.serving.client_certificate import CLIENT_CERTIFICATE
from gateway.use_cases import Turned, UseCases
from gateway.web.access import Access, may_enter
from gateway.web.browser import carried_reference, mark_of
from gateway.web.provider_pages import turned_page
from gateway.web.responses import see_other
from providers.contract import CARD, Arrival, ProviderId


def card_pages(use_cases: UseCases) -> Blueprint:
    """Make the return address, one for each provider that takes cards this way."""
    pages = Blueprint("cards", __name__)

    @pages.get("/return/<provider>")
    @may_enter(Access.PROVEN_CARD)
    def arrive(provider: str) -> Response:
        known = use_cases.providers.get(ProviderId(provider))
        if known is None or CARD not in known.answer_methods:
            raise NotFound
        arrival = Arrival(
            method=CARD,
            content_type="",
            body=b"",
            query=request.query_string,
            received_at=use_cases.clock(),
            browser_reference=carried_reference(request),
            client_certificate=request.environ.get(CLIENT_CERTIFICATE),
        )
        outcome = use_cases.complete(known, arrival, mark_of(request))
        home = use_cases.addresses.issuer
        if isinstance(outcome, Turned):
            return turned_page(use_cases, outcome, home=home)
        return see_other(f"{home}/login/{outcome}/continue")

    return pages
