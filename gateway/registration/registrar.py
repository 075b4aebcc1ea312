"""Changes registrations: checked whole, then one transaction with its audit event, or nothing (T43).

Whoever changes a registration says which revision was looked at. Of several who looked at the same one, the first
wins and the others are told.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from gateway.audit.event import AuditEvent, Peer
from gateway.broker.identifiers import new_correlation
from gateway.broker.key_use import why_not_droppable
from gateway.broker.relying_party import RelyingParty
from gateway.registration.document import Document, FilesKept, Reader
from gateway.registration.events import PartyDisabled, PartyRegistered, RegistrationChanged, RegistrationStep
from gateway.registration.mistakes import ClientAuthority, mistakes_in
from gateway.registration.revision import Revision
from gateway.relying_parties import open_party, refuse_shared_names
from gateway.settings import RelyingPartyEntry
from gateway.storage.registrations import SqlRegistrations


class NotRegistered(Exception):
    """Nothing was changed; the message says why."""


class Mistaken(NotRegistered):
    """The registration has mistakes; ``mistakes`` names all of them."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(["nothing was registered:", *(f"  - {line}" for line in mistakes)]))
        self.mistakes = mistakes


class ChangedMeanwhile(NotRegistered):
    """Somebody else was faster."""

    def __init__(self, party: str, number: int) -> None:
        super().__init__(
            f"revision {number} of {party} is not in force any more; look at it again: vpm rp show {party}"
        )


