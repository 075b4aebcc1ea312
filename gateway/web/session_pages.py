"""The person's own sessions: to see them, to end them everywhere, and to see whom that reached.

Every page shows what this browser's own cookies prove, and nothing else. They are SameSite=Lax, so that a form of
another site brings none and ends nothing; a form of a neighbour in the same site is known by ``Sec-Fetch-Site``.
"""

from typing import Final

from flask import Blueprint, Response, request

from gateway.broker.identifiers import parse_correlation
from gateway.broker.relying_party import RelyingParty, RelyingPartyId
from gateway.broker.session import EndedSession, Participant, Standing
from gateway.broker.sign_out import Ending
from gateway.group_sessions import OpenSession, SignedOut
from gateway.oidc.request import AuthorizationRequest
from gateway.oidc.request import language_of as requested_language
from gateway.use_cases import SignOutAnswer, UseCases
from gateway.web.access import Access, may_enter
from gateway.web.browser import LANGUAGE, forget_session, language_of, mark_of, proofs_of, remember
from gateway.web.notices import Notice
from gateway.web.page_values import ConfirmSignOutView, NoticeView, PortalLine, SessionLine, SessionsView, SignedOutView
from gateway.web.pages import render_confirm_sign_out, render_notice, render_sessions, render_signed_out
from gateway.web.responses import page, see_other
from gateway.web_address import origin_of
from providers.contract import Language

_OURS: Final = "same-origin"
_SEEN: Final = "seen_by_the_person"


def session_pages(use_cases: UseCases) -> Blueprint:
    """Make the routes."""
    pages = Blueprint("sessions", __name__)

    @pages.get("/session")
    @may_enter(Access.OWN_BROWSER)
    def show() -> Response:
        """List what this browser is signed in to; without anything, say so."""
        language = language_of(request)
        found = use_cases.sessions.mine(proofs_of(request))
        if not found:
            return _nothing_kept(language)
        view = SessionsView(
            language=language,
            sessions=tuple(_session_line(use_cases, one, language) for one in found),
            action="/session/end",
            other_language_url=f"/session?lang={_other(language)}",
        )
        return _remembered(page(render_sessions(view)), language)

    @pages.post("/session/end")
    @may_enter(Access.OWN_BROWSER)
    def end() -> Response:
        """End one session everywhere, because the person says so."""
        if request.headers.get("Sec-Fetch-Site", _OURS) != _OURS:
            return see_other("/session")
        group = request.form.get("group", "")
        ending = Ending(why="asked_by_person", by=None, way_back=None)
        ended = use_cases.sessions.end(group, proofs_of(request), ending)
        response = see_other(f"/session/{ended.session.id}" if ended is not None else "/session")
        if ended is not None:
            forget_session(response, group)
        return response

    @pages.get("/session/<session>")
    @may_enter(Access.OWN_BROWSER)
    def outcome(session: str) -> Response:
        """Say whom the end of a session reached; gone an hour later."""
        known = parse_correlation(session)
        ended = use_cases.sessions.outcome(known, mark_of(request)) if known else None
        language = language_of(request)
        return _outcome_page(use_cases, ended, language) if ended is not None else _nothing_kept(language)

    return pages


def signed_out_page(answer: SignOutAnswer) -> Response:
    """Answer a relying party's sign-out request: back to it at once, unless the person has something to see first."""
    if answer.must_confirm:
        return see_other("/session")
    ended = answer.signed_out
    if ended is not None and ended.concerns_others:
        response = see_other(f"/session/{ended.session.id}")
    elif answer.location is not None:
        response = see_other(answer.location)
    else:
        response = _plainly_signed_out(answer)
    if ended is not None and answer.party.group is not None:
        forget_session(response, answer.party.group)
    return response


def confirm_page(answer: SignOutAnswer, action: str, sent: bytes) -> Response | None:
    """Ask the person about a request that a form of the portal's site brought: our cookies did not come with it.

    Returns:
        None when there is nothing to ask: no group, cookies came along, or the person was asked already.
    """
    known = request.method != "POST" or mark_of(request) is not None or _SEEN in request.form
    if known or answer.party.group is None:
        return None
    values = AuthorizationRequest.parse(sent).values.items()
    language = language_of(request, requested_language(request.form.get("ui_locales")))
    view = ConfirmSignOutView(
        language=language,
        portal=answer.party.names[language],
        action=action,
        hidden=(*((name, value) for name, (value,) in values), (_SEEN, "yes")),
    )
    way_back = (origin_of(answer.location),) if answer.location is not None else ()
    return page(render_confirm_sign_out(view), form_action=way_back)


def _plainly_signed_out(answer: SignOutAnswer) -> Response:
    language = language_of(request, requested_language(request.args.get("ui_locales")))
    notice = NoticeView(
        language=language,
        notice=Notice.SIGNED_OUT,
        portal=answer.party.names[language],
        return_url=answer.party.home,
    )
    return page(render_notice(notice), notice.notice.status)


def _nothing_kept(language: Language) -> Response:
    view = NoticeView(language=language, notice=Notice.SIGNED_OUT)
    return page(render_notice(view), view.notice.status)


def _session_line(use_cases: UseCases, found: OpenSession, language: Language) -> SessionLine:
    identity = found.session.identity
    provider = use_cases.providers.get(identity.provider)
    portals = dict.fromkeys(_name(use_cases, one.relying_party, language) for one in found.participants)
    return SessionLine(
        group=found.session.group,
        provider=provider.names[language] if provider is not None else identity.provider,
        portals=tuple(portals),
        since=identity.authenticated_at,
        until=found.session.idle_at,
    )


def _outcome_page(use_cases: UseCases, ended: SignedOut, language: Language) -> Response:
    session = ended.session
    asked_by = use_cases.parties.get(session.asked_by) if session.asked_by is not None else None
    address = f"/session/{session.id}"
    in_time = session.round_in_time(use_cases.clock())
    left = any(one.standing is Standing.TO_VISIT for one in ended.participants)
    waiting = any(one.standing is Standing.TO_BE_TOLD for one in ended.participants)
    view = SignedOutView(
        language=language,
        portals=tuple(_portal_line(use_cases, one, language) for one in ended.participants),
        other_language_url=f"{address}?lang={_other(language)}",
        again_url=address if waiting else None,
        portal=asked_by.names[language] if asked_by is not None else None,
        return_url=_way_back(session, asked_by, in_time=in_time),
        visit_url=f"/saml/logout/{session.id}" if left and in_time else None,
    )
    return _remembered(page(render_signed_out(view)), language)


def _way_back(session: EndedSession, asked_by: RelyingParty | None, *, in_time: bool) -> str | None:
    """To the relying party that asked; the one that is owed an answer gets it on the way."""
    if asked_by is None:
        return None
    return f"/saml/logout/{session.id}/end" if session.reply and in_time else session.way_back or asked_by.home


def _portal_line(use_cases: UseCases, participant: Participant, language: Language) -> PortalLine:
    party = use_cases.parties.get(participant.relying_party)
    return PortalLine(
        portal=_name(use_cases, participant.relying_party, language),
        standing=participant.standing.value,
        home=party.home if party is not None else "/session",
    )


def _name(use_cases: UseCases, party: RelyingPartyId, language: Language) -> str:
    """Give a portal's name, or its id when it is registered no more."""
    known = use_cases.parties.get(party)
    return known.names[language] if known is not None else party


def _other(language: Language) -> Language:
    return Language.ENGLISH if language is Language.LATVIAN else Language.LATVIAN


def _remembered(response: Response, language: Language) -> Response:
    if "lang" in request.args:
        remember(response, LANGUAGE, language)
    return response
