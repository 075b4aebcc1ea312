"""Opens the mutual-TLS port: gunicorn's processes, reload and request parser under a worker of our own.

Why gunicorn, and what was not chosen: ``docs/decisions/0004-serving.md``.
"""

from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication

from gateway.serving.descriptors import room_for
from gateway.serving.factory import build_application
from gateway.serving.settings import CardTrust, MutualTlsPort

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_HEADER_FIELDS = 64
_KEEP_ALIVE = 2
"""Whether, not how long: the worker's own deadlines say that."""
_HEADER_FIELD_SIZE = 16 * 1024
_WORKER_SILENCE = 30
"""Seconds after which a worker process that stopped turning is replaced."""


class PortApplication(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """What gunicorn's arbiter asks for: its configuration, and the application in each worker."""

    def __init__(self, settings: MutualTlsPort, app: str, workers: int) -> None:
        self.settings = settings
        self._app = app
        self._workers = workers
        super().__init__()

    def load_config(self) -> None:
        """Configure gunicorn from our settings alone: no file, no environment, no command line."""
        for name, value in self._configuration().items():
            self.cfg.set(name, value)

    def load(self) -> "WSGIApplication":
        """Build the application, in a worker process."""
        return build_application(self._app)

    def _configuration(self) -> dict[str, Any]:
        settings = self.settings
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        return {
            "bind": f"{host}:{settings.port}",
            "workers": self._workers,
            "worker_class": "gateway.serving.mutual_tls_worker.MutualTlsWorker",
            "threads": settings.threads,
            "worker_connections": room_for(settings.connections),
            "timeout": _WORKER_SILENCE,
            "graceful_timeout": round(settings.deadlines.stop),
            # A card proves itself in a handshake: one connection, one login (eid-providers.md 12.1, T36).
            "keepalive": 0 if isinstance(settings.clients, CardTrust) else _KEEP_ALIVE,
            "limit_request_fields": _HEADER_FIELDS,
            "limit_request_field_size": _HEADER_FIELD_SIZE,
            "limit_request_line": 8190,
            "header_map": "drop",
            "forwarded_allow_ips": "",
            "secure_scheme_headers": {},
            "forwarder_headers": "",
            "loglevel": "warning",
            "control_socket_disable": True,
        }


def serve_mutual_tls(settings: MutualTlsPort, app: str, workers: int) -> None:
    """Serve the application on its port until SIGTERM, then let requests under way finish.

    ``app`` names a factory, ``module:callable``. SIGHUP replaces the worker processes one after another, without a
    moment in which nobody listens. New certificates and revocation lists need no signal.
    """
    PortApplication(settings, app, workers).run()