class RegistrationUnit(Protocol):
    """One transaction on registrations."""

    @property
    def registrations(self) -> SqlRegistrations:
        """Everything that is kept of them."""

    def record(self, event: AuditEvent) -> None:
        """Write an audit event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrar:
    """Changes the registrations of one gateway, on behalf of one operator."""

    change: Callable[[Callable[[RegistrationUnit], Any]], Any]
    """Runs an operation in one durable transaction."""
    embedded: Mapping[str, RelyingParty]
    """Who is registered in the settings file; nobody else may have their ids or certificates."""
    authority: ClientAuthority
    actor: str
    clock: Callable[[], datetime]

    def checked(self, says: Mapping[str, Any], read: Reader) -> Document:
        """Look at a registration without changing anything.

        Raises:
            Mistaken: it has mistakes.
        """
        mistakes = mistakes_in(says, read, self.authority, self.clock())
        if mistakes:
            raise Mistaken(mistakes)
        kept = FilesKept(read)
        open_party(RelyingPartyEntry.model_validate(says), kept, self.clock().date())
        return Document(says=says, files=kept.files)

    def add(self, document: Document) -> Revision:
        """Register a relying party that is not registered, for the first time or again.

        Raises:
            NotRegistered: it is registered already, here or in the settings file, or has somebody's certificate.
        """

        def operation(unit: RegistrationUnit) -> Revision:
            history = self._begin(unit, document)
            if history and history[-1].ended_at is None:
                raise NotRegistered(f"{document.party} is registered already; change it: vpm rp change")
            return self._put(unit, document, len(history) + 1, PartyRegistered)

        done: Revision = self.change(operation)
        return done

    def replace(self, document: Document, seen: int, why: str = "") -> Revision:
        """Put another revision in the place of the one that was looked at.

        Raises:
            ChangedMeanwhile: that one is not in force any more.
            NotRegistered: it has somebody's certificate.
        """

        def operation(unit: RegistrationUnit) -> Revision:
            self._begin(unit, document)
            if not unit.registrations.end(document.party, seen, self.clock()):
                raise ChangedMeanwhile(document.party, seen)
            return self._put(unit, document, seen + 1, RegistrationChanged, why)

        done: Revision = self.change(operation)
        return done

    def disable(self, party: str, seen: int, why: str) -> None:
        """Let a relying party ask no more.

        Raises:
            ChangedMeanwhile: the revision that was looked at is not in force any more.
        """

        def operation(unit: RegistrationUnit) -> None:
            unit.registrations.count_up()
            if not unit.registrations.end(party, seen, self.clock()):
                raise ChangedMeanwhile(party, seen)
            unit.record(self._event(PartyDisabled, party, {"revision": str(seen), "why": why}))

        self.change(operation)

    def drop_key(self, revision: Revision, kid: str, uses: Mapping[str, datetime], why: str = "") -> Revision:
        """End the overlap of two keys.

        Args:
            revision: the one that was looked at.
            kid: the key that goes.
            uses: when each key was last seen in use.
            why: overrules what stands against it.

        Raises:
            NotRegistered: the key is not there, or may still be in use.
        """
        keys = _keys(revision.document)
        if kid not in {key["kid"] for key in keys}:
            raise NotRegistered(f"{revision.party} has no key {kid}")
        against = why_not_droppable(kid, tuple(key["kid"] for key in keys), uses, self.clock())
        if against and not why:
            raise NotRegistered(f"{kid} may still be in use: {against}")
        says = _with_keys(revision.document, [key for key in keys if key["kid"] != kid])
        return self.replace(self.checked(says, revision.document.read), revision.number, why)

    def add_key(self, revision: Revision, key: Mapping[str, Any], read: Reader) -> Revision:
        """Begin the overlap of two keys: from now on either proves the relying party.

        Raises:
            Mistaken: the key is none.
            NotRegistered: two are registered already.
        """
        if "oidc" not in revision.document.says:
            raise NotRegistered(f"{revision.party} has no keys for OpenID Connect; change its registration instead")
        keys = _keys(revision.document)
        if len(keys) > 1:
            names = " and ".join(str(known["kid"]) for known in keys)
            raise NotRegistered(f"{names} overlap already; drop one first: vpm rp rotate-key … --drop KID")
        new = Path(key["file"])
        says = _with_keys(revision.document, [*keys, {**key, "file": f"{key['kid']}.pub"}])

        def both(path: Path) -> bytes:
            return read(new) if str(path) == f"{key['kid']}.pub" else revision.document.read(path)

        return self.replace(self.checked(says, both), revision.number)

    def _begin(self, unit: RegistrationUnit, document: Document) -> list[Revision]:
        """Queue behind other changes, then see that nobody else has this id or certificate (T31)."""
        unit.registrations.count_up()
        if document.party in self.embedded:
            raise NotRegistered(f"{document.party} is registered in the settings file; change it there")
        _refuse_shared(self._open(document), [*self.embedded.values(), *self._others(unit, document.party)])
        return list(unit.registrations.history(document.party))

    def _others(self, unit: RegistrationUnit, party: str) -> list[RelyingParty]:
        """Open every other registration in force; one that cannot be opened any more is nobody's rival."""
        opened = []
        for one in unit.registrations.in_force():
            if one.party != party:
                with suppress(OSError, ValueError):
                    opened.append(self._open(one.document))
        return opened

    def _open(self, document: Document) -> RelyingParty:
        return open_document(document, self.clock().date())

    def _put(
        self, unit: RegistrationUnit, document: Document, number: int, event: type[RegistrationStep], why: str = ""
    ) -> Revision:
        revision = Revision(party=document.party, number=number, document=document, changed_at=self.clock())
        unit.registrations.add(revision)
        artefact = {"revision": str(number), "sha256": document.digest, **({"why": why} if why else {})}
        unit.record(self._event(event, document.party, artefact))
        return revision

    def _event(self, kind: type[RegistrationStep], party: str, artefact: dict[str, str]) -> RegistrationStep:
        return kind(corr=new_correlation(), peer=Peer(id=party), actor={"id": self.actor}, artefact=artefact)


def open_document(document: Document, today: date) -> RelyingParty:
    """Turn a kept registration into a relying party.

    Raises:
        OSError, ValueError: it was not written by this version or not by us, or its metadata are past their time.
    """
    return open_party(RelyingPartyEntry.model_validate(document.says), document.read, today)


def _refuse_shared(party: RelyingParty, others: Iterable[RelyingParty]) -> None:
    try:
        refuse_shared_names(party, others)
    except ValueError as error:
        raise NotRegistered(f"{party.id} {error}") from error


def _keys(document: Document) -> list[Mapping[str, Any]]:
    return list(document.says.get("oidc", {}).get("assertion_keys", []))


def _with_keys(document: Document, keys: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    return {**document.says, "oidc": {**document.says["oidc"], "assertion_keys": keys}}
