"""What a party's metadata says, as values."""

from dataclasses import dataclass
from datetime import datetime

from providers.saml.keys import VerifyingKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where one kind of message is taken, and by which binding."""

    binding: str
    location: str
    response_location: str | None = None
    """Where answers go, when that is another address."""
    index: int | None = None
    default: bool = False

    @property
    def for_responses(self) -> str:
        """Where answers go."""
        return self.response_location or self.location


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityMetadata:
    """What one party says of itself in one role."""

    entity_id: str
    valid_until: datetime | None
    """The earliest of those that the file holds."""
    endpoints: dict[str, tuple[Endpoint, ...]]
    """By element name: ``AssertionConsumerService``, ``SingleLogoutService``, ``SingleSignOnService``."""
    signing: tuple[VerifyingKey, ...]
    encryption: tuple[VerifyingKey, ...]
