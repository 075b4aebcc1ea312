"""How logins end without an identity although no message was wrong: cancelled, late, busy, too weak."""

from collections.abc import Mapping
from typing import Final

from gateway.web import person_texts as texts
from gateway.web.message import Concern, Mender, Message, OAuthError, say

_DENIED: Final = OAuthError.ACCESS_DENIED
_LATER: Final = OAuthError.TEMPORARILY_UNAVAILABLE
_WEAK: Final = OAuthError.UNMET_AUTHENTICATION_REQUIREMENTS
_NOT_DONE: Final = "the person did not complete the sign-in"
"""The same for cancelled, unknown and unusable: a relying party must not learn which (eid-providers.md 4.3)."""

LOGINS: Final[Mapping[str, Message]] = {
    "cancelled": say(
        texts.NOT_FINISHED,
        _DENIED,
        Mender.PERSON,
        Concern.ROUTINE,
        _NOT_DONE,
        "The person gave up on our page or at the provider.",
    ),
    "no_account": say(
        texts.NOT_FINISHED,
        _DENIED,
        Mender.PERSON,
        Concern.ROUTINE,
        _NOT_DONE,
        "The provider does not know the person or the document.",
    ),
    "account_unusable": say(
        texts.NOT_FINISHED,
        _DENIED,
        Mender.PERSON,
        Concern.ROUTINE,
        _NOT_DONE,
        "The person's means is blocked, expired or suspended at the provider.",
    ),
    "timeout": say(
        texts.OUT_OF_TIME,
        _DENIED,
        Mender.PERSON,
        Concern.ROUTINE,
        "timeout",
        "No answer came in time, the session at the provider ended, or the login had outlived its lifetime.",
    ),
    "wrong_code_chosen": say(
        texts.OTHER_CODE,
        _DENIED,
        Mender.PERSON,
        Concern.ROUTINE,
        "the control code was not confirmed",
        "The person picked another control code on the phone; many of these for one person hint at fraud.",
    ),
    "device_problem": say(
        texts.DEVICE,
        _DENIED,
        Mender.PERSON,
        Concern.ROUTINE,
        "device",
        "Phone absent, SIM or delivery failed, application too old, or no common way to interact.",
    ),
    "asked_too_often": say(
        texts.TOO_OFTEN,
        _DENIED,
        Mender.PERSON,
        Concern.ROUTINE,
        "too many sign-in requests",
        "One person's telephone was asked for a fourth time in five minutes, or while a request was still open there; "
        "many of these for one person hint at somebody who hopes for a confirmation by mistake.",
    ),
    "login_required": say(
        texts.NOT_SIGNED_IN,
        OAuthError.LOGIN_REQUIRED,
        Mender.RELYING_PARTY,
        Concern.ROUTINE,
        "nobody is signed in who could be vouched for without a page",
        "A portal asked for an answer without a page, and no session of its group could give one; it must ask again.",
    ),
    "session_ended": say(
        texts.NOT_SIGNED_IN,
        OAuthError.LOGIN_REQUIRED,
        Mender.PERSON,
        Concern.ROUTINE,
        "the session ended before it was used",
        "The person signed out, or the session's time ended, between the portal's question and our answer.",
    ),
    "loa_insufficient": say(
        texts.TOO_WEAK,
        _WEAK,
        Mender.PERSON,
        Concern.ROUTINE,
        "the level of assurance is below what was asked for",
        "The provider reported a weaker level than the relying party asked for.",
    ),
    "one_factor": say(
        texts.TOO_WEAK,
        _WEAK,
        Mender.PROVIDER,
        Concern.ALARM,
        "two factors of different kinds are required",
        "The provider reported one factor, or two of one kind; the service conditions require two kinds.",
    ),
    "token_refused": say(
        texts.TOO_WEAK,
        _WEAK,
        Mender.PERSON,
        Concern.ROUTINE,
        "the means of signing in is not accepted",
        "The means that the provider reported is not one that its agreement allows.",
    ),
    "provider_busy": say(
        texts.PROVIDER_SILENT,
        _LATER,
        Mender.PROVIDER,
        Concern.ROUTINE,
        "the provider is busy",
        "The provider limits, is under maintenance, answers 5xx or cannot be reached.",
    ),
    "provider_suspended": say(
        texts.PROVIDER_OFF,
        _LATER,
        Mender.OPERATOR,
        Concern.ROUTINE,
        "the provider is not available",
        "The provider is suspended here, so no login may go to it; see its dossier for the reason.",
    ),
    "unknown_provider": say(
        texts.PROVIDER_OFF,
        OAuthError.INVALID_REQUEST,
        Mender.RELYING_PARTY,
        Concern.ROUTINE,
        "the provider asked for is not on offer",
        "A choice or a preselection names a provider that is not set up or not in production.",
    ),
    "status_unavailable": say(
        texts.PROVIDER_SILENT,
        _LATER,
        Mender.PROVIDER,
        Concern.ROUTINE,
        "the provider is not available",
        "The provider's status call does not answer as agreed over mutual TLS.",
    ),
    "revocation_unavailable": say(
        texts.PROVIDER_SILENT,
        _LATER,
        Mender.PROVIDER,
        Concern.ALARM,
        "the certificate status is not available",
        "No usable revocation list or OCSP answer; nobody can sign in by certificate until there is one.",
    ),
    "cert_expired": say(
        texts.CARD,
        _DENIED,
        Mender.PERSON,
        Concern.ROUTINE,
        "the certificate was not accepted",
        "The person's certificate is outside its validity.",
    ),
    "cert_revoked": say(
        texts.CARD,
        _DENIED,
        Mender.PERSON,
        Concern.ROUTINE,
        "the certificate was not accepted",
        "The person's certificate is revoked or on hold.",
    ),
    "cert_purpose": say(
        texts.CARD,
        _DENIED,
        Mender.PERSON,
        Concern.ROUTINE,
        "the certificate was not accepted",
        "The certificate is for signing or another purpose, not for authentication.",
    ),
    "cert_policy": say(
        texts.CARD,
        _DENIED,
        Mender.PERSON,
        Concern.ROUTINE,
        "the certificate was not accepted",
        "The certificate's policy is not on the list of accepted ones.",
    ),
    "storage_unavailable": say(
        texts.BUSY,
        _LATER,
        Mender.OPERATOR,
        Concern.ALARM,
        "the sign-in service is briefly unavailable",
        "Nothing could be saved (disk full, database gone), so nothing was promised to anybody.",
    ),
    "too_many_requests": say(
        texts.BUSY,
        _LATER,
        Mender.PERSON,
        Concern.ROUTINE,
        "too many requests",
        "A limit was reached; see which one and from where in the metrics.",
    ),
}
