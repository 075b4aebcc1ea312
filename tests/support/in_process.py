"""Both ports of a gateway in this process, reached without sockets, so that a test can watch what a login calls."""

import io
import ssl
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import Encoding

from certs.load import load_certificate
from gateway.bootstrap import open_gateway
from gateway.demo.places import Places
from gateway.serving.client_certificate import set_client_certificate
from gateway.settings import load_settings
from gateway.web.app import create_mutual_tls_app, create_public_app
from tests.support.https_line import Line, Reply

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

Watch = Callable[[], Any]
"""Makes a context manager, which is entered while the gateway works and left while the driver does."""


class WsgiLine(Line):
    """A connection that is a call."""

    def __init__(self, app: "WSGIApplication", origin: str, watch: Watch, certificate: bytes | None = None) -> None:
        super().__init__(origin, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        self._app, self._watch, self._certificate = app, watch, certificate
        self._name = urlsplit(origin).netloc
        self._reply: Reply | None = None

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> None:
        """Call the application at once."""
        begun: list[tuple[int, list[tuple[str, str]]]] = []

        def start(status: str, fields: list[tuple[str, str]], _error: object = None) -> Callable[[bytes], object]:
            begun.append((int(status[:3]), [(name.lower(), value) for name, value in fields]))
            return io.BytesIO().write

        environ = self._environ(method, target, headers, body)
        with self._watch():
            pieces: Iterable[bytes] = self._app(environ, start)
            content = b"".join(pieces)
        self._reply = Reply(*begun[0], content)

    def receive(self) -> Reply:
        """Give the answer to what was sent."""
        assert self._reply is not None
        return self._reply

    def _environ(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> "WSGIEnvironment":
        path, _, query = target.partition("?")
        environ: WSGIEnvironment = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": self._name,
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": headers.get("Content-Type", ""),
            "wsgi.url_scheme": "https",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
        }
        environ |= {f"HTTP_{name.upper()}": value for name, value in headers.items() if name in {"Cookie", "Referer"}}
        set_client_certificate(environ, self._certificate)
        return environ


class InProcess:
    """The two applications, and lines to them."""

    def __init__(self, public: "WSGIApplication", mutual: "WSGIApplication", places: Places, watch: Watch) -> None:
        self._public, self._mutual, self._places, self._watch = public, mutual, places, watch

    def browser(self) -> Line:
        """A new browser's connection."""
        return WsgiLine(self._public, self._places.issuer, self._watch)

    def portal(self) -> Line:
        """The relying party's connection, with its certificate."""
        path = self._places.pki / "issued" / "auctions-client" / "certificate.pem"
        certificate = load_certificate(path).public_bytes(Encoding.DER)
        return WsgiLine(self._mutual, self._places.mutual_tls, self._watch, certificate)


@contextmanager
def in_process(places: Places, watch: Watch) -> Iterator[InProcess]:
    """Open the gateway that the places' settings describe; it is closed at the end."""
    gateway = open_gateway(load_settings(places.settings("gateway")))
    try:
        yield InProcess(create_public_app(gateway), create_mutual_tls_app(gateway), places, watch)
    finally:
        gateway.close()
