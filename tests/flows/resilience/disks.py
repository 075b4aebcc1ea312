"""Disks that can be made full: a real small file system where this user may mount one, and a limit that needs no right.

The limit is the kernel's own for the size of a file, set on the running processes: from then on no file of theirs grows,
the database, its journal and the log file alike.
"""

import resource
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from tests.flows.resilience.world import World

MEBIBYTE: Final = 2**20
SIZE: Final = 16 * MEBIBYTE


class Disk(Protocol):
    """Where a gateway keeps its database."""

    @property
    def database(self) -> Path:
        """The file."""

    def fill(self) -> None:
        """Leave no room, or soon none."""

    def free(self) -> None:
        """Give room again."""


@dataclass
class SmallFileSystem:
    """A tmpfs of 16 MiB (R4) with all the gateway keeps, its log file too; somebody else's file takes the rest."""

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "gateway.db"

    @property
    def _ballast(self) -> Path:
        return self.folder / "somebody-elses-file"

    def fill(self) -> None:
        with suppress(OSError), self._ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    def free(self) -> None:
        self._ballast.unlink()


@dataclass
class LimitedFiles:
    """No file of the gateway's processes grows past a size."""

    world: World

    @property
    def database(self) -> Path:
        return self.world.places.root / "gateway" / "gateway.db"

    def fill(self) -> None:
        journal = self.database.with_name("gateway.db-wal")
        self._limit(journal.stat().st_size + 64 * 1024)

    def free(self) -> None:
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        for process in self.world.gateway.processes:
            resource.prlimit(process, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def mounted_if_allowed(folder: Path, stack: ExitStack) -> bool:
    """Mount an empty file system of 16 MiB on a folder where this user may, until the stack ends; tried, not guessed."""
    try:
        stack.enter_context(mounted(folder))
    except (subprocess.CalledProcessError, OSError):
        return False
    return True


@contextmanager
def mounted(folder: Path) -> Iterator[Path]:
    """Mount an empty file system of 16 MiB on a folder."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder], check=True, capture_output=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True, capture_output=True)
