"""A bank's messages as tables: fields in signed order, with their greatest lengths and what each is for."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

LONGEST_MAC: Final = 700
"""Characters of Base64, white space not counted (section 4.3)."""

MEANS: Final = {
    "1": "id-card",
    "2": "mobile-id",
    "5": "otp",
    "6": "pin-calculator",
    "7": "code-card",
    "9": "smart-id",
}
"""What ``VK_TOKEN`` says the person used (section 5); anything else is ``unknown``."""


class Says(StrEnum):
    """What a field of a message is for, whatever a bank calls it."""

    SERVICE = "service"
    VERSION = "version"
    SENDER = "sender"
    RECIPIENT = "recipient"
    REPLY = "reply"
    """The service expected as answer."""
    CORRELATION = "correlation"
    """What ties an answer to its request: nonce, stamp or request id."""
    SESSION = "session"
    """``VK_RID``, which some banks echo."""
    RETURN = "return"
    MOMENT = "moment"
    """When the message was made; in several fields where date and time stand apart."""
    LANGUAGE = "language"
    SIGNATURE = "signature"
    CODE = "code"
    NAME = "name"
    """Both names in one field."""
    GIVEN_NAME = "given name"
    FAMILY_NAME = "family name"
    COUNTRY = "country"
    MEANS = "means"
    INFO = "info"
    """Several facts about the person in one field, as pairs."""
    OUTCOME = "outcome"
    NOTHING = "nothing"
    """Sent, signed and not read."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message."""

    name: str
    longest: int
    """Characters."""
    says: Says = Says.NOTHING


@dataclass(frozen=True)
class MessageForm:
    """One kind of message."""

    service: str
    signed: tuple[Field, ...]
    """In the order of the signed string."""
    unsigned: tuple[Field, ...] = ()
    """The signature among them, where there is one; nothing that matters may depend on any other."""

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Every field in the order in which it is sent."""
        return (*self.signed, *self.unsigned)

    @cached_property
    def mac_order(self) -> tuple[str, ...]:
        """Names of the signed fields in order."""
        return tuple(field.name for field in self.signed)

    @cached_property
    def names(self) -> dict[Says, str]:
        """What this message calls each thing that it says."""
        return {field.says: field.name for field in reversed(self.fields)}

    @cached_property
    def moment_fields(self) -> tuple[str, ...]:
        """The fields that together say when the message was made; none in a message without time."""
        return tuple(field.name for field in self.signed if field.says is Says.MOMENT)

    def says(self, what: Says) -> bool:
        """Whether the message has a field for this."""
        return what in self.names
