"""One of the gateway's two ports on a Unix socket, as ``docs/deployment.md`` says.

    python -m tests.bench.behind_front public|mutual_tls SETTINGS SOCKET [MILLISECONDS]

``MILLISECONDS`` are added to every commit before it is synchronised, as a slow disk would.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask

from gateway.bootstrap import CONFIG_VARIABLE
from gateway.serving import ClientTrust, FrontedPort, serve_fronted
from gateway.settings import load_settings
from gateway.storage.database import Connection
from gateway.storage.sqlite import SqliteDatabase
from gateway.web import wsgi

SLOW = "VPM_BENCH_SLOW_MS"


def public() -> Flask:
    """The port for browsers."""
    slow_down()
    return wsgi.public()


def mutual_tls() -> Flask:
    """The port for relying parties."""
    slow_down()
    return wsgi.mutual_tls()


def slow_down() -> None:
    """Let every transaction sleep before it commits, with the interpreter's lock released."""
    seconds = float(os.environ.get(SLOW, "0")) / 1000
    quick = SqliteDatabase.transaction

    @contextmanager
    def slow(self: SqliteDatabase, connection: Connection) -> Iterator[None]:
        with quick(self, connection):
            yield
            time.sleep(seconds)

    if seconds:
        SqliteDatabase.transaction = slow  # type: ignore[method-assign]  # the one thing this measurement changes


def main() -> None:
    which, config, where = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    os.environ[CONFIG_VARIABLE] = str(config.resolve())
    os.environ[SLOW] = sys.argv[4] if len(sys.argv) > 4 else "0"
    settings = load_settings(config)
    entry = settings.mutual_tls
    trust = ClientTrust(ca=settings.base / entry.client_ca, crl=settings.base / entry.client_crl)
    port = FrontedPort(
        unix_socket=where, clients=trust if which == "mutual_tls" else None, threads=settings.public.threads
    )
    serve_fronted(port, f"tests.bench.behind_front:{which}", settings.public.workers)


if __name__ == "__main__":
    main()
