"""A record is its event's body and the sealer's two members, canonical as a whole (security.md 6.2)."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audit.canonical import canonical
from gateway.audit.leaf import LARGEST_LEAF, UnfitEvent, body_of, is_leaf_of, leaf_of
from tests.gateway.audit.strategies import bodies

hashes = st.none() | st.binary(min_size=32, max_size=32).map(bytes.hex)
SMALLEST = {"v": 1, "corr": "x", "software_rev": "0.1.0"}


@settings(max_examples=1000, deadline=None)
@given(bodies, st.integers(min_value=0, max_value=2**53 - 1), hashes)
def test_cutting_the_body_open_gives_the_same_as_writing_the_whole_record(
    members: Any, seq: Any, prev_record: Any
) -> None:
    whole = canonical(members | {"seq": seq, "prev_record": prev_record})
    assert leaf_of(body_of(members), seq, prev_record) == whole


@settings(max_examples=300, deadline=None)
@given(bodies, st.data())
def test_any_changed_byte_of_body_or_record_shows(members: Any, data: Any) -> None:
    body = body_of(members)
    leaf = leaf_of(body, 7, "ab" * 32)
    assert is_leaf_of(leaf, body, 7, "ab" * 32)
    at = data.draw(st.integers(0, len(leaf) - 1))
    assert not is_leaf_of(_flip(leaf, at), body, 7, "ab" * 32)
    assert not is_leaf_of(leaf, _flip(body, at % len(body)), 7, "ab" * 32)
    assert not is_leaf_of(leaf, body, 8, "ab" * 32)
    assert not is_leaf_of(leaf, body, 7, "ac" * 32)


def _flip(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def test_a_body_leaves_room_for_the_sealer() -> None:
    body = body_of(SMALLEST | {"method": "x" * (LARGEST_LEAF - 200)})
    assert len(leaf_of(body, 2**53 - 1, "ab" * 32)) <= LARGEST_LEAF


@pytest.mark.parametrize(
    "members",
    [
        SMALLEST | {"method": "x" * LARGEST_LEAF},
        SMALLEST | {"portal": "auctions"},
        {"v": 1},
        SMALLEST | {"peer": {"software_rev": "hidden"}},
        SMALLEST | {"tls": {"seq": 1}},
    ],
    ids=["too large", "unknown member", "no software_rev", "nested mark", "nested seq"],
)
def test_an_unfit_event_is_a_programming_error(members: Any) -> None:
    with pytest.raises(UnfitEvent):
        body_of(members)


@pytest.mark.parametrize("body", [b"", b"{}", "text", None, 7])
def test_what_is_no_body_is_no_record_either(body: Any) -> None:
    assert not is_leaf_of(b"{}", body, 0, None)


def test_the_first_record_has_no_record_before_it() -> None:
    assert orjson.loads(leaf_of(body_of(SMALLEST), 0, None))["prev_record"] is None
