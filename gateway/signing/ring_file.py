"""A ring of signing keys on disk: ``signing-keys.json`` in the keys folder, which all nodes and workers share.

It holds public halves and instants only. Whoever changes it holds the lock beside it, and replaces it whole, so that
readers see the old ring or the new one.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from gateway.signing.life import KeyRing, SigningKey
from gateway.signing.purpose import ID_TOKENS, Purpose

_INSTANTS: Final = frozenset(field.name for field in fields(SigningKey) if field.name.endswith("_at"))


def read_ring(folder: Path, purpose: Purpose = ID_TOKENS) -> KeyRing | None:
    """Read the ring; None when none was written yet.

    Raises:
        ValueError: the file does not hold what was written.
    """
    path = folder / purpose.ring_file
    if not path.exists():
        return None
    try:
        return KeyRing(tuple(_read(entry) for entry in json.loads(path.read_text(encoding="utf-8"))["keys"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} cannot be read; restore it from its backup") from error


def write_ring(folder: Path, ring: KeyRing, purpose: Purpose = ID_TOKENS) -> None:
    """Replace the ring; durable when this returns."""
    path = folder / purpose.ring_file
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    text = json.dumps({"keys": [asdict(key) for key in ring.keys]}, default=datetime.isoformat, indent=1)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)  # public halves; others must read it
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def alone(folder: Path, purpose: Purpose = ID_TOKENS) -> Iterator[None]:
    """Keep every other process from changing the ring."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / f".{purpose.ring_file}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read(entry: dict[str, Any]) -> SigningKey:
    read: dict[str, Any] = {
        name: datetime.fromisoformat(value) if name in _INSTANTS and value else value for name, value in entry.items()
    }
    return SigningKey(**read)
