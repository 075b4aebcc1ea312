"""Secrets on disk: made when missing, never world-readable, parsed once."""

import os
import secrets
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

SUBJECT_KEY_BYTES: Final = 32
NONCE_KEY_BYTES: Final = 32


def load_or_make(path: Path, make: Callable[[], bytes]) -> bytes:
    """Read a secret file, making it first when it is missing; safe when several processes start at once.

    Raises:
        PermissionError: others may read the file; the message says what to do.
    """
    if not path.exists():
        _publish(path, make())
    return read_secret(path)


def read_secret(path: Path) -> bytes:
    """Read a secret file.

    Raises:
        FileNotFoundError: it is missing.
        PermissionError: others may read it; the message says what to do.
    """
    if path.stat().st_mode & 0o077:
        raise PermissionError(f"{path} can be read by others; run: chmod 600 {path}")
    return path.read_bytes()


def load_subject_key(folder: Path) -> bytes:
    """Load the key of the pairwise subjects; losing it changes every subject, so back it up.

    Raises:
        PermissionError: others may read it.
        ValueError: it is shorter than it was made; codes could be guessed from the subjects.
    """
    path = folder / "pairwise.key"
    key = load_or_make(path, lambda: secrets.token_bytes(SUBJECT_KEY_BYTES))
    if len(key) < SUBJECT_KEY_BYTES:
        raise ValueError(f"{path} holds fewer than {SUBJECT_KEY_BYTES} bytes; restore it from its backup")
    return key


def load_nonce_key(folder: Path) -> bytes:
    """Load the key of the DPoP nonces, the same on every node; a new one costs each relying party one more request.

    Raises:
        PermissionError: others may read it.
        ValueError: it is shorter than it was made.
    """
    path = folder / "dpop-nonce.key"
    key = load_or_make(path, lambda: secrets.token_bytes(NONCE_KEY_BYTES))
    if len(key) < NONCE_KEY_BYTES:
        raise ValueError(f"{path} holds fewer than {NONCE_KEY_BYTES} bytes; delete it, and a new one is made")
    return key


def new_p256() -> bytes:
    """Make a private key on P-256, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _publish(path: Path, content: bytes) -> None:
    """Write a whole file under its name at once; whoever comes second keeps the first one's."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{sha256(content).hexdigest()[:8]}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        draft.unlink()
