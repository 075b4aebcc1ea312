"""One candidate for the ports in a process of its own: ``serving_candidates.py NAME PORT PKI``."""

import hashlib
import ssl
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from cheroot import wsgi as cheroot_wsgi
from cheroot.ssl.pyopenssl import pyOpenSSLAdapter
from granian.constants import Interfaces
from gunicorn.app.base import BaseApplication

from certs.dev_pki import DevPki
from gateway.serving import ClientTrust, MutualTlsPort, PublicPort, ServerIdentity, serve_mutual_tls, serve_public
from gateway.serving.contexts import load_server_identity, open_context
from gateway.serving.granian_server import SharedSocketServer, granian_options, tls_options
from gateway.serving.settings import Deadlines
from gateway.serving.trust_source import TrustSource, utc_now

THREADS = 32


def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """The least an application does with a certificate: its SHA-256."""
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    text = hashlib.sha256(environ.get("vpm.client_certificate") or b"").hexdigest().encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
    return [text]


def build() -> Any:
    return answer


class Files:
    def __init__(self, pki: DevPki) -> None:
        issued = pki.find("gateway")
        self.identity = ServerIdentity(certificate=issued.certificate_path, key=issued.key_path)
        self.clients = ClientTrust(ca=pki.ca_path("relying-parties"), crl=pki.crl_path("relying-parties"))


def ours(files: Files, port: int) -> None:
    settings = MutualTlsPort(
        host="127.0.0.1", port=port, identity=files.identity, clients=files.clients, threads=THREADS
    )
    serve_mutual_tls(settings, "serving_candidates:build", 1)


class GunicornAlone(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn's threads with one cached context and a timeout before the handshake, as its hook allows."""

    def __init__(self, files: Files, port: int) -> None:
        self.files = files
        self.port = port
        super().__init__()

    def load_config(self) -> None:
        identity = self.files.identity
        context = cached_context(self.files)
        for name, value in {
            "bind": f"127.0.0.1:{self.port}",
            "threads": THREADS,
            "worker_class": "gthread",
            "keepalive": 30,
            "certfile": str(identity.certificate),
            "keyfile": str(identity.key),
            "ssl_context": lambda _config, _default: context,
            "do_handshake_on_connect": True,
            "loglevel": "critical",
            "control_socket_disable": True,
        }.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        def with_certificate(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            environ["vpm.client_certificate"] = environ["gunicorn.socket"].getpeercert(True)
            return answer(environ, start_response)

        return with_certificate


class ImpatientContext(ssl.SSLContext):
    def wrap_socket(self, sock: Any, *args: Any, **kwargs: Any) -> Any:
        sock.settimeout(3)
        return super().wrap_socket(sock, *args, **kwargs)


def cached_context(files: Files) -> ssl.SSLContext:
    context = ImpatientContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.identity.certificate, files.identity.key)
    context.load_verify_locations(files.clients.ca)
    context.load_verify_locations(files.clients.crl)
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF | ssl.VERIFY_X509_PARTIAL_CHAIN
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    return context


def gunicorn(files: Files, port: int) -> None:
    GunicornAlone(files, port).run()


class CertificateGateway(cheroot_wsgi.Gateway_10):
    """cheroot's gateway, which asks the connection for its certificate."""

    def get_environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environ()
        certificate = self.req.conn.socket.get_peer_certificate().to_cryptography()
        environ["vpm.client_certificate"] = certificate.public_bytes(encoding())
        return environ


def encoding() -> Any:
    from cryptography.hazmat.primitives.serialization import Encoding

    return Encoding.DER


def cheroot(files: Files, port: int) -> None:
    anchor = TrustSource(files.clients).anchor
    assert anchor is not None
    adapter = pyOpenSSLAdapter(str(files.identity.certificate), str(files.identity.key))
    adapter.context = open_context(load_server_identity(files.identity), anchor, utc_now)
    server = cheroot_wsgi.Server(("127.0.0.1", port), answer, numthreads=THREADS, timeout=5)
    server.gateway = CertificateGateway
    server.ssl_adapter = adapter
    server.start()


def granian_bridge(files: Files, port: int) -> None:
    settings = PublicPort(host="127.0.0.1", port=port, identity=files.identity, threads=THREADS)
    serve_public(settings, "serving_candidates:build", 1)


def granian_wsgi(files: Files, port: int) -> None:
    settings = PublicPort(host="127.0.0.1", port=port, identity=files.identity, threads=THREADS)
    options = granian_options(workers=1, connections=settings.connections, deadlines=Deadlines())
    SharedSocketServer(
        "serving_candidates:build",
        interface=Interfaces.WSGI,
        blocking_threads=THREADS,
        factory=True,
        **tls_options(settings),
        **options,
    ).serve()


CANDIDATES: dict[str, Callable[[Files, int], None]] = {
    "gunicorn's arbiter, our worker, pyOpenSSL": ours,
    "gunicorn gthread, cached ssl context": gunicorn,
    "cheroot, pyOpenSSL": cheroot,
    "granian, our bridge": granian_bridge,
    "granian, its own WSGI": granian_wsgi,
}

if __name__ == "__main__":
    CANDIDATES[sys.argv[1]](Files(DevPki.open(Path(sys.argv[3]))), int(sys.argv[2]))
