"""Where a request ends, decided once and strictly (security.md T62).

One reading of the length is all there is: the bytes cut here are parsed by themselves, so whatever the parser makes of
them, it cannot reach into the next request. What could be read in two ways is refused, and so is ``Transfer-Encoding``
altogether: everything asked on this port is a short form or has no body.
"""

import re
from dataclasses import dataclass
from typing import Final

from gateway.serving.settings import BODY_LIMIT, HEAD_LIMIT

_HEAD_END: Final = b"\r\n\r\n"
_LINE_BREAK_INSIDE: Final = re.compile(rb"[\x00\r\n]")
_FIELD_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LENGTH: Final = re.compile(rb"[0-9]{1,10}")
_LENGTH_NAMES: Final = (b"content-length", b"content_length")  # a WSGI environ cannot tell the two apart
_CODING_NAMES: Final = (b"transfer-encoding", b"transfer_encoding")


class RequestRefused(Exception):
    """The bytes are no request this port takes; ``status`` is the status line to answer with."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


MALFORMED: Final = "400 Bad Request"
NO_LENGTH: Final = "411 Length Required"
BODY_TOO_LARGE: Final = "413 Content Too Large"
HEAD_TOO_LARGE: Final = "431 Request Header Fields Too Large"
FAILED: Final = "500 Internal Server Error"
BUSY: Final = "503 Service Unavailable"


@dataclass(frozen=True, slots=True)
class Frame:
    """The length of one request in bytes, headers and body together."""

    length: int
    awaits_continue: bool
    """Whether the peer holds its body back until it is told to go on (RFC 9110 10.1.1)."""


def parse_frame(received: bytes | bytearray) -> Frame | None:
    """The frame of the request at the start of the bytes, or None while its headers are incomplete.

    Raises ``RequestRefused`` for headers or a body that are too long, and for anything ambiguous.
    """
    end = received.find(_HEAD_END, 0, HEAD_LIMIT + len(_HEAD_END))
    if end < 0:
        if len(received) > HEAD_LIMIT:
            raise RequestRefused(HEAD_TOO_LARGE)
        return None
    fields = _parse_fields(bytes(received[:end]))
    body = _body_length(fields)
    return Frame(end + len(_HEAD_END) + body, awaits_continue=(b"expect", b"100-continue") in fields and body > 0)


def _parse_fields(head: bytes) -> list[tuple[bytes, bytes]]:
    _request_line, *lines = head.split(b"\r\n")
    return [_parse_field(line) for line in lines]


def _parse_field(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not colon or not _FIELD_NAME.fullmatch(name) or _LINE_BREAK_INSIDE.search(line):
        raise RequestRefused(MALFORMED)
    return name.lower(), value.strip(b" \t").lower()


def _body_length(fields: list[tuple[bytes, bytes]]) -> int:
    lengths = [value for name, value in fields if name in _LENGTH_NAMES]
    if any(name in _CODING_NAMES for name, _value in fields):
        raise RequestRefused(MALFORMED if lengths else NO_LENGTH)
    if not lengths:
        return 0
    if len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0]):
        raise RequestRefused(MALFORMED)
    if int(lengths[0]) > BODY_LIMIT:
        raise RequestRefused(BODY_TOO_LARGE)
    return int(lengths[0])
