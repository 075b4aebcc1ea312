"""OAuth 2.0 as a client reads it: what comes back through the browser, what servers answer, and what errors mean.

Nothing here is signed. Whoever uses it must have ``state`` belong to a login of its own and must have asked the server
over TLS (RFC 6749 4.1.2, 5.1, 5.2; eid-providers.md 6.3, 12.2).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn
from urllib.parse import parse_qsl

from providers.contract import Arrival, Reference
from providers.errors import AssertionRejected, AuthenticationDeclined, ProviderError, ProviderUnavailable
from providers.refusals import SENTENCES, Reason
from providers.transport import Reply
from providers.wire.jose import json_with_each_member_once

LONGEST_QUERY: Final = 8 * 1024
MOST_PARAMETERS: Final = 32
LONGEST_VALUE: Final = 4 * 1024

_OK: Final = 200
_SERVER_ERROR: Final = 500
_REFERENCE: Final = re.compile(r"[0-9a-f]{32}")
_VISIBLE: Final = re.compile(r"[\x20-\x7e]{1,4096}")  # VSCHAR, RFC 6749 appendix A.11

FRONT_CHANNEL_ERRORS: Final[Mapping[str, Reason]] = {
    "access_denied": Reason.CANCELLED,
    "temporarily_unavailable": Reason.PROVIDER_BUSY,
    "server_error": Reason.PROVIDER_BUSY,
    "invalid_request": Reason.PROVIDER_REFUSED_US,
    "invalid_scope": Reason.PROVIDER_REFUSED_US,
    "invalid_client": Reason.PROVIDER_REFUSED_US,
    "unauthorized_client": Reason.PROVIDER_REFUSED_US,
    "unsupported_response_type": Reason.PROVIDER_REFUSED_US,
    "unmet_authentication_requirements": Reason.LOA_INSUFFICIENT,
}
"""What a provider means by an error that the browser brings; anything else is ``malformed`` (4.3)."""

TOKEN_ERRORS: Final[Mapping[str, Reason]] = {
    "invalid_request": Reason.PROVIDER_REFUSED_US,
    "invalid_client": Reason.PROVIDER_REFUSED_US,
    "unauthorized_client": Reason.PROVIDER_REFUSED_US,
    "unsupported_grant_type": Reason.PROVIDER_REFUSED_US,
    "invalid_scope": Reason.PROVIDER_REFUSED_US,
    "invalid_grant": Reason.EXPIRED,
    "temporarily_unavailable": Reason.PROVIDER_BUSY,
    "server_error": Reason.PROVIDER_BUSY,
}
"""The same for the token endpoint (6.3)."""

_KINDS: Final[Mapping[Reason, type[ProviderError]]] = {
    Reason.CANCELLED: AuthenticationDeclined,
    Reason.LOA_INSUFFICIENT: AuthenticationDeclined,
    Reason.PROVIDER_BUSY: ProviderUnavailable,
    Reason.PROVIDER_REFUSED_US: ProviderUnavailable,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationResponse:
    """What the browser brought back; only its form is proven."""

    state: Reference
    code: str | None = field(repr=False)
    """None where the provider answered with an error."""
    error: str | None
    issuer: str | None
    """``iss`` of RFC 9207, where there is one."""


def read_authorization_response(arrival: Arrival) -> AuthorizationResponse:
    """Read the query of a redirect to our return address (RFC 6749 4.1.2); unknown parameters are ignored.

    Raises:
        AssertionRejected: ``malformed``, or ``wrong_browser`` for a ``state`` that was never made here.
    """
    values = _parameters(arrival)
    code, error, state = values.get("code"), values.get("error"), values.get("state", "")
    if not _REFERENCE.fullmatch(state):
        refuse(Reason.WRONG_BROWSER)
    if (code is None) == (error is None) or not _VISIBLE.fullmatch(code or error or ""):
        refuse(Reason.MALFORMED)
    return AuthorizationResponse(state=Reference(state), code=code, error=error, issuer=values.get("iss"))


def _parameters(arrival: Arrival) -> dict[str, str]:
    if arrival.method != "GET" or len(arrival.query) > LONGEST_QUERY:
        refuse(Reason.MALFORMED)
    try:
        pairs = parse_qsl(
            arrival.query.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MOST_PARAMETERS,
        )
    except ValueError:
        refuse(Reason.MALFORMED)
    values = dict(pairs)
    if len(values) != len(pairs):  # which of the two would count is anybody's guess (RFC 6749 3.1)
        refuse(Reason.MALFORMED)
    return values


def declined(error: str, meanings: Mapping[str, Reason] = FRONT_CHANNEL_ERRORS) -> ProviderError:
    """The exception for an error that a provider names; its own words go no further than the operator, and cut short."""
    reason = meanings.get(error, Reason.MALFORMED)
    kind = _KINDS.get(reason, AssertionRejected)
    return kind(reason, f"the provider answered with the error {printable(error)}")


def printable(text: str) -> str:
    """A provider's word as it may stand in a sentence for the operator."""
    return "".join(one for one in text[:60] if one.isascii() and one.isprintable())


def read_object_of(reply: Reply) -> dict[str, Any]:
    """The JSON object of a successful answer.

    Raises:
        AssertionRejected: ``malformed``: not JSON, a member twice, no object.
    """
    if reply.media_type != "application/json":
        refuse(Reason.MALFORMED)
    try:
        content = json_with_each_member_once(reply.body)
    except (ValueError, RecursionError):
        refuse(Reason.MALFORMED)
    if not isinstance(content, dict):
        refuse(Reason.MALFORMED)
    return content


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAnswer:
    """A token endpoint's answer of the right shape."""

    access_token: str = field(repr=False)
    scope: frozenset[str] | None
    """Where the server names it."""
    id_token: str | None = field(repr=False)


def read_token_answer(reply: Reply) -> TokenAnswer:
    """Read what a token endpoint answered (RFC 6749 5.1 and 5.2).

    Raises:
        ProviderError: an error of the server by ``TOKEN_ERRORS``, or an answer of another shape (``malformed``).
    """
    if reply.status >= _SERVER_ERROR:
        raise ProviderUnavailable(Reason.PROVIDER_BUSY, f"the token endpoint answered with status {reply.status}")
    content = read_object_of(reply)
    if reply.status != _OK or "error" in content:
        raise declined(str(content.get("error", "")), TOKEN_ERRORS)
    access_token, scope = _text(content, "access_token"), content.get("scope")
    if _text(content, "token_type").lower() != "bearer" or not (scope is None or isinstance(scope, str)):
        refuse(Reason.MALFORMED)
    id_token = _text(content, "id_token") if "id_token" in content else None
    return TokenAnswer(
        access_token=access_token, scope=None if scope is None else frozenset(scope.split()), id_token=id_token
    )


def _text(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or not value:
        refuse(Reason.MALFORMED)
    return value


def refuse(reason: Reason) -> NoReturn:
    """Refuse a message, in the words of the table."""
    raise AssertionRejected(reason, SENTENCES[reason])
