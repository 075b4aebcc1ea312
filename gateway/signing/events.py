"""What a signing key's life leaves in the audit log, committed before the key takes the step."""

from dataclasses import dataclass
from typing import ClassVar

from gateway.audit.event import AuditEvent, Leg


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStep(AuditEvent):
    """An operator had a signing key take a step."""

    leg: ClassVar[Leg] = Leg.STAFF
    actor: dict[str, str]
    artefact: dict[str, str]
    """``kid``, ``place``; and ``why`` where the waiting time was not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPublished(KeyStep):
    """A new key is shown to portals; it signs nothing yet."""

    name: ClassVar[str] = "key.published"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUsed(KeyStep):
    """A published key signs from now on."""

    name: ClassVar[str] = "key.used"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRetired(KeyStep):
    """A key is withdrawn and its private half destroyed."""

    name: ClassVar[str] = "key.retired"
