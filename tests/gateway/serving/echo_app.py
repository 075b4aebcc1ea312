"""A WSGI application that says what it was told; the servers under test import it by name."""

import gc
import hashlib
import json
import os
import ssl
import time
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs

from OpenSSL import SSL

BUILT = {"contexts": 0, "applications": 0, "closed": 0}


def count_contexts(context_class: type) -> None:
    """Count in this process every TLS context that is made from now on."""
    make = context_class.__new__

    def counted(cls: type, *args: Any, **kwargs: Any) -> Any:
        BUILT["contexts"] += 1
        return make(cls) if make is object.__new__ else make(cls, *args, **kwargs)

    context_class.__new__ = staticmethod(counted)  # type: ignore[method-assign,assignment]  # a counter, in a test


for each_class in (ssl.SSLContext, SSL.Context):
    count_contexts(each_class)


def build() -> Any:
    BUILT["applications"] += 1
    return answer


def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    body = environ["wsgi.input"].read()
    time.sleep(float(parse_qs(environ["QUERY_STRING"]).get("sleep", ["0"])[0]))
    if environ["PATH_INFO"] == "/failure":
        raise RuntimeError("49001-11111 must not be logged")
    if environ["PATH_INFO"] == "/pieces":
        start_response("200 OK", [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Content-Length", "3000000")])
        return Pieces()
    text = json.dumps(built() if environ["PATH_INFO"] == "/built" else report(environ, body)).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [text]


class Pieces:
    """A large answer in pieces, which must be closed (PEP 3333)."""

    def __iter__(self) -> Iterator[bytes]:
        return iter([b"x" * 1_000_000] * 3)

    def close(self) -> None:
        BUILT["closed"] += 1


def built() -> dict[str, int]:
    """What exists once only.

    Asked for by itself: whoever looks at every object holds, for that moment, also the tuple that another thread is
    just making, which then fails with a ``SystemError``. On a busy machine that killed a worker now and then.
    """
    gc.unfreeze()  # what was built before the application is frozen, and would be missing from the count
    return BUILT | {"ssl_contexts": sum(isinstance(each, ssl.SSLContext | SSL.Context) for each in gc.get_objects())}


def report(environ: dict[str, Any], body: bytes) -> dict[str, Any]:
    certificate = environ.get("vpm.client_certificate")
    return {
        "pid": os.getpid(),
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
