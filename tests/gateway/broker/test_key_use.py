"""Which of a relying party's keys signed last: noted durably, seldom, and in the login's own transaction."""

from datetime import timedelta

import pytest

from gateway.broker.key_use import NOTED_EVERY, SILENCE, KeyUses, why_not_droppable
from gateway.oidc.back_channel import NotGranted
from gateway.oidc.client_authentication import Credentials
from tests.support.gateway_parts import PORTAL, PORTAL_CERTIFICATE, Core, HeldClock

NOW = HeldClock().now
PRESENTED = Credentials(certificate_sha256=PORTAL_CERTIFICATE)


def redeem(core: Core, **changed: str | None) -> object:
    return core.use_cases.redeem(core.token_form(core.code(), **changed), PRESENTED)


def test_a_key_that_proves_a_portal_is_noted_with_its_time() -> None:
    core = Core()
    assert not isinstance(redeem(core), NotGranted)
    assert core.storage.key_uses == {(PORTAL, "portal-1"): core.clock.now}


def test_a_use_is_noted_once_in_five_minutes_and_no_oftener() -> None:
    core = Core()
    redeem(core)
    first = core.clock.now
    core.clock.move(seconds=NOTED_EVERY.total_seconds() - 1)
    redeem(core)
    assert core.storage.key_uses[PORTAL, "portal-1"] == first
    core.clock.move(seconds=1)
    redeem(core)
    assert core.storage.key_uses[PORTAL, "portal-1"] == first + NOTED_EVERY


def test_a_key_counts_as_used_also_where_the_request_is_refused() -> None:
    """The signature was verified: whoever holds that key is still at work with it."""
    core = Core()
    assert isinstance(redeem(core, code_verifier="w" * 43), NotGranted)
    assert (PORTAL, "portal-1") in core.storage.key_uses


def test_an_assertion_that_does_not_verify_proves_no_use() -> None:
    core = Core()
    assert isinstance(redeem(core, client_assertion="a.b.c"), NotGranted)
    assert core.storage.key_uses == {}


def test_what_was_not_saved_is_noted_at_the_next_use() -> None:
    uses = KeyUses()
    assert uses.is_due(PORTAL, "portal-1", NOW)
    assert uses.is_due(PORTAL, "portal-1", NOW), "nothing was saved yet"
    uses.noted(PORTAL, "portal-1", NOW)
    assert not uses.is_due(PORTAL, "portal-1", NOW)
    assert uses.is_due(PORTAL, "portal-2", NOW)


@pytest.mark.parametrize(
    ("uses", "droppable"),
    [
        ({}, False),
        ({"old": NOW}, False),
        ({"old": NOW, "new": NOW}, False),
        ({"old": NOW - SILENCE, "new": NOW}, False),
        ({"old": NOW - SILENCE - NOTED_EVERY, "new": NOW}, True),
        ({"new": NOW}, True),
        ({"new": NOW - timedelta(days=1)}, True),
    ],
)
def test_an_old_key_may_go_once_the_new_one_signed_and_it_was_silent_itself(uses: dict, droppable: bool) -> None:
    """What is noted may be five minutes older than what was; the advice allows for that."""
    assert (why_not_droppable("old", ("old", "new"), uses, NOW) == "") is droppable
