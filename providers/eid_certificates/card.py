"""What every way to use a card has in common: its settings, its judge, and two factors."""

from typing import Final, Literal

from providers.contract import Factor
from providers.eid_certificates.judge import CertificateJudge
from providers.eid_certificates.settings import EidCertificateSettings, open_certificate_judge
from providers.protocol import Clock
from providers.settings import InvalidProviderSettings, ProviderSettings

CARD_FACTORS: Final = frozenset({Factor.POSSESSION, Factor.KNOWLEDGE})
"""The card, and its PIN."""


class CardSettings(ProviderSettings):
    """What the entry of every card holds; a protocol adds its own profile."""

    kind: Literal["card"]  # type: ignore[assignment]  # narrower than any provider's
    certificates: EidCertificateSettings


def open_card_judge(settings: CardSettings, problems: list[str], clock: Clock) -> CertificateJudge:
    """Make the judge of a card's certificates.

    Args:
        settings: as read.
        problems: found in the entry before.
        clock: UTC, aware.

    Raises:
        InvalidProviderSettings: with those problems, and with those of the certificates.
    """
    judge = open_certificate_judge(
        settings.certificates,
        environment=settings.environment,
        structure=settings.code_structure,
        clock=clock,
        problems=problems,
    )
    if judge is None or problems:
        raise InvalidProviderSettings(settings.id, problems)
    return judge
