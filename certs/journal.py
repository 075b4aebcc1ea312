"""What a CA was asked for and what it did, one JSON object a line, kept for good (security.md section 7, issuance).

No line holds a subject: an eID certificate's names a person. The certificate itself is in ``history/`` by its serial
number.
"""

import json
import os
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from certs.files import FOR_ALL


class Happening(StrEnum):
    """What a line is about."""

    CERTIFICATE_ASKED_FOR = "certificate.asked-for"
    CERTIFICATE_REFUSED = "certificate.refused"
    CERTIFICATE_ISSUED = "certificate.issued"
    CERTIFICATE_REVOKED = "certificate.revoked"
    LIST_PUBLISHED = "list.published"


def write_line(journal: Path, happening: Happening, *, at: datetime, **facts: str | int) -> None:
    """Append a line and return when it is on disk.

    Args:
        journal: the file; it is made with the first line.
        happening: what the line is about.
        at: UTC, aware.
        **facts: what else there is to say, nothing personal.
    """
    line = json.dumps({"at": at.isoformat(timespec="seconds"), "event": happening.value, **facts}) + "\n"
    descriptor = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, FOR_ALL)
    try:
        os.write(descriptor, line.encode())  # one write of one short line: lines of several writers do not mix
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
