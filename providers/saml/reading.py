"""Reading values out of verified XML: exact, and never two meanings."""

import re
from datetime import UTC, datetime
from typing import Any, Final

from providers.saml.errors import SamlRefused

_INSTANT: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)
_ID: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,255}", re.ASCII)


def text_of(element: Any) -> str:
    """Give the text of an element that must have no children.

    Raises:
        SamlRefused: it has children, or no text.
    """
    if len(element) or not (element.text or "").strip():
        raise SamlRefused("plain_text", "an element that must hold text holds something else")
    return str(element.text).strip()


def only_child(parent: Any, name: str, rule: str) -> Any:
    """Give the one child of a name.

    Raises:
        SamlRefused: there is none, or more than one.
    """
    found = parent.findall(name)
    if len(found) != 1:
        raise SamlRefused(rule, f"there must be exactly one {name.rpartition('}')[2]}")
    return found[0]


def optional_child(parent: Any, name: str, rule: str) -> Any:
    """Give the one child of a name, or None.

    Raises:
        SamlRefused: there is more than one.
    """
    return only_child(parent, name, rule) if parent.find(name) is not None else None


def instant_of(text: str | None, rule: str) -> datetime:
    """Read a moment; SAML writes it in UTC with a Z (SAML 2.0 Core 1.3.3).

    Raises:
        SamlRefused: it is missing or written otherwise.
    """
    found = _INSTANT.fullmatch(text or "")
    if found is None:
        raise SamlRefused(rule, "a moment is missing or not written in UTC with Z")
    try:
        seconds = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
    except ValueError as error:
        raise SamlRefused(rule, "a moment does not exist in the calendar") from error
    return seconds.replace(microsecond=int((found[2] or "0").ljust(6, "0")[:6]))


def instant_text(moment: datetime) -> str:
    """Write a moment, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def identifier_of(element: Any, rule: str) -> str:
    """Read the ID of a message.

    Raises:
        SamlRefused: it is missing or no NCName of at most 256 characters.
    """
    value = str(element.get("ID") or "")
    if not _ID.fullmatch(value):
        raise SamlRefused(rule, "ID is missing or not an NCName of at most 256 characters")
    return value
