"""The files a page loads: stylesheets, an icon and the script of the card page, from our own origin.

Each is read and compressed once per process. Its address holds a digest of its content, so that a browser may keep it
for ever and a new release is seen at once.
"""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Final

from flask import Blueprint, Response, abort, request

from gateway.web.access import Access, may_enter
from gateway.web.headers import set_security_headers

assets = Blueprint("assets", __name__)
"""Public, personal data none: ``GET /assets/<name>``."""

_KINDS: Final = MappingProxyType(
    {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
)
_FOR_EVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file as it is served."""

    address: str
    """Path on the gateway's public host, with the first 12 hexadecimal digits of the content's SHA-256."""
    kind: str
    """Its media type."""
    content: bytes
    compressed: bytes
    """The same, by gzip."""


def asset_addresses() -> dict[str, str]:
    """Give the path under which each file is served, by its plain name (``gateway.css``)."""
    return {name: asset.address for name, asset in _by_name().items()}


@assets.get("/assets/<name>")
@may_enter(Access.ANYONE)
def serve_asset(name: str) -> Response:
    """Hand out one file, compressed for whoever accepts it."""
    asset = _by_served_name().get(name) or abort(404)
    small = request.accept_encodings.quality("gzip") > 0
    response = Response(asset.compressed if small else asset.content, content_type=asset.kind)
    if small:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = _FOR_EVER
    set_security_headers(response)
    return response


@cache
def _by_name() -> Mapping[str, Asset]:
    """Read every file once."""
    paths = (_bootstrap(), *sorted((Path(__file__).parent / "static").iterdir()))
    return MappingProxyType({path.name: _read(path) for path in paths})


@cache
def _by_served_name() -> Mapping[str, Asset]:
    return MappingProxyType({asset.address.rpartition("/")[2]: asset for asset in _by_name().values()})


def _bootstrap() -> Path:
    """Find Bootstrap's stylesheet inside the installed Bootstrap-Flask, which brings it for serving locally."""
    package = find_spec("flask_bootstrap")
    if package is None or package.origin is None:
        raise FileNotFoundError("Bootstrap-Flask is not installed; its stylesheet is served with every page")
    return Path(package.origin).parent / "static" / "bootstrap5" / "css" / "bootstrap.min.css"


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    digest = sha256(content).hexdigest()[:12]
    return Asset(
        address=f"/assets/{path.stem}.{digest}{path.suffix}",
        kind=_KINDS[path.suffix],
        content=content,
        compressed=gzip.compress(content, 9, mtime=0),
    )
