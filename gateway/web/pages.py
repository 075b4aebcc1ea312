"""The pages a person sees, as text: values in, HTML out.

Each page takes one frozen view with its language in it, and reads no request, no clock and no storage.
"""

from collections.abc import Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final

from markupsafe import Markup, escape

from gateway.web.messages import message_for
from gateway.web.notices import NOTICES, Notice
from gateway.web.page_values import (
    AttendedView,
    Choice,
    ChoicesView,
    ConfirmSignOutView,
    DepartureView,
    HandoverView,
    NoticeView,
    RefusalView,
    SessionsView,
    SignedOutView,
)
from gateway.web.templating import HERE, template
from providers.contract import AppPage, CardPage, CodePage, DevicePage, Language, ProviderKind, RedirectDeparture

__all__ = [
    "AttendedView",
    "Choice",
    "ChoicesView",
    "DepartureView",
    "HandoverView",
    "Notice",
    "NoticeView",
    "RefusalView",
    "prepare_pages",
    "render_attended",
    "render_attended_state",
    "render_choices",
    "render_confirm_sign_out",
    "render_departure",
    "render_handover",
    "render_notice",
    "render_refusal",
    "render_sessions",
    "render_signed_out",
]


_ATTENDED: Final[Mapping[type[object], str]] = MappingProxyType(
    {CardPage: "card.html", AppPage: "app.html", CodePage: "code.html", DevicePage: "device.html"}
)
"""The template of each page where a person proves who they are; ``state_…`` beside it holds what changes."""
_SLOT: Final = "\ue000"
"""Marks where the parts go that differ between two logins; a private character, so that no text contains it."""


def render_choices(view: ChoicesView) -> str:
    """Make the page of ways to sign in: the last used first, then one button each under what a person reaches for."""
    last = [_listed(choice, view.language) for choice in view.choices if choice.last_used]
    groups = [(kind, _listed_kind(kind, view)) for kind in ProviderKind]
    shown = [(kind, listed) for kind, listed in groups if listed]
    return template("choices.html", view.language).render(view=view, last=Markup("").join(last), groups=shown)


def _listed_kind(kind: ProviderKind, view: ChoicesView) -> Markup:
    others = [choice for choice in view.choices if choice.kind is kind and not choice.last_used]
    return Markup("").join([_listed(choice, view.language) for choice in others])


@lru_cache(maxsize=16384)
def _listed(choice: Choice, language: Language) -> Markup:
    """Render one button; it stays the same until the provider's state changes, whoever looks."""
    return Markup(template("choice.html", language).render(choice=choice))  # noqa: S704 - made by an escaping template


def render_departure(view: DepartureView) -> str:
    """Make the page that goes to the provider by itself, and has a button for browsers without scripts.

    Every login passes here, so only what differs between two logins is put together anew.
    """
    departure = view.departure
    if isinstance(departure, RedirectDeparture):
        return template("departure_link.html", view.language).render(view=view, location=departure.location)
    head, middle, tail, end = _departure_frame(view.language, view.provider, departure.action, departure.charset)
    inputs = "".join(
        [f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">\n' for name, value in departure.fields]
    )
    return "".join((head, inputs, middle, _another_way(view), tail, escape(view.script_nonce), end))


def _another_way(view: DepartureView) -> str:
    if view.another_way_url is None:
        return ""
    head, tail = _another_way_frame(view.language)
    return f"{head}{escape(view.another_way_url)}{tail}"


@lru_cache(maxsize=4096)
def _departure_frame(language: Language, provider: str, action: str, charset: str) -> tuple[str, str, str, str]:
    """Render the page around its three slots: inputs, another way, nonce."""
    page = template("departure.html", language).render(provider=provider, action=action, charset=charset, slot=_SLOT)
    head, middle, tail, end = page.split(_SLOT)
    return head, middle, tail, end


@cache
def _another_way_frame(language: Language) -> tuple[str, str]:
    head, tail = template("another_way.html", language).render(url=_SLOT).split(_SLOT)
    return head, tail


def render_attended(view: AttendedView) -> str:
    """Make the page where the person proves who they are."""
    return template(_ATTENDED[type(view.page)], view.language).render(view=view, page=view.page)


def render_attended_state(view: AttendedView) -> str:
    """Make the part of such a page that changes while the person looks at it."""
    return template(f"state_{_ATTENDED[type(view.page)]}", view.language).render(view=view, page=view.page)


def render_handover(view: HandoverView) -> str:
    """Make the page that posts a message on by itself, and has a button for browsers without scripts."""
    return template("handover.html", view.language).render(view=view)


def render_refusal(view: RefusalView) -> str:
    """Make the page that says what happened, its incident number, and the ways on; sent with status 400."""
    text = message_for(view.reason).person[view.language].about(view.provider)
    return template("refusal.html", view.language).render(view=view, text=text)


def render_notice(view: NoticeView) -> str:
    """Make a page that tells something else; sent with ``view.notice.status``."""
    return template("notice.html", view.language).render(view=view, text=NOTICES[view.notice][view.language])


def render_sessions(view: SessionsView) -> str:
    """Make the page of this browser's sessions, each with a button that ends it everywhere."""
    return template("sessions.html", view.language).render(view=view)


def render_signed_out(view: SignedOutView) -> str:
    """Make the page that says what was signed out and what could not be reached."""
    return template("signed_out.html", view.language).render(view=view)


def render_confirm_sign_out(view: ConfirmSignOutView) -> str:
    """Make the page that asks whether to sign out."""
    return template("confirm_sign_out.html", view.language).render(view=view)


def prepare_pages() -> None:
    """Compile every template for every language, so that no person waits for it."""
    for language in Language:
        for path in (HERE / "templates").iterdir():
            template(path.name, language)
