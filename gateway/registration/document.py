"""A registration as it was handed in: what it says, and every file that it names, so that it needs no folder."""

import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Self, TypeAlias

Reader: TypeAlias = Callable[[Path], bytes]
"""Gives the content of a file that a registration names; raises ``OSError`` where it cannot."""

LARGEST_FILE: Final = 256 * 1024


class NotReadable(Exception):
    """What was handed in is no registration at all; the message says why."""


def files_below(folder: Path) -> Reader:
    """Read files whose paths start at a folder."""
    return lambda path: (folder / path).read_bytes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One registration; equal ones have equal digests."""

    says: Mapping[str, Any]
    """As ``RelyingPartyEntry`` reads it."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Content of the files it names, by path as named."""

    @property
    def party(self) -> str:
        """The id it registers."""
        return str(self.says.get("id", ""))

    @property
    def digest(self) -> str:
        """SHA-256 of its text, hexadecimal; stands in the audit record."""
        return sha256(self.text.encode()).hexdigest()

    @property
    def text(self) -> str:
        """Its one form as JSON."""
        return json.dumps(
            {"says": self.says, "files": self.files}, default=str, sort_keys=True, ensure_ascii=False, indent=1
        )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read back what ``text`` gave."""
        found = json.loads(text)
        return cls(says=found["says"], files=found["files"])

    def read(self, path: Path) -> bytes:
        """Give a file's content; raises ``FileNotFoundError`` when it does not hold it."""
        if str(path) not in self.files:
            raise FileNotFoundError(f"the registration does not hold the file {path}")
        return self.files[str(path)].encode()


def read_registration(path: Path) -> Mapping[str, Any]:
    """Read a TOML file with one registration, alone or as the one entry of ``[[relying_parties]]``.

    Raises:
        NotReadable: it is no TOML, or holds another number of registrations than one.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NotReadable(f"{path}: {error}") from error
    if "relying_parties" not in found:
        return found
    entries = found["relying_parties"]
    if not isinstance(entries, list) or len(entries) != 1 or len(found) > 1:
        raise NotReadable(f"{path}: must hold one registration and nothing else")
    only: Mapping[str, Any] = entries[0]
    return only


class FilesKept:
    """Reads files and keeps what was read: of what a registration names, only what is a key or a certificate stays."""

    def __init__(self, read: Reader) -> None:
        """Read by another reader."""
        self._read = read
        self.files: dict[str, str] = {}

    def __call__(self, path: Path) -> bytes:
        """Read a file; raises ``OSError`` where it cannot, and ``ValueError`` where it is too large or no text."""
        content = self._read(path)
        if len(content) > LARGEST_FILE:
            raise ValueError(f"{path} is larger than {LARGEST_FILE // 1024} KiB")
        self.files[str(path)] = content.decode()
        return content
