"""Counts what is called while something runs."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def counting() -> Iterator[Counter[str]]:
    """Count calls by the called function's name in this thread, of Python and of C functions."""
    calls: Counter[str] = Counter()

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            calls[frame.f_code.co_name] += 1
        elif event == "c_call":
            calls[getattr(argument, "__name__", "")] += 1

    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(None)
