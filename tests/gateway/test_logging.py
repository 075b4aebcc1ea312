"""What the operator's log does when there is no room for it."""

import json
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.logging import Output


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file of this process grow past a size."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


def line(number: int) -> bytes:
    return json.dumps({"event": "request.answered", "number": number}).encode() + b"\n"


def test_r4_lines_that_find_no_room_are_lost_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    output = Output(descriptor)
    assert output.write(line(1)) == len(line(1))
    with room_for(len(line(1)) + 10):
        for number in (2, 3, 4):
            assert output.write(line(number)) == len(line(number)), "whoever logs is not disturbed"
    output.write(line(5))
    output.write(line(6))
    os.close(descriptor)
    first, torn, told, *rest = path.read_bytes().splitlines(keepends=True)
    assert first == line(1)
    assert line(2).startswith(torn.rstrip(b"\n")), "what there was room for"
    assert json.loads(told) == {"event": "log.lines-lost", "level": "warning", "count": 3}
    assert rest == [line(5), line(6)]


def test_r4_a_device_that_is_always_full_disturbs_nobody() -> None:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    output = Output(descriptor)
    for number in range(3):
        assert output.write(line(number)) == len(line(number))
    output.flush()
    os.close(descriptor)
