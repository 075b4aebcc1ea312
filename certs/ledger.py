"""What a CA must remember between two revocation lists."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509

from certs.errors import FileUnusable
from certs.files import write_whole

_NEVER: Final = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """A certificate that must no longer be accepted."""

    serial_number: int
    revoked_at: datetime
    """UTC, aware, whole seconds."""
    reason: x509.ReasonFlags


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The last list's number and date, and every revocation so far."""

    crl_number: int = 0
    """0 before the first list."""
    this_update: datetime = _NEVER
    revocations: tuple[Revocation, ...] = ()


def read_ledger(path: Path) -> Ledger:
    """The ledger in a file; an empty one where there is no file yet.

    Raises:
        FileUnusable: the file is garbled. It is never started afresh: numbers would be given out twice.
    """
    if not path.exists():
        return Ledger()
    try:
        return _parse(path.read_bytes())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FileUnusable(
            f"{path} is garbled; restore it, or remove the whole hierarchy and make a new one"
        ) from error


def _parse(content: bytes) -> Ledger:
    stored = json.loads(content)
    return Ledger(
        crl_number=int(stored["crl_number"]),
        this_update=datetime.fromisoformat(stored["this_update"]),
        revocations=tuple(
            Revocation(
                serial_number=int(entry["serial_number"], 16),
                revoked_at=datetime.fromisoformat(entry["revoked_at"]),
                reason=x509.ReasonFlags(entry["reason"]),
            )
            for entry in stored["revocations"]
        ),
    )


def write_ledger(path: Path, ledger: Ledger) -> None:
    """Keep the ledger, durably, before the list that it describes is published."""
    stored = {
        "crl_number": ledger.crl_number,
        "this_update": ledger.this_update.isoformat(),
        "revocations": [
            {
                "serial_number": f"{entry.serial_number:x}",
                "revoked_at": entry.revoked_at.isoformat(),
                "reason": entry.reason.value,
            }
            for entry in ledger.revocations
        ],
    }
    write_whole(path, json.dumps(stored, indent=1).encode())
