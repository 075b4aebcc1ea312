"""A checkpoint: how long the log is and what its root is, signed (C2SP tlog-checkpoint, security.md 6.3)."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from gateway.audit.note import NoteRefused, NoteSigner, NoteVerifier, verify_note

_SIZE: Final = re.compile(r"0|[1-9][0-9]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log at one size."""

    origin: str
    """The log's name; also the name of the key that signs."""
    size: int
    root: bytes
    """32 bytes."""

    @property
    def text(self) -> str:
        """Three lines, each ending in a newline."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode('ascii')}\n"

    def signed_by(self, signer: NoteSigner) -> str:
        """Give the signed note."""
        return signer.sign(self.text)


def verify_checkpoint(note: str, verifier: NoteVerifier) -> Checkpoint:
    """Read a checkpoint that the log's own key signed.

    Raises:
        NoteRefused: the signature is wrong, or the text is not a checkpoint of this log.
    """
    checkpoint = parse_checkpoint(verify_note(note, verifier))
    if checkpoint.origin != verifier.name:
        raise NoteRefused(f"the checkpoint is one of {checkpoint.origin}, not of {verifier.name}")
    return checkpoint


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the three lines exactly; raises ``NoteRefused``."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0] or not _SIZE.fullmatch(lines[1]):
        raise NoteRefused("the text is not a checkpoint")
    try:
        checkpoint = Checkpoint(lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True))
    except binascii.Error as error:
        raise NoteRefused("the root is not base64") from error
    if checkpoint.text != text or len(checkpoint.root) != 32:
        raise NoteRefused("the root is not 32 bytes, written in the one canonical way")
    return checkpoint
