"""The pages of one login: choosing a provider, leaving for it, and what came of it."""

import secrets
from urllib.parse import urlsplit

from flask import Blueprint, Response, request

from gateway.broker.front_door import BrowserAnswer, Redirect
from gateway.broker.identifiers import parse_correlation
from gateway.broker.login import (
    Arrived,
    Asked,
    Asserted,
    AtProvider,
    Delivered,
    Login,
    Prompt,
    Redeemed,
    Refused,
    asked_of,
    incident_number,
)
from gateway.broker.relying_party import RelyingParty
from gateway.provider_directory import ProviderDirectory
from gateway.use_cases import Begun, HandedOver, Leaving, UseCases
from gateway.web.access import Access, may_enter
from gateway.web.browser import (
    LANGUAGE,
    LAST_CHOICE,
    carry_reference,
    forget,
    language_of,
    mark_of,
    proofs_of,
    remember,
    set_session,
)
from gateway.web.messages import message_for
from gateway.web.notices import Notice
from gateway.web.page_values import Choice, ChoicesView, DepartureView, NoticeView, RefusalView
from gateway.web.pages import render_choices, render_departure, render_notice
from gateway.web.responses import handover_page, page, refusal_page, see_other
from gateway.web_address import origin_of
from providers.contract import Language, PageDeparture, ProviderId


class LoginPages:
    """The views of one login; every one of them serves the browser that began it, and no other."""

    def __init__(self, use_cases: UseCases, directory: ProviderDirectory) -> None:
        self._use_cases = use_cases
        self._directory = directory

    @property
    def blueprint(self) -> Blueprint:
        """The routes."""
        pages = Blueprint("login", __name__)
        pages.add_url_rule("/login/<login>", "choices", self.choices)
        pages.add_url_rule("/login/<login>/continue", "resume", self.resume)
        for step in (self.choose, self.forget_choice, self.again, self.cancel):
            address = step.__name__.removesuffix("_choice")
            pages.add_url_rule(f"/login/<login>/{address}", address, step, methods=["POST"])
        return pages

    @may_enter(Access.OWN_BROWSER)
    def choices(self, login: str) -> Response:
        """Show the ways to sign in, or what came of the login."""
        found = self._find(login)
        match found:
            case None:
                return not_here()
            case Asked() | AtProvider() | Arrived():
                return _choices_page(self._use_cases, self._directory, found)
            case _:
                return see_other(f"/login/{found.asked.id}/continue")

    @may_enter(Access.OWN_BROWSER)
    def choose(self, login: str) -> Response:
        """Leave for a provider; whoever came back with the Back button starts over from the same question."""
        found = self._find(login)
        provider = ProviderId(request.form.get("provider", ""))
        if found is None:
            return not_here()
        if not self._use_cases.offers(asked_of(found).question, provider):
            return see_other(f"/login/{login}")
        asked = found if isinstance(found, Asked) else self._use_cases.start_again(found)
        if not isinstance(asked, Asked):
            return see_other(f"/login/{asked.asked.id}/continue")
        language = language_of(request, asked.question.language)
        outcome = self._use_cases.choose(asked, provider, language)
        if not isinstance(outcome, Leaving):
            return see_other(f"/login/{asked.id}/continue")
        response = departure_page(self._use_cases, outcome, language)
        remember(response, LAST_CHOICE, provider)
        return response

    @may_enter(Access.OWN_BROWSER)
    def forget_choice(self, login: str) -> Response:
        """Forget which provider was used last on this device."""
        if self._find(login) is None:
            return not_here()
        response = see_other(f"/login/{login}")
        forget(response, LAST_CHOICE)
        return response

    @may_enter(Access.OWN_BROWSER)
    def again(self, login: str) -> Response:
        """Offer another way to sign in."""
        found = self._find(login)
        if found is None:
            return not_here()
        again = self._use_cases.start_again(found)
        return see_other(f"/login/{again.id}" if isinstance(again, Asked) else f"/login/{login}/continue")

    @may_enter(Access.OWN_BROWSER)
    def cancel(self, login: str) -> Response:
        """Go back to the portal without signing in; the portal is told why."""
        found = self._find(login)
        if found is None:
            return not_here()
        ended = self._use_cases.cancel(found)
        if not isinstance(ended, Refused):
            return see_other(f"/login/{login}/continue")
        told = message_for(ended.why).relying_party
        return carry(self._use_cases, self._use_cases.tell_refusal(ended, told.error, told.description), ended.asked)

    @may_enter(Access.OWN_BROWSER)
    def resume(self, login: str) -> Response:
        """Hand the result to the portal, once; otherwise say what came of the login."""
        browser = mark_of(request)
        known = parse_correlation(login)
        outcome = self._use_cases.resume(known, browser, proofs_of(request)) if known else None
        if isinstance(outcome, HandedOver):
            response = carry(self._use_cases, outcome.answer, outcome.login.asked)
            set_session(response, outcome.secret)
            return response
        if outcome is None:
            return not_here()
        if asked_of(outcome).browser != browser:
            return _foreign_browser_page(outcome)
        return _outcome_page(self._use_cases, outcome)

    def _find(self, login: str) -> Login | None:
        known = parse_correlation(login)
        return self._use_cases.find(known, mark_of(request)) if known else None


