"""The operator's log: one JSON object a line on standard output, without personal data."""

import os
import sys
from typing import BinaryIO, cast

import orjson
import structlog


class Output:
    """A descriptor that may be full: then lines are lost, and never the answer that they tell of (R4).

    Once there is room again, the first line says how many were lost. Every process has its own count.
    """

    def __init__(self, descriptor: int) -> None:
        """Write to an open descriptor, without a buffer."""
        self._descriptor = descriptor
        self._lost = 0
        self._torn = False

    def write(self, line: bytes) -> int:
        """Write a whole line, or lose it."""
        if self._lost and self._put(self._sentence()):
            self._lost = 0
        if self._lost or not self._put(line):
            self._lost += 1
        return len(line)

    def flush(self) -> None:
        """Nothing is held back."""

    def _sentence(self) -> bytes:
        told = {"event": "log.lines-lost", "level": "warning", "count": self._lost}
        return orjson.dumps(told) + b"\n"

    def _put(self, line: bytes) -> bool:
        whole = b"\n" + line if self._torn else line
        try:
            written = os.write(self._descriptor, whole)
        except OSError:
            return False
        self._torn = written < len(whole)
        return not self._torn


def log_as_json() -> None:
    """Set the log up for this process."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        logger_factory=structlog.BytesLoggerFactory(file=cast("BinaryIO", Output(sys.stdout.fileno()))),
        cache_logger_on_first_use=True,
    )
