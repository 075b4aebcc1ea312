"""What a response whose sender is proven must be, one rule at a time (SAML 2.0 Profiles 4.1.4.2, security.md 8.3).

Each rule has a name of its own, which whoever operates the other side is told. The first half needs no memory; the
second half needs to know what we asked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from providers.saml.errors import SamlRefused
from providers.saml.names import saml
from providers.saml.reading import identifier_of, instant_of, only_child, optional_child, text_of
from providers.saml.response import SignedFailure, SignedResponse

SKEW: Final = timedelta(seconds=60)
FRESH: Final = timedelta(minutes=5)
LONGEST_CONFIRMATION: Final = timedelta(minutes=10)
"""How far ahead a bearer confirmation may end: an assertion's ID is remembered for longer than that (T23)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The one response that we wait for."""

    consumer: str
    """The address that we told the provider to answer to."""
    in_response_to: str
    """The ID of our request; a response to nothing is refused."""
    authenticated_since: datetime
    """The earliest moment, UTC, at which the person may have signed in there."""


def version_two(read: SignedResponse) -> None:
    """Both are of version 2.0 and have an ID."""
    for element, rule in ((read.response, "response"), (read.assertion, "assertion")):
        _check_version(element, rule)


def issuer_is_who_was_asked(read: SignedResponse) -> None:
    """The assertion names its issuer, and a response that does names the same."""
    issuer = only_child(read.assertion, saml("Issuer"), "one_issuer")
    if text_of(issuer) != read.recipient.issuer:
        raise SamlRefused("issuer", "the assertion is issued by somebody else")
    outer = optional_child(read.response, saml("Issuer"), "one_response_issuer")
    if outer is not None and text_of(outer) != read.recipient.issuer:
        raise SamlRefused("response_issuer", "the response is issued by somebody else")


def for_us_alone(read: SignedResponse) -> None:
    """One audience, and it is ours; conditions that we do not know are not met."""
    children = [child.tag for child in read.conditions]
    known = {saml("AudienceRestriction"), saml("OneTimeUse"), saml("ProxyRestriction")}
    if not known.issuperset(children):
        raise SamlRefused("known_conditions", "a condition is unknown")
    restriction = only_child(read.conditions, saml("AudienceRestriction"), "one_audience_restriction")
    audience = only_child(restriction, saml("Audience"), "one_audience")
    if text_of(audience) != read.recipient.audience:
        raise SamlRefused("audience", "the assertion is meant for somebody else")


def issued_just_now(read: SignedResponse) -> None:
    """Both were issued within five minutes."""
    for element, rule in ((read.response, "response_issue_instant"), (read.assertion, "issue_instant")):
        _check_issued(element, rule, read.received_at)


def within_its_time(read: SignedResponse) -> None:
    """Conditions, confirmation and session each end; none has ended, and none begins later."""
    now = read.received_at
    for element, rule in ((read.conditions, "conditions"), (read.confirmation, "confirmation")):
        begins = element.get("NotBefore")
        if begins is not None and instant_of(begins, f"{rule}_not_before") > now + SKEW:
            raise SamlRefused(f"{rule}_not_before", "it is not valid yet")
        if instant_of(element.get("NotOnOrAfter"), f"{rule}_not_on_or_after") <= now - SKEW:
            raise SamlRefused(f"{rule}_not_on_or_after", "it is not valid any more")
    ends = read.statement.get("SessionNotOnOrAfter")
    if ends is not None and instant_of(ends, "session_not_on_or_after") <= now - SKEW:
        raise SamlRefused("session_not_on_or_after", "the session has ended")


def confirmed_for_minutes(read: SignedResponse) -> None:
    """The bearer's confirmation ends before we forget that it was used."""
    ends = instant_of(read.confirmation.get("NotOnOrAfter"), "confirmation_not_on_or_after")
    if ends > read.received_at + LONGEST_CONFIRMATION:
        raise SamlRefused("brief_confirmation", "the confirmation may be used for longer than ten minutes")


MEMORYLESS: Final[Sequence[Callable[[SignedResponse], None]]] = (
    version_two,
    issuer_is_who_was_asked,
    for_us_alone,
    issued_just_now,
    within_its_time,
    confirmed_for_minutes,
)


def for_our_address(read: SignedResponse, expected: Expected) -> None:
    """Destination and Recipient are the very address that the message came to."""
    _check_destination(read.response, expected)
    if read.confirmation.get("Recipient") != expected.consumer:
        raise SamlRefused("recipient", "Recipient is not our address")


def answers_our_question(read: SignedResponse, expected: Expected) -> None:
    """InResponseTo stands in both places and is our request's ID: nothing unsolicited is taken."""
    _check_answers(read.response, "in_response_to", expected)
    _check_answers(read.confirmation, "confirmation_in_response_to", expected)


def authenticated_for_this(read: SignedResponse, expected: Expected) -> None:
    """The person signed in no longer ago than was agreed, and not in the future."""
    at = instant_of(read.statement.get("AuthnInstant"), "authn_instant")
    if at < expected.authenticated_since - SKEW:
        raise SamlRefused("stale_authentication", "the person signed in before we asked, or too long ago")
    if at > read.received_at + SKEW:
        raise SamlRefused("future_authentication", "the person signs in later")


ABOUT_OUR_QUESTION: Final[Sequence[Callable[[SignedResponse, Expected], None]]] = (
    for_our_address,
    answers_our_question,
    authenticated_for_this,
)


def check_failure(read: SignedFailure) -> None:
    """A refusal is as strictly read as a success, as far as it goes: version, issuer, age.

    Raises:
        SamlRefused: a rule is broken.
    """
    _check_version(read.response, "response")
    if text_of(only_child(read.response, saml("Issuer"), "one_response_issuer")) != read.recipient.issuer:
        raise SamlRefused("response_issuer", "the response is issued by somebody else")
    _check_issued(read.response, "response_issue_instant", read.received_at)


def check_failure_is_ours(read: SignedFailure, expected: Expected) -> None:
    """A refusal answers our question, at our address.

    Raises:
        SamlRefused: a rule is broken.
    """
    _check_destination(read.response, expected)
    _check_answers(read.response, "in_response_to", expected)


def _check_version(element: Any, rule: str) -> None:
    if element.get("Version") != "2.0":
        raise SamlRefused(f"{rule}_version", "Version must be 2.0")
    identifier_of(element, f"{rule}_id")


def _check_issued(element: Any, rule: str, now: datetime) -> None:
    issued = instant_of(element.get("IssueInstant"), rule)
    if not now - FRESH <= issued <= now + SKEW:
        raise SamlRefused(rule, "it was not issued just now")


def _check_destination(response: Any, expected: Expected) -> None:
    if response.get("Destination") != expected.consumer:
        raise SamlRefused("destination", "Destination is not our address")


def _check_answers(element: Any, rule: str, expected: Expected) -> None:
    if element.get("InResponseTo") != expected.in_response_to:
        raise SamlRefused(rule, "it answers another request, or none")
