"""Audit events: constant names, members a leaf may have, personal fields declared (security.md 6.2)."""

import re
from dataclasses import fields

import pytest

import gateway.broker.events
import gateway.broker.session_events
import gateway.registration.events
import gateway.signing.events
from gateway.audit.event import LEAF_MEMBERS, AuditEvent

EVENTS = [
    value
    for module in (
        gateway.broker.events,
        gateway.broker.session_events,
        gateway.registration.events,
        gateway.signing.events,
    )
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, AuditEvent) and "name" in vars(value)
]


@pytest.mark.parametrize("event", EVENTS)
def test_an_events_fields_are_members_of_the_leaf(event: type[AuditEvent]) -> None:
    own = {field.name for field in fields(event)} - {field.name for field in fields(AuditEvent)}
    assert own - event.personal <= LEAF_MEMBERS


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_has_a_constant_name_and_a_sentence(event: type[AuditEvent]) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z-]+", event.name)
    assert event.__doc__
    assert not event.__doc__.startswith(event.__name__ + "(")


def test_no_two_events_share_a_name() -> None:
    assert len({event.name for event in EVENTS}) == len(EVENTS)


FLOWS = {
    "login.requested": ("rp", "in"),
    "login.request-refused": ("rp", "in"),
    "login.request-pushed": ("rp", "in"),
    "login.push-refused": ("rp", "in"),
    "login.sent-to-provider": ("provider", "out"),
    "login.answer-received": ("provider", "in"),
    "login.answer-refused": ("provider", "in"),
    "login.back-channel-intended": ("provider", "out"),
    "login.back-channel-answered": ("provider", "in"),
    "login.identity-verified": ("provider", "in"),
    "login.refused": ("provider", None),
    "login.code-issued": ("rp", "out"),
    "login.assertion-issued": ("rp", "out"),
    "login.refusal-delivered": ("rp", "out"),
    "token.issued": ("rp", "out"),
    "token.refused": ("rp", "in"),
    "token.revoked": ("rp", "in"),
    "token.inspected": ("rp", "out"),
    "token.claims-read": ("rp", "out"),
    "login.sign-out-requested": ("rp", "in"),
    "registration.added": ("staff", None),
    "registration.changed": ("staff", None),
    "registration.disabled": ("staff", None),
    "key.published": ("staff", None),
    "key.used": ("staff", None),
    "key.retired": ("staff", None),
    "signing.drift-found": ("system", None),
    "signing.drift-accepted": ("staff", None),
    "saml.metadata-signed": ("system", None),
    "session.opened": ("system", None),
    "session.identity-released": ("rp", "out"),
    "session.ended": ("system", None),
    "session.sign-out-sent": ("rp", "out"),
    "session.sign-out-answered": ("rp", "in"),
}
"""From whom and to whom each goes; a log that was kept is read by these, so that none may change by accident."""


def test_every_event_goes_the_way_that_auditors_know() -> None:
    assert {event.name: (event.leg, event.direction) for event in EVENTS} == FLOWS
