"""Where a request ends: the cut is the same however the bytes arrive (security.md T62)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.serving.framing import Frame, RequestRefused, parse_frame
from gateway.serving.settings import BODY_LIMIT, HEAD_LIMIT

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True).filter(
    lambda name: name.lower() not in {"content-length", "transfer-encoding"}
)
VALUES = st.from_regex(r"[!-~]([ -~]{0,30}[!-~])?", fullmatch=True)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=8)


def head_of(headers: list[tuple[str, str]], *more: str) -> bytes:
    lines = [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(["POST /token HTTP/1.1", *lines, *more, "", ""]).encode()


@given(HEADERS, st.binary(max_size=300), st.binary(max_size=50))
def test_the_frame_ends_where_the_declared_length_says_whatever_follows(
    headers: list[tuple[str, str]], body: bytes, next_bytes: bytes
) -> None:
    head = head_of(headers, f"Content-Length: {len(body)}")
    frame = parse_frame(head + body + next_bytes)
    assert frame is not None
    assert frame.length == len(head) + len(body)


@given(HEADERS, st.data())
def test_no_part_of_a_head_is_taken_for_a_whole_one(headers: list[tuple[str, str]], data: st.DataObject) -> None:
    head = head_of(headers)
    part = head[: data.draw(st.integers(0, len(head) - 1))]
    assert parse_frame(part) is None
    assert parse_frame(head) == Frame(len(head), awaits_continue=False)


def verdict_on(received: bytes) -> str | Frame | None:
    try:
        return parse_frame(received)
    except RequestRefused as refusal:
        return refusal.status[:3]


@given(st.binary(max_size=400))
def test_any_bytes_give_a_frame_or_a_refusal_and_never_a_crash(received: bytes) -> None:
    match verdict_on(received + b"\r\n\r\n"):
        case Frame(length=length):
            assert length <= len(received) + 4 + BODY_LIMIT
        case status:
            assert status in {"400", "411", "413", "431"}


def test_a_head_is_given_up_at_its_limit() -> None:
    assert parse_frame(b"x" * HEAD_LIMIT) is None
    with pytest.raises(RequestRefused, match="431"):
        parse_frame(b"x" * (HEAD_LIMIT + 1))
