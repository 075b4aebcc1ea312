"""The application factory: one factory, three ports, each with its own routes only."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from gateway.broker.identifiers import new_correlation
from gateway.broker.login import incident_number
from gateway.broker.ports import StorageUnavailable
from gateway.oidc.metadata import discovery_document
from gateway.provider_directory import ProviderDirectory
from gateway.use_cases import UseCases
from gateway.web.access import refuse_undeclared
from gateway.web.assets import assets
from gateway.web.attended_pages import attended_pages
from gateway.web.browser import language_of
from gateway.web.card_pages import card_pages
from gateway.web.headers import set_security_headers
from gateway.web.health import health_pages
from gateway.web.login_pages import LoginPages
from gateway.web.notices import Notice
from gateway.web.oidc_pages import oidc_pages
from gateway.web.page_values import NoticeView, RefusalView
from gateway.web.pages import prepare_pages, render_notice, render_refusal
from gateway.web.port_app import PortApp
from gateway.web.provider_pages import provider_pages
from gateway.web.responses import json_response, page
from gateway.web.session_pages import session_pages
from gateway.web.token_pages import TokenPages

if TYPE_CHECKING:
    from gateway.saml.desk import SamlDesk

log = structlog.get_logger("gateway")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A gateway ready to work: what ``bootstrap`` builds and the ports serve."""

    use_cases: UseCases
    directory: ProviderDirectory
    saml: "SamlDesk | None" = None
    """None where the settings do not switch SAML on."""
    problems: Callable[[], list[str]]
    """What keeps it from working just now, one sentence each; empty when it is ready."""
    close: Callable[[], None]
    """Ends its threads and connections."""


def create_public_app(gateway: Gateway) -> Flask:
    """Make the application of the port for browsers."""
    app = _app("public", urlsplit(gateway.use_cases.addresses.issuer).netloc)
    prepare_pages()
    discovery = discovery_document(gateway.use_cases.addresses)
    app.register_blueprint(oidc_pages(gateway.use_cases, discovery))
    app.register_blueprint(LoginPages(gateway.use_cases, gateway.directory).blueprint)
    app.register_blueprint(attended_pages(gateway.use_cases))
    app.register_blueprint(provider_pages(gateway.use_cases))
    app.register_blueprint(TokenPages(gateway.use_cases, mutual_tls=False).blueprint)
    app.register_blueprint(session_pages(gateway.use_cases))
    if gateway.saml is not None:
        from gateway.web.saml_pages import saml_pages  # noqa: PLC0415 - the XML libraries load only where SAML is on

        app.register_blueprint(saml_pages(gateway.saml, gateway.use_cases.parties))
    app.register_blueprint(assets)
    app.register_blueprint(health_pages(gateway.problems))
    _answer_errors(app, _error_page)
    refuse_undeclared(app)
    return app


def create_mutual_tls_app(gateway: Gateway) -> Flask:
    """Make the application of the port for relying parties' servers."""
    app = _app("mutual-tls", urlsplit(gateway.use_cases.addresses.mutual_tls).netloc)
    app.register_blueprint(TokenPages(gateway.use_cases, mutual_tls=True).blueprint)
    app.register_blueprint(health_pages(gateway.problems))
    _answer_errors(app, _error_json)
    refuse_undeclared(app)
    return app


def create_card_app(gateway: Gateway, url: str) -> Flask:
    """Make the application of the port that asks browsers for a card, which they see as ``url``."""
    app = _app("cards", urlsplit(url).netloc)
    prepare_pages()
    app.register_blueprint(card_pages(gateway.use_cases))
    app.register_blueprint(assets)
    app.register_blueprint(health_pages(gateway.problems))
    _answer_errors(app, _error_page)
    refuse_undeclared(app)
    return app


def _app(port: str, host: str) -> Flask:
    app = PortApp(host)
    app.config["MAX_CONTENT_LENGTH"] = 256 * 1024
    app.config["PROPAGATE_EXCEPTIONS"] = False
    # A doubled slash would otherwise be answered with 308, which sends a form, and a bank's answer, a second time (T06).
    app.url_map.merge_slashes = False

    # A browser would remember it for every port of localhost, and a developer's other servers there speak plain HTTP.
    on_this_machine = host.rpartition(":")[0] == "localhost"

    @app.before_request
    def only_our_name() -> Response | None:
        """A foreign Host is refused before anything else (T61)."""
        g.started = perf_counter()
        # Read closely, as Werkzeug does, only where it is not ours to the letter: that takes ten times as long.
        ours = request.environ.get("HTTP_HOST") == host or request.host == host
        return None if ours else json_response({"error": "unknown_host"}, 421)

    @app.after_request
    def tell_the_operator(response: Response) -> Response:
        """One line a request: route and outcome, nothing that a person or a bank sent (security.md 6.6)."""
        if "Content-Security-Policy" not in response.headers:  # Flask's own answers: OPTIONS
            set_security_headers(response)
        if on_this_machine:
            response.headers["Strict-Transport-Security"] = "max-age=0"
        log.info(
            "request.answered",
            port=port,
            route=str(request.url_rule or ""),
            method=request.method,
            status=response.status_code,
            ms=round(1000 * (perf_counter() - g.started), 1),
        )
        return response

    return app


def _answer_errors(app: Flask, answer: Callable[[int, str | None], Response]) -> None:
    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        response = answer(error.code or 500, None)
        response.headers.extend(_protocol_headers(error))
        return response

    @app.errorhandler(StorageUnavailable)
    def nothing_saved(error: StorageUnavailable) -> Response:
        log.error("storage.unavailable", reason=str(error))
        response = answer(503, None)
        response.headers["Retry-After"] = "5"
        return response

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        """The last resort: the person gets a number, the operator the place.

        The error's message may hold anything, so it is not logged (T46).
        """
        incident = incident_number(new_correlation())
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else ""
        log.error("request.failed", incident=incident, kind=type(error).__name__, where=where)
        return answer(500, incident)


def _protocol_headers(error: HTTPException) -> dict[str, str]:
    """Keep what HTTP demands beside a status: the allowed methods of a 405."""
    return {name: value for name, value in error.get_headers() if name == "Allow"}


def _error_page(status: int, incident: str | None) -> Response:
    language = language_of(request)
    if incident is not None:
        return page(render_refusal(RefusalView(language=language, reason="unexpected", incident=incident)), status)
    notice = Notice.TRY_AGAIN if status >= 500 else Notice.NOT_FOUND
    return page(render_notice(NoticeView(language=language, notice=notice)), status)


def _error_json(status: int, incident: str | None) -> Response:
    body: dict[str, Any] = {"error": "temporarily_unavailable" if status == 503 else "invalid_request"}
    if incident is not None:
        body = {"error": "server_error", "error_description": f"incident {incident}"}
    return json_response(body, status)
