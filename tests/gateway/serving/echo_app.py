"""A WSGI application that says what it was told; the servers under test import it by name."""

import gc
import hashlib
import json
import os
import ssl
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs

from OpenSSL import SSL

BUILT = {"contexts": 0, "applications": 0}


class CountedContext(SSL.Context):
    """Takes the place of pyOpenSSL's class in a server process that was asked to count."""

    def __init__(self, *args: Any) -> None:
        BUILT["contexts"] += 1
        super().__init__(*args)


def build() -> Any:
    BUILT["applications"] += 1
    return answer


def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    body = environ["wsgi.input"].read()
    time.sleep(float(parse_qs(environ["QUERY_STRING"]).get("sleep", ["0"])[0]))
    if environ["PATH_INFO"] == "/failure":
        raise RuntimeError("49001-11111 must not be logged")
    text = json.dumps(report(environ, body)).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
    return [text]


def report(environ: dict[str, Any], body: bytes) -> dict[str, Any]:
    certificate = environ.get("vpm.client_certificate")
    return {
        "pid": os.getpid(),
        "built": BUILT | {"ssl_contexts": sum(isinstance(each, ssl.SSLContext | SSL.Context) for each in gc.get_objects())},
        "certificate": certificate and hashlib.sha256(certificate).hexdigest(),
        "path": environ["PATH_INFO"],
        "method": environ["REQUEST_METHOD"],
        "scheme": environ["wsgi.url_scheme"],
        "host": environ.get("HTTP_HOST"),
        "remote": environ.get("REMOTE_ADDR"),
        "content_type": environ.get("CONTENT_TYPE"),
        "body": len(body),
        "body_sha256": hashlib.sha256(body).hexdigest(),
        "strings": {key: value for key, value in environ.items() if isinstance(value, str) and key not in os.environ},
    }
