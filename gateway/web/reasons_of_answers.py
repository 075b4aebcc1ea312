"""What can be wrong with a provider's answer through the browser, and with its confirmation over the back channel."""

from collections.abc import Mapping
from typing import Final

from gateway.web import person_texts as texts
from gateway.web.message import Concern, Mender, Message, OAuthError, say

_ERROR: Final = OAuthError.SERVER_ERROR
_DENIED: Final = OAuthError.ACCESS_DENIED
_LATER: Final = OAuthError.TEMPORARILY_UNAVAILABLE
_UNUSABLE: Final = "the provider's answer could not be used"


def _unusable(operator: str, concern: Concern = Concern.ALARM) -> Message:
    """A message that is not as agreed: the provider must mend it."""
    return say(texts.ANSWER_NOT_ACCEPTED, _ERROR, Mender.PROVIDER, concern, _UNUSABLE, operator)


def _suspicious(operator: str) -> Message:
    """A message that might be an attack."""
    return _unusable(operator, Concern.SECURITY)


def _incomplete(operator: str) -> Message:
    return say(texts.INCOMPLETE, _DENIED, Mender.PROVIDER, Concern.ALARM, "identity", operator)


def _misconfigured(operator: str) -> Message:
    return say(
        texts.PROVIDER_OFF,
        _ERROR,
        Mender.OPERATOR,
        Concern.ALARM,
        "the provider cannot be used at the moment",
        operator,
    )


def _silent(operator: str) -> Message:
    return say(
        texts.PROVIDER_SILENT,
        _LATER,
        Mender.PROVIDER,
        Concern.ALARM,
        "the provider did not confirm the sign-in",
        operator,
    )


ANSWERS: Final[Mapping[str, Message]] = {
    "unknown_endpoint": _unusable("An answer came to a return address that belongs to no provider."),
    "malformed": _unusable("The answer does not parse or has a wrong shape; compare it with the agreed form."),
    "unexpected_service": _unusable("The answer is of another service than the agreed one."),
    "unexpected_version": _unusable("The answer is of another protocol version than the agreed one."),
    "wrong_sender": _suspicious("The answer names another sender than the provider of this return address."),
    "wrong_recipient": _suspicious("The answer is addressed to somebody else than this gateway."),
    "bad_signature": _suspicious("Signature or MAC do not verify with a current key; ask whether the key was changed."),
    "not_trusted": _suspicious("Chain, issuer, audience, recipient or key of the answer are not the agreed ones."),
    "stale": say(
        texts.ANSWER_TOO_OLD,
        _ERROR,
        Mender.PROVIDER,
        Concern.ROUTINE,
        "the provider's answer was too old",
        "The answer is older or newer than the agreed minutes; one case is an old tab, many are a wrong clock.",
    ),
    "expired": say(
        texts.ANSWER_TOO_OLD,
        _ERROR,
        Mender.PROVIDER,
        Concern.ROUTINE,
        "the provider's answer was too old",
        "The answer, or the code or token in it, had outlived its lifetime when it came.",
    ),
    "unknown_nonce": say(
        texts.NOT_ASKED_FOR,
        _ERROR,
        Mender.PERSON,
        Concern.ROUTINE,
        "the provider's answer belongs to no sign-in",
        "The answer belongs to no open login: the person began at the bank, or the login is forgotten.",
    ),
    "replayed": say(
        texts.ALREADY_USED,
        _ERROR,
        Mender.PERSON,
        Concern.SECURITY,
        "the provider's answer was used before",
        "The answer came a second time; one is a reload, many are a replay.",
    ),
    "wrong_browser": say(
        texts.OTHER_BROWSER,
        _ERROR,
        Mender.PERSON,
        Concern.SECURITY,
        "the answer came through another browser",
        "The answer came through another browser than the one that began: an application that opened another "
        "browser, or somebody else's answer.",
    ),
    "identity_incomplete": _incomplete("Name or personal code are missing, malformed, joined or foreign."),
    "identity_mismatch": say(
        texts.MISMATCH,
        _DENIED,
        Mender.PROVIDER,
        Concern.SECURITY,
        "identity",
        "Answer and confirmation are about different people, or not about the person who was expected.",
    ),
    "confirmation_missing": _silent("The provider's back channel does not know the login that it answered."),
    "confirmation_unavailable": _silent("The confirmation did not come whole, in time and over mutual TLS."),
    "confirmation_bad_signature": _suspicious("The confirmation does not verify with the key registered for its kid."),
    "confirmation_malformed": _unusable("The confirmation lacks an agreed member, or one has another type."),
    "confirmation_other_login": _suspicious("The confirmation is about another login than the one asked about."),
    "confirmation_wrong_sender": _suspicious("The confirmation's iss is not the provider's agreed id."),
    "confirmation_wrong_recipient": _suspicious("The confirmation's aud is not this gateway's agreed id."),
    "confirmation_wrong_interface": _unusable("The confirmation names another interface than the one used."),
    "confirmation_expired": _unusable("The confirmation's iat and exp do not enclose the present; compare clocks."),
    "confirmation_stale": _unusable("The confirmation's authenticated_at is before the question or in the future."),
    "provider_refused_us": _misconfigured("The provider refused our certificate, address or contract."),
    "misconfigured": _misconfigured("Our settings for the provider do not allow a login; start-up warnings name them."),
    "bad_return_address": _misconfigured("The return address is not https, has a query or is over 60 characters."),
    "sha1_exception_ended": _misconfigured("The dated exception for SHA-1 has ended; agree on version 009."),
    "journal_unavailable": _misconfigured("The provider's journal does not answer over mutual TLS."),
    "journal_refused": _misconfigured("The provider's journal is not signed, or not for us or the asked time."),
}
