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


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftFound(AuditEvent):
    """What the signer signed is not what was issued: somebody signs beside the gateway, or takes records away (T25)."""

    name: ClassVar[str] = "signing.drift-found"
    leg: ClassVar[Leg] = Leg.SYSTEM
    artefact: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftAccepted(AuditEvent):
    """An operator looked into a difference, and says why it may stand."""

    name: ClassVar[str] = "signing.drift-accepted"
    leg: ClassVar[Leg] = Leg.STAFF
    actor: dict[str, str]
    artefact: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataSigned(AuditEvent):
    """The gateway's own SAML metadata is about to be signed anew."""

    name: ClassVar[str] = "saml.metadata-signed"
    leg: ClassVar[Leg] = Leg.SYSTEM
    artefact: dict[str, str]
