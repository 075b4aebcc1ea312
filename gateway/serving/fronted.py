"""Behind nginx, on a Unix socket: the production set-up of ``docs/deployment.md``.

The front ends TLS, holds back slow peers and bodies until they are whole, and overwrites the ``Client-Cert`` header
(RFC 9440) of every request. That header is believed on a socket made for it and nowhere else (security.md T30), and
the certificate in it is judged again here, so that a revocation needs no reload of the front.
"""

from functools import partial
from typing import TYPE_CHECKING, Final

from granian.constants import Interfaces

from gateway.serving.client_cert_header import NoClientCertificate, parse_client_cert
from gateway.serving.client_certificate import set_client_certificate
from gateway.serving.factory import build_application
from gateway.serving.granian_server import SharedSocketServer, granian_options
from gateway.serving.judge import ClientJudge
from gateway.serving.settings import BODY_LIMIT, FrontedPort

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_HEADER: Final = "HTTP_CLIENT_CERT"
_NO_BODY: Final = [("Content-Length", "0"), ("Connection", "close")]


def serve_fronted(settings: FrontedPort, app: str, workers: int) -> None:
    """Serve the application on its Unix socket until SIGTERM, then let requests under way finish.

    ``app`` names a factory, ``module:callable``. SIGHUP replaces the worker processes one after another.
    """
    server = SharedSocketServer(
        app,
        uds=settings.unix_socket,
        uds_permissions=settings.permissions,
        interface=Interfaces.WSGI,
        blocking_threads=settings.threads,
        **granian_options(workers=workers, connections=settings.connections, deadlines=settings.deadlines),
    )
    server.serve(target_loader=partial(build_fronted, settings, app), wrap_loader=False)


def build_fronted(settings: FrontedPort, app: str) -> "WSGIApplication":
    """Build the application and what stands before it, in a worker process."""
    judge = ClientJudge(settings.clients) if settings.clients else None
    return behind_front(build_application(app), judge)


def behind_front(app: "WSGIApplication", judge: ClientJudge | None) -> "WSGIApplication":
    """The application, told the certificate the front names; without a judge no certificate is ever named."""

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        if int(environ.get("CONTENT_LENGTH") or 0) > BODY_LIMIT:
            return _refuse("413 Content Too Large", start_response)
        certificate = _certificate_named_by(environ) if judge else None
        if judge and (certificate is None or not judge.accepts(certificate)):
            return _refuse("403 Forbidden", start_response)
        set_client_certificate(environ, certificate)
        environ["wsgi.url_scheme"] = "https"
        return app(environ, start_response)

    return answer


def _refuse(status: str, start_response: "StartResponse") -> "Iterable[bytes]":
    start_response(status, _NO_BODY)
    return []


def _certificate_named_by(environ: "WSGIEnvironment") -> bytes | None:
    try:
        return parse_client_cert(environ.get(_HEADER, ""))
    except NoClientCertificate:
        return None
