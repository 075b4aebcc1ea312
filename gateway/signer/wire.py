"""How workers and signer speak over the socket: four bytes of length, then JSON; bytes in it as base64."""

import base64
import json
import socket
import struct
from typing import Any, Final

LARGEST: Final = 8 * 1024 * 1024
"""Bytes: an hour's summary of 100,000 logins."""
_LENGTH: Final = struct.Struct("!I")


class ConnectionEnded(OSError):
    """The other side hung up."""


def send(connection: socket.socket, content: dict[str, Any]) -> None:
    """Send one message; raises ``OSError``."""
    raw = json.dumps(content, separators=(",", ":")).encode()
    connection.sendall(_LENGTH.pack(len(raw)) + raw)


def receive(connection: socket.socket) -> dict[str, Any]:
    """Wait for one message.

    Raises:
        OSError: the other side hung up, or sent nothing that can be read.
    """
    (length,) = _LENGTH.unpack(_exactly(connection, _LENGTH.size))
    if length > LARGEST:
        raise ConnectionEnded("the other side sends too much")
    try:
        content = json.loads(_exactly(connection, length))
    except ValueError as error:
        raise ConnectionEnded("the other side sends no JSON") from error
    if not isinstance(content, dict):
        raise ConnectionEnded("the other side sends no object")
    return content


def as_text(content: bytes) -> str:
    """Write bytes for JSON."""
    return base64.b64encode(content).decode("ascii")


def as_bytes(text: object) -> bytes:
    """Read bytes from JSON; raises ``ValueError``."""
    return base64.b64decode(str(text), validate=True)


def _exactly(connection: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = connection.recv(count - len(parts))
        if not part:
            raise ConnectionEnded("the other side hung up")
        parts += part
    return bytes(parts)
