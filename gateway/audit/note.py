"""Signed notes of C2SP with Ed25519 (security.md 6.3): a text, an empty line, and lines that sign it."""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519: Final = b"\x01"
_DASH: Final = "\N{EM DASH}"


class NoteRefused(ValueError):
    """A note is not what it should be, or nobody we trust signed it."""


@dataclass(frozen=True, slots=True)
class NoteVerifier:
    """A public key by name, as written in ``name+hex(key id)+base64(0x01 ‖ key)``."""

    name: str
    key: Ed25519PublicKey

    @property
    def key_id(self) -> bytes:
        """The first four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.key.public_bytes_raw()).digest()[:4]

    def __str__(self) -> str:
        """Give the verifier key as one line of text."""
        return f"{self.name}+{self.key_id.hex()}+{_text(_ED25519 + self.key.public_bytes_raw())}"


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """A private key by name."""

    name: str
    key: Ed25519PrivateKey

    @property
    def verifier(self) -> NoteVerifier:
        """The public half."""
        return NoteVerifier(self.name, self.key.public_key())

    def sign(self, text: str) -> str:
        """Sign a text that ends in a newline; gives the whole note."""
        _check_text(text)
        signature = self.verifier.key_id + self.key.sign(text.encode())
        return f"{text}\n{_DASH} {self.name} {_text(signature)}\n"


def parse_verifier(text: str) -> NoteVerifier:
    """Read a verifier key; raises ``NoteRefused`` when the key id does not fit."""
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    raw = _bytes(encoded)
    if len(raw) != 33 or raw[:1] != _ED25519:
        raise NoteRefused("the verifier key is not Ed25519")
    verifier = NoteVerifier(name, Ed25519PublicKey.from_public_bytes(raw[1:]))
    if verifier.key_id.hex() != key_id:
        raise NoteRefused("the verifier key's id does not belong to it")
    return verifier


def verify_note(note: str, verifier: NoteVerifier) -> str:
    """Give the text of a note that the verifier's key signed; further signers are left alone.

    Raises:
        NoteRefused: malformed, not signed by this key, or the signature is wrong.
    """
    text, gap, signatures = note.rpartition("\n\n")
    if not gap or not signatures.endswith("\n"):
        raise NoteRefused("the note has no signature lines")
    text += "\n"
    _check_text(text)
    ours = [found for line in signatures.splitlines() if (found := _signature(line, verifier))]
    if len(ours) != 1:
        raise NoteRefused(f"the note is not signed once by {verifier.name}")
    try:
        verifier.key.verify(ours[0], text.encode())
    except InvalidSignature as error:
        raise NoteRefused(f"the signature of {verifier.name} is wrong") from error
    return text


def _signature(line: str, verifier: NoteVerifier) -> bytes | None:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != _DASH:
        raise NoteRefused("a signature line is malformed")
    signature = _bytes(parts[2])
    if parts[1] != verifier.name or signature[:4] != verifier.key_id:
        return None
    return signature[4:]


def _check_text(text: str) -> None:
    if not text.endswith("\n") or any(ord(char) < 0x20 and char != "\n" for char in text):
        raise NoteRefused("the text of a note ends in a newline and holds no control characters")


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _bytes(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteRefused("base64 is malformed") from error
    if _text(raw) != text:
        raise NoteRefused("base64 is not written in its one canonical way")
    return raw
