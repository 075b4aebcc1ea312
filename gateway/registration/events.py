"""What a change of a registration leaves in the audit log, committed together with it (T43)."""

from dataclasses import dataclass
from typing import ClassVar

from gateway.audit.event import AuditEvent, Leg, Peer


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationStep(AuditEvent):
    """An operator changed who may ask."""

    leg: ClassVar[Leg] = Leg.STAFF
    peer: Peer
    """Whose registration."""
    actor: dict[str, str]
    artefact: dict[str, str]
    """``revision``; ``sha256`` of the document; and ``why`` where a reason was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyRegistered(RegistrationStep):
    """A relying party may ask from now on."""

    name: ClassVar[str] = "registration.added"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationChanged(RegistrationStep):
    """Another revision came into force."""

    name: ClassVar[str] = "registration.changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyDisabled(RegistrationStep):
    """A relying party may not ask any more."""

    name: ClassVar[str] = "registration.disabled"
