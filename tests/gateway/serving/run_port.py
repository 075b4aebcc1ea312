"""Serves one port in a process of its own: ``run_port.py public|mutual|fronted SETTINGS WORKERS``."""

import ast
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from gateway.serving import (
    ClientTrust,
    Deadlines,
    FrontedPort,
    MutualTlsPort,
    PublicPort,
    ServerIdentity,
    serve_fronted,
    serve_mutual_tls,
    serve_public,
)

KINDS: dict[str, tuple[Any, Any]] = {
    "public": (PublicPort, serve_public),
    "mutual": (MutualTlsPort, serve_mutual_tls),
    "fronted": (FrontedPort, serve_fronted),
}
PARTS: dict[str, Any] = {"identity": ServerIdentity, "clients": ClientTrust, "deadlines": Deadlines}


def read(kind: Any, values: dict[str, Any]) -> Any:
    paths = {each.name for each in fields(kind) if each.type is Path}
    return kind(
        **{
            name: read(PARTS[name], value)
            if name in PARTS and value is not None
            else Path(value)
            if name in paths
            else value
            for name, value in values.items()
        }
    )


if __name__ == "__main__":
    settings_class, serve = KINDS[sys.argv[1]]
    serve(read(settings_class, ast.literal_eval(sys.argv[2])), "echo_app:build", int(sys.argv[3]))
