"""A question that a relying party's server left with us before it sends the browser (RFC 9126)."""

from dataclasses import dataclass
from datetime import datetime

from gateway.broker.login import Digest
from gateway.broker.relying_party import RelyingPartyId


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedRequest:
    """What was pushed; kept until somebody has authenticated for it, or until no login begun by it can be alive."""

    reference: Digest
    """Of the ``request_uri``, which itself is never stored."""
    relying_party: RelyingPartyId
    """Who pushed it; nobody else may use it."""
    parameters: bytes
    """The form as it was checked, without what proved the sender; may be personal, so stores keep it sealed."""
    expires_at: datetime
    """Until when the browser must have come; the exact instant still counts."""
    kept_until: datetime
    """Until when a login that began with it may still be alive."""
