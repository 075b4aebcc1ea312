"""Secrets on disk: made when missing, never world-readable, parsed once."""

import os
import secrets
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey

from gateway.oidc.keys import SigningKeys


def load_or_make(path: Path, make: Callable[[], bytes]) -> bytes:
    """Read a secret file, making it first when it is missing; safe when several processes start at once.

    Raises:
        PermissionError: others may read the file; the message says what to do.
    """
    if not path.exists():
        _publish(path, make())
    if path.stat().st_mode & 0o077:
        raise PermissionError(f"{path} can be read by others; run: chmod 600 {path}")
    return path.read_bytes()


def load_signing_keys(folder: Path) -> SigningKeys:
    """Load the keys that sign ID tokens: ``signing-*.pem``, the last by name signs, all are published."""
    load_or_make(folder / "signing-1.pem", _new_p256)
    keys = tuple(_signing_key(load_or_make(path, _new_p256)) for path in sorted(folder.glob("signing-*.pem")))
    return SigningKeys(current=keys[-1], published=keys)


def load_subject_key(folder: Path) -> bytes:
    """Load the key of the pairwise subjects; losing it changes every subject, so back it up."""
    return load_or_make(folder / "pairwise.key", lambda: secrets.token_bytes(32))


def _signing_key(pem: bytes) -> ECKey:
    key = ECKey.import_key(pem)
    thumbprint = key.thumbprint()
    return ECKey.import_key(pem, {"kid": thumbprint[:16]})


def _new_p256() -> bytes:
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
