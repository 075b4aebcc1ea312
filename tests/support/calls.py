"""Counts what is called while something runs."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

COSTLY: Final = frozenset(
    {
        "load_pem_private_key",
        "load_pem_public_key",
        "load_der_public_key",
        "load_pem_x509_certificate",
        "load_pem_x509_certificates",
        "load_pem_x509_crl",
        "load_cert_chain",
        "load_verify_locations",
        "import_key",
        "open_context",
        "model_validate",
        "read_bytes",
        "Popen",
    }
)
"""Functions, by name, of the things that are done once and never for a login (row 15)."""


@contextmanager
def counting(into: Counter[str] | None = None) -> Iterator[Counter[str]]:
    """Count calls by the called function's name in this thread, of Python and of C functions; may go on counting."""
    calls: Counter[str] = Counter() if into is None else into

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call":
            calls[frame.f_code.co_name] += 1
        elif event == "c_call":
            calls[getattr(argument, "__name__", "")] += 1

    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(None)
