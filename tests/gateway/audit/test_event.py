"""Every event of the gateway fits into a record (security.md 6.2), and names what is personal."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import ClassVar

import pytest

import gateway
from gateway.audit.event import LEAF_MEMBERS, AuditEvent, Leg
from tests.support.logins import new_correlation

_ENTRY_POINTS = ("migrations", "wsgi")
_BASE = {field.name for field in fields(AuditEvent)}


def every_event() -> list[type[AuditEvent]]:
    for module in pkgutil.walk_packages(gateway.__path__, "gateway."):
        if not any(word in module.name for word in _ENTRY_POINTS):
            importlib.import_module(module.name)
    # a dataclass with slots is made twice; its first draft stays a subclass until it is collected
    return list({(event.__module__, event.__qualname__): event for event in _subclasses(AuditEvent)}.values())


def _subclasses(event: type[AuditEvent]) -> Iterator[type[AuditEvent]]:
    for subclass in event.__subclasses__():
        if subclass.__module__.startswith("gateway."):
            yield subclass
            yield from _subclasses(subclass)


def test_every_event_fits_into_a_record() -> None:
    events = every_event()
    assert events, "the gateway emits events"
    for event in events:
        own = {field.name for field in fields(event)} - _BASE
        assert event.personal <= own, f"{event.__name__} has no field of that name"
        assert own - event.personal <= LEAF_MEMBERS, f"{event.__name__} has members that no record has"


def test_every_event_has_a_constant_name_of_its_own() -> None:
    names = [event.__dict__["name"] for event in every_event() if "name" in event.__dict__]
    assert len(names) == len(set(names))


@dataclass(frozen=True, slots=True, kw_only=True)
class SomebodySeen(AuditEvent):
    name: ClassVar[str] = "test.somebody-seen"
    leg: ClassVar[Leg] = Leg.SYSTEM
    personal: ClassVar[frozenset[str]] = frozenset({"code"})

    code: object = None
    method: str | None = None


def test_personal_fields_are_not_members() -> None:
    event = SomebodySeen(corr=new_correlation(), code="32345678901", method="GET")
    assert event.members() == {"method": "GET"}
    assert event.personal_values() == ("32345678901",)
    assert SomebodySeen(corr=new_correlation()).personal_values() == ()


def test_a_personal_value_that_is_not_text_is_refused() -> None:
    """Its text form could leave out what makes two people differ."""
    with pytest.raises(TypeError, match="must be text"):
        SomebodySeen(corr=new_correlation(), code=32345678901).personal_values()
