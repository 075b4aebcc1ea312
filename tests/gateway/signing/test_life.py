"""T64: a key is published, waited for, used, waited for, retired; nothing goes faster than portals can follow."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.oidc.keys import ID_TOKEN_LIFETIME
from gateway.signing.life import KeyRing, NotAllowed, SigningKey, State, Waits, ready_at

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
WAITS = Waits(cache=timedelta(seconds=300), margin=timedelta(seconds=60), lifetime=ID_TOKEN_LIFETIME)
SECOND = timedelta(seconds=1)


def key(kid: str, at: datetime = NOW) -> SigningKey:
    return SigningKey(kid=kid, place=f"file:{kid}.pem", public={"kty": "EC"}, published_at=at)


def ring_with_one_that_signs() -> KeyRing:
    long_ago = NOW - timedelta(days=90)
    return KeyRing().publish(key("old", long_ago)).use("old", long_ago + timedelta(days=1), WAITS)


def states(ring: KeyRing) -> dict[str, State]:
    return {one.kid: one.state for one in ring.keys}


def test_t64_a_key_goes_from_published_over_signing_and_resting_to_retired() -> None:
    ring = ring_with_one_that_signs().publish(key("new"))
    assert states(ring) == {"old": State.SIGNING, "new": State.PUBLISHED}
    used = ring.use("new", NOW + WAITS.before_use, WAITS)
    assert states(used) == {"old": State.RESTING, "new": State.SIGNING}
    assert used.signing.kid == "new"
    retired = used.retire("old", NOW + WAITS.before_use + WAITS.before_retirement, WAITS)
    assert states(retired) == {"old": State.RETIRED, "new": State.SIGNING}
    assert [one.kid for one in retired.published] == ["new"]


def test_t64_a_key_that_a_portal_may_not_have_seen_is_refused_and_said_until_when() -> None:
    ring = ring_with_one_that_signs().publish(key("new"))
    with pytest.raises(NotAllowed, match=r"new may sign from 2026-11-25 12:06:00 UTC on; until then a portal may not"):
        ring.use("new", NOW + WAITS.before_use - SECOND, WAITS)
    assert ready_at(ring.find("new"), WAITS) == NOW + WAITS.before_use


def test_t64_a_key_whose_tokens_may_be_on_the_way_is_not_withdrawn() -> None:
    """The last token lives for five minutes; a portal that verifies it then may still keep the keys it read before."""
    used = ring_with_one_that_signs().publish(key("new")).use("new", NOW + WAITS.before_use, WAITS)
    rested = NOW + WAITS.before_use
    assert WAITS.before_retirement == ID_TOKEN_LIFETIME + WAITS.cache + WAITS.margin
    with pytest.raises(NotAllowed, match="old may be withdrawn from 2026-11-25 12:17:00 UTC on"):
        used.retire("old", rested + WAITS.before_retirement - SECOND, WAITS)


def test_t64_the_key_that_signs_is_never_withdrawn() -> None:
    with pytest.raises(NotAllowed, match="old is signing"):
        ring_with_one_that_signs().retire("old", NOW, WAITS, at_once=True)


def test_t64_a_kid_is_used_once_even_after_its_key_is_retired() -> None:
    ring = ring_with_one_that_signs().publish(key("new")).retire("new", NOW, WAITS)
    with pytest.raises(NotAllowed, match="there was a key new before"):
        ring.publish(key("new"))


def test_a_key_that_never_signed_may_be_withdrawn_at_any_time() -> None:
    assert states(ring_with_one_that_signs().publish(key("new")).retire("new", NOW, WAITS))["new"] is State.RETIRED


def test_a_stolen_key_is_replaced_at_once_and_distrusted() -> None:
    ring = ring_with_one_that_signs().publish(key("new")).use("new", NOW, WAITS, at_once=True)
    retired = ring.retire("old", NOW, WAITS, at_once=True)
    assert retired.find("old").distrusted
    assert not ring.retire("old", NOW + WAITS.before_retirement, WAITS).find("old").distrusted


@pytest.mark.parametrize("step", ["use", "retire"])
def test_a_key_that_nobody_knows_is_named(step: str) -> None:
    with pytest.raises(NotAllowed, match="there is no key nobody"):
        getattr(ring_with_one_that_signs(), step)("nobody", NOW, WAITS)


@given(st.lists(st.tuples(st.sampled_from(["publish", "use", "retire"]), st.integers(0, 6), st.integers(0, 900))))
def test_t64_whatever_is_tried_one_key_signs_and_no_portal_meets_a_key_it_could_not_know(
    steps: list[tuple[str, int, int]],
) -> None:
    """After every step: exactly one key signs, and it was published for as long as any portal may look elsewhere."""
    ring, now = ring_with_one_that_signs(), NOW
    for step, number, seconds in steps:
        now += timedelta(seconds=seconds)
        try:
            ring = (
                ring.publish(key(str(number), now))
                if step == "publish"
                else getattr(ring, step)(str(number), now, WAITS)
            )
        except NotAllowed:
            continue
        assert len(ring.of(State.SIGNING)) == 1
        for one in ring.keys:
            assert one.used_at is None or one.used_at - one.published_at >= WAITS.before_use or one.kid == "old"
            if one.retired_at and one.rested_at:
                assert one.retired_at - one.rested_at >= WAITS.before_retirement
