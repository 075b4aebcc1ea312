"""JSON and compact JWS as strictly as an attacker's input deserves."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Final

import orjson

MAX_TOKEN: Final = 16 * 1024
"""Nothing longer is looked at (T10)."""
_END_OF_TIME: Final = 1e11
"""Seconds; a larger number is no moment, and some are too large to compute with."""
ALLOWED_HEADERS: Final = frozenset({"alg", "kid", "typ"})
"""No key is ever taken from a header, and nothing in it changes how the rest is read (T10)."""


def render_json(value: dict[str, object]) -> bytes:
    """Write an object as UTF-8 JSON."""
    return orjson.dumps(value)


def claims_of(payload: bytes) -> dict[str, object]:
    """Read a JSON object.

    Raises:
        ValueError: it is no object, a member occurs twice, a number is none, or it is nested without end.
    """
    try:
        value = json.loads(payload, object_pairs_hook=_no_member_twice, parse_constant=_no_such_number)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - callers catch one type for bad input
    return value


def strict_header(token: str) -> dict[str, str]:
    """Read the header of a compact JWS before any library does; nothing in it is verified yet.

    Two spellings of one token are one too many, so its parts must be canonical base64url.

    Raises:
        ValueError: the token is too long, not of three canonical parts, or its header holds more than the three
            allowed members, or anything but strings.
    """
    header = unverified_header(token)
    if not ALLOWED_HEADERS.issuperset(header) or not all(isinstance(value, str) for value in header.values()):
        raise ValueError("the header may hold alg, kid and typ only")
    return {name: str(value) for name, value in header.items()}


def unverified_header(token: str) -> dict[str, object]:
    """Read the header of a compact JWS whatever its members are; the caller says which are allowed.

    Raises:
        ValueError: the token is too long, not of three canonical parts, or its header is no JSON object.
    """
    return claims_of(_canonical_parts(token)[0])


def unverified_claims(token: str) -> dict[str, object]:
    """Read the claims of a compact JWS before anybody verified it.

    Raises:
        ValueError: as for the header.
    """
    return claims_of(_canonical_parts(token)[1])


def seconds_of(claims: Mapping[str, object], name: str) -> float:
    """Read a NumericDate (RFC 7519 2); no number where it is missing, is none, or is no moment that can be computed."""
    value = claims.get(name)
    usable = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _END_OF_TIME
    return float(value) if usable else float("nan")  # type: ignore[arg-type] # a number, as just asked


def is_identifier(value: object) -> bool:
    """Whether a value can be a ``jti``: 16 to 256 printable characters."""
    return isinstance(value, str) and 16 <= len(value) <= 256 and value.isprintable()


def _canonical_parts(token: str) -> list[bytes]:
    parts = token.split(".")
    if len(token) > MAX_TOKEN or len(parts) != 3:
        raise ValueError("not a compact JWS")
    decoded_parts = []
    for part in parts:
        try:
            decoded = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
        except binascii.Error as error:
            raise ValueError("not base64url") from error
        if base64.urlsafe_b64encode(decoded).rstrip(b"=").decode() != part:
            raise ValueError("not canonical base64url")
        decoded_parts.append(decoded)
    return decoded_parts


def _no_such_number(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _no_member_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a member occurs twice")
    return read
