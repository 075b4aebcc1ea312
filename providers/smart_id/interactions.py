"""What the person reads on the phone (eid-providers.md 10.3).

A list is encoded once. Its text is kept with the login and goes unchanged into every later value that is computed
from it: another order of members or a blank more would be another text.
"""

import json
from base64 import b64encode
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SHORT: Final = 60
LONG: Final = 200
"""Characters."""


class Interaction(StrEnum):
    """A way in which the app shows the question and takes the answer."""

    DISPLAY_TEXT_AND_PIN = "displayTextAndPIN"
    CONFIRMATION_MESSAGE = "confirmationMessage"
    CODE_CHOICE = "confirmationMessageAndVerificationCodeChoice"
    """The person picks the right one of three codes; for the notification flow alone."""

    @property
    def longest(self) -> int:
        """How many characters its text may have."""
        return SHORT if self is Interaction.DISPLAY_TEXT_AND_PIN else LONG


FOR_DEVICE_LINKS: Final = (Interaction.CONFIRMATION_MESSAGE, Interaction.DISPLAY_TEXT_AND_PIN)
FOR_NOTIFICATIONS: Final = (Interaction.CODE_CHOICE, Interaction.DISPLAY_TEXT_AND_PIN)
"""In the order of preference."""


@dataclass(frozen=True, slots=True)
class Interactions:
    """The ways that a login offers, each with its text; at least one, each once."""

    offered: tuple[tuple[Interaction, str], ...]

    def members(self) -> list[dict[str, str]]:
        """As the API's JSON holds them."""
        return [{"type": way.value, f"displayText{way.longest}": text} for way, text in self.offered]

    def plain(self) -> str:
        """The minified JSON array (API version 2)."""
        return json.dumps(self.members(), ensure_ascii=False, separators=(",", ":"))

    def encoded(self) -> str:
        """Base64 of the same in UTF-8 (API version 3)."""
        return b64encode(self.plain().encode()).decode("ascii")


def interactions(ways: tuple[Interaction, ...], text: str) -> Interactions:
    """Say one text in several ways, cut to what each may hold.

    Raises:
        ValueError: no way, or one twice.
    """
    if not ways or len(set(ways)) != len(ways):
        raise ValueError("offer at least one interaction, and each at most once")
    return Interactions(tuple((way, shortened(text, way.longest)) for way in ways))


def shortened(text: str, longest: int) -> str:
    """A text of at most ``longest`` characters; what was cut off is marked."""
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"
