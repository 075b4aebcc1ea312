"""Every reason for which a login does not succeed, with its three texts.

The person reads what happened and what to do next; the relying party reads an OAuth error code with one line; the
operator reads what to look at. None of them holds a name, a personal code or anything out of a message. The reasons
are those of banklink.md section 8, of eid-providers.md section 4.3, of ``providers.refusals``, of ``Refusal``, and the
names of the front door's checks. An unknown reason gets the general entry: a person never sees a crash instead.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.web.message import Concern, Mender, Message, OAuthError, RelyingPartyText, say
from gateway.web.person_texts import SOMETHING_ELSE
from gateway.web.reasons_of_answers import ANSWERS
from gateway.web.reasons_of_logins import LOGINS
from gateway.web.reasons_of_requests import REQUESTS
from gateway.web.reasons_of_saml import SAML_REQUESTS

__all__ = ["GENERAL", "MESSAGES", "Concern", "Mender", "Message", "OAuthError", "RelyingPartyText", "message_for"]

MESSAGES: Final[Mapping[str, Message]] = MappingProxyType({**LOGINS, **ANSWERS, **REQUESTS, **SAML_REQUESTS})
"""By reason code."""

GENERAL: Final = say(
    SOMETHING_ELSE,
    OAuthError.SERVER_ERROR,
    Mender.OPERATOR,
    Concern.ALARM,
    "the sign-in could not be completed",
    "A reason that the table of messages does not know, or a fault of the gateway itself; see the log.",
)
"""For a reason that is not in the table."""


def message_for(reason: str) -> Message:
    """Find the texts of a reason code."""
    return MESSAGES.get(reason, GENERAL)
