"""The pages a person sees, as text: values in, HTML out.

Each page takes one frozen view with its language in it, and reads no request, no clock and no storage.
"""

from functools import cache, lru_cache
from typing import Final

from markupsafe import Markup, escape

from gateway.web.messages import message_for
from gateway.web.notices import NOTICES, Notice
from gateway.web.page_values import (
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
from providers.contract import Language

__all__ = [
    "Choice",
    "ChoicesView",
    "DepartureView",
    "HandoverView",
    "Notice",
    "NoticeView",
    "RefusalView",
    "prepare_pages",
    "render_choices",
    "render_confirm_sign_out",
    "render_departure",
    "render_handover",
    "render_notice",
    "render_refusal",
    "render_sessions",
    "render_signed_out",
]


_SLOT: Final = "\ue000"
"""Marks where the parts go that differ between two logins; a private character, so that no text contains it."""


def render_choices(view: ChoicesView) -> str:
    """Make the page of ways to sign in: one button each, the last used first."""
    choices = sorted(view.choices, key=lambda choice: not choice.last_used)
    listed = Markup("").join([_listed(choice, view.language) for choice in choices])
    remembered = bool(choices) and choices[0].last_used
    return template("choices.html", view.language).render(view=view, choices=listed, remembered=remembered)


@lru_cache(maxsize=16384)
def _listed(choice: Choice, language: Language) -> Markup:
    """Render one button; it stays the same until the provider's state changes, whoever looks."""
    return Markup(template("choice.html", language).render(choice=choice))  # noqa: S704 - made by an escaping template


def render_departure(view: DepartureView) -> str:
    """Make the page that sends itself to the provider, and has a button for browsers without scripts.

    Every login passes here, so only what differs between two logins is put together anew.
    """
    head, middle, tail, end = _departure_frame(view.language, view.provider, view.action, view.charset)
    inputs = "".join(
        [f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">\n' for name, value in view.fields]
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
