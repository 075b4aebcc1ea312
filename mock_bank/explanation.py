"""What the debugger says about one message, as values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the verification and its verdict."""

    name: str
    passed: bool | None
    """None when the step could not be judged."""
    sentence: str


@dataclass(frozen=True, slots=True)
class SignedField:
    """One field of the MAC string."""

    number: int
    name: str
    value: str
    chars: int
    bytes: int
    present: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything about one message's signature."""

    service: str
    charset: str
    hash_name: str
    fields: tuple[SignedField, ...]
    unsigned: tuple[tuple[str, str], ...]
    mac_string: str
    chars: int
    bytes: int
    digest: str
    """Hexadecimal."""
    steps: tuple[Step, ...]
    verified: bool
    difference: str | None
    """The one difference that would make the signature right, as a sentence; None when verified or none was found."""
