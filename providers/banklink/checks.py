"""What an answer must pass, in order (banklink.md section 8); the first failure ends the check.

Step 1 is the address that the answer was posted to, step 2 is ``parse``, step 9 belongs to the caller who keeps the
open logins, step 12 to the page after the redirect.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from providers.banklink.mac import mac_string, verifies
from providers.banklink.parse import AnswerFields, parse_moment
from providers.banklink.profile import OpenProfile
from providers.errors import AssertionRejected, ProviderMisconfigured
from providers.refusals import SENTENCES, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An answer as read, beside what it is judged by."""

    fields: AnswerFields
    profile: OpenProfile
    received_at: datetime
    """UTC, aware."""


def expected_service(reading: Reading) -> None:
    """Step 3: the answer is the one that belongs to the agreed request."""
    if reading.fields["VK_SERVICE"] != reading.profile.settings.answer_service:
        _refuse(Reason.UNEXPECTED_SERVICE)


def expected_version(reading: Reading) -> None:
    """Step 4: the version, and with it the hash, is the agreed one; no other is tried."""
    if reading.fields["VK_VERSION"] != reading.profile.settings.version:
        _refuse(Reason.UNEXPECTED_VERSION)


def sent_by_the_bank(reading: Reading) -> None:
    """Step 5: the sender is the bank whose address the answer was posted to."""
    if reading.fields["VK_SND_ID"] != reading.profile.settings.bank_id:
        _refuse(Reason.WRONG_SENDER)


def meant_for_us(reading: Reading) -> None:
    """Step 6: the receiver is the gateway, not another partner of the bank."""
    if reading.fields["VK_REC_ID"] != reading.profile.settings.partner_id:
        _refuse(Reason.WRONG_RECIPIENT)


def signed_by_the_bank(reading: Reading) -> None:
    """Step 7: a key of the bank that is current made the signature, over the values as received."""
    profile, fields = reading.profile, reading.fields
    if profile.sha1_ended(reading.received_at):
        raise ProviderMisconfigured(Reason.SHA1_EXCEPTION_ENDED, SENTENCES[Reason.SHA1_EXCEPTION_ENDED])
    text = mac_string(
        (fields[name] for name in profile.answer.mac_order), unit=profile.settings.length_unit, charset=fields.charset
    )
    keys = profile.current_keys(reading.received_at)
    if not verifies(text, fields.signature, keys, hash_name=profile.settings.hash, charset=fields.charset):
        _refuse(Reason.BAD_SIGNATURE)


AUTHENTICITY_CHECKS: tuple[Callable[[Reading], None], ...] = (
    expected_service,  # step 3
    expected_version,  # step 4
    sent_by_the_bank,  # step 5
    meant_for_us,  # step 6
    signed_by_the_bank,  # step 7: before this line anybody may have written the message, and no login may end
)
"""Steps 3 to 7: a failure leaves every login as it was."""


def made_just_now(reading: Reading) -> None:
    """Step 8: the bank made the answer within the tolerance of now, either way; the limit itself still passes."""
    if "VK_DATETIME" not in reading.profile.answer.mac_order:
        return  # 3003 has no time: the nonce and the lifetime of the login are its only freshness (section 6.5)
    try:
        made = parse_moment(reading.fields["VK_DATETIME"])
    except ValueError:
        _refuse(Reason.STALE)
    if abs(reading.received_at.replace(microsecond=0) - made) > reading.profile.tolerance:
        _refuse(Reason.STALE)


FRESHNESS_CHECKS: tuple[Callable[[Reading], None], ...] = (made_just_now,)  # step 8
"""Step 8: the message is authentic, so that a failure ends the login that it names."""


def person_named(reading: Reading) -> None:
    """Step 10, first half: no identity field is empty; what they say is looked at by ``identity``."""
    fields = reading.fields
    if "VK_INFO" in reading.profile.answer.mac_order:
        named = bool(fields["VK_INFO"])
    else:
        named = bool(fields["VK_USER_ID"] and fields["VK_USER_NAME"])
    if not named:
        _refuse(Reason.IDENTITY_INCOMPLETE)


def means_accepted(reading: Reading) -> None:
    """Step 11: the person did not use means that the agreement refuses, such as code cards."""
    if reading.fields["VK_TOKEN"] in reading.profile.settings.refused_tokens:
        _refuse(Reason.TOKEN_REFUSED)


IDENTITY_CHECKS: tuple[Callable[[Reading], None], ...] = (
    person_named,  # step 10
    means_accepted,  # step 11
)
"""Steps 10 and 11: a failure ends the login."""


def _refuse(reason: Reason) -> NoReturn:
    raise AssertionRejected(reason, SENTENCES[reason])
