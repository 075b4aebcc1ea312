"""Why the engine did not do what was asked."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from procedures.facts import Blank, NotKnown
from procedures.parts import UnknownWord


class Code(StrEnum):
    """The kinds of refusal."""

    NO_LOGIN = "no_login"
    WRONG_ROLE = "wrong_role"
    WRONG_STAGE = "wrong_stage"
    GUARD_FALSE = "guard_false"
    FIELD_BLANK = "field_blank"
    FIELD_INVALID = "field_invalid"
    LOOKUP_UNAVAILABLE = "lookup_unavailable"
    UNKNOWN_WORD = "unknown_word"
    GROUND_HOLDS = "ground_holds"
    GROUND_DOES_NOT_HOLD = "ground_does_not_hold"
    GROUNDS_MISSING = "grounds_missing"
    GROUNDS_NOT_WANTED = "grounds_not_wanted"
    TEXT_MISSING = "text_missing"
    VERSION_OUTDATED = "version_outdated"
    ALREADY_AGREED = "already_agreed"
    NOT_AGREED = "not_agreed"
    NOT_SIGNED = "not_signed"
    LIST_EMPTY = "list_empty"
    TERM_TOO_SHORT = "term_too_short"
    REASON_MISSING = "reason_missing"
    DAY_NOT_LATER = "day_not_later"
    NOT_OPEN = "not_open"
    KEPT_UNTIL = "kept_until"
    TIME_WENT_BACK = "time_went_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One refusal."""

    code: Code
    word: str
    """What it is about: the id of an action, a field, a ground, a lookup; or the name of a guard."""
    missing: tuple[str, ...] = ()
    """Stages that come before the action (VPM-PRO-08), or the values that would have been in order."""


class NotDone(Exception):
    """A command was refused; it never leaves ``procedures.engine``."""

    def __init__(self, code: Code, word: str, missing: tuple[str, ...] = ()) -> None:
        super().__init__(f"{code}: {word}")
        self.refusal = Refusal(code=code, word=word, missing=missing)


REFUSED: Final = (NotDone, UnknownWord, NotKnown)
"""What makes a command come to nothing: a check that failed, a word that the procedure does not have, a rule or an
amount that asks what is not known."""

Reason: TypeAlias = NotDone | UnknownWord | NotKnown


def refusal_of(reason: Reason) -> Refusal:
    """Give ``reason`` as the outcome that it is."""
    match reason:
        case NotDone(refusal=refusal):
            return refusal
        case Blank(word=word):
            return Refusal(code=Code.FIELD_BLANK, word=word)
        case NotKnown(word=word):
            return Refusal(code=Code.LOOKUP_UNAVAILABLE, word=word)
        case _:
            return Refusal(code=Code.UNKNOWN_WORD, word=str(reason.args[0]))
