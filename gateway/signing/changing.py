"""The three steps that an operator has a signing key take: each checked, recorded, then done."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gateway.audit.event import AuditEvent
from gateway.broker.identifiers import new_correlation
from gateway.signing.events import KeyPublished, KeyRetired, KeyStep, KeyUsed
from gateway.signing.life import KeyRing, SigningKey, Waits
from gateway.signing.opening import first_ring, shown
from gateway.signing.places import Place, split_place
from gateway.signing.purpose import Purpose
from gateway.signing.ring_file import alone, read_ring, write_ring


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCommands:
    """What may be done with the keys of one gateway, and on whose behalf it is done."""

    folder: Path
    purpose: Purpose
    places: dict[str, Place]
    waits: Waits
    record: Callable[[AuditEvent], object]
    """Commits an event; raises ``StorageUnavailable`` when it cannot, and then nothing is changed."""
    actor: str
    clock: Callable[[], datetime]

    def ring(self) -> KeyRing:
        """Give all keys."""
        return first_ring(self.folder, self.clock(), self.purpose)

    def publish(self, kind: str) -> SigningKey:
        """Make a key in a place (``file`` or ``pkcs11``) and show it to portals.

        Raises:
            NotAllowed, OSError, ValueError: it cannot be made.
        """
        self.ring()
        if kind not in self.places:
            raise ValueError(f"the settings say nothing of {kind}; keys are made in: {', '.join(self.places)}")
        with alone(self.folder, self.purpose):
            name, public = self.places[kind].make()
            key = SigningKey(
                kid=str(public.kid),
                place=f"{kind}:{name}",
                public=shown(public, self.purpose, self.clock()),
                published_at=self.clock(),
            )
            self._step(KeyPublished, key, self._current().publish(key), "")
        return key

    def use(self, kid: str, why_at_once: str = "") -> SigningKey:
        """Let a published key sign.

        Raises:
            NotAllowed: it cannot, or not yet; a reason given for doing it at once overrules the waiting time.
        """
        self.ring()
        with alone(self.folder, self.purpose):
            ring = self._current().use(kid, self.clock(), self.waits, at_once=bool(why_at_once))
            key = ring.find(kid)
            place, name = split_place(key.place, self.places)
            place.open(name, kid)  # a key that cannot be opened here must not become the one that signs
            self._step(KeyUsed, key, ring, why_at_once)
        return key

    def retire(self, kid: str, why_at_once: str = "") -> SigningKey:
        """Withdraw a key and destroy its private half.

        Raises:
            NotAllowed: it cannot be withdrawn, or not yet; a reason given for doing it at once overrules the waiting
                time, and nothing that the key signed is believed any more.
        """
        self.ring()
        with alone(self.folder, self.purpose):
            ring = self._current().retire(kid, self.clock(), self.waits, at_once=bool(why_at_once))
            key = ring.find(kid)
            place, name = split_place(key.place, self.places)
            self._step(KeyRetired, key, ring, why_at_once)
            place.destroy(name)
        return key

    def _current(self) -> KeyRing:
        return read_ring(self.folder, self.purpose) or KeyRing()

    def _step(self, event: type[KeyStep], key: SigningKey, ring: KeyRing, why: str) -> None:
        artefact = {"kid": key.kid, "place": key.place, **({"why": why} if why else {})}
        self.record(event(corr=new_correlation(), actor={"id": self.actor}, artefact=artefact))
        write_ring(self.folder, ring, self.purpose)
