"""A request as Granian's RSGI interface gives it, turned into a WSGI environ (PEP 3333), and the answer turned back."""

import io
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from gateway.serving.client_certificate import set_client_certificate

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment


class Headers(Protocol):
    """Of a request; names in small letters."""

    def items(self) -> list[tuple[str, str]]:
        """Every field line, repeated ones too."""
        ...


class Scope(Protocol):
    """What RSGI says about a request."""

    http_version: str
    server: str
    client: str
    scheme: str
    method: str
    path: str
    query_string: str
    headers: Headers


Answer = tuple[int, list[tuple[str, str]], bytes]
"""Status, headers, body."""


def environ_of(scope: Scope, body: bytes) -> "WSGIEnvironment":
    """The WSGI environ of a request whose body has arrived whole. It names no client certificate."""
    server, _, server_port = scope.server.rpartition(":")
    client, _, client_port = scope.client.rpartition(":")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": server,
        "SERVER_PORT": server_port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": client,
        "REMOTE_PORT": client_port,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "CONTENT_LENGTH": str(len(body)),
    }
    _add_headers(environ, scope.headers.items())
    set_client_certificate(environ, None)
    return environ


def _add_headers(environ: "WSGIEnvironment", headers: Iterable[tuple[str, str]]) -> None:
    for name, value in headers:
        if "_" in name or name == "content-length":
            continue  # an environ cannot tell X_Y from X-Y; the length is that of what arrived
        key = "CONTENT_TYPE" if name == "content-type" else "HTTP_" + name.upper().replace("-", "_")
        before = environ.get(key)
        environ[key] = value if before is None else f"{before}{'; ' if name == 'cookie' else ','}{value}"


class NotBegun(RuntimeError):
    """The application returned without having called ``start_response``."""


def answer_of(app: "WSGIApplication", environ: "WSGIEnvironment") -> Answer:
    """Run the application and collect its answer whole. Raises what it raises."""
    begun: list[tuple[int, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None, /) -> Any:
        begun[:] = [(int(status.split(" ", 1)[0]), [(name.lower(), value) for name, value in headers])]
        return pieces.append

    pieces: list[bytes] = []
    result = app(environ, start_response)
    try:
        pieces.extend(result)
    finally:
        if hasattr(result, "close"):
            result.close()
    if not begun:
        raise NotBegun("the application did not begin its answer")
    status, headers = begun[0]
    return status, headers, b"".join(pieces)
