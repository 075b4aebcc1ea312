"""From the name of a broken rule, or a status of the other side, to an outcome (eid-providers.md 4.3)."""

from collections.abc import Mapping
from typing import Final

from providers.errors import AssertionRejected, AuthenticationDeclined, ProviderError, ProviderUnavailable
from providers.refusals import Reason
from providers.saml.errors import SamlRefused, SignatureRefused
from providers.saml.names import STATUS

_REASONS: Final[Mapping[str, Reason]] = {
    **dict.fromkeys(
        ("issuer", "response_issuer", "audience", "destination", "recipient", "artifact_source"), Reason.NOT_TRUSTED
    ),
    **dict.fromkeys(
        (
            "issue_instant",
            "response_issue_instant",
            "authn_instant",
            "stale_authentication",
            "future_authentication",
            "conditions_not_before",
            "confirmation_not_before",
        ),
        Reason.STALE,
    ),
    **dict.fromkeys(
        ("conditions_not_on_or_after", "confirmation_not_on_or_after", "session_not_on_or_after", "artifact_known"),
        Reason.EXPIRED,
    ),
    **dict.fromkeys(("in_response_to", "confirmation_in_response_to", "names_a_request"), Reason.UNKNOWN_NONCE),
    **dict.fromkeys(("authn_context", "level"), Reason.LOA_INSUFFICIENT),
    **dict.fromkeys(("identity", "one_current_code", "natural_person"), Reason.IDENTITY_INCOMPLETE),
}
"""What is not here and no signature is ``malformed``."""

_STATUSES: Final[Mapping[str, Reason]] = {
    "AuthnFailed": Reason.CANCELLED,
    "RequestDenied": Reason.CANCELLED,
    "NoAuthnContext": Reason.LOA_INSUFFICIENT,
    "NoPassive": Reason.PROVIDER_REFUSED_US,
    "RequestUnsupported": Reason.PROVIDER_REFUSED_US,
    "RequestVersionDeprecated": Reason.PROVIDER_REFUSED_US,
    "RequestVersionTooHigh": Reason.PROVIDER_REFUSED_US,
    "RequestVersionTooLow": Reason.PROVIDER_REFUSED_US,
    "UnsupportedBinding": Reason.PROVIDER_REFUSED_US,
    "InvalidNameIDPolicy": Reason.PROVIDER_REFUSED_US,
    "UnknownPrincipal": Reason.NO_ACCOUNT,
}
"""Second-level status codes (SAML 2.0 Core 3.2.2.2); RequestDenied is what many send for a person who gave up."""

_OUTER_STATUSES: Final[Mapping[str, Reason]] = {
    "Requester": Reason.PROVIDER_REFUSED_US,
    "VersionMismatch": Reason.PROVIDER_REFUSED_US,
    "Responder": Reason.PROVIDER_BUSY,
}
"""First-level codes, where no second one says more."""


def reason_for(refused: SamlRefused) -> Reason:
    """The outcome of a broken rule."""
    if isinstance(refused, SignatureRefused):
        return Reason.BAD_SIGNATURE
    return _REASONS.get(refused.rule, Reason.MALFORMED)


def rejected(refused: SamlRefused) -> AssertionRejected:
    """The error that says which rule a message broke."""
    return AssertionRejected(reason_for(refused), refused.detail, check=refused.rule)


def declined(status: tuple[str, ...]) -> ProviderError:
    """The error for a provider that says no.

    Args:
        status: the codes, from the outermost inwards. An unknown one is ``malformed`` and never a success.
    """
    outer, inner = _name_of(status[0]), _name_of(status[1]) if len(status) > 1 else ""
    reason = _STATUSES.get(inner) if inner else _OUTER_STATUSES.get(outer)
    if reason is Reason.PROVIDER_BUSY:
        return ProviderUnavailable(reason, "the provider says that it cannot answer at the moment", check="status")
    if reason is None:
        return AssertionRejected(
            Reason.MALFORMED, "the provider states a status that no agreement names", check="status"
        )
    return AuthenticationDeclined(reason, f"the provider's status is {inner or outer}", check="status")


def _name_of(status: str) -> str:
    """The last word of a status of SAML's own; empty for any other."""
    return status.removeprefix(STATUS) if status.startswith(STATUS) else ""
