"""How a made-up service provider reads a response of the gateway: every rule, and then all that it says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from providers.saml.errors import SamlRefused
from providers.saml.names import saml
from providers.saml.reading import only_child, text_of
from providers.saml.response import Recipient, SignedResponse, read_signed
from providers.saml.rules import ABOUT_OUR_QUESTION, MEMORYLESS, Expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the gateway vouches for, after every check."""

    id: str
    name_id: str
    session_index: str | None
    context: str
    authenticated_at: datetime
    """UTC, aware."""
    attributes: dict[str, tuple[str, ...]]


def read_response(raw: bytes, recipient: Recipient, expected: Expected, now: datetime) -> Told:
    """Verify a response and read it; raises ``SamlRefused``."""
    read = read_signed(raw, recipient, now)
    if not isinstance(read, SignedResponse):
        raise SamlRefused("status", "the answer is not a success")
    for rule in MEMORYLESS:
        rule(read)
    for about in ABOUT_OUR_QUESTION:
        about(read, expected)
    subject = read.assertion.find(saml("Subject"))
    return Told(
        id=read.assertion.get("ID"),
        name_id=text_of(only_child(subject, saml("NameID"), "one_name_id")),
        session_index=read.statement.get("SessionIndex"),
        context=read.context,
        authenticated_at=datetime.fromisoformat(read.statement.get("AuthnInstant")),
        attributes=_attributes(read.assertion),
    )


def _attributes(assertion: Any) -> dict[str, tuple[str, ...]]:
    found = list(assertion.iterfind(f"{saml('AttributeStatement')}/{saml('Attribute')}"))
    read = {str(one.get("Name")): tuple(text_of(value) for value in one) for one in found}
    assert len(read) == len(found)
    return read
