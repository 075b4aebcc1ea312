"""Addresses on the web as settings may hold them: what can be compared, redirected to and named in a policy."""

import re
from typing import Final
from urllib.parse import parse_qsl, urlsplit

ORIGIN: Final = re.compile(r"https://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.ASCII)
"""Scheme, host and port in lower case, as browsers write them."""
_OURS: Final = frozenset({"code", "error", "error_description", "iss", "state"})


def origin_of(url: str) -> str:
    """Give scheme, host and port of an absolute URL, in lower case."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def https_address(url: str) -> str:
    """Accept an absolute https address.

    Raises:
        ValueError: it holds a user name, a fragment, a wildcard, a blank, a control or anything beyond ASCII, or its
            host or port is none.
    """
    written = url.isascii() and url.isprintable() and not set(url) & set(' #*\\"')
    if not written or not ORIGIN.fullmatch(origin_of(url)):
        raise ValueError(
            f"{url!r}: must be https with a plain host, ASCII, without fragment, wildcard, blank, backslash or user"
        )
    if urlsplit(url).port == 0:  # one above 65535 is refused by the library, in its own words
        raise ValueError(f"{url!r}: there is no such port")
    return url


def redirect_address(url: str) -> str:
    """Accept an address that answers are sent to; its query must leave our own parameters free.

    Raises:
        ValueError: as ``https_address``, or it brings a parameter that the answer brings.
    """
    taken = sorted(_OURS & {name for name, _ in parse_qsl(urlsplit(https_address(url)).query, keep_blank_values=True)})
    if taken:
        raise ValueError(f"{url!r}: the query must not hold {', '.join(taken)}, which the answer brings")
    return url


def own_origin(url: str) -> str:
    """Accept the address of one of our own ports, written as browsers write it, since it is compared with ``Host``.

    Raises:
        ValueError: as ``https_address``, or it has a path, an upper-case letter or the port that is never written.
    """
    if not ORIGIN.fullmatch(https_address(url)) or url.endswith(":443"):
        raise ValueError(f"{url!r}: must be https://host or https://host:port, in lower case, without :443 and path")
    return url
