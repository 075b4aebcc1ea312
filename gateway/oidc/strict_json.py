"""JSON and compact JWS as strictly as an attacker's input deserves."""

import base64
import binascii
import json
from typing import Final

import orjson

MAX_TOKEN: Final = 16 * 1024
"""Nothing longer is looked at (T10)."""


def render_json(value: dict[str, object]) -> bytes:
    """Write an object as UTF-8 JSON."""
    return orjson.dumps(value)


def claims_of(payload: bytes) -> dict[str, object]:
    """Read a JSON object.

    Raises:
        ValueError: it is no object, or a member occurs twice.
    """
    value = json.loads(payload, object_pairs_hook=_no_member_twice)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - callers catch one type for bad input
    return value


def canonical_compact(token: str) -> None:
    """Refuse a compact JWS whose parts are not canonical base64url: two spellings of one token are one too many.

    Raises:
        ValueError: it is too long, not of three parts, or a part is not canonical.
    """
    parts = token.split(".")
    if len(token) > MAX_TOKEN or len(parts) != 3:
        raise ValueError("not a compact JWS")
    for part in parts:
        try:
            decoded = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
        except binascii.Error as error:
            raise ValueError("not base64url") from error
        if base64.urlsafe_b64encode(decoded).rstrip(b"=").decode() != part:
            raise ValueError("not canonical base64url")


def _no_member_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a member occurs twice")
    return read
