"""What each page shows, as frozen values.

Every address is a path of the gateway or an absolute https URL; every moment is aware. No value here names a person.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from gateway.web.notices import Notice
from providers.contract import Availability, FormDeparture, Language, Page, ProviderKind, RedirectDeparture

Fields: TypeAlias = tuple[tuple[str, str], ...]
"""Hidden inputs, name and value, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One way to sign in, as listed."""

    id: str
    """Posted as ``provider``."""
    name: str
    """In the page's language."""
    kind: ProviderKind = ProviderKind.BANK
    state: Availability = Availability.UP
    since: datetime | None = None
    planned: tuple[str, ...] = ()
    """Announced interruptions, as the provider words them."""
    answers: bool = True
    """False where the provider says nothing of itself, as nobody answers there."""
    too_weak: bool = False
    """Whether the portal asks for more than this way gives; shown, so that nobody looks for it in vain."""
    last_used: bool = False
    """Chosen last time on this device; the method is remembered, never the person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoicesView:
    """What the page of ways to sign in shows (VPM-DRV-03, VPM-DRV-16)."""

    language: Language
    portal: str
    """The relying party's name in the page's language."""
    choices: tuple[Choice, ...]
    action: str
    """Where ``provider=<id>`` is posted."""
    cancel_action: str
    """Where giving up is posted."""
    forget_action: str
    """Where forgetting the last choice is posted."""
    other_language_url: str
    """This page in the other language."""
    valid_until: datetime
    """When the login ends (VPM-INT-16)."""
    stays_signed_in: bool = False
    """The relying party shares a session with others of its group, which the person must know beforehand."""
    hidden: Fields = ()
    """Carried by every form of the page (protection against foreign forms, which login it is)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartureView:
    """The form or link that carries our message to a provider (banklink.md section 2)."""

    language: Language
    provider: str
    """Its name in the page's language."""
    departure: FormDeparture | RedirectDeparture
    script_nonce: str
    """The same value must stand in the answer's Content-Security-Policy."""
    another_way_url: str | None = None
    """The page of ways to sign in of the same login, for whoever comes back with the Back button."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendedView:
    """A page of ours where the person proves who they are, by card or telephone."""

    language: Language
    provider: str
    """Its name in the page's language."""
    portal: str
    page: Page
    action: str
    """Where the person's form is posted, and this page asked for anew."""
    state_url: str
    """Asked by the page's script for news."""
    continue_url: str
    """Where to go when the login is over."""
    another_way_url: str
    cancel_action: str
    script_nonce: str
    """The same value must stand in the answer's Content-Security-Policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverView:
    """A form that carries a message on: back to the portal, or from a foreign page into our own."""

    language: Language
    portal: str | None
    """The relying party's name; None where the form leads to ourselves."""
    action: str
    fields: Fields
    script_nonce: str
    """The same value must stand in the answer's Content-Security-Policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalView:
    """A login that ended without an identity."""

    language: Language
    reason: str
    """A reason code; an unknown one gets the general text."""
    incident: str
    """As ``gateway.broker.login.incident_number`` gives it."""
    portal: str | None = None
    """The relying party's name; None when no login or no relying party is known."""
    provider: str | None = None
    another_way_action: str | None = None
    """Where starting again is posted; None when the login cannot be started again from here."""
    return_action: str | None = None
    """Where going back is posted, so that the portal is told; needs ``portal``."""
    return_url: str | None = None
    """Where a plain link leads instead; needs ``portal``."""
    hidden: Fields = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeView:
    """Something to tell the person that is no refusal."""

    language: Language
    notice: Notice
    portal: str | None = None
    return_action: str | None = None
    return_url: str | None = None
    hidden: Fields = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLine:
    """One session of this browser."""

    group: str
    """Posted as ``group``."""
    provider: str
    """Through whom the person signed in, in the page's language."""
    portals: tuple[str, ...]
    """Who takes part, in the page's language."""
    since: datetime
    until: datetime
    """When it ends unless it is used before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsView:
    """The sessions of this browser, each with its end; who the person is stands nowhere on it."""

    language: Language
    sessions: tuple[SessionLine, ...]
    action: str
    other_language_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalLine:
    """How it stands with one relying party after a sign-out."""

    portal: str
    standing: str
    """A value of ``gateway.broker.session.Standing``."""
    home: str
    """For the person who must sign out there by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOutView:
    """What a sign-out everywhere reached, and what it did not (complaint 25)."""

    language: Language
    portals: tuple[PortalLine, ...]
    other_language_url: str
    again_url: str | None
    """This page anew, while an answer is still awaited."""
    visit_url: str | None = None
    """Where the browser goes to tell the others, one after another; None when nobody waits for that."""
    portal: str | None = None
    return_action: str | None = None
    return_url: str | None = None
    """The relying party that asked, and where it wants the person back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmSignOutView:
    """A portal's sign-out request that came without the browser's cookies; the person sends it again from here."""

    language: Language
    portal: str
    action: str
    hidden: Fields
    """The request's own parameters, and the mark that the person has seen it."""
