"""What a rule says about a certificate."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule."""

    rule: str
    """The rule's name, lower case with hyphens: ``key-usage``."""
    sentence: str
    """What is wrong, with the value found."""
