"""The settings entry of a card that proves itself in a TLS handshake."""

from typing import Annotated, Literal

from pydantic import AfterValidator

from providers.eid_certificates.settings import EidCertificateSettings
from providers.settings import Frozen, ProviderSettings, Text, https_origin


class CardTlsProfile(Frozen):
    """Where browsers are asked for the card, and what stands in the audit record."""

    url: Annotated[str, AfterValidator(https_origin)]
    """Of the gateway's own card port, ``[cards]`` in its settings."""
    means: Text = "lv-eid-card"


class CardTlsSettings(ProviderSettings):
    """A settings entry with ``protocol = "card-tls"``."""

    kind: Literal["card"]  # type: ignore[assignment]  # narrower than any provider's
    card_tls: CardTlsProfile
    certificates: EidCertificateSettings
