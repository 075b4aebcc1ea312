"""Keys that live outside the database, one file each, readable by their owner only (T53).

All nodes of a gateway share the directory. A missing key is made once: the first writer wins, and others read its.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from gateway.audit.note import NoteSigner, NoteVerifier, parse_verifier

DEFAULT_ORIGIN: Final = "vpm-gateway"
KEY_BYTES: Final = 32
_OTHERS: Final = 0o077


class KeysUnsafe(Exception):
    """A key file is readable by others, or is not what it should be; the text says what to do."""


class StorageKeys:
    """The keys of one gateway's storage and log."""

    def __init__(self, directory: Path, origin: str = DEFAULT_ORIGIN) -> None:
        """Use the keys in a directory; nothing is read or made before it is needed."""
        self._directory = directory
        self._origin = origin
        self._subject_keys: dict[str, bytes] = {}

    @cached_property
    def storage(self) -> bytes:
        """Seals identities in login rows; AES-256."""
        return self._secret("storage.key")

    @cached_property
    def evidence(self) -> bytes:
        """Wraps the keys of exchanges; AES-256."""
        return self._secret("evidence.key")

    @cached_property
    def signer(self) -> NoteSigner:
        """Signs checkpoints. The public half is beside it as ``log.pub``, which is all that an auditor needs."""
        pem = _read_or_make(self._directory / "log.key", _new_log_key)
        key = load_pem_private_key(pem, None)
        if not isinstance(key, Ed25519PrivateKey):
            raise KeysUnsafe(f"{self._directory / 'log.key'} is not an Ed25519 key")
        signer = NoteSigner(self._origin, key)
        _read_or_make(self._directory / "log.pub", f"{signer.verifier}\n".encode)
        return signer

    @property
    def verifier(self) -> NoteVerifier:
        """The log's public key, from ``log.pub``; raises ``FileNotFoundError`` when the log never started."""
        return parse_verifier((self._directory / "log.pub").read_text())

    def subject_key(self, period: str) -> bytes:
        """Give the quarter's key of subject digests."""
        if period not in self._subject_keys:
            self._subject_keys[period] = self._secret(f"subject-{period}.key")
        return self._subject_keys[period]

    def subject(self, value: str, at: datetime) -> str:
        """Digest a normalised personal value: ``2026-Q4:<64 hexadecimal digits>``."""
        period = period_of(at)
        return f"{period}:{hmac.digest(self.subject_key(period), value.encode(), hashlib.sha256).hex()}"

    def _secret(self, name: str) -> bytes:
        secret = _read_or_make(self._directory / name, lambda: secrets.token_bytes(KEY_BYTES))
        if len(secret) != KEY_BYTES:
            raise KeysUnsafe(f"{self._directory / name} does not hold {KEY_BYTES} bytes; restore it from its backup")
        return secret


def period_of(at: datetime) -> str:
    """Give the quarter that an instant (UTC) lies in: ``2026-Q4``."""
    return f"{at.year}-Q{(at.month + 2) // 3}"


def _new_log_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _read_or_make(path: Path, make: Callable[[], bytes]) -> bytes:
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make_once(path, make())
    if path.suffix == ".key" and path.stat().st_mode & _OTHERS:
        raise KeysUnsafe(f"{path} can be read by others; run: chmod 600 {path}")
    return path.read_bytes()


def _make_once(path: Path, content: bytes) -> None:
    """Write beside, sync, then link: whoever comes second finds a whole file and uses it."""
    draft = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        draft.unlink()
