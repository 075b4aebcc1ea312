"""The auction portal's process: Granian serves the application with TLS.

A connection that says nothing holds none of the threads that answer (the server reads requests outside Python).
"""

from typing import Final

from flask import Flask
from granian.constants import Interfaces, SSLProtocols
from granian.server import Server

from portals.auctions.app import create_app
from portals.settings import PortalSettings

ANSWERING_THREADS: Final = 8


def serve(settings: PortalSettings) -> None:
    """Serve until the process is told to stop; the application is made inside the serving process."""

    def load() -> Flask:
        return create_app(settings)

    server = Server(
        "portals.auctions.app",
        address=settings.listen.address,
        port=settings.listen.port,
        interface=Interfaces.WSGI,
        blocking_threads=ANSWERING_THREADS,
        websockets=False,
        ssl_cert=settings.listen.certificate,
        ssl_key=settings.listen.key,
        ssl_protocol_min=SSLProtocols.tls12,
        log_access=False,
    )
    server.serve(target_loader=load, wrap_loader=False)
