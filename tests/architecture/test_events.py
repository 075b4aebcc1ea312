"""Audit events: constant names, members a leaf may have, personal fields declared (security.md 6.2)."""

import re
from dataclasses import fields

import pytest

import gateway.broker.events
from gateway.audit.event import LEAF_MEMBERS, AuditEvent

EVENTS = [
    value
    for value in vars(gateway.broker.events).values()
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
