"""A person whom the message through the browser names in full, and the confirmation over the back channel names again."""

from providers.errors import AssertionRejected
from providers.names import same_name
from providers.personal_code import CodeStructure, InvalidPersonalCode, PersonalCode, parse_personal_code
from providers.refusals import SENTENCES, Reason
from providers.vpm_confirmation import Confirmation


def agree_on_person(
    code: PersonalCode, names: tuple[str, str], confirmation: Confirmation, structure: CodeStructure
) -> None:
    """See that the confirmation is about the same person.

    Args:
        code: as the browser's message states it.
        names: given name and family name, as above, each normalised.
        confirmation: what the provider's server says.
        structure: whether a code that was never issued is refused.

    Raises:
        AssertionRejected: ``identity_incomplete`` for a text that is no code, ``identity_mismatch`` for another person.
    """
    try:
        confirmed = parse_personal_code(confirmation.personal_code, country=code.country, structure=structure)
    except InvalidPersonalCode as error:
        raise AssertionRejected(Reason.IDENTITY_INCOMPLETE, str(error)) from error
    given, family = names
    same = same_name(given, confirmation.given_name) and same_name(family, confirmation.family_name)
    if confirmed != code or not same:
        raise AssertionRejected(Reason.IDENTITY_MISMATCH, SENTENCES[Reason.IDENTITY_MISMATCH])
