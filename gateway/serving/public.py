"""Opens the public port: Granian ends TLS in the process. Why so: ``docs/decisions/0004-serving.md``."""

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from granian.constants import Interfaces

from gateway.serving.factory import build_application
from gateway.serving.granian_server import SharedSocketServer, follow_identity, granian_options, tls_options
from gateway.serving.rsgi_bridge import RsgiBridge
from gateway.serving.settings import PublicPort


def serve_public(settings: PublicPort, app: str, workers: int) -> None:
    """Serve the application on its port until SIGTERM, then let requests under way finish.

    ``app`` names a factory, ``module:callable``. SIGHUP replaces the worker processes one after another, and so does a
    renewed certificate.
    """
    follow_identity(settings.identity)
    server = SharedSocketServer(
        app,
        interface=Interfaces.RSGI,
        **tls_options(settings),
        **granian_options(workers=workers, connections=settings.connections, deadlines=settings.deadlines),
    )
    server.serve(target_loader=partial(build_bridge, settings, app), wrap_loader=False)


def build_bridge(settings: PublicPort, app: str) -> Callable[..., Any]:
    """Build the application and the bridge to it, in a worker process."""
    bridge: Any = RsgiBridge(build_application(app), settings)  # Granian types an RSGI application as a function
    return cast("Callable[..., Any]", bridge)
