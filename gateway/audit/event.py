"""What an audit event is.

An event is a frozen value defined beside the behaviour that emits it. Its members become members of the leaf of
``security.md`` 6.2 under the same names. What is personal never stands there in clear: the fields that the class lists
as ``personal`` are replaced by keyed digests, and ``sent`` and ``received`` (exact bytes) are kept as encrypted
evidence, of which the leaf holds only a commitment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar, Final, NewType, TypeAlias

Correlation = NewType("Correlation", str)
"""What ties the events of one login together: 26 letters and digits of Crockford's base 32 (128 bits)."""

Json: TypeAlias = "str | int | bool | Mapping[str, Json] | tuple[Json, ...] | list[Json] | None"
"""What a leaf may hold; no fractions, so that its canonical form (RFC 8785) is unambiguous."""


class Leg(StrEnum):
    """Between whom the event happened."""

    RELYING_PARTY = "rp"
    PROVIDER = "provider"
    STAFF = "staff"
    PKI = "pki"
    SYSTEM = "system"


class Direction(StrEnum):
    """Towards the gateway, or away from it."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Who was at the other end."""

    id: str
    """A relying party's or provider's id; empty when unknown."""
    cert_sha256: str | None = None
    """Lower-case hexadecimal, of the leaf certificate seen in the handshake; None where the browser carried it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a check passed, and which rule decided."""

    ok: bool
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """Something that happened, to be remembered for ever; subclasses say what."""

    name: ClassVar[str]
    """``subject.what-happened``; constant."""
    leg: ClassVar[Leg]
    direction: ClassVar[Direction | None] = None
    signatures: ClassVar[int] = 0
    """How many signatures that say who somebody is it stands for; the key is ``artefact.signer_kid``."""
    personal: ClassVar[frozenset[str]] = frozenset()
    """Fields whose value appears in the record only as a keyed digest, in the member ``subject``."""

    corr: Correlation
    sent: bytes | None = None
    """Exactly what left the gateway, or is about to."""
    received: bytes | None = None
    """Exactly what arrived."""

    def members(self) -> dict[str, object]:
        """Give the subclass's own fields that are neither personal nor None, by name."""
        kind: Any = type(self)
        return {name: value for name in _own_fields(kind) if (value := getattr(self, name)) is not None}

    def personal_values(self) -> tuple[str, ...]:
        """Give the values that must be digested, in the order of the fields, without those that are None.

        Raises:
            TypeError: one is not text; the text form of another type could leave out what makes people differ.
        """
        kind: Any = type(self)
        return tuple(_text(value) for name in _personal_fields(kind) if (value := getattr(self, name)) is not None)


_BASE: Final = frozenset({"corr", "sent", "received"})


@cache
def _own_fields(event: type[AuditEvent]) -> tuple[str, ...]:
    return tuple(f.name for f in fields(event) if f.name not in _BASE and f.name not in event.personal)


@cache
def _personal_fields(event: type[AuditEvent]) -> tuple[str, ...]:
    return tuple(f.name for f in fields(event) if f.name in event.personal)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a personal value must be text, not {type(value).__name__}")
    return value


LEAF_MEMBERS: Final = frozenset(
    {
        "v",
        "time",
        "node",
        "type",
        "corr",
        "exchange",
        "leg",
        "direction",
        "peer",
        "tls",
        "method",
        "endpoint",
        "status",
        "req_commit",
        "resp_commit",
        "artefact",
        "revocation",
        "verdict",
        "loa",
        "authentication",
        "subject",
        "actor",
        "config_rev",
        "software_rev",
        "prev_leg",
        "seq",
        "prev_record",
    }
)
"""Every member a leaf may have (security.md 6.2, and ``authentication`` for VPM-DRV-08); a test refuses an event
class with another field."""
