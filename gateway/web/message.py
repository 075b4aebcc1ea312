"""What is said about one reason, and to whom."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.web.person_texts import Both


class OAuthError(StrEnum):
    """The error codes a relying party can meet (RFC 6749 4.1.2.1, OIDC Core 3.1.2.6, OIDC unmet authentication)."""

    ACCESS_DENIED = "access_denied"
    INVALID_CLIENT = "invalid_client"
    INVALID_REQUEST = "invalid_request"
    INVALID_REQUEST_URI = "invalid_request_uri"
    INVALID_SCOPE = "invalid_scope"
    LOGIN_REQUIRED = "login_required"
    REQUEST_NOT_SUPPORTED = "request_not_supported"
    SERVER_ERROR = "server_error"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"
    UNMET_AUTHENTICATION_REQUIREMENTS = "unmet_authentication_requirements"
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"


class Mender(StrEnum):
    """Who can put it right (complaint 23)."""

    PERSON = "person"
    PROVIDER = "provider"
    RELYING_PARTY = "relying party"
    OPERATOR = "operator"


class Concern(StrEnum):
    """How much the operator must care (eid-providers.md 4.3)."""

    ROUTINE = "routine"
    ALARM = "alarm"
    SECURITY = "security event"


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingPartyText:
    """What a relying party reads."""

    error: OAuthError
    description: str
    """``error_description``: printable ASCII without quotation mark and backslash (RFC 6749 4.1.2.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The three texts of one reason, and whom they concern."""

    person: Both
    relying_party: RelyingPartyText
    operator: str
    """What happened and where to look, in a sentence or two."""
    mender: Mender
    concern: Concern


def say(person: Both, error: OAuthError, mender: Mender, concern: Concern, description: str, operator: str) -> Message:
    """Write a row of the table."""
    told = RelyingPartyText(error=error, description=description)
    return Message(person=person, relying_party=told, operator=operator, mender=mender, concern=concern)
