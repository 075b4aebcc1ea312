"""The card desk: the authority with its cards, opened from the settings."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from certs.load import load_identity
from mock_bank.eid.authority import Authority
from mock_bank.eid.cards import Card, cards_for
from mock_bank.personas import Persona
from mock_bank.settings import EidSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class CardDesk:
    """Who issues the cards, and the cards there are."""

    authority: Authority
    cards: Mapping[str, Card]


def open_card_desk(settings: EidSettings, personas: Iterable[Persona], now: datetime) -> CardDesk:
    """Read the authority's key and make or take up its cards.

    Raises:
        certs.errors.FileUnusable: the authority's certificate or key cannot be used.
    """
    certificate, key = load_identity(settings.ca_certificate, settings.ca_key)
    authority = Authority(certificate, key, settings.url, now)
    return CardDesk(authority=authority, cards=cards_for(authority, personas, settings.cards, now))
