"""The provider's confirmation over its VPM back channel, where the agreement asks for one beside the ID token."""

from datetime import datetime

from providers.contract import BackChannelExchange
from providers.errors import AssertionRejected
from providers.names import same_name
from providers.oidc.identity import StatedPerson
from providers.personal_code import CodeStructure, InvalidPersonalCode, parse_personal_code
from providers.refusals import SENTENCES, Reason
from providers.vpm_back_channel import VpmBackChannel
from providers.vpm_confirmation import Confirmation


def fetch_agreement(
    channel: VpmBackChannel, nonce: str, asked_at: datetime, person: StatedPerson, structure: CodeStructure
) -> BackChannelExchange:
    """Fetch the confirmation of one login and see that it is about the same person (design.md section 4).

    Args:
        channel: the provider's.
        nonce: of the authorization request, under which the provider confirms.
        asked_at: when the person was sent away; UTC, aware.
        person: as the ID token and the user info say.
        structure: as in ``parse_personal_code``.

    Returns:
        The call, as evidence.

    Raises:
        AssertionRejected: ``identity_mismatch``, or the confirmation is not as agreed; ``exchanges`` holds the call.
        ProviderUnavailable: there is none within the deadline.
    """
    confirmation, exchange = channel.confirmation(nonce, asked_at)
    if not _agree(person, confirmation, structure):
        raise AssertionRejected(Reason.IDENTITY_MISMATCH, SENTENCES[Reason.IDENTITY_MISMATCH], exchanges=(exchange,))
    return exchange


def _agree(person: StatedPerson, confirmation: Confirmation, structure: CodeStructure) -> bool:
    try:
        code = parse_personal_code(confirmation.personal_code, country=person.code.country, structure=structure)
    except InvalidPersonalCode:
        return False
    given, family = confirmation.given_name, confirmation.family_name
    return code == person.code and same_name(given, person.given_name) and same_name(family, person.family_name)
