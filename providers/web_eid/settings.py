"""The settings entry of a card that is read by Web eID."""

from typing import Annotated, Literal

from pydantic import AfterValidator

from providers.eid_certificates.card import CardSettings
from providers.settings import Frozen, Text, https_url, shared_problems


class WebEidProfile(Frozen):
    """What differs between kinds of cards."""

    means: Text = "lv-eid-card"
    """What stands in the audit record (eid-providers.md 4.1)."""
    es384_curves: tuple[Literal["secp256r1", "secp521r1"], ...] = ()
    """Curves beside P-384 that ``ES384`` is taken with."""
    software_card: Annotated[str, AfterValidator(https_url)] | None = None
    """Test environment only: address of a script that answers the page in the extension's place."""


class WebEidSettings(CardSettings):
    """A settings entry with ``protocol = "web-eid"``."""

    web_eid: WebEidProfile = WebEidProfile()


def problems_of(settings: WebEidSettings) -> list[str]:
    """Contradictions, each naming its setting."""
    problems = shared_problems(settings)
    if settings.environment == "production" and settings.web_eid.software_card is not None:
        problems.append("web_eid.software_card: is for tests; in production a card is a card")
    return problems
