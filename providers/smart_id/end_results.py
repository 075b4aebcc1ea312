"""How the service says that nobody was identified: end results and HTTP statuses (eid-providers.md 10.9, 10.11)."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from providers.refusals import Reason

OK: Final = "OK"

_REASONS: Final[Mapping[str, Reason]] = MappingProxyType(
    {
        "USER_REFUSED": Reason.CANCELLED,
        "USER_REFUSED_INTERACTION": Reason.CANCELLED,
        "USER_REFUSED_CERT_CHOICE": Reason.CANCELLED,
        "USER_REFUSED_DISPLAYTEXTANDPIN": Reason.CANCELLED,
        "USER_REFUSED_VC_CHOICE": Reason.CANCELLED,
        "USER_REFUSED_CONFIRMATIONMESSAGE": Reason.CANCELLED,
        "USER_REFUSED_CONFIRMATIONMESSAGE_WITH_VC_CHOICE": Reason.CANCELLED,
        "TIMEOUT": Reason.TIMEOUT,
        "WRONG_VC": Reason.WRONG_CODE_CHOSEN,
        "DOCUMENT_UNUSABLE": Reason.ACCOUNT_UNUSABLE,
        "ACCOUNT_UNUSABLE": Reason.ACCOUNT_UNUSABLE,
        "REQUIRED_INTERACTION_NOT_SUPPORTED_BY_APP": Reason.DEVICE_PROBLEM,
        "PROTOCOL_FAILURE": Reason.PROVIDER_BUSY,
        "EXPECTED_LINKED_SESSION": Reason.PROVIDER_BUSY,
        "SERVER_ERROR": Reason.PROVIDER_BUSY,
    }
)
_STATUSES: Final[Mapping[int, Reason]] = MappingProxyType(
    {
        HTTPStatus.BAD_REQUEST: Reason.MALFORMED,
        HTTPStatus.UNAUTHORIZED: Reason.PROVIDER_REFUSED_US,
        HTTPStatus.FORBIDDEN: Reason.PROVIDER_REFUSED_US,
        HTTPStatus.TOO_MANY_REQUESTS: Reason.PROVIDER_BUSY,
        471: Reason.ACCOUNT_UNUSABLE,
        472: Reason.ACCOUNT_UNUSABLE,
        480: Reason.PROVIDER_REFUSED_US,
        580: Reason.PROVIDER_BUSY,
    }
)
MOST_LOGGED: Final = 60
"""Characters of an unknown end result that the operator's log repeats."""


def reason_of(end_result: str, *, interaction_named: bool) -> Reason:
    """Why a session ended without a signature.

    Args:
        end_result: as received, anything but ``OK``.
        interaction_named: whether ``result.details.interaction`` is there, which one end result demands.
    """
    if end_result == "USER_REFUSED_INTERACTION" and not interaction_named:
        return Reason.MALFORMED
    return _REASONS.get(end_result, Reason.MALFORMED)


def reason_of_status(status: int, *, unknown: Reason) -> Reason:
    """Why the service did not do what it was asked.

    Args:
        status: of HTTP, anything but 200.
        unknown: what 404 means here: no account at the start of a session, a session that is gone later.
    """
    if status == HTTPStatus.NOT_FOUND:
        return unknown
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _STATUSES.get(status, Reason.PROVIDER_BUSY)
    return _STATUSES.get(status, Reason.MALFORMED)


def named(end_result: str) -> str:
    """An unknown end result as the log may repeat it: printable ASCII, not too long."""
    return "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in end_result[:MOST_LOGGED])
