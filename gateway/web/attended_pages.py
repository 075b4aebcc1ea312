"""The page of ours where a person proves who they are: a card signs, or an app on the telephone answers.

It serves the browser that began the login, and no other (T39). Without scripts it works by loading it again.
"""

import secrets
from collections.abc import Mapping

from flask import Blueprint, Response, request

from gateway.broker.identifiers import parse_correlation
from gateway.broker.login import AtProvider
from gateway.use_cases import UseCases
from gateway.web.access import Access, may_enter
from gateway.web.browser import language_of, mark_of
from gateway.web.login_pages import not_here, way_back
from gateway.web.page_values import AttendedView
from gateway.web.pages import render_attended, render_attended_state
from gateway.web.responses import json_response, page, see_other
from gateway.web_address import origin_of
from providers.contract import CardPage, Language, Page


def attended_pages(use_cases: UseCases) -> Blueprint:
    """Make the page and what its script asks for."""
    pages = Blueprint("attended", __name__)

    @pages.get("/login/<login>/here")
    @may_enter(Access.OWN_BROWSER)
    def here(login: str) -> Response:
        """Show the page as it stands."""
        return _shown(use_cases, login, {})

    @pages.post("/login/<login>/here")
    @may_enter(Access.OWN_BROWSER)
    def said(login: str) -> Response:
        """Take what the person typed, and show the page as it stands then."""
        return _shown(use_cases, login, request.form.to_dict())

    @pages.get("/login/<login>/here/state")
    @may_enter(Access.OWN_BROWSER)
    def state(login: str) -> Response:
        """Tell the page's script what has changed; nothing of it says how a login of somebody else stands."""
        found = _found(use_cases, login)
        view = _view(use_cases, found, {}) if found is not None else None
        if view is None:
            return json_response({"over": True})
        return json_response({"over": False, "content": render_attended_state(view)})

    return pages


def _shown(use_cases: UseCases, login: str, said: Mapping[str, str]) -> Response:
    known = parse_correlation(login)
    if known is None or use_cases.find(known, mark_of(request)) is None:
        return not_here()
    found = _found(use_cases, login)
    view = _view(use_cases, found, said) if found is not None else None
    if view is None or found is None:
        return see_other(f"/login/{known}/continue")
    return page(
        render_attended(view),
        form_action=_ends_at(use_cases, found),
        script_nonce=view.script_nonce,
        fetches=True,
        frames=_frames_of(view.page),
    )


def _ends_at(use_cases: UseCases, login: AtProvider) -> tuple[str, ...]:
    """Where a form of the page may lead in the end: the portal, once the login is over or given up."""
    return way_back(use_cases, use_cases.parties[login.asked.question.relying_party], login.asked)


def _frames_of(shown: Page) -> tuple[str, ...]:
    """The origin of a card made of software, which shows its reader in a frame; nobody's otherwise."""
    software = shown.software_card if isinstance(shown, CardPage) else None
    return (origin_of(software),) if software is not None else ()


def _found(use_cases: UseCases, login: str) -> AtProvider | None:
    """Give a login that waits for its person here, to the browser that began it."""
    known = parse_correlation(login)
    found = use_cases.find(known, mark_of(request)) if known else None
    return found if isinstance(found, AtProvider) else None


def _view(use_cases: UseCases, login: AtProvider, said: Mapping[str, str]) -> AttendedView | None:
    language = language_of(request, login.asked.question.language)
    shown = use_cases.attend(login, language, said)
    return _view_of(use_cases, login, language, shown) if shown is not None else None


def _view_of(use_cases: UseCases, login: AtProvider, language: Language, shown: Page) -> AttendedView:
    base = f"/login/{login.asked.id}"
    return AttendedView(
        language=language,
        provider=use_cases.providers[login.provider].names[language],
        portal=use_cases.parties[login.asked.question.relying_party].names[language],
        page=shown,
        action=f"{base}/here",
        state_url=f"{base}/here/state",
        continue_url=f"{base}/continue",
        another_way_url=base,
        cancel_action=f"{base}/cancel",
        script_nonce=secrets.token_urlsafe(16),
    )
