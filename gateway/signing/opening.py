"""From the ring of keys to the keys in use, at the start and again whenever the ring has changed."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog
from joserfc.jwk import ECKey

from gateway.oidc.keys import Signer, SigningKeys
from gateway.serving.trust import signature_of
from gateway.signing.life import KeyRing, SigningKey
from gateway.signing.places import KeysFolder, Place, number_of, split_place
from gateway.signing.ring_file import FILE_NAME, alone, read_ring, write_ring

log = structlog.get_logger("gateway")

FILE: Final = "file"
PKCS11: Final = "pkcs11"


def first_ring(folder: Path, now: datetime) -> KeyRing:
    """Read the ring, or make the first one: of the keys that lie there, the highest number signs.

    Where none lies there, one is made; it signs at once, as nobody can have seen another before.

    Raises:
        OSError: a file cannot be read, or may be read by others.
        ValueError: a file is no key, or its name has no number.
    """
    with alone(folder):
        ring = read_ring(folder)
        if ring is None:
            ring = _ring_of(KeysFolder(folder), sorted(folder.glob("signing-*.pem"), key=number_of), now)
            write_ring(folder, ring)
    return ring


def _ring_of(files: KeysFolder, found: list[Path], now: datetime) -> KeyRing:
    names = [path.name for path in found] or [files.make()[0]]
    ring = KeyRing()
    for name in names:
        public = files.open(name, "").public
        last = name == names[-1]
        key = SigningKey(
            kid=str(public.kid),
            place=f"{FILE}:{name}",
            public=public.as_dict(private=False),
            published_at=now,
            used_at=now,
            rested_at=None if last else now,
        )
        ring = ring.publish(key)
    return ring


class SigningKeyFollower:
    """Keeps the keys in use what the ring says, while commands of other processes change it."""

    def __init__(self, folder: Path, places: dict[str, Place]) -> None:
        """Follow the ring in a folder."""
        self._file = folder / FILE_NAME
        self._folder = folder
        self._places = places
        self._seen: object = None

    def open(self, clock: Callable[[], datetime], cache_seconds: int) -> SigningKeys:
        """Open the keys for the first time.

        Raises:
            OSError, ValueError: a key cannot be opened; the message says which.
        """
        ring = first_ring(self._folder, clock())
        self._seen = signature_of([self._file])
        for key in ring.published:  # a key that could not be used later should be known of now
            self._signer(key)
        published, retired = _public_halves(ring)
        current = self._signer(ring.signing)
        return SigningKeys(current=current, published=published, retired=retired, cache_seconds=cache_seconds)

    def follow(self, keys: SigningKeys) -> None:
        """Take up the ring if it has changed; what cannot be opened leaves everything as it was."""
        seen = signature_of([self._file])
        if seen == self._seen:
            return
        try:
            self._take_up(keys)
        except (OSError, ValueError) as error:
            log.error("signing-keys.not-taken-up", reason=str(error))  # noqa: TRY400 - the sentence is for the operator
        else:
            self._seen = seen

    def _take_up(self, keys: SigningKeys) -> None:
        ring = read_ring(self._folder)
        if ring is None:
            raise ValueError(f"{self._file} is missing; restore it from its backup")
        published, retired = _public_halves(ring)
        signing = ring.signing
        current = keys.current if keys.kid == signing.kid else self._signer(signing)
        keys.swap(current=current, published=published, retired=retired)
        log.info("signing-keys.taken-up", kid=keys.kid, published=[str(key.kid) for key in published])

    def _signer(self, key: SigningKey) -> Signer:
        place, name = split_place(key.place, self._places)
        return place.open(name, key.kid)


def _public_halves(ring: KeyRing) -> tuple[list[ECKey], list[ECKey]]:
    """Give what is shown, and what is known as ours beside it."""
    retired = [key for key in ring.keys if key.retired_at is not None and not key.distrusted]
    return [_public(key) for key in ring.published], [_public(key) for key in retired]


def _public(key: SigningKey) -> ECKey:
    return ECKey.import_key(key.public, {"kid": key.kid})
