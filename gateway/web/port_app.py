"""Flask without what no port of ours uses: sessions, asynchronous views, rewriting of headers, names of hosts.

Each of these is asked for at every request, and together they were a tenth of a login (docs/performance.md).
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, Request, Response
from flask.sessions import NullSession, SessionInterface
from werkzeug.datastructures import Headers
from werkzeug.routing import MapAdapter

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_NO_BODY: Final = frozenset({204, 304})


class HeaderLines(Headers):
    """Headers that begin with lines of our own."""

    def __init__(self, lines: Iterable[tuple[str, str]]) -> None:
        """Take the lines as they stand: nothing that came from outside, for line ends are not looked for."""
        super().__init__()
        self._list.extend(lines)


class Answer(Response):
    """An answer that leaves as it was made: no address in it is written anew (T05), nothing is counted twice."""

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Send it; where no body may follow, as Werkzeug does."""
        if environ["REQUEST_METHOD"] == "HEAD" or self.status_code in _NO_BODY:
            return super().__call__(environ, start_response)
        start_response(self.status, self.headers.to_wsgi_list())
        return self.response  # type: ignore[return-value]  # a list of bytes since the body was set


class _NoSessions(SessionInterface):
    """What is known of a browser stands in the login's row."""

    _session: Final = NullSession()

    def open_session(self, app: Flask, request: Request) -> NullSession:  # noqa: ARG002 - Flask's signature
        """Give everybody the same empty session, which refuses every change."""
        return self._session


class PortApp(Flask):
    """The application of one port, which has one name."""

    session_interface = _NoSessions()

    def __init__(self, host: str) -> None:
        """Serve ``host`` (with its port where that is not 443); whoever asks for another is refused by the views."""
        super().__init__("gateway", static_folder=None, template_folder=None)
        self._host = host

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Every view is synchronous."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Match the path alone: whether the name is ours is decided before any view (T61)."""
        if request is None:
            return None
        return MapAdapter(self.url_map, self._host, "/", "", "https", request.path, request.method)
