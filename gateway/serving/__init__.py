"""The listening ports: the public one, and the one that demands a client certificate.

Owns sockets, TLS, deadlines, worker processes and what a request may weigh. What the requests mean is the web
package's: each port is handed the name of a factory, ``module:callable``, that builds a WSGI application in every
worker process.

* ``serve_public``: browsers, on Granian; ``serve_mutual_tls``: relying parties with a certificate, on gunicorn with
  a worker of our own; ``serve_fronted``: either of them behind nginx, on a Unix socket.
* A request on a port that demands a certificate carries it as ``environ["vpm.client_certificate"]`` (DER bytes).
"""

from gateway.serving.client_certificate import CLIENT_CERTIFICATE
from gateway.serving.fronted import serve_fronted
from gateway.serving.mutual_tls import serve_mutual_tls
from gateway.serving.public import serve_public
from gateway.serving.settings import (
    CardTrust,
    ClientTrust,
    Deadlines,
    FrontedPort,
    MutualTlsPort,
    PublicPort,
    ServerIdentity,
)

__all__ = [
    "CLIENT_CERTIFICATE",
    "CardTrust",
    "ClientTrust",
    "Deadlines",
    "FrontedPort",
    "MutualTlsPort",
    "PublicPort",
    "ServerIdentity",
    "serve_fronted",
    "serve_mutual_tls",
    "serve_public",
]
