"""From the error codes of OAuth, which every refusal has, to the status codes of SAML (Core 3.2.2.2)."""

from typing import Final

from providers.saml.names import STATUS

RESPONDER: Final = f"{STATUS}Responder"
REQUESTER: Final = f"{STATUS}Requester"
_SECOND: Final = {
    "access_denied": (RESPONDER, f"{STATUS}AuthnFailed"),
    "invalid_name_id_policy": (REQUESTER, f"{STATUS}InvalidNameIDPolicy"),
    "invalid_request": (REQUESTER, f"{STATUS}RequestUnsupported"),
    "login_required": (RESPONDER, f"{STATUS}NoPassive"),
    "unmet_authentication_requirements": (RESPONDER, f"{STATUS}NoAuthnContext"),
}


def status_of(error: str) -> tuple[str, str | None]:
    """Give the top-level status and the one below it; None where SAML has no word for it."""
    return _SECOND.get(error, (RESPONDER, None))
