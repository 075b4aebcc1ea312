"""Answers that bring nobody: the person gave up, or the bank failed (banklink.md 11.2 and 11.4)."""

from typing import Final, NoReturn

from providers.banklink.checks import Reading
from providers.banklink.messages import Says
from providers.banklink.parse import RawForm
from providers.banklink.profile import OpenProfile
from providers.contract import Reference
from providers.errors import AssertionRejected, AuthenticationDeclined
from providers.refusals import SENTENCES, Reason

_DECLINED: Final = {"200": Reason.DENIED, "300": Reason.BANK_ERROR}


def refuse_unsigned_cancel(form: RawForm, profile: OpenProfile, browser: Reference | None) -> None:
    """End the login of the browser that brings an unsigned message of giving up; it proves nothing (11.2).

    Args:
        form: the message.
        profile: the bank's.
        browser: the login that the browser was sent away with; None leaves every login as it was.

    Raises:
        AuthenticationDeclined: it is such a message.
        AssertionRejected: it is one, of another sender.
    """
    cancel = profile.dialect.cancel
    if cancel is None or _said(form, cancel.names[Says.SERVICE]) != cancel.service:
        return
    if _said(form, cancel.names[Says.SENDER]) != profile.settings.bank_id:
        raise AssertionRejected(Reason.WRONG_SENDER, SENTENCES[Reason.WRONG_SENDER])
    _decline(Reason.DENIED, browser)


def check_outcome(reading: Reading) -> None:
    """Read what became of the login, where a signed answer says it.

    Raises:
        AuthenticationDeclined: ``denied`` or ``bank_error``.
        AssertionRejected: ``malformed``: a code that no agreement describes.
    """
    if reading.succeeded:
        return
    declined = _DECLINED.get(reading.fields.said(Says.OUTCOME))
    if declined is None:
        raise AssertionRejected(Reason.MALFORMED, "the outcome's code is none of those agreed")
    _decline(declined)


def _said(form: RawForm, name: str) -> str:
    return form.parameters.get(name, "").strip(" ")


def _decline(reason: Reason, reference: Reference | None = None) -> NoReturn:
    raise AuthenticationDeclined(reason, SENTENCES[reason], reference=reference)
