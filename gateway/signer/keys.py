"""The signer's keys: those that the rings say sign, opened where they are kept and looked up anew when a ring changes."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Final

from gateway.serving.trust import signature_of
from gateway.signer.desk import Refused
from gateway.signing.life import KeyRing, SigningKey, State
from gateway.signing.opening import first_ring, opener_in
from gateway.signing.places import Place
from gateway.signing.purpose import Purpose
from gateway.signing.ring_file import read_ring
from gateway.signing.signer import Signer

RESTS_FOR: Final = timedelta(seconds=60)
"""A key that rests still signs this long: the event that names it may have been committed just before."""


class RingKeys:
    """The keys of every purpose, over the places where they are kept."""

    def __init__(self, folder: Path, places: Mapping[Purpose, dict[str, Place]], clock: Callable[[], datetime]) -> None:
        """Make the first ring of each purpose where there is none.

        Raises:
            OSError, ValueError: a key cannot be opened; the message says which.
        """
        self._folder = folder
        self._places = dict(places)
        self._clock = clock
        self._seen: dict[Purpose, object] = {}
        self._rings: dict[Purpose, KeyRing] = {}
        self._opened: dict[str, Signer] = {}
        self._turn = Lock()
        for purpose in self._places:
            self._open(purpose, first_ring(folder, clock(), purpose).signing)

    def find(self, kid: str) -> tuple[Purpose, Signer]:
        """Give a key and what it is for.

        Raises:
            Refused: it does not sign, or cannot be opened.
        """
        with self._turn:
            for purpose in self._places:
                for key in self._ring(purpose).keys:
                    if key.kid == kid:
                        return purpose, self._signing(purpose, key)
        raise Refused(f"there is no key {kid}")

    def _signing(self, purpose: Purpose, key: SigningKey) -> Signer:
        just_now = key.rested_at is not None and self._clock() - key.rested_at <= RESTS_FOR
        if key.state is not State.SIGNING and not (key.state is State.RESTING and just_now):
            raise Refused(f"{key.kid} is {key.state} and does not sign")
        try:
            return self._open(purpose, key)
        except (OSError, ValueError) as error:
            raise Refused(f"{key.kid} cannot be opened: {error}") from error

    def _open(self, purpose: Purpose, key: SigningKey) -> Signer:
        if key.kid not in self._opened:
            self._opened[key.kid] = opener_in(self._places[purpose])(key)
        return self._opened[key.kid]

    def _ring(self, purpose: Purpose) -> KeyRing:
        seen = signature_of([self._folder / purpose.ring_file])
        if seen != self._seen.get(purpose):
            try:
                ring = read_ring(self._folder, purpose)
            except ValueError as error:
                raise Refused(str(error)) from error
            self._rings[purpose] = ring or KeyRing()
            self._seen[purpose] = seen
        return self._rings[purpose]
