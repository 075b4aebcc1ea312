"""The settings entry of a card that proves itself in a TLS handshake."""

from typing import Annotated

from pydantic import AfterValidator

from providers.eid_certificates.card import CardSettings
from providers.settings import Frozen, Text, https_origin


class CardTlsProfile(Frozen):
    """Where browsers are asked for the card, and what stands in the audit record."""

    url: Annotated[str, AfterValidator(https_origin)]
    """Of the gateway's own card port, ``[cards]`` in its settings."""
    means: Text = "lv-eid-card"


class CardTlsSettings(CardSettings):
    """A settings entry with ``protocol = "card-tls"``."""

    card_tls: CardTlsProfile
