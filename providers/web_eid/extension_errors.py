"""What the browser's extension says when no token comes (eid-providers.md 7.5).

The codes come from the browser and prove nothing: they choose a text, or end the login of this very browser.
"""

from collections.abc import Mapping
from typing import Final

from providers.contract import CardTrouble
from providers.refusals import Reason

ENDS: Final[Mapping[str, Reason]] = {
    "ERR_WEBEID_USER_CANCELLED": Reason.CANCELLED,
    "ERR_WEBEID_USER_TIMEOUT": Reason.TIMEOUT,
    "ERR_WEBEID_ACTION_TIMEOUT": Reason.TIMEOUT,
}
"""The person gave up, or did nothing for too long: the login is over."""

_INSTALL: Final = (
    "ERR_WEBEID_EXTENSION_UNAVAILABLE",
    "ERR_WEBEID_NATIVE_UNAVAILABLE",
    "ERR_WEBEID_VERSION_MISMATCH",
    "ERR_WEBEID_VERSION_INVALID",
)
TROUBLES: Final[Mapping[str, CardTrouble]] = {
    **dict.fromkeys(_INSTALL, CardTrouble.SOFTWARE_MISSING),
    "ERR_WEBEID_NATIVE_FATAL": CardTrouble.CARD_UNREADABLE,
}
"""The person can help it: the login stays open, with a new challenge for the next try."""


def trouble_of(code: str) -> CardTrouble:
    """What to tell the person; every other code, known or not, is a fault of the page."""
    return TROUBLES.get(code, CardTrouble.PAGE_FAILED)
