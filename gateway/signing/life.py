"""The life of a signing key: published, then used, then at rest, then retired; never faster than portals can follow.

A portal may keep the published keys for as long as ``Cache-Control`` says. A key that signed before that time was over
would sign tokens that the portal cannot verify; one that was withdrawn before its last token had run out would do the
same. Pure: nothing here reads a file or a clock.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class NotAllowed(Exception):
    """A key cannot take the step; the message says why, and when it can."""


class State(StrEnum):
    """Where in its life a key is."""

    PUBLISHED = "published"
    """Portals may learn it; it signs nothing yet."""
    SIGNING = "signing"
    RESTING = "resting"
    """It signs no more; what it signed may still be on the way."""
    RETIRED = "retired"
    """Not published any more, and its private half is destroyed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How long portals need."""

    cache: timedelta
    """How long they may keep the published keys."""
    margin: timedelta
    """For clocks that differ and workers that look once a second."""
    lifetime: timedelta
    """The longest life of anything that the keys sign."""

    @property
    def before_use(self) -> timedelta:
        """From publishing a key to signing with it."""
        return self.cache + self.margin

    @property
    def before_retirement(self) -> timedelta:
        """From a key's last signature to withdrawing it."""
        return self.lifetime + self.cache + self.margin


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """What is known of one key, without its private half. Instants are aware UTC."""

    kid: str
    place: str
    """Where the private half is: ``file:signing-1.pem`` in the keys folder, or ``pkcs11:<label>``."""
    public: dict[str, Any]
    """The public half as a JWK (RFC 7517); where portals are shown a certificate, with ``x5c``."""
    published_at: datetime
    used_at: datetime | None = None
    rested_at: datetime | None = None
    retired_at: datetime | None = None
    distrusted: bool = False
    """Retired because somebody else may hold it: nothing that it signed is believed any more."""

    @property
    def state(self) -> State:
        """Where in its life it is."""
        if self.retired_at is not None:
            return State.RETIRED
        if self.rested_at is not None:
            return State.RESTING
        return State.SIGNING if self.used_at is not None else State.PUBLISHED


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys that were ever published, in that order. At most one signs."""

    keys: tuple[SigningKey, ...] = ()

    def of(self, *states: State) -> tuple[SigningKey, ...]:
        """Give the keys that are in one of the states."""
        return tuple(key for key in self.keys if key.state in states)

    @property
    def signing(self) -> SigningKey:
        """The key that signs.

        Raises:
            NotAllowed: none does.
        """
        found = self.of(State.SIGNING)
        if not found:
            raise NotAllowed("no key signs; publish one and use it")
        return found[0]

    @property
    def published(self) -> tuple[SigningKey, ...]:
        """The keys that portals are shown."""
        return self.of(State.PUBLISHED, State.SIGNING, State.RESTING)

    def find(self, kid: str) -> SigningKey:
        """Give a key by its id.

        Raises:
            NotAllowed: there is none.
        """
        for key in self.keys:
            if key.kid == kid:
                return key
        raise NotAllowed(f"there is no key {kid}; `vpm keys list` names them")

    def publish(self, key: SigningKey) -> "KeyRing":
        """Add a key.

        Raises:
            NotAllowed: its ``kid`` was used before; tokens could not be tied to one key.
        """
        if any(known.kid == key.kid for known in self.keys):
            raise NotAllowed(f"there was a key {key.kid} before; a kid is used once")
        return KeyRing((*self.keys, key))

    def use(self, kid: str, now: datetime, waits: Waits, *, at_once: bool = False) -> "KeyRing":
        """Let a published key sign, and the one that signed until now rest.

        Raises:
            NotAllowed: it is not published, or has not been for long enough.
        """
        key = self._in(kid, State.PUBLISHED)
        ready = key.published_at + waits.before_use
        if now < ready and not at_once:
            raise NotAllowed(_too_early(kid, "sign", ready, "until then a portal may not have seen it"))

        def changed(known: SigningKey) -> SigningKey:
            if known.state is State.SIGNING:
                return replace(known, rested_at=now)
            return replace(known, used_at=now) if known.kid == kid else known

        return self._with(changed)

    def retire(self, kid: str, now: datetime, waits: Waits, *, at_once: bool = False) -> "KeyRing":
        """Withdraw a key that does not sign any more, or never did.

        Args:
            kid: which.
            now: the moment.
            waits: how long portals need.
            at_once: it may be in other hands: wait for nothing, and believe nothing that it signed.

        Raises:
            NotAllowed: it signs, or what it signed may still be on the way.
        """
        key = self._in(kid, State.RESTING, State.PUBLISHED)
        ready = (key.rested_at or key.published_at) + waits.before_retirement
        if now < ready and key.state is State.RESTING and not at_once:
            raise NotAllowed(_too_early(kid, "be withdrawn", ready, "what it signed may still be on the way"))
        retired = replace(key, retired_at=now, distrusted=at_once)
        return self._with(lambda known: retired if known.kid == kid else known)

    def _with(self, changed: "Callable[[SigningKey], SigningKey]") -> "KeyRing":
        return KeyRing(tuple(changed(known) for known in self.keys))

    def _in(self, kid: str, *states: State) -> SigningKey:
        key = self.find(kid)
        if key.state not in states:
            raise NotAllowed(f"{kid} is {key.state}; this can be done with a key that is {' or '.join(states)}")
        return key


def ready_at(key: SigningKey, waits: Waits) -> datetime | None:
    """Say when a key may take its next step; None when it has none of its own."""
    match key.state:
        case State.PUBLISHED:
            return key.published_at + waits.before_use
        case State.RESTING if key.rested_at is not None:
            return key.rested_at + waits.before_retirement
        case _:
            return None


def _too_early(kid: str, step: str, ready: datetime, why: str) -> str:
    return f"{kid} may {step} from {ready:%Y-%m-%d %H:%M:%S} UTC on; {why}"
