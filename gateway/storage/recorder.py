"""From an audit event to rows: the body of its leaf, and its exact bytes as encrypted evidence.

What is personal enters the body as one keyed digest. Bytes enter it as commitments: HMAC-SHA-256 under a key made for
this exchange alone (security.md 6.2, 6.6).
"""

import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import time_ns
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.audit.canonical import utc_text
from gateway.audit.event import AuditEvent, Direction
from gateway.audit.leaf import VERSION, UnfitEvent, body_of
from gateway.storage.identity_seal import NONCE_BYTES
from gateway.storage.keys import KEY_BYTES, StorageKeys

LARGEST_EVIDENCE: Final = 2 * 1024 * 1024
REQUEST: Final = "request"
RESPONSE: Final = "response"
COMMITMENTS: Final = {"req_commit": REQUEST, "resp_commit": RESPONSE}


@dataclass(frozen=True, slots=True)
class Records:
    """Rows to be inserted together."""

    events: list[dict[str, object]] = field(default_factory=list)
    evidence: list[dict[str, object]] = field(default_factory=list)
    keys: list[dict[str, object]] = field(default_factory=list)
    issued: list[dict[str, object]] = field(default_factory=list)

    def extend(self, others: "Records") -> None:
        """Add other rows behind these."""
        self.events.extend(others.events)
        self.evidence.extend(others.evidence)
        self.keys.extend(others.keys)
        self.issued.extend(others.issued)


class Recorder:
    """Writes the events of one node."""

    def __init__(
        self,
        keys: StorageKeys,
        *,
        node: str,
        config_rev: str,
        software_rev: str,
        clock: Callable[[], datetime],
        counts: bool = False,
    ) -> None:
        """Sign every event with the node and the revisions it ran with; ``counts`` where a signer does too."""
        self._keys = keys
        self._wrapping = AESGCM(keys.evidence)
        self._constant = {"v": VERSION, "node": node, "config_rev": config_rev, "software_rev": software_rev}
        self._clock = clock
        self._counts = counts

    def record(self, event: AuditEvent, into: Records) -> None:
        """Write one event and its evidence.

        Raises:
            UnfitEvent, NotCanonical: the event class is wrong; nothing was written.
        """
        members = self._members(event)
        if self._counts and event.signatures:
            into.issued.append(_counted(event, members))
        if event.sent is not None or event.received is not None:
            members |= self._keep_evidence(event, into)
        into.events.append({"corr": event.corr, "body": body_of(members)})

    def _members(self, event: AuditEvent) -> dict[str, object]:
        now = self._clock()
        members = event.members()
        members |= self._constant
        members |= {"time": utc_text(now), "type": event.name, "corr": event.corr, "leg": event.leg}
        if event.direction is not None:
            members["direction"] = event.direction
        if personal := event.personal_values():
            members["subject"] = self._keys.subject(normalised(personal), now)
        return members

    def _keep_evidence(self, event: AuditEvent, into: Records) -> dict[str, object]:
        exchange, key = _new_exchange(), secrets.token_bytes(2 * KEY_BYTES)
        members: dict[str, object] = {"exchange": exchange}
        for member, content in _request_and_response(event):
            _check_size(event, content)
            members[member] = commitment(key, content)
            sealed = seal_evidence(key, content, (exchange, COMMITMENTS[member], event.corr))
            into.evidence.append({
                "exchange": exchange, "kind": COMMITMENTS[member], "corr": event.corr, "ciphertext": sealed
            })  # fmt: skip
        into.keys.append({"exchange": exchange, "wrapped": wrap_key(self._wrapping, key, exchange)})
        return members


def _counted(event: AuditEvent, members: dict[str, object]) -> dict[str, object]:
    """Say in the event how many signatures it stands for, and give the record of it."""
    artefact: dict[str, str] = dict(members["artefact"])  # type: ignore[call-overload]  # every such event has one
    members["artefact"] = artefact | {"signatures": str(event.signatures)}
    return {
        "corr": event.corr,
        "node": members["node"],
        "kid": artefact["signer_kid"],
        "signatures": event.signatures,
        "unsigned": 0,
        "issued_at": members["time"],
    }


def normalised(personal: tuple[str, ...]) -> str:
    """Write personal values in one way, so that every spelling of a code gives one digest."""
    folded = (unicodedata.normalize("NFKC", value).upper() for value in personal)
    return "\x1f".join("".join(char for char in value if char not in " -") for value in folded)


def commitment(key: bytes, content: bytes) -> str:
    """Commit to exact bytes under the first half of an exchange's key: 64 hexadecimal digits."""
    return hmac.digest(key[:KEY_BYTES], content, hashlib.sha256).hex()


def seal_evidence(key: bytes, content: bytes, about: tuple[str, str, str]) -> bytes:
    """Encrypt under the second half, bound to exchange, kind and login; the first may thus be shown to a party."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key[KEY_BYTES:]).encrypt(nonce, content, _bound_to(about))


def open_evidence(key: bytes, sealed: bytes, about: tuple[str, str, str]) -> bytes:
    """Decrypt; raises ``cryptography.exceptions.InvalidTag`` when anything was changed."""
    return AESGCM(key[KEY_BYTES:]).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bound_to(about))


def wrap_key(wrapping: AESGCM, key: bytes, exchange: str) -> bytes:
    """Encrypt an exchange's key under the evidence key."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + wrapping.encrypt(nonce, key, exchange.encode())


def unwrap_key(wrapping: AESGCM, wrapped: bytes, exchange: str) -> bytes:
    """Decrypt an exchange's key; raises ``cryptography.exceptions.InvalidTag``."""
    return wrapping.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], exchange.encode())


def _new_exchange() -> str:
    """Make an id of 32 hexadecimal digits that rises with time, so that its index grows at one end only."""
    return f"{time_ns() >> 20:012x}{secrets.token_hex(10)}"


def _request_and_response(event: AuditEvent) -> list[tuple[str, bytes]]:
    """Whoever speaks first makes the request: an event that came in was received before anything was sent."""
    order = (event.received, event.sent) if event.direction is Direction.IN else (event.sent, event.received)
    return [(member, content) for member, content in zip(COMMITMENTS, order, strict=True) if content is not None]


def _check_size(event: AuditEvent, content: bytes) -> None:
    if len(content) > LARGEST_EVIDENCE:
        raise UnfitEvent(f"{event.name}: {len(content)} bytes of evidence; the size of messages is capped before")


def _bound_to(about: tuple[str, str, str]) -> bytes:
    return "|".join(about).encode()
