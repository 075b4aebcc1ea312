"""From a ring of keys to the keys in use, at the start and again whenever the ring has changed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import structlog

from gateway.serving.trust import signature_of
from gateway.signing.certificate import certified
from gateway.signing.life import KeyRing, SigningKey
from gateway.signing.places import KeysFolder, Place, split_place
from gateway.signing.purpose import ID_TOKENS, Purpose
from gateway.signing.ring_file import alone, read_ring, write_ring
from gateway.signing.signer import PublicKey, Signer, public_half

log = structlog.get_logger("gateway")

FILE: Final = "file"
PKCS11: Final = "pkcs11"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysInUse:
    """The keys of one purpose at one moment."""

    current: Signer
    """Signs."""
    ring: KeyRing

    @property
    def published(self) -> list[PublicKey]:
        """The public halves that portals are shown."""
        return [public_half(key.public, key.kid) for key in self.ring.published]

    @property
    def retired(self) -> list[PublicKey]:
        """Not shown any more, and still known as ours."""
        gone = [key for key in self.ring.keys if key.retired_at is not None and not key.distrusted]
        return [public_half(key.public, key.kid) for key in gone]


def first_ring(folder: Path, now: datetime, purpose: Purpose = ID_TOKENS) -> KeyRing:
    """Read the ring, or make the first one: of the keys that lie there, the highest number signs.

    Where none lies there, one is made; it signs at once, as nobody can have seen another before.

    Raises:
        OSError: a file cannot be read, or may be read by others.
        ValueError: a file is no key, or its name has no number.
    """
    with alone(folder, purpose):
        ring = read_ring(folder, purpose)
        if ring is None:
            ring = _ring_of(KeysFolder(folder, purpose), purpose, now)
            write_ring(folder, ring, purpose)
    return ring


def shown(public: PublicKey, purpose: Purpose, now: datetime) -> dict[str, Any]:
    """Give a public half as the ring holds it and portals are shown it."""
    return certified(public, now) if purpose.certified else public.as_dict(private=False)


def _ring_of(files: KeysFolder, purpose: Purpose, now: datetime) -> KeyRing:
    names = files.found() or [files.make()[0]]
    ring = KeyRing()
    for name in names:
        public = files.open(name, "").public
        last = name == names[-1]
        key = SigningKey(
            kid=str(public.kid),
            place=f"{FILE}:{name}",
            public=shown(public, purpose, now),
            published_at=now,
            used_at=now,
            rested_at=None if last else now,
        )
        ring = ring.publish(key)
    return ring


def opener_in(places: dict[str, Place]) -> Callable[[SigningKey], Signer]:
    """Open keys where they are kept, in this process."""

    def open_key(key: SigningKey) -> Signer:
        place, name = split_place(key.place, places)
        return place.open(name, key.kid)

    return open_key


class RingFollower:
    """Keeps the keys in use what the ring says, while commands of other processes change it."""

    def __init__(
        self,
        folder: Path,
        open_key: Callable[[SigningKey], Signer],
        purpose: Purpose = ID_TOKENS,
        *,
        makes_first: bool = True,
    ) -> None:
        """Follow the ring of a purpose in a folder; ``makes_first`` where nobody else makes the first one."""
        self._file = folder / purpose.ring_file
        self._folder = folder
        self._purpose = purpose
        self._open_key = open_key
        self._makes_first = makes_first
        self._seen: object = None
        self._current: Signer | None = None

    def open(self, now: datetime) -> KeysInUse:
        """Open the keys for the first time.

        Raises:
            OSError, ValueError: a key cannot be opened; the message says which.
        """
        ring = first_ring(self._folder, now, self._purpose) if self._makes_first else self._existing()
        self._seen = signature_of([self._file])
        for key in ring.published:  # a key that could not be used later should be known of now
            self._open_key(key)
        return self._in_use(ring)

    def follow(self, take_up: Callable[[KeysInUse], None]) -> None:
        """Take up the ring if it has changed; what cannot be opened leaves everything as it was."""
        seen = signature_of([self._file])
        if seen == self._seen:
            return
        try:
            in_use = self._in_use(self._existing())
            take_up(in_use)
        except (OSError, ValueError) as error:
            log.error("signing-keys.not-taken-up", reason=str(error))  # noqa: TRY400 - the sentence is for the operator
        else:
            self._seen = seen
            published = [key.kid for key in in_use.ring.published]
            log.info(
                "signing-keys.taken-up", purpose=self._purpose.name, kid=in_use.ring.signing.kid, published=published
            )

    def _existing(self) -> KeyRing:
        ring = read_ring(self._folder, self._purpose)
        if ring is None:
            raise ValueError(f"{self._file} is missing; the signer makes it, or restore it from its backup")
        return ring

    def _in_use(self, ring: KeyRing) -> KeysInUse:
        signing = ring.signing
        if self._current is None or self._current.public.kid != signing.kid:
            self._current = self._open_key(signing)
        return KeysInUse(current=self._current, ring=ring)