def carry(use_cases: UseCases, answer: BrowserAnswer, asked: Asked) -> Response:
    """Let the browser carry an answer to the relying party."""
    if isinstance(answer, Redirect):
        return see_other(answer.location)
    party = use_cases.parties[asked.question.relying_party]
    language = language_of(request, asked.question.language)
    return handover_page(language, party.names[language], answer, further=(origin_of(party.home),))


def begun_page(use_cases: UseCases, begun: Begun) -> Response:
    """Send the browser on from a relying party's question: to choose, to leave at once, or with the answer."""
    match begun:
        case Leaving():
            return departure_page(use_cases, begun, begun.login.asked.question.language)
        case Asked():
            return see_other(f"/login/{begun.id}")
        case Refused() if Prompt.NONE in begun.asked.question.prompt:
            told = message_for(begun.why).relying_party
            return carry(use_cases, use_cases.tell_refusal(begun, told.error, told.description), begun.asked)
        case _:
            return see_other(f"/login/{asked_of(begun).id}/continue")


def departure_page(use_cases: UseCases, leaving: Leaving, language: Language) -> Response:
    """Show what carries our message to the provider, or the page of ours where the person proves themselves."""
    departure = leaving.departure
    if isinstance(departure, PageDeparture):
        return see_other(f"/login/{leaving.login.asked.id}/here")
    nonce = secrets.token_urlsafe(16)
    view = DepartureView(
        language=language,
        provider=use_cases.providers[leaving.login.provider].names[language],
        departure=departure,
        script_nonce=nonce,
        another_way_url=f"/login/{leaving.login.asked.id}",
    )
    response = page(render_departure(view), form_action=(origin_of(departure.endpoint),), script_nonce=nonce)
    if departure.needs_browser_reference:
        carry_reference(response, leaving.login.reference, below=_host_above(use_cases, departure.endpoint))
    return response


def _host_above(use_cases: UseCases, endpoint: str) -> str | None:
    """Our host name, where the browser leaves for a name of ours below it: the port that asks for cards."""
    ours = urlsplit(use_cases.addresses.issuer).hostname or ""
    return ours if (urlsplit(endpoint).hostname or "").endswith(f".{ours}") else None


def not_here() -> Response:
    """Say that there is no such login here: unknown, forgotten, or another browser's; which, is nobody's business."""
    view = NoticeView(language=language_of(request), notice=Notice.NOT_HERE)
    return page(render_notice(view), view.notice.status)


def _choices_page(use_cases: UseCases, directory: ProviderDirectory, login: Login) -> Response:
    asked = asked_of(login)
    party = use_cases.parties[asked.question.relying_party]
    language = language_of(request, asked.question.language)
    other = Language.ENGLISH if language is Language.LATVIAN else Language.LATVIAN
    base = f"/login/{asked.id}"
    view = ChoicesView(
        language=language,
        portal=party.names[language],
        choices=tuple(
            _choice(directory, provider, language, too_weak=not use_cases.offers(asked.question, provider))
            for provider in directory
        ),
        action=f"{base}/choose",
        cancel_action=f"{base}/cancel",
        forget_action=f"{base}/forget",
        other_language_url=f"{base}?lang={other}",
        valid_until=asked.expires_at,
        stays_signed_in=party.group is not None,
    )
    response = page(render_choices(view), form_action=way_back(use_cases, party, asked))
    if "lang" in request.args:
        remember(response, LANGUAGE, language)
    return response


def _choice(directory: ProviderDirectory, provider: ProviderId, language: Language, *, too_weak: bool) -> Choice:
    status = directory.status(provider)
    return Choice(
        id=provider,
        name=directory[provider].names[language],
        kind=directory[provider].kind,
        state=status.state,
        since=status.since,
        planned=status.planned,
        answers=status.answers,
        too_weak=too_weak,
        last_used=request.cookies.get(LAST_CHOICE) == provider and not too_weak,
    )


def way_back(use_cases: UseCases, party: RelyingParty, asked: Asked) -> tuple[str, ...]:
    """Browsers apply ``form-action`` to the redirect that follows a form, so the portal's origins must be in it."""
    return tuple(sorted({origin_of(party.home), origin_of(use_cases.door_of(asked).reply_address(asked))}))


def _foreign_browser_page(login: Login) -> Response:
    """Say nothing about a login that another browser began, but its number."""
    view = RefusalView(
        language=language_of(request),
        reason="wrong_browser",
        incident=incident_number(asked_of(login).id),
    )
    return refusal_page(view)


def _outcome_page(use_cases: UseCases, login: Login) -> Response:
    asked = asked_of(login)
    if not isinstance(login, Refused | Delivered | Redeemed | Asserted):
        return see_other(f"/login/{asked.id}")
    party = use_cases.parties[asked.question.relying_party]
    language = language_of(request, asked.question.language)
    if not isinstance(login, Refused):
        notice = NoticeView(
            language=language, notice=Notice.ALREADY_SIGNED_IN, portal=party.names[language], return_url=party.home
        )
        return page(render_notice(notice), notice.notice.status)
    provider = use_cases.providers.get(login.provider) if login.provider else None
    view = RefusalView(
        language=language,
        reason=login.why,
        incident=incident_number(asked.id),
        portal=party.names[language],
        provider=provider.names[language] if provider else None,
        another_way_action=f"/login/{asked.id}/again" if asked.in_time(use_cases.clock()) else None,
        return_action=f"/login/{asked.id}/cancel",
    )
    return refusal_page(view, form_action=way_back(use_cases, party, asked))
