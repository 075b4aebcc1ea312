"""The form a relying party's server sends, read once and strictly (RFC 6749 3.2, appendix B)."""

from typing import Final
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import InvalidRequestError

MAX_FIELDS: Final = 32


def parse_form(body: bytes) -> dict[str, str]:
    """Read a form of which every parameter stands once.

    Raises:
        InvalidRequestError: it is no ASCII form, holds too many parameters, or one of them twice (T02).
    """
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except (UnicodeDecodeError, ValueError) as error:
        raise InvalidRequestError("the body must be an application/x-www-form-urlencoded form") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise InvalidRequestError("a parameter was sent more than once")
    return form
