"""Files that are whole or absent, and one writer at a time."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

OWNER_ONLY: Final = 0o600
FOR_ALL: Final = 0o644


def write_whole(path: Path, content: bytes, *, mode: int = FOR_ALL) -> None:
    """Replace ``path`` so that a reader sees the old content or the new, also after a power cut.

    The permission bits are right from the first byte on: a private key is never readable, not even for a moment.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        _write_new(fresh, content, mode)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def _write_new(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), mode)  # the process's umask may have taken bits away
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def only_writer(lock: Path) -> Iterator[None]:
    """Wait until no other process or thread writes, and keep others out until the block ends.

    The lock is the kernel's (``flock``), so that it ends with the process that holds it, also when that is killed.
    It does not nest: a second ``only_writer`` on the same file inside the block waits for ever.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, OWNER_ONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
